"""SLOs as rows: read from documents of the API, and written as such.

Enters: items of /api/v1/slos and /api/v1/services. Leaves: rows, and, for rows that were read elsewhere, the same
documents, so that programs see one form.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aiops_daemon.core.alertmanager.timestamp import parse
from aiops_daemon.core.model.budget import Health, HealthPart
from aiops_daemon.core.model.labels import get, make
from aiops_daemon.core.reports.status import StatusRow, StepRow

Item = dict[str, Any]


def row_from(item: Item) -> StatusRow:
    """Read an item of /api/v1/slos."""
    return StatusRow(
        at=unix(item["at"]) or 0.0,
        name=item["name"],
        labels=make(item["labels"]),
        group=make(item["group"]),
        source=item["source"],
        objective_ratio=item["objective_ratio"],
        window=item["window"],
        state=item["state"],
        remaining_ratio=item["error_budget_remaining_ratio"],
        burn_rate=tuple(item["burn_rate"].items()),
        exhaustion_at=unix(item["exhaustion_at"]),
        returns_at=unix(item["returns_at"]),
        alerts=tuple((one["severity"], unix(one["since"])) for one in item["alerts"]),
        guard=tuple(item["guard"].items()),
        policy=tuple(
            StepRow(one["spent_ratio"], one["action"], one["severity"] or "", unix(one["since"]))
            for one in item["policy"]
        ),
    )


def health_from(item: Item) -> Health:
    """Read an item of /api/v1/services."""
    parts = [HealthPart(one["slo"], make(one["group"]), one["ratio"], one["reason"]) for one in item["parts"]]
    return Health(make(item["labels"]), item["health_ratio"], tuple(parts))


def slo_document(row: StatusRow) -> Item:
    """Write a row as an item of /api/v1/slos; what only the daemon knows is null."""
    ends = row.exhaustion_at
    return {
        "name": row.name,
        "labels": dict(row.labels),
        "group": dict(row.group),
        "source": row.source,
        "objective_ratio": row.objective_ratio,
        "window": row.window,
        "state": row.state,
        "at": moment(row.at),
        "burn_rate": dict(row.burn_rate),
        "error_budget_remaining_ratio": row.remaining_ratio,
        "exhaustion_at": moment(ends),
        "seconds_to_exhaustion": None if ends is None else max(0.0, ends - row.at),
        "returns_at": moment(row.returns_at),
        "alerts": [{"severity": severity, "since": moment(since)} for severity, since in row.alerts],
        "guard": dict(row.guard),
        "policy": [
            {"spent_ratio": one.spent_ratio, "action": one.action, "severity": one.severity or None,
             "since": moment(one.since)}
            for one in row.policy
        ],
    }  # fmt: skip


def health_document(health: Health) -> Item:
    """Write a service as an item of /api/v1/services."""
    return {
        "name": get(health.labels, "service"),
        "labels": dict(health.labels),
        "health_ratio": health.ratio,
        "parts": [
            {"slo": one.slo, "group": dict(one.labels), "ratio": one.ratio, "reason": one.reason}
            for one in health.parts
        ],
    }


def unix(moment: str | None) -> float | None:
    """Read a time of the API."""
    return parse(moment) if moment else None


def moment(at: float | None) -> str | None:
    """Write a time as the API does."""
    if at is None:
        return None
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
