"""Incidents of a month with what people found, read from a running daemon."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from aiops_daemon.cli.slorows import moment, unix
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.reports.month import Month
from aiops_daemon.core.reports.reasons import PastIncident
from aiops_daemon.edges.remote.client import DaemonClient

_OPEN_BEFORE = 31 * DAY  # how long before the month an incident may have been opened to be open in it
_SIZE = ("limit", "500")


async def read_incidents(client: DaemonClient, month: Month) -> list[PastIncident]:
    """Read the incidents that were open in a month; raises RefusedError and UnreachableError."""
    span = [("since", moment(month.start - _OPEN_BEFORE) or ""), ("until", moment(month.end) or "")]
    found: list[PastIncident] = []
    cursor: list[tuple[str, str]] = []
    while True:
        page = await client.get("/api/v1/incidents", [*span, _SIZE, *cursor])
        found += [_incident(item) for item in page["data"] if item["state"] != "merged"]
        if page["next"] is None:
            return [one for one in found if one.resolved_at is None or one.resolved_at >= month.start]
        cursor = [("cursor", page["next"])]


async def read_causes(
    client: DaemonClient, incidents: Sequence[PastIncident], names: Iterable[str]
) -> list[PastIncident]:
    """Add what people recorded as cause to the incidents that are named."""
    causes = {}
    for name in sorted(names):
        detail = (await client.get(f"/api/v1/incidents/{name}"))["data"]
        causes[name] = tuple(dict.fromkeys(one["cause"] for one in detail["outcomes"] if one["cause"]))
    return [replace(one, causes=causes.get(one.name, ())) for one in incidents]


def _incident(item: dict[str, Any]) -> PastIncident:
    return PastIncident(
        name=item["name"],
        title=item["title"],
        service=item["service"] or "",
        labels=make(item["labels"]),
        opened_at=unix(item["opened_at"]) or 0.0,
        resolved_at=unix(item["resolved_at"]),
    )
