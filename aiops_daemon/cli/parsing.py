"""What the nouns of the command line share: exit codes, flag types, and how a noun registers itself.

A noun is a file with `register(nouns)`, which adds its parser and sets `run=function`; the function takes the
parsed arguments and returns an exit code.
"""

from __future__ import annotations

import argparse
from enum import IntEnum
from typing import TypeAlias

from aiops_daemon.core.model.durations import parse_duration

Nouns: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse gives it no public name)


class Exit(IntEnum):
    """Exit codes of every command."""

    GOOD = 0
    BAD = 1  # the checked thing is bad
    USAGE = 2  # used wrongly
    UNKNOWN = 3  # could not find out


def duration(text: str) -> float:
    """Read a Prometheus duration such as 5m or 1h30m as seconds; an argparse type."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}") from None
