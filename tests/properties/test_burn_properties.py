"""Burn rates against brute force, and what must hold for any traffic."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.signals.budget.forecast import Pace, Past, forecast
from aiops_daemon.core.signals.burn.guard import wilson_lower
from aiops_daemon.core.signals.burn.increases import Increases
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.core.signals.burn.ring import BucketRing
from aiops_daemon.core.signals.burn.windows import reported_windows

START = 1_800_000_123.0
SPEC = SloSpec("x", EventsSli("t", bad="b"), 0.99, Rolling(7 * 86400.0))

gaps = st.floats(5.0, 900.0)
events = st.tuples(gaps, st.floats(0.0, 50.0), st.floats(0.0, 1000.0))
polls = st.lists(events, min_size=1, max_size=40)
few = settings(max_examples=50, deadline=None)


def overlap(start: float, end: float, low: float, high: float) -> float:
    """Share of (start, end] that lies in (low, high]."""
    return max(0.0, min(end, high) - max(start, low)) / (end - start)


@few
@given(polls)
def test_windows_equal_brute_force(stream: list[tuple[float, float, float]]) -> None:
    """On bucket edges a window's sums are those of all increments, each spread evenly over its stretch."""
    ledger = BurnLedger(SPEC)
    ledger.add(START, 0, 0)
    at, known = START, []
    for gap, failed, total in stream:
        ledger.add(at + gap, min(failed, total), total)
        known.append((at, at + gap, min(failed, total), total))
        at += gap
    edge = math.ceil(at / 300) * 300.0

    status = ledger.status(edge, present=True)

    for name, seconds in reported_windows(SPEC).items():
        weights = [overlap(start, end, edge - seconds, edge) for start, end, _, _ in known]
        bad = sum(weight * row[2] for weight, row in zip(weights, known, strict=True))
        total = sum(weight * row[3] for weight, row in zip(weights, known, strict=True))
        if total > 1e-6:
            assert status.error_ratio[name] == pytest.approx(bad / total, rel=1e-6, abs=1e-9)


@few
@given(polls, st.floats(0.0, 4000.0))
def test_sums_never_exceed_what_came_and_a_window_grows_with_its_length(
    stream: list[tuple[float, float, float]], later: float
) -> None:
    """0 <= bad, total and known seconds; longer windows hold no less; nothing is made up."""
    ring = BucketRing(step=60.0, span=6 * 3600.0)
    at, came = START, 0.0
    for gap, failed, total in stream:
        ring.add(at, at + gap, failed, total)
        at, came = at + gap, came + total

    sums = [ring.window(at + later, seconds) for seconds in (60, 300, 1800, 3600, 21600)]

    assert all(earlier.total <= after.total + 1e-6 for earlier, after in pairwise(sums))
    assert all(0 <= part.total <= came * (1 + 1e-9) + 1e-9 for part in sums)
    assert all(
        part.known_seconds <= seconds + 60 for part, seconds in zip(sums, (60, 300, 1800, 3600, 21600), strict=True)
    )


@few
@given(polls, st.floats(0.1, 1000.0))
def test_ratios_do_not_depend_on_the_unit_of_traffic(stream: list[tuple[float, float, float]], scale: float) -> None:
    """Counting in thousands changes no ratio."""
    one, many = BurnLedger(SPEC), BurnLedger(SPEC)
    at = START
    for gap, failed, total in stream:
        at += gap
        one.add(at, min(failed, total), total)
        many.add(at, scale * min(failed, total), scale * total)

    first, second = one.status(at, present=True), many.status(at, present=True)

    for name, ratio in first.error_ratio.items():
        if ratio is not None and second.error_ratio[name] is not None:
            assert ratio == pytest.approx(second.error_ratio[name], rel=1e-6, abs=1e-9)


@few
@given(polls)
def test_no_number_is_nan_or_infinite_and_a_ratio_is_a_ratio(stream: list[tuple[float, float, float]]) -> None:
    """Whatever comes, error ratios lie in 0..1, and the end of the budget lies ahead or at its first sight."""
    ledger = BurnLedger(SPEC)
    at = START
    for gap, failed, total in stream:
        at += gap
        ledger.add(at, failed, total)
        status = ledger.status(at, present=True)
        ratios = [ratio for ratio in status.error_ratio.values() if ratio is not None]
        assert all(0.0 <= ratio <= 1.0 for ratio in ratios)
        assert status.exhaustion_at is None or math.isfinite(status.exhaustion_at)
        assert status.active == frozenset(status.since)


@few
@given(polls)
def test_a_restart_changes_nothing(stream: list[tuple[float, float, float]]) -> None:
    """Export, import, judge: equal statuses."""
    ledger, restored = BurnLedger(SPEC), BurnLedger(SPEC)
    at = START
    for gap, failed, total in stream:
        at += gap
        ledger.add(at, min(failed, total), total)
    ledger.status(at, present=True)
    restored.import_state(ledger.export_state())

    assert ledger.status(at, present=True) == restored.status(at, present=True)


@few
@given(
    st.integers(1, 60), st.just(0.0) | st.floats(0.0, 299.0), st.lists(st.floats(0.0, 100.0), min_size=60, max_size=60)
)
def test_history_in_parts_equals_history_at_once(cut: int, phase: float, totals: list[float]) -> None:
    """However a history is cut, also off the buckets' edges, everything counts once; on the edges also read twice."""
    whole, parts = BurnLedger(SPEC), BurnLedger(SPEC)
    times = START - START % 300 + phase + 300 * np.arange(60)
    events = np.array(totals)
    whole.backfill(times, events / 10, events)
    for _ in range(1 if phase else 2):
        parts.backfill(times[:cut], events[:cut] / 10, events[:cut])
        parts.backfill(times[cut:], events[cut:] / 10, events[cut:])

    first, second = (ledger._judged.coarse.window(times[-1] + 300, 86400.0) for ledger in (whole, parts))

    assert sum(totals) == pytest.approx(first.total, abs=1e-6)
    assert first.total == pytest.approx(second.total, abs=1e-6)
    assert first.bad == pytest.approx(sum(totals) / 10, abs=1e-6)
    assert 60 * 300 == pytest.approx(second.known_seconds)


@few
@given(st.sampled_from((60.0, 300.0, 3600.0)), st.sampled_from((20.0, 60.0, 90.0, 300.0)), st.floats(0.0, 400.0))
def test_history_of_any_grain_counts_once(step: float, length: float, phase: float) -> None:
    """Stretches shorter than a bucket, or longer, on its edges or off them."""
    ring = BucketRing(step=step, span=4 * 86_400.0)
    ends = START - START % 3600 + phase + length * np.arange(1, 400)
    ring.fill(ends, length, np.ones(399), np.full(399, 3.0))

    whole = ring.window(float(ends[-1]) + step, 3 * 86_400.0)

    assert (399, 3 * 399) == (pytest.approx(whole.bad), pytest.approx(whole.total))
    assert 399 * length == pytest.approx(whole.known_seconds)


@few
@given(polls, st.sampled_from((300.0, 3600.0)), st.sampled_from((300.0, 3600.0)), st.sampled_from((1.0, 4.0, 30.0)))
def test_a_ring_of_another_length_or_step_keeps_every_event(
    stream: list[tuple[float, float, float]], step: float, heir_s: float, days: float
) -> None:
    """Ten hours at most fit into each of them: sums over all of it stay."""
    ring, at = BucketRing(step=step, span=7 * 86_400.0), START
    for gap, failed, total in stream:
        ring.add(at, at + gap, min(failed, total), total)
        at += gap
    heir = BucketRing(step=heir_s, span=days * 86_400.0).inherit(ring)
    end = math.ceil(at / 3600) * 3600.0

    old, new = ring.window(end, 86_400.0), heir.window(end, 86_400.0)

    assert (old.bad, old.total) == (pytest.approx(new.bad, abs=1e-6), pytest.approx(new.total, abs=1e-6))


@few
@given(st.floats(0.0, 3e5), st.floats(400.0, 9e5), st.floats(0.0, 1e4))
def test_what_came_at_some_time_is_counted_once_and_moves_no_page(known: float, seconds: float, total: float) -> None:
    """Of a stretch that is known in part the rest counts at its mean pace at least; pages do not see it."""
    ledger, end = BurnLedger(replace(SPEC, window=Rolling(30 * 86_400.0))), START + seconds
    ledger.add(START + min(known, seconds), 0, 0, since=START)
    before = ledger._judged.fine.window(end, 21_600.0)
    ledger.spread(START, end, total / 2, total)
    counted = ledger._judged.coarse.window(end, 20 * 86_400.0)

    assert before == ledger._judged.fine.window(end, 21_600.0)
    assert total * max(0.0, 1 - known / seconds) * (1 - 1e-6) <= counted.total + 1e-6 <= total * (1 + 1e-6) + 2e-6
    assert counted.bad == pytest.approx(counted.total / 2)


@few
@given(
    st.lists(st.lists(st.integers(0, 50), min_size=8, max_size=8), min_size=1, max_size=5),
    st.lists(st.booleans(), min_size=8, max_size=8),
)
def test_increases_telescope(growth: list[list[int]], complete: list[bool]) -> None:
    """Whatever is partial and in which order series come, the increments of growing counters sum to their growth."""
    counter = Increases()
    values = np.cumsum(np.array(growth), axis=1)
    keys = [f"s{row}".encode() for row in range(len(growth))]
    total = counter.observe(keys, values[:, 0], 0.0, complete=True).sum()
    for step in range(1, 8):
        present = [row for row in range(len(keys)) if (row + step) % 3 or step == 7]
        order = present[::-1] if step % 2 else present
        total += counter.observe(
            [keys[row] for row in order], values[order, step], 60.0 * step, complete=complete[step]
        ).sum()
        total += counter.late.sum()

    assert total == pytest.approx(float((values[:, -1] - values[:, 0]).sum()))


@few
@given(st.floats(0, 1e6), st.floats(0.1, 1e6))
def test_the_wilson_bound_lies_between_zero_and_the_ratio(bad: float, total: float) -> None:
    """A lower bound is lower, and rises with the sample."""
    ratio = min(1.0, bad / total)

    assert 0.0 <= wilson_lower(bad, total) <= ratio + 1e-12
    assert wilson_lower(bad, total) <= wilson_lower(4 * bad, 4 * total) + 1e-12


@few
@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(10, 500)), min_size=20, max_size=60),
    st.floats(0.001, 1.0),
)
def test_exhaustion_equals_a_simulation(history: list[tuple[float, float]], ratio: float) -> None:
    """Step by step through the future, the budget is left before the moment said and spent right after it."""
    past = np.array([[bad for bad, _ in history], [total for _, total in history], [300.0] * len(history)])
    budget = 0.05
    if budget * past[1].sum() <= past[0].sum():
        return
    wait = forecast(Past(past[0], past[1], past[2], 300.0, 300.0), Pace(ratio, 1.0), budget).exhaustion_seconds

    def left(after: float) -> float:
        gone = np.clip(after / 300.0 - np.arange(len(history)), 0, 1)
        bad, total = (past[:2] * (1 - gone)).sum(axis=1) + after * np.array([ratio, 1.0])
        return float(budget * total - bad)

    ends = np.linspace(0, 300.0 * len(history), 20 * len(history) + 1)
    short = [after for after in ends if left(after) < -1e-6]
    if wait is None:
        assert all(left(300.0 * step) > -1e-6 for step in range(len(history) + 1))
    else:
        assert abs(left(wait)) < 1e-6 * max(1.0, past[1].sum())
        assert all(after >= wait - 1e-6 for after in short)
