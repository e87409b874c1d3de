"""`aiops-daemon slo`: how service level objectives stand, and what was kept of them over a month."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aiops_daemon.cli.daemon import add_daemon_flags, asking
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.cli.rulesserver import add_server_flags
from aiops_daemon.cli.sloreport import report
from aiops_daemon.cli.slorules import SLOTH
from aiops_daemon.cli.slostatus import status_of_daemon, status_of_records
from aiops_daemon.errors import UsageError

_INPUT = "SLOs in a file or folder: ours, Sloth's, Pyrra's or OpenSLO's"


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("slo", help="how SLOs stand, and whether they were kept over a month")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    status = verbs.add_parser("status", help="show budgets, burn rates and when budgets end")
    _shared(status, f"{_INPUT}; their recorded ratios are asked of --prometheus.url, no daemon is needed")
    status.add_argument("--time-zone", type=zone, default="UTC", metavar="ZONE", help="zone of times (%(default)s)")
    status.add_argument("--compat", choices=[SLOTH], help="the records are called as Sloth calls them")
    status.set_defaults(run=_status)
    month = verbs.add_parser("report", help="report on a month: what was reached, breaches and their reasons")
    _shared(month, f"{_INPUT}; with --prometheus.url. Default: those of --config.file")
    month.add_argument("--month", required=True, metavar="YYYY-MM", help="the month")
    month.add_argument(
        "--time-zone", type=zone, default=None, metavar="ZONE", help="zone of the month; default: global.time_zone"
    )
    month.add_argument("--no-incidents", action="store_true", help="do not ask the daemon for incidents")
    month.set_defaults(run=report)


def zone(text: str) -> str:
    """Check the name of a time zone; an argparse type."""
    try:
        return ZoneInfo(text).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone; write Europe/Berlin") from None


def _shared(parser: argparse.ArgumentParser, what: str) -> None:
    add_daemon_flags(parser)
    parser.add_argument("-i", dest="input", type=Path, metavar="FILE|DIR", help=what)
    add_server_flags(parser, needed=False)
    parser.add_argument("--slo", action="append", default=[], metavar="NAME", help="this SLO alone; repeatable")
    parser.add_argument("--html", metavar="FILE", help="write one HTML file, for a phone or a printer; - prints it")


def _status(args: argparse.Namespace) -> int:
    """Ask the daemon, or the Prometheus that evaluates generated rules."""
    if args.compat and (args.input is None or not args.prometheus_url):
        raise UsageError("--compat is for records: give -i and --prometheus.url")
    if args.input is None and not args.prometheus_url:
        return asking(status_of_daemon)(args)
    if args.input is None or not args.prometheus_url:
        raise UsageError("-i and --prometheus.url belong together: which SLOs, and who recorded them")
    asyncio.run(status_of_records(args))
    return Exit.GOOD
