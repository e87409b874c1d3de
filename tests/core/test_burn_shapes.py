"""The budget on uneven traffic: within 0.2 % of what happened, where a mean of ratios is off by hundreds."""

import numpy as np
import pytest
from slo_kinds import CHECKOUT, MONTH, slo
from slo_traffic import DENSE, SHAPES, SPARSE, Traffic, traffic

from aiops_daemon.core.model.slo import Calendar, CalendarUnit, SloSpec
from aiops_daemon.core.signals.burn.increases import Increases
from aiops_daemon.core.signals.burn.ledger import BurnLedger

START = 1_799_971_200.0  # a midnight in UTC
DAYS = 30
KEY = [b"{}"]


def watched(spec: SloSpec, given: Traffic, every: int = 5) -> BurnLedger:
    """Follow the counters as the daemon does: a poll every five minutes, an absent sample after five more."""
    ledger, total, side = BurnLedger(spec), Increases(), Increases()
    for index in range(0, len(given.times), every):
        at = float(given.times[index])
        events = gained(total, given.total, index, at)
        ledger.add(at, gained(side, given.bad, index, at), events)
    return ledger


def gained(counter: Increases, values: np.ndarray, index: int, at: float) -> float:
    """Poll one counter, with Prometheus' lookback of five minutes."""
    recent = values[max(0, index - 4) : index + 1]
    seen = recent[~np.isnan(recent)][-1:]
    return float(counter.observe(KEY[: len(seen)], seen, at, complete=True).sum())


@pytest.mark.parametrize("shape", SHAPES)
def test_the_budget_is_what_happened(shape: str) -> None:
    """Incidents by day and by night, no traffic, resets, missing scrapes; and the first error of a new series."""
    given = traffic(shape, START, DAYS)
    ledger = watched(slo("x", CHECKOUT, window=MONTH), given)

    status = ledger.status(float(given.times[-1]), present=True)

    assert status.error_ratio["30d"] == pytest.approx(given.ratio, rel=0.002)


def test_a_mean_of_ratios_would_be_wrong() -> None:
    """The shapes are such that what others record is off by far more than we allow."""
    off = []
    for shape in DENSE[:2]:
        given = traffic(shape, START, DAYS)
        events, errors = (values[1:].reshape(-1, 5).sum(axis=1) for values in (given.events, given.errors))
        mean = np.mean(errors[events > 0] / events[events > 0])
        off.append(abs(mean / given.ratio - 1))

    assert all(error > 0.2 for error in off)


def test_six_errors_in_a_month_are_six() -> None:
    """increase() sees five of them."""
    given = traffic(SPARSE, START, DAYS)
    ledger = watched(slo("x", CHECKOUT, window=MONTH), given)
    _, _, sums = ledger.buckets(float(given.times[-1]))

    assert 6 == pytest.approx(sums[0].sum())


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_a_calendar_budget_counts_from_local_midnight(zone: str) -> None:
    """What came before the period counts nothing, also where the zone's day is not UTC's."""
    given = traffic("busy-hours incident", START, DAYS)
    window = Calendar(CalendarUnit.WEEK, zone)
    status = watched(slo("x", CHECKOUT, window=window), given).status(float(given.times[-1]), present=True)

    assert status.period is not None
    inside = given.times > status.period[0]
    assert status.error_ratio["week"] == pytest.approx(
        given.errors[inside].sum() / given.events[inside].sum(), rel=1e-6
    )
