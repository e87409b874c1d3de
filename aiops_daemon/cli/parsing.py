"""What the nouns of the command line share: exit codes, flag types, and how a noun registers itself.

A noun is a file with `register(nouns)`, which adds its parser and sets `run=function`; the function takes the
parsed arguments and returns an exit code.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

from aiops_daemon.core.alertmanager.timestamp import parse as parse_timestamp
from aiops_daemon.core.model.durations import parse_duration

Nouns: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001 (argparse gives it no public name)


class Exit(IntEnum):
    """Exit codes of every command."""

    GOOD = 0
    BAD = 1  # the checked thing is bad
    USAGE = 2  # used wrongly
    UNKNOWN = 3  # could not find out


def later(file: str, name: str) -> Callable[[argparse.Namespace], int]:
    """Return a function of another file of the command line; the file is read only when the function is run."""

    def run(arguments: argparse.Namespace) -> int:
        return int(getattr(importlib.import_module(f"aiops_daemon.cli.{file}"), name)(arguments))

    return run


def duration(text: str) -> float:
    """Read a Prometheus duration such as 5m or 1h30m as seconds; an argparse type."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is {error}") from None


_LATEST = 4_102_444_800.0  # 2100-01-01T00:00:00Z: calendars are looked at for years ahead of it


def moment(text: str) -> float:
    """Read an RFC 3339 time as unix seconds; an argparse type."""
    try:
        found = parse_timestamp(text)
    except ValueError:
        found = None
    if found is None or not 0 <= found < _LATEST:
        why = "is no RFC 3339 time" if found is None else "is not within the years 1970 to 2099"
        raise argparse.ArgumentTypeError(f"{text!r} {why}; write 2026-11-23T09:00:00Z")
    return found


def add_listen_flag(parser: argparse.ArgumentParser) -> None:
    """Add the flag that says where to listen."""
    parser.add_argument(
        "--web.listen-address",
        dest="listen_address",
        metavar="HOST:PORT",
        default="127.0.0.1:9641",
        help="where pages, API and metrics are served; :9641 is every interface, port 0 any free one (%(default)s)",
    )


def add_log_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how to log."""
    add_level_flag(parser, "info")
    parser.add_argument(
        "--log.format", dest="log_format", default="logfmt", choices=["logfmt", "json"], help="(%(default)s)"
    )


def add_level_flag(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the flag that says what is worth a line."""
    levels = ["debug", "info", "warning", "error"]
    parser.add_argument("--log.level", dest="log_level", default=default, choices=levels, help="(%(default)s)")
