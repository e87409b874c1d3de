"""`aiops-daemon shadow report`: what Alertmanager and PagerDuty paged against what we would have.

Enters: the delivery log, incidents and alerts of a running daemon; where they are named, its configuration (page
budgets, PagerDuty's token) and Alertmanager's. Leaves: tables or JSON. Sends and changes nothing.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from aiops_daemon.cli.amlint import read_bytes
from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.parsing import Nouns, duration
from aiops_daemon.cli.shadowread import Read, incident_subjects, read_past
from aiops_daemon.cli.shadowtable import report_text
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.alertmanager.tree import RoutingTree, read_tree
from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.notification import Failed
from aiops_daemon.core.model.remote import RemotePage
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.shadow import TOLERANCE, Paged, compare, loads
from aiops_daemon.core.response.theirs import alertmanager_pages, pagerduty_pages
from aiops_daemon.edges.alertmanager.document import read_document
from aiops_daemon.edges.notify.pagerduty.api import Incidents
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.errors import InputError, UsageError

_UNKNOWN = (
    "without --alertmanager.config it is not known whom else Alertmanager told: every alert that it told us counts as "
    "a page of its rule"
)
_NO_TOKEN = "without api_token of a pagerduty_configs in --config.file PagerDuty is not asked"  # noqa: S105


def register(nouns: Nouns) -> None:
    """Add the noun."""
    noun = nouns.add_parser("shadow", help="what others paged against what we would have")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    parser = verbs.add_parser(
        "report", help="same, missed, extra, earlier, later, each with its reason; pages per shift"
    )
    add_daemon_flags(parser)
    parser.add_argument("--since", type=duration, default=7 * DAY, metavar="DURATION", help="how far back (7d)")
    parser.add_argument(
        "--config.file", dest="config_file", metavar="FILE", help="YAML configuration: page budgets, PagerDuty's token"
    )
    parser.add_argument(
        "--alertmanager.config", dest="alertmanager", metavar="FILE", help="alertmanager.yml: whom its routes tell"
    )
    parser.add_argument(
        "--alertmanager.receivers", dest="receivers", metavar="REGEX", default=".*",
        help="those of its receivers that page people (all but ours)",
    )  # fmt: skip
    parser.add_argument(
        "--integration", action="append", help="count our messages by this kind of channel alone; repeatable"
    )
    parser.add_argument(
        "--tolerance", type=duration, default=TOLERANCE, metavar="DURATION", help="what counts as the same time (1m)"
    )
    parser.set_defaults(run=asking(report))


async def report(args: argparse.Namespace, client: DaemonClient) -> None:
    """Read both sides, compare, print."""
    settings = _settings(args.config_file)
    tree, takes = _tree(args.alertmanager), _takes(args.receivers)
    until = SystemClock().now()
    since = until - args.since
    past = await read_past(client, since, frozenset(args.integration or ()))
    remote, notes = await _pagerduty(settings, since, until)
    if tree is None:
        notes.append(_UNKNOWN)
    theirs = alertmanager_pages(past.alerts, tree, takes) + _theirs(remote, past, settings)
    theirs = [one for one in theirs if one.at > since]
    rows = compare(incident_subjects(past), past.ours, theirs, args.tolerance)
    shifts = loads(settings.teams if settings else (), past.ours, theirs, since, until)
    if args.form == "json":
        print_json({"incidents": [asdict(row) for row in rows], "shifts": [asdict(row) for row in shifts],
                    "notes": notes})  # fmt: skip
        return
    print(report_text(rows, shifts, budgets=settings is not None))
    for note in notes:
        print(f"note: {note}", file=sys.stderr)


def _theirs(remote: list[RemotePage], past: Read, settings: Settings | None) -> list[Paged]:
    return pagerduty_pages(remote, past.alerts, settings.cluster if settings else "")


async def _pagerduty(settings: Settings | None, since: float, until: float) -> tuple[list[RemotePage], list[str]]:
    """Ask every account once; what cannot be asked is a note, not the end of the report."""
    specs = _accounts(settings) if settings else []
    if not specs:
        return [], [_NO_TOKEN]
    found: list[RemotePage] = []
    notes = []
    for spec in specs:
        incidents = Incidents(spec, SystemClock().now)
        try:
            listed = await incidents.listed(since, until)
        finally:
            incidents.close()
        if isinstance(listed, Failed):
            notes.append(f"PagerDuty was not asked: {listed.reason}: {listed.detail}")
        else:
            found += listed
    return list(dict.fromkeys(found)), notes


def _accounts(settings: Settings) -> list[PagerDutySpec]:
    """Return one channel of each account: those of one token see the same incidents."""
    channels = [channel for receiver in settings.receivers for channel in receiver.channels]
    specs = [one for one in channels if isinstance(one, PagerDutySpec) and one.api_token is not None]
    return list({(one.api_url, one.api_token): one for one in specs}.values())


def _settings(path: str | None) -> Settings | None:
    return None if path is None else load(Path(path), environ=os.environ, overrides=Overrides()).settings


def _tree(path: str | None) -> RoutingTree | None:
    if path is None:
        return None
    try:
        return read_tree(read_document(read_bytes(path)).values)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None


def _takes(pattern: str) -> Any:
    try:
        return partial(_matches, re.compile(pattern))
    except re.error as error:
        raise UsageError(f"--alertmanager.receivers {pattern!r}: {error}") from None


def _matches(pattern: re.Pattern[str], name: str) -> bool:
    return pattern.fullmatch(name) is not None
