"""A month of traffic, short to write, for the tests of compliance reports."""

from __future__ import annotations

import numpy as np
from slo_kinds import CHECKOUT, LABELS, slo

from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.reports.month import Month, month_of
from aiops_daemon.core.reports.reasons import PastIncident
from aiops_daemon.core.reports.steps import Steps

STEP = 300.0
HOUR = 3600.0
DAY = 24 * HOUR
OCTOBER = month_of("2026-10", "UTC")
SPEC: SloSpec = slo("checkout-availability", CHECKOUT, labels=LABELS)
BEFORE = 3 * DAY


def october(*outages: tuple[float, float, float], per_step: float = 3000.0, step: float = STEP) -> Steps:
    """Make October; an outage is its begin and length in seconds since the month began, and the share that fails."""
    times = np.arange(OCTOBER.start - BEFORE + step, OCTOBER.end + 1, step)
    total = np.full(len(times), per_step)
    bad = np.zeros(len(times))
    for begin, length, share in outages:
        hit = (times > OCTOBER.start + begin) & (times <= OCTOBER.start + begin + length)
        bad[hit] = np.round(per_step * share)
    return Steps((), step, times, bad, total, np.ones(len(times), dtype=bool))


def after(seconds: float, month: Month = OCTOBER) -> float:
    """Return a moment of the month."""
    return month.start + seconds


def incident(name: str = "INC-7", **changes: object) -> PastIncident:
    """Make an incident of the service, on the third day for two hours."""
    defaults = {
        "name": name, "title": "checkout fails", "service": "checkout", "labels": (),
        "opened_at": after(2 * DAY + 300), "resolved_at": after(2 * DAY + 2 * HOUR), "causes": ("a bad deploy",),
    }  # fmt: skip
    return PastIncident(**(defaults | changes))  # type: ignore[arg-type]
