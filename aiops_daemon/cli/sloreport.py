"""`aiops-daemon slo report`: whether SLOs were kept over a month, and what broke them.

Enters: a month, SLOs, the Prometheus servers that hold their raw series, incidents of a running daemon. Leaves: text,
JSON or one HTML file. What a server no longer has is said, and never counted as good.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aiops_daemon.cli.daemon import client_of, print_json
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.cli.rulesserver import source
from aiops_daemon.cli.slohistory import Past, read_past
from aiops_daemon.cli.sloincidents import read_causes, read_incidents
from aiops_daemon.cli.slomonth import report_document
from aiops_daemon.cli.slostatus import named, write_html
from aiops_daemon.cli.slotable import report_text
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.config.sloformats.read import read_slos
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.reports.compliance import Compliance, MonthReport, compliance
from aiops_daemon.core.reports.month import Month, month_of
from aiops_daemon.core.reports.reasons import PastIncident
from aiops_daemon.edges.sheets.render import report_sheet
from aiops_daemon.errors import RefusedError, UnreachableError, UsageError

_NO_REASONS = "The daemon was not asked for incidents, so why there were breaches is not known"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is reported on: SLOs, servers, the month."""

    slos: tuple[SloSpec, ...]
    sources: tuple[SourceSpec, ...]
    month: Month


def report(args: argparse.Namespace) -> int:
    """Read everything, judge, print."""
    now = SystemClock().now()
    asked = _asked(args)
    if asked.month.start >= now:
        raise UsageError(f"--month {args.month}: it has not begun")
    told = asyncio.run(_report(args, asked, now))
    if args.html:
        write_html(args.html, report_sheet(told))
    elif args.form == "json":
        print_json(report_document(told))
    else:
        print(report_text(told))
    for note in told.notes:
        print(f"note: {note}", file=sys.stderr)
    return Exit.GOOD


def _asked(args: argparse.Namespace) -> Asked:
    """Find out what is meant; raises UsageError and ConfigError."""
    if args.input is not None and not args.prometheus_url:
        raise UsageError("give --prometheus.url with -i: the server that holds the raw series")
    if args.input is None and not args.config_file:
        raise UsageError("give --config.file, or -i FILE with --prometheus.url: which SLOs are meant")
    zone = "UTC"
    slos: tuple[SloSpec, ...] = ()
    sources: tuple[SourceSpec, ...] = ()
    if args.config_file:
        settings = load(Path(args.config_file), environ=os.environ, overrides=Overrides()).settings
        zone, slos, sources = settings.time_zone, settings.slos, settings.sources
    if args.input is not None:
        slos = read_slos(args.input, os.environ).slos
    if args.prometheus_url:
        sources = (source(args),)
    try:
        month = month_of(args.month, args.time_zone or zone)
    except ValueError as error:
        raise UsageError(f"--month {error}") from None
    return Asked(tuple(named(slos, args.slo)), sources, month)


async def _report(args: argparse.Namespace, asked: Asked, now: float) -> MonthReport:
    """Judge every SLO on every server that has it; raises SourceError."""
    chosen = [
        (spec, [slo for slo in asked.slos if args.prometheus_url or not slo.sources or spec.name in slo.sources])
        for spec in asked.sources
    ]
    pasts = [past for spec, slos in chosen for past in await read_past(spec, slos, asked.month, now)]
    notes = list(dict.fromkeys(note for past in pasts for note in past.notes))
    incidents, trouble = await _incidents(args, asked.month, pasts)
    if trouble:
        notes.append(trouble)
    found = _judged(pasts, asked.month, incidents)
    over = asked.month.end <= now  # slices need not fill the month
    until = asked.month.end if over else max((past.until for past in pasts), default=now)
    return MonthReport(asked.month, until, tuple(found), tuple(notes))


def _judged(pasts: Sequence[Past], month: Month, incidents: Sequence[PastIncident] | None) -> list[Compliance]:
    return [compliance(past.plan, past.source, steps, month, incidents) for past in pasts for steps in past.steps]


async def _incidents(
    args: argparse.Namespace, month: Month, pasts: Sequence[Past]
) -> tuple[list[PastIncident] | None, str]:
    """Read the incidents of a month, and what people found of those that may be a reason; else say why not."""
    if args.no_incidents:
        return None, ""
    try:
        client = client_of(args)
        found = await read_incidents(client, month)
        judged = _judged(pasts, month, found)
        names = {one.incident for slo in judged for breach in slo.breaches for one in breach.reasons or ()}
        return await read_causes(client, found, names), ""
    except (RefusedError, UnreachableError) as error:
        return None, f"{_NO_REASONS}: {error}"
