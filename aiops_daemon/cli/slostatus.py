"""`aiops-daemon slo status`: how SLOs stand, as a table, JSON or one HTML file.

Enters: what a running daemon says, or the ratios that generated rules recorded. Leaves: text. Judges nothing that they
did not judge.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aiops_daemon.cli.daemon import print_json
from aiops_daemon.cli.rulesserver import server
from aiops_daemon.cli.slorecords import read_records
from aiops_daemon.cli.slorows import Item, health_document, health_from, row_from, slo_document
from aiops_daemon.cli.slorules import SLOTH
from aiops_daemon.cli.slotable import status_text
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.sloformats.read import read_slos
from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.slo import DataState, SloSpec
from aiops_daemon.core.reports.status import StatusRow, worst_first
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.edges.sheets.render import status_sheet
from aiops_daemon.errors import UsageError

_SIZE = ("limit", "1000")


async def status_of_daemon(args: argparse.Namespace, client: DaemonClient) -> None:
    """Ask a running daemon and print."""
    slos, warnings = await _all(client, "/api/v1/slos")
    services, _ = await _all(client, "/api/v1/services")
    items = [item for item in slos if not args.slo or item["name"] in args.slo]
    _check_named(args.slo, [item["name"] for item in slos])
    rows, healths = [row_from(item) for item in items], [health_from(item) for item in services]
    document = {"slos": items, "services": services}
    _print(args, rows, healths, document, f"asked {args.url}")
    for warning in warnings:
        print(f"warning: {warning}", file=sys.stderr)


async def status_of_records(args: argparse.Namespace) -> None:
    """Read what generated rules recorded and print."""
    imported = read_slos(args.input, os.environ)
    chosen = named(imported.slos, args.slo)
    now = SystemClock().now()
    async with server(args) as client:
        rows, healths = await read_records(client, chosen, now, like_sloth=args.compat == SLOTH)
    document = {
        "slos": [slo_document(row) for row in rows],
        "services": [health_document(one) for one in healths],
    }
    _print(args, rows, healths, document, f"from the records of {args.prometheus_url}")
    nothing = sorted({row.name for row in rows if row.state == DataState.GONE.value and row.remaining_ratio is None})
    if nothing:
        print(
            f"warning: nothing is recorded of {', '.join(nothing)}: either {args.prometheus_url} has not loaded the "
            "rules that `rules generate` writes for them (under these names: --compat), or there never were series",
            file=sys.stderr,
        )


def named(slos: Sequence[SloSpec], names: Sequence[str]) -> list[SloSpec]:
    """Choose SLOs by name, all where none is named; raises UsageError for a name that no SLO has."""
    _check_named(names, [slo.name for slo in slos])
    return [slo for slo in slos if not names or slo.name in names]


def write_html(path: str, text: str) -> None:
    """Write a sheet to a file, or print it; raises UsageError where it cannot be written."""
    if path == "-":
        print(text, end="")
        return
    try:
        Path(path).write_text(text, encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"--html {path}: cannot be written: {(error.strerror or str(error)).lower()}") from error
    print(path)


def _check_named(names: Sequence[str], known: Sequence[str]) -> None:
    lacking = [name for name in names if name not in known]
    if lacking:
        raise UsageError(
            f"--slo {lacking[0]}: there is no such SLO; there are {', '.join(sorted(set(known))) or 'none'}"
        )


def _print(
    args: argparse.Namespace, rows: Sequence[StatusRow], services: Sequence[Health], document: object, origin: str
) -> None:
    ordered = worst_first(rows)
    healths = sorted(services, key=lambda one: (2.0 if one.ratio is None else one.ratio, one.labels))
    if args.html:
        write_html(
            args.html,
            status_sheet(ordered, healths, max((row.at for row in rows), default=None), args.time_zone, origin),
        )
    elif args.form == "json":
        print_json(document)
    else:
        print(status_text(ordered, healths, args.time_zone))


async def _all(client: DaemonClient, path: str) -> tuple[list[Item], list[str]]:
    """Read every page of a list; returns the items and the warnings of the first page."""
    items: list[Item] = []
    page = await client.get(path, [_SIZE])
    warnings = page["warnings"]
    while True:
        items += page["data"]
        if page["next"] is None:
            return items, warnings
        page = await client.get(path, [_SIZE, ("cursor", page["next"])])
