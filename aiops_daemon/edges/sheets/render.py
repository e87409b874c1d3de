"""Reports on SLOs as HTML.

Enters: rows and judgements of core.reports. Leaves: one document with its style inside; it loads nothing and runs
nothing. Everything that comes from series, people or configuration passes through autoescaping.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from jinja2 import Environment

from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.reports import wording
from aiops_daemon.core.reports.compliance import Compliance, MonthReport, Verdict
from aiops_daemon.core.reports.status import StatusRow
from aiops_daemon.edges.markup import markup

_TONES = {Verdict.MET: "good", Verdict.MISSED: "critical", Verdict.UNKNOWN: "warning"}


def status_sheet(
    rows: Sequence[StatusRow], services: Sequence[Health], at: float | None, time_zone: str, origin: str
) -> str:
    """Write how SLOs stood at a moment; `origin` says who was asked."""
    template = _environment(time_zone).get_template("status.html")
    return template.render(rows=rows, services=services, at=at, origin=origin, tone=_tone, get=get)


def report_sheet(report: MonthReport) -> str:
    """Write a month's report."""
    environment = _environment(report.month.time_zone)
    return environment.get_template("report.html").render(report=report, tone=_verdict_tone, doubts=wording.doubts)


def _environment(time_zone: str) -> Environment:
    environment = markup(__package__)
    environment.globals["words"] = wording
    environment.globals["moment"] = partial(wording.moment, time_zone=time_zone)
    environment.globals["time_zone"] = time_zone
    environment.filters["bar"] = _bar
    return environment


def _bar(ratio: float | None) -> float:
    """Return a share in percent of a bar."""
    return round(min(1.0, max(0.0, ratio or 0.0)) * 100, 1)


def _tone(row: StatusRow) -> str:
    severities = {severity for severity, _ in row.alerts}
    if "page" in severities or (row.remaining_ratio is not None and row.remaining_ratio <= 0.0):
        return "critical"
    if severities or row.state == "gone":
        return "warning"
    return "none" if row.remaining_ratio is None else "good"


def _verdict_tone(one: Compliance) -> str:
    return _TONES[one.verdict]
