"""The shadow report for the terminal.

Enters: comparisons and loads. Leaves: text. What comes from alerts is printed with its control characters escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aiops_daemon.cli.table import table
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.quantity import speak_time
from aiops_daemon.core.response.shadow import Compared, Kind, Load

_HEAD = ("INCIDENT", "TEAM", "KIND", "THEIRS", "OURS", "PAGES", "BY", "TITLE", "REASON")
_SHIFTS = ("TEAM", "SHIFT", "BUDGET", "SHIFTS", "OURS", "MOST", "OVER", "THEIRS", "MOST", "OVER")


def report_text(rows: Sequence[Compared], loads: Sequence[Load], *, budgets: bool) -> str:
    """Write the counts, the comparisons, and pages per shift."""
    if not rows:
        return "nobody paged, and we would not have either"
    counts = Counter(row.kind for row in rows)
    said = ", ".join(f"{counts[kind]} {kind}" for kind in Kind)
    parts = [f"{len(rows)} incident{'s' * (len(rows) != 1)}: {said}", table(_HEAD, [_row(row) for row in rows])]
    if loads:
        parts.append(table(_SHIFTS, [_load(load) for load in loads]))
    else:
        parts.append("no team has a page_budget" if budgets else "give --config.file for pages per team and shift")
    return "\n\n".join(parts)


def _row(row: Compared) -> tuple[str, ...]:
    theirs, ours = (speak_time(at) if at is not None else "-" for at in (row.theirs_at, row.ours_at))
    pages = f"{row.theirs}:{row.ours}"
    return (row.incident or "-", row.team or "-", row.kind, theirs, ours, pages, row.by or "-", row.title, row.reason)


def _load(load: Load) -> tuple[str, ...]:
    numbers = (load.allowed, load.shifts, load.ours, load.ours_most, load.ours_over, load.theirs, load.theirs_most,
               load.theirs_over)  # fmt: skip
    return (load.team, prometheus_duration(load.per), *map(str, numbers))
