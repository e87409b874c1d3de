"""A month's report for programs: the keys of `slo report -o json`."""

from __future__ import annotations

from typing import Any

from aiops_daemon.cli.slorows import moment
from aiops_daemon.core.reports.breaches import Breach
from aiops_daemon.core.reports.compliance import WHOLE, Compliance, MonthReport


def report_document(report: MonthReport) -> dict[str, Any]:
    """Write a report as plain values: ratios 0 to 1, times RFC 3339 UTC, null where not known."""
    return {
        "month": report.month.name,
        "time_zone": report.month.time_zone,
        "start": moment(report.month.start),
        "end": moment(report.month.end),
        "until": moment(report.until),
        "running": report.running,
        "slos": [_slo(one) for one in report.slos],
        "notes": list(report.notes),
    }


def _slo(one: Compliance) -> dict[str, Any]:
    whole = one.known_ratio >= WHOLE
    return {
        "name": one.spec.name,
        "labels": dict(one.spec.labels),
        "group": dict(one.group),
        "source": one.source,
        "objective_ratio": one.spec.objective_ratio,
        "reached_ratio": one.reached_ratio if whole else None,
        "known_reached_ratio": one.reached_ratio,
        "bad": one.bad,
        "total": one.total,
        "error_budget_spent_ratio": one.spent_ratio if whole else None,
        "verdict": one.verdict.value,
        "known_ratio": one.known_ratio,
        "gaps": [{"start": moment(gap.start), "end": moment(gap.end)} for gap in one.gaps],
        "breaches": [_breach(breach) for breach in one.breaches],
    }


def _breach(breach: Breach) -> dict[str, Any]:
    return {
        "kind": breach.kind.value,
        "severities": list(breach.severities),
        "errors_since": moment(breach.since),
        "begin": moment(breach.begin),
        "end": moment(breach.end),
        "bad": breach.bad,
        "error_budget_spent_ratio": breach.spent_ratio,
        "incidents": None if breach.reasons is None else [
            {"name": one.incident, "title": one.title, "causes": list(one.causes), "same_service": one.own}
            for one in breach.reasons
        ],
    }  # fmt: skip
