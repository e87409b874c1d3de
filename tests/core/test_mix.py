"""What alerts are made of: bins, what begins and ends them, and what the forest looks at."""

from __future__ import annotations

import math

import numpy as np
import pytest
from volume_world import START

from aiops_daemon.core.quality.forest import features
from aiops_daemon.core.quality.mix import MOST_SOURCES, WINDOW, Bin, Closed, Mix
from aiops_daemon.core.quality.mixform import export, load
from aiops_daemon.core.quality.volume import Heard

BIN = 300.0
FIRST = int(START // BIN) + 3  # first bin that counts after a start


def started() -> Mix:
    """Return a mix that counts from FIRST on."""
    mix = Mix()
    list(mix.close(START))
    list(mix.close(FIRST * BIN))
    return mix


def heard(mix: Mix, at: float, rule: str, *, source: str = "main", critical: bool = False, fresh: bool = False) -> None:
    mix.heard(Heard(source, "shop", f"of {rule}", rule, rule, critical), at, fresh=fresh)


def test_a_bin_counts_alerts_rules_services_critical_and_new_ones() -> None:
    """Of its source; the team is named."""
    mix = started()
    for rule, critical, fresh in (("A", True, True), ("A", False, True), ("B", False, False)):
        heard(mix, FIRST * BIN + 10, rule, critical=critical, fresh=fresh)
    found = list(mix.close((FIRST + 1) * BIN))

    assert [Closed("main", Bin(FIRST, 3, 2, 2, 1, 2), frozenset({"shop"}))] == found
    assert [Bin(FIRST, 3, 2, 2, 1, 2)] == [*mix.pasts["main"]]


def test_an_empty_bin_is_told_and_not_kept() -> None:
    """So that what is odd ends, and a quiet source takes no room."""
    mix = started()
    heard(mix, FIRST * BIN, "A")
    found = [closed.bin for closed in mix.close((FIRST + 3) * BIN)]

    assert [Bin(FIRST, 1, 1, 1), Bin(FIRST + 1), Bin(FIRST + 2)] == found
    assert 1 == len(mix.pasts["main"])


def test_the_first_bins_after_a_start_teach_nothing() -> None:
    """In them alerts come that began before."""
    mix = Mix()
    heard(mix, START + 1, "A")
    heard(mix, START + 601, "A")

    assert [] == list(mix.close(FIRST * BIN))
    assert {} == mix.pasts


@pytest.mark.parametrize("leap", [7200.0, -7200.0])
def test_a_clock_that_jumps_begins_anew(leap: float) -> None:
    """Nothing is known of what came meanwhile."""
    mix = started()
    heard(mix, FIRST * BIN, "A")

    assert [] == list(mix.close(FIRST * BIN + leap))
    assert {} == mix.pasts


def test_bins_leave_after_four_weeks_and_sources_are_bounded() -> None:
    """The window is 28 days, for at most 16 sources."""
    mix = started()
    heard(mix, FIRST * BIN, "A")
    for number in range(MOST_SOURCES + 5):
        heard(mix, FIRST * BIN, "A", source=f"am-{number}")
    list(mix.close((FIRST + 1) * BIN))
    for number in range(FIRST + 1, FIRST + WINDOW + 1):
        list(mix.close((number + 1) * BIN))

    assert MOST_SOURCES == len(mix.pasts)
    assert {0} == {len(past) for past in mix.pasts.values()}


def test_features_are_counts_shares_and_the_time_on_circles() -> None:
    """Noon on a Sunday; shares are drawn towards 0 by five alerts."""
    sunday_noon = int((START + 1.5 * 86_400) // BIN)
    (row,) = features([Bin(sunday_noon, 15, 7, 3, 10, 4)])

    weekday = 2 * math.pi * 0 / 7
    counted = [math.log(16), math.log(8), math.log(4), 7 / 20, 10 / 20, 4 / 20]
    assert row.tolist() == pytest.approx(
        [*counted, math.sin(math.pi), -1.0, math.sin(weekday), math.cos(weekday)], abs=1e-6
    )
    assert np.float32 == row.dtype


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"[]",
        b"{",
        b'{"form":2,"sources":{}}',
        b'{"form":1,"sources":[1]}',
        b'{"form":1,"sources":{"main":"AAAAA"}}',
        b'{"form":1,"sources":{"main":"AAAA"}}',
        b'{"form":1,"sources":{"main":"789c636000000400"}}',
        b'{"form":1,"sources":{"main":"\xc3"}}',
    ],
)
def test_bins_that_cannot_be_read_are_none(written: bytes) -> None:
    """They are counted anew."""
    assert load(written) is None


def test_bins_out_of_order_cannot_be_read() -> None:
    """Nor negative ones: numbers would be taken for pairs that never were."""
    mix = started()
    heard(mix, FIRST * BIN, "A")
    list(mix.close((FIRST + 1) * BIN))
    whole = load(export(mix.pasts))
    mix.pasts["main"].append(Bin(FIRST - 1, 1))

    assert whole is not None
    assert load(export(mix.pasts)) is None
