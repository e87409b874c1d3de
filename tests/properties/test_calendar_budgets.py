"""Calendar budgets over three years of changing clocks: the engine, the report, and a walk through local time agree."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from slo_kinds import CHECKOUT, slo

from aiops_daemon.core.model.periods import period_of
from aiops_daemon.core.model.slo import Calendar, CalendarUnit
from aiops_daemon.core.reports.compliance import compliance
from aiops_daemon.core.reports.month import month_of
from aiops_daemon.core.reports.steps import Steps
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.core.signals.burn.ledger import BurnLedger

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
UNITS = (CalendarUnit.DAY, CalendarUnit.WEEK, CalendarUnit.MONTH, CalendarUnit.QUARTER)
FIRST, LAST = datetime(2024, 12, 31, tzinfo=UTC), datetime(2028, 1, 2, tzinfo=UTC)
QUARTER_HOUR = timedelta(minutes=15)  # every offset of these zones, and every change of them, is some of these
STEP = 300.0


def name_of(unit: CalendarUnit, local: datetime) -> tuple[int, ...]:
    """Name the period that a local time is in."""
    if unit is CalendarUnit.WEEK:
        return local.isocalendar()[:2]
    return {
        CalendarUnit.DAY: (local.year, local.month, local.day),
        CalendarUnit.MONTH: (local.year, local.month),
        CalendarUnit.QUARTER: (local.year, (local.month - 1) // 3),
    }[unit]


@pytest.mark.parametrize("zone", ZONES)
def test_every_period_begins_and_ends_where_local_time_does(zone: str) -> None:
    """Days of 23, 23.5, 24.5 and 25 hours, and midnights at a quarter past: walked through, not computed."""
    begins: dict[CalendarUnit, list[float]] = {unit: [] for unit in UNITS}
    before: dict[CalendarUnit, tuple[int, ...]] = {}
    moment, clock = FIRST, ZoneInfo(zone)
    while moment < LAST:
        local = moment.astimezone(clock)
        for unit in UNITS:
            name = name_of(unit, local)
            if before.setdefault(unit, name) != name:
                begins[unit].append(moment.timestamp())
                before[unit] = name
        moment += QUARTER_HOUR

    for unit in UNITS:
        for begin, end in zip(begins[unit], begins[unit][1:], strict=False):
            window = Calendar(unit, zone)
            assert ((begin, end),) * 3 == tuple(period_of(window, at) for at in (begin, (begin + end) / 2, end - 1e-3))
    assert (1096, 36) == (len(begins[CalendarUnit.DAY]) - 1, len(begins[CalendarUnit.MONTH]) - 1)


@pytest.mark.parametrize("zone", ZONES)
def test_engine_and_report_spend_the_same_of_every_month(zone: str) -> None:
    """What the month ends with is what the report says of it, over every change of the clocks."""
    spec = slo("month", CHECKOUT, window=Calendar(CalendarUnit.MONTH, zone))
    random = np.random.default_rng(7)
    for number in range(36):
        month = month_of(f"{2025 + number // 12}-{number % 12 + 1:02}", zone)
        times = np.arange(month.start - 3 * 86400 + STEP, month.end + 1, STEP)
        total = random.integers(0, 200, len(times)).astype(np.float64)
        bad = np.floor(total * random.random(len(times)) * (random.random(len(times)) < 0.01))
        ledger = BurnLedger(spec)
        ledger.backfill(times, bad, total)
        status = ledger.status(month.end - 1e-3, present=True)
        steps = Steps((), STEP, times, bad, total, np.ones(len(times), dtype=np.bool_))
        told = compliance(plan(spec), "eu1", steps, month, None)

        inside = times > month.start
        assert (month.start, month.end) == status.period
        assert (bad[inside].sum(), total[inside].sum()) == (told.bad, told.total)
        assert told.spent_ratio is not None
        assert status.budget_remaining_ratio == pytest.approx(1.0 - told.spent_ratio, abs=1e-9)
