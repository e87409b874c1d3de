"""`aiops-daemon schedules import`: people and schedules of other tools as sections of ours.

The sections go to standard output, everything that was not carried over to standard error, each with the reason.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.cli.amimport import print_faults, print_left
from aiops_daemon.cli.amlint import read_bytes
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.show import write
from aiops_daemon.core.response.adopt.goalert import adopt_goalert
from aiops_daemon.core.response.adopt.grafana import adopt_grafana
from aiops_daemon.core.response.adopt.ical import adopt_calendar
from aiops_daemon.core.response.adopt.model import Adopted
from aiops_daemon.core.response.oncall import on_call
from aiops_daemon.edges.ical import read_calendar
from aiops_daemon.errors import InputError, UsageError

_MOST_DAYS = 3650
_HEAD = "# Made from another tool's schedules: put it into the daemon's configuration, and compare who is on call.\n"


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("schedules", help="import on-call schedules of other tools")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    parser = verbs.add_parser("import", help="print people and schedules as sections of ours")
    parser.add_argument("--from", dest="source", choices=["ical", "oncall", "goalert"], required=True,
                        help="ical: a calendar; oncall: Grafana OnCall; goalert: GoAlert")  # fmt: skip
    parser.add_argument("--name", default="", help="of the schedule that a calendar becomes (that of the calendar)")
    parser.add_argument("--time-zone", dest="time_zone", default="", metavar="ZONE", help="of a calendar (its own)")
    parser.add_argument(
        "--days", type=_days, default=90, help="that are written out of what no rotation can say (%(default)s)"
    )
    parser.add_argument("file", metavar="FILE", help="what was exported; - is standard input")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Translate one file."""
    raw = read_bytes(arguments.file)
    now = datetime.fromtimestamp(SystemClock().now(), UTC)
    try:
        found = _calendar(raw, arguments, now) if arguments.source == "ical" else _export(raw, arguments.source, now)
    except (InputError, ValueError) as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return Exit.BAD
    text = _HEAD + write(found.values)
    print(text, end="")
    print_left([(one.place, one.why) for one in found.left])
    for line in _differences(found, text, now.timestamp()):
        print(f"to be compared: {line}", file=sys.stderr)
    return print_faults(text)


def _export(raw: bytes, source: str, now: datetime) -> Adopted:
    try:
        values: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise InputError("is not JSON") from None
    if not isinstance(values, dict):
        raise InputError("is no JSON object; docs/escalation.md says which are needed")
    return adopt_goalert(values, now) if source == "goalert" else adopt_grafana(values, now)


def _calendar(raw: bytes, arguments: argparse.Namespace, now: datetime) -> Adopted:
    _check_zone(arguments.time_zone or "UTC")
    until = now + timedelta(days=arguments.days)
    read = read_calendar(raw, now, until, arguments.time_zone)
    if not read.events:
        raise InputError("holds no event")
    zones = [event.zone for event in read.events if event.zone] or ["UTC"]
    zone = arguments.time_zone or read.zone or max(zones, key=zones.count)
    return adopt_calendar(read.events, arguments.name or read.name or "imported", zone, until)


def _days(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:6]) <= _MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {_MOST_DAYS}")
    return int(text)


def _check_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise UsageError(f"{name!r} is no time zone; write --time-zone=Europe/Berlin") from None


def _differences(found: Adopted, text: str, now: float) -> list[str]:
    """Say where somebody else is on call here than was there when it was exported."""
    loaded = inspect_text(text, overrides=Overrides(prometheus_urls=("http://localhost:9090",))).loaded
    schedules = {} if loaded is None else {one.name: one for one in loaded.settings.schedules}
    lines = []
    for name, there in found.on_call.items():
        here = on_call(schedules[name], now).person if name in schedules else ""
        if name in schedules and here not in there:
            lines.append(f"schedules.{name}: {' and '.join(there)} was on call there, here {here or 'nobody'} is now")
    return lines
