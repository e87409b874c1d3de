"""What the nouns of the command line share: exit codes, flag types, and how a noun registers itself.

A noun is a file with `register(nouns)`, which adds its parser and sets `run=function`; the function takes the
parsed arguments and returns an exit code.
"""

from __future__ import annotations

import argparse
import re
from enum import IntEnum
from typing import TypeAlias

Nouns: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse gives it no public name)

_PART = re.compile(r"(\d+)(ms|[smhdwy])")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}


class Exit(IntEnum):
    """Exit codes of every command."""

    GOOD = 0
    BAD = 1  # the checked thing is bad
    USAGE = 2  # used wrongly
    UNKNOWN = 3  # could not find out


def duration(text: str) -> float:
    """Read a Prometheus duration such as 5m or 1h30m as seconds; an argparse type."""
    if text == "0":
        return 0.0
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 30s, 5m, 2h or 7d")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)
