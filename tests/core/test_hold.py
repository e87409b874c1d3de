"""A finding is held against what was usual before it."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands
from aiops_daemon.core.signals.findings.hold import HOLD_SECONDS, Holds, Polled, watch
from aiops_daemon.core.signals.findings.onsets import Onsets

ROW = np.array([0], dtype=np.intp)
DAY = 86_400.0


class Life:
    """One series stepped through bands, onsets and holds."""

    def __init__(self) -> None:
        self.bands, self.onsets, self.holds = Bands(BandOptions()), Onsets(2), Holds()
        self.at = 0.0
        self.opened: list[float] = []
        self.closed: list[float] = []

    def live(self, values: np.ndarray, step: float = 60.0) -> Life:
        """Step through values; `opened` and `closed` collect moments."""
        for value in values.tolist():
            self.at += step
            polled = np.array([value])
            was = bool(self.onsets.open[0])
            verdict = self.bands.step(ROW, polled, self.at)
            watch(self.bands, self.onsets, self.holds, Polled(ROW, polled, verdict, self.at))
            if bool(self.onsets.open[0]) != was:
                (self.closed if was else self.opened).append(self.at)
        return self


def noise(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(count)


def steady(level: float, count: int, seed: int = 1) -> np.ndarray:
    return level + noise(count, seed)


def wave(start: float, count: int, step: float = 60.0) -> np.ndarray:
    times = start + step * np.arange(1, count + 1)
    return 100 + 30 * np.sin(2 * np.pi * times / DAY) + noise(count, 5)


@pytest.mark.parametrize("hours", [1, 4, 10])
def test_an_incident_stays_open_as_long_as_it_lasts_and_closes_when_it_is_over(hours: int) -> None:
    """Open all the time, though the bands have adapted; closed within minutes of the end."""
    life = Life().live(steady(50, 2016), step=300)
    begin = life.at
    life.live(steady(90, hours * 60, seed=2))
    assert 1 == len(life.opened)
    assert life.opened[0] - begin <= 180
    assert [] == life.closed
    end = life.at
    life.live(steady(50, 30, seed=3))
    assert 1 == len(life.closed)
    assert life.closed[0] - end <= 300


def test_the_range_shown_is_that_of_before() -> None:
    """Three hours in, the held range is still around the old level."""
    life = Life().live(steady(50, 2016), step=300).live(steady(90, 180, seed=2))
    span = life.holds.span(0)

    assert span is not None
    usual, lower, upper = span
    assert usual == pytest.approx(50, abs=3)
    assert 30 < lower < usual < upper < 70


def test_the_season_goes_on_while_a_row_is_held() -> None:
    """What is usual at noon is not what was usual when the incident began in the night."""
    life = Life().live(wave(0.0, 2016, 300), step=300)
    begin = life.at
    life.live(wave(begin, 8 * 60) + 80)
    span = life.holds.span(0)

    assert span is not None
    assert [] == life.closed
    expected = 100 + 30 * np.sin(2 * np.pi * life.at / DAY)
    assert span[0] == pytest.approx(expected, abs=12)


def test_a_level_that_lasts_half_a_day_is_the_new_normal() -> None:
    """Accepted after HOLD_SECONDS, once the bands agree; not found a second time."""
    life = Life().live(steady(50, 2016), step=300)
    begin = life.at
    life.live(steady(90, int(HOLD_SECONDS / 60) + 24 * 60, seed=2))

    assert 1 == len(life.closed)
    assert life.closed[0] - begin >= HOLD_SECONDS
    assert not life.onsets.open[0]


def test_a_single_outlier_holds_nothing() -> None:
    """One poll outside opens nothing and leaves no trace."""
    life = Life().live(steady(50, 2016), step=300).live(np.array([500.0])).live(steady(50, 10, seed=4))

    assert [] == life.opened
    assert life.holds.span(0) is None


def test_state_goes_on_where_it_was() -> None:
    """A restart in an incident neither closes nor opens anything."""
    life = Life().live(steady(50, 2016), step=300).live(steady(90, 60, seed=2))
    other = Life()
    other.at = life.at
    other.bands.import_state(ROW, life.bands.export_state(ROW))
    other.onsets.import_state(ROW, life.onsets.export_state(ROW))
    other.holds.import_state(ROW, life.holds.export_state(ROW))
    other.live(steady(90, 120, seed=6))

    assert [] == other.opened
    assert [] == other.closed
    assert other.onsets.open[0]


def test_wrong_state_is_refused() -> None:
    """Names and shapes must fit."""
    with pytest.raises(ValueError, match="does not fit"):
        Holds().import_state(ROW, {"since": np.zeros(1)})
