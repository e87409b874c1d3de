"""SLOs for the terminal: how they stand, and a month's report.

Enters: rows and judgements of core.reports. Leaves: text. What comes from series or people is printed with its control
characters escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiops_daemon.cli.table import plain, table
from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.reports import wording
from aiops_daemon.core.reports.compliance import Compliance, MonthReport
from aiops_daemon.core.reports.status import StatusRow

_HEAD = ("SLO", "OBJECTIVE", "WINDOW", "REMAINING", "BURN RATE", "EXHAUSTION", "GUARD", "STATE")
_SERVICES = ("SERVICE", "HEALTH", "WHY")
_MONTH = ("SLO", "OBJECTIVE", "REACHED", "BUDGET SPENT", "BREACHES", "VERDICT")


def status_text(rows: Sequence[StatusRow], services: Sequence[Health], time_zone: str) -> str:
    """Write how SLOs and services stand, and what people agreed to do."""
    if not rows:
        return "no SLOs"
    several = len({row.source for row in rows}) > 1
    head = (*_HEAD[:1], "SOURCE", *_HEAD[1:]) if several else _HEAD
    parts = [table(head, [_row(row, time_zone, several=several) for row in rows])]
    if services:
        parts.append(table(_SERVICES, [_service(one) for one in services]))
    steps = [_step(row, time_zone) for row in rows if row.policy]
    if steps:
        parts.append("\n".join(["policy", *(f"  {plain(step)}" for step in steps)]))
    return "\n\n".join(parts)


def report_text(report: MonthReport) -> str:
    """Write a month's report."""
    zone = report.month.time_zone
    until = wording.moment(report.until, zone)
    head = f"SLO report for {report.month.name} ({zone})" + (f", so far: until {until}" if report.running else "")
    if not report.slos:
        return f"{head}\n\nno SLOs"
    parts = [head, table(_MONTH, [_month_row(one, report) for one in report.slos])]
    parts += ["\n".join(lines) for one in report.slos if (lines := list(_detail(one, zone)))]
    return "\n\n".join(parts)


def _row(row: StatusRow, time_zone: str, *, several: bool) -> tuple[str, ...]:
    return (
        wording.called(row.name, row.group),
        *((row.source,) if several else ()),
        wording.objective(row.objective_ratio),
        row.window,
        wording.percent(row.remaining_ratio),
        wording.burns(row) or "not known",
        wording.exhaustion(row),
        wording.guard(row) or "-",
        wording.state(row, time_zone),
    )


def _service(health: Health) -> tuple[str, ...]:
    more = [value for name, value in health.labels if name != "service"]
    score = "not known" if health.ratio is None else f"{health.ratio * 100:.0f} of 100"
    worst = health.parts[0] if health.parts else None
    why = f"{wording.called(worst.slo, worst.labels)}: {worst.reason}" if worst else ""
    return (" ".join([get(health.labels, "service"), *more]), score, why)


def _step(row: StatusRow, time_zone: str) -> str:
    step = row.policy[0]
    since = f" since {wording.moment(step.since, time_zone)}" if step.since is not None else ""
    return f"{wording.called(row.name, row.group)}: {wording.percent(step.spent_ratio)} spent{since}: {step.action}"


def _month_row(one: Compliance, report: MonthReport) -> tuple[str, ...]:
    return (
        wording.called(one.spec.name, one.group),
        wording.objective(one.spec.objective_ratio),
        wording.month_reached(one),
        wording.month_spent(one),
        str(len(one.breaches)),
        wording.verdict(one, report),
    )


def _detail(one: Compliance, time_zone: str) -> Iterator[str]:
    """Yield what is not known, and the breaches with their reasons."""
    lines = [f"* {doubt}" for doubt in wording.doubts(one, time_zone)]
    for breach in one.breaches:
        lines.append(wording.breach_title(one, breach, time_zone))
        lines += [f"  {reason}" for reason in wording.reason_lines(breach)]
    if lines:
        yield plain(wording.called(one.spec.name, one.group))
        yield from (f"  {line[: len(line) - len(line.lstrip())]}{plain(line.lstrip())}" for line in lines)
