"""When an alert must fire, reckoned from counts, agrees with the formula; and promtool's notation is right."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from slo_kinds import CHECKOUT, KINDS, slo

from aiops_daemon.core.model.slo import PAGE, TICKET
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.core.rules.slo.story import Story, came_back, fires, notation, over, ratio, sliced, steady

WARM = 4320


def first(story: Story, severity: str) -> int | None:
    """Return the minute after the warm-up at which a page or ticket of the plain SLO first holds."""
    held = fires(plan(slo("x", CHECKOUT)), story, severity)
    return int(held.argmax()) - WARM if held.any() else None


@pytest.mark.parametrize("share", [1.0, 0.1, 0.02, 0.01])
@pytest.mark.parametrize(("severity", "pairs"), [(PAGE, [(60, 14.4), (360, 6)]), (TICKET, [(1440, 3), (4320, 1)])])
def test_alerts_fire_when_the_formula_says(severity: str, pairs: list[tuple[int, float]], share: float) -> None:
    """L * B * b / e minutes after the onset, of the pair that is first, where e exceeds B * b."""
    due = min(long * factor * 0.001 / share for long, factor in pairs if share > factor * 0.001)
    found = first(steady([(WARM, 1e6, 0.0), (480, 1e6, share)]), severity)

    assert found is not None
    assert math.floor(due) <= found <= math.ceil(due * 1.01) + 1  # the lower bound costs a percent


@pytest.mark.parametrize("bursts", [(2, 8), (5, 15), (10, 20)])
def test_errors_in_bursts_do_not_page_one_by_one(bursts: tuple[int, int]) -> None:
    """Until they have come back within the hour a few do; not 16 to 48 in eight hours."""
    on, off = bursts
    story = steady([(WARM, 1e6, 0.0), *[(on, 1e6, 0.2), (off, 1e6, 0.0)] * (480 // (on + off)), (60, 1e6, 0.0)])
    held = fires(plan(slo("x", CHECKOUT)), story, PAGE)

    assert int((held[1:] & ~held[:-1]).sum()) <= 4
    assert not held[WARM + 480 + 30 :].any()


def test_coming_back_is_a_rise_a_fall_and_a_rise_within_the_window() -> None:
    """Counted between values that are there, as changes() does."""
    nan = math.nan
    shares = np.array([0, 1, nan, 0, 1, 1, 1, 1, 1, 0.0])

    assert [4, 5] == np.flatnonzero(came_back(shares, 0.5, 5)).tolist()
    assert [4] == np.flatnonzero(came_back(shares, 0.5, 4)).tolist()
    assert [] == np.flatnonzero(came_back(shares, 0.5, 3)).tolist()


def test_one_error_among_few_events_is_no_page() -> None:
    """It is 10 % of an hour, seven times what a page needs."""
    story = steady([(360, 1 / 6, 0.0)])
    story.bad[200] = 1.0

    assert first(story, PAGE) is None
    assert ratio(story, 3600)[240] == pytest.approx(0.1)


def test_slices_are_bad_or_good() -> None:
    """Below the target bad, above it good, without traffic neither."""
    told = sliced(plan(KINDS["time slices"]), steady([(10, 100.0, 0.0), (10, 100.0, 0.5), (10, 0.0, 0.0)]))

    assert [0.0, 1.0] == [told.bad[5], told.bad[20]]
    assert [1.0, 0.0] == [told.total[5], told.total[29]]


def test_whole_events_fail_as_evenly_as_they_can() -> None:
    """A tenth of one event a minute is one in ten minutes."""
    assert 3 == steady([(30, 1.0, 0.1)]).bad.sum()
    assert {0.0, 1.0} == set(steady([(30, 1.0, 0.1)]).bad.tolist())
    assert 2 == over(steady([(30, 1.0, 0.1)]).bad, 1200.0)[30]


@pytest.mark.parametrize(
    ("expected", "values"),
    [
        ("5", [5.0]),
        ("0+0x2", [0.0, 0.0, 0.0]),
        ("0+20x3 40", [0.0, 20.0, 40.0, 60.0, 40.0]),
        ("_x2 1 _x1", [None, None, 1.0, None]),
        ("1.5+0.25x1", [1.5, 1.75]),
    ],
)
def test_values_are_written_in_promtool_s_notation(expected: str, values: Sequence[float | None]) -> None:
    """What rises evenly is one word."""
    assert expected == notation(values)
