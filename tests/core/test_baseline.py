"""Bands: what must never happen to an estimate of what is normal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray

from aiops_daemon.core.model.query import Direction, QuerySpec, Season
from aiops_daemon.core.signals.bands.baseline import BandOptions, Bands, BandStep
from aiops_daemon.core.signals.findings.onsets import Onsets

START = datetime(2026, 3, 2, tzinfo=UTC).timestamp()  # a Monday
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ROW = np.array([0], dtype=np.intp)
Answers = dict[str, NDArray[np.float64]]


def grid(duration: float, step: float, start: float = START) -> NDArray[np.float64]:
    """Moments from `start`, every `step` seconds."""
    return start + np.arange(0.0, duration, step)


def play(bands: Bands, times: NDArray[np.float64], values: NDArray[np.float64]) -> Answers:
    """Step one row through a series; every answer must be finite."""
    kept: dict[str, list[float]] = {"expected": [], "lower": [], "upper": [], "score": [], "confidence": []}
    for at, value in zip(times.tolist(), values.tolist(), strict=True):
        step = bands.step(ROW, np.array([value]), at)
        for name, column in kept.items():
            column.append(float(getattr(step, name)[0]))
    answers = {name: np.array(column) for name, column in kept.items()}
    assert all(np.isfinite(column).all() for column in answers.values())
    return answers


def opened(times: NDArray[np.float64], scores: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Return findings as (opened, closed) in seconds after the first moment."""
    onsets, spans = Onsets(2, 1), []
    for at, score in zip(times.tolist(), scores.tolist(), strict=True):
        turn = onsets.step(ROW, np.array([score]), at)
        if turn.opened.size:
            spans.append((at - times[0], np.inf))
        if turn.closed.size:
            spans[-1] = (spans[-1][0], at - times[0])
    return spans


def noise(count: int, seed: int = 1) -> NDArray[np.float64]:
    """Standard normal noise."""
    return np.random.default_rng(seed).normal(size=count)


def test_score_is_one_on_the_edge_and_zero_at_the_expected_value() -> None:
    """Score, expected value and band tell one story."""
    bands = Bands(BandOptions(), 3)
    for at in grid(DAY, 300.0):
        rows = np.arange(3)
        bands.step(rows, 10.0 + noise(3, int(at)), at)
    state = bands.export_state(np.arange(1))
    probe = Bands(BandOptions(), 3)
    for row in range(3):
        probe.import_state(np.array([row]), state)
    first = probe.step(ROW, np.array([10.0]), START + DAY)
    for row in range(3):
        probe.import_state(np.array([row]), state)
    step = probe.step(np.arange(3), np.array([first.expected[0], first.upper[0], first.lower[0]]), START + DAY)

    assert [0.0, 1.0, 1.0] == pytest.approx(step.score.tolist(), abs=1e-9)


def test_warm_up_scores_nothing() -> None:
    """The first samples are learned, not judged, however wild."""
    answers = play(Bands(BandOptions(), 1), grid(30 * MINUTE, MINUTE), noise(30) ** 3 * 100)

    assert not answers["score"].any()


@pytest.mark.parametrize(
    ("direction", "scored"),
    [(Direction.UP, (True, False)), (Direction.DOWN, (False, True)), (Direction.BOTH, (True, True))],
)
def test_direction_decides_which_side_scores(direction: Direction, scored: tuple[bool, bool]) -> None:
    """A deviation on the side that does not matter scores 0, and both edges stay finite."""
    times, values = grid(DAY, 300.0), 10.0 + noise(288)
    for sign, expected in zip((1.0, -1.0), scored, strict=True):
        bands = Bands(BandOptions(direction=direction), 1)
        play(bands, times, values)
        step = bands.step(ROW, np.array([10.0 + 50.0 * sign]), START + DAY)

        assert expected == (step.score[0] > 1.0)
        assert expected or step.score[0] == 0.0


@pytest.mark.parametrize(
    ("gates", "scored"),
    [((0.0, 0.0), True), ((30.0, 0.0), False), ((0.0, 0.3), False), ((15.0, 0.15), True), ((15.0, 0.3), False)],
)
def test_both_minimum_deviations_must_be_exceeded(gates: tuple[float, float], scored: bool) -> None:
    """A rise by 20 from 100 is anomalous unless a gate is wider; the band shows the gate."""
    options = BandOptions(min_deviation_absolute=gates[0], min_deviation_relative=gates[1])
    bands = Bands(options, 1)
    play(bands, grid(DAY, 300.0), 100.0 + 0.1 * noise(288))
    step = bands.step(ROW, np.array([120.0]), START + DAY)

    assert scored == (step.score[0] > 1.0)
    assert step.upper[0] - step.expected[0] >= max(gates[0], gates[1] * step.expected[0]) * 0.999


def test_constant_start_does_not_fix_the_scale() -> None:
    """A series that is constant for a day and noisy from then on gets a band that fits within a day."""
    times = grid(6 * DAY, 300.0)
    values = np.where(times < START + DAY, 5.0, 5.0 + noise(len(times)))
    answers = play(Bands(BandOptions(), 1), times, values)

    assert answers["score"][288:291].max() > 1.0
    assert (answers["score"][-3 * 288 :] > 1.0).sum() <= 3
    assert 2.0 < (answers["upper"] - answers["lower"])[-1] < 20.0


@pytest.mark.parametrize("level", [0.0, -7.0, 1e9])
def test_constant_series_then_a_change_is_seen_and_then_adapted_to(level: float) -> None:
    """A step of a constant series is found at once; the finding ends by itself and the new level is expected."""
    times = grid(3 * DAY, MINUTE)
    values = np.where(times < START + DAY, level, level + 3.0)
    answers = play(Bands(BandOptions(), 1), times, values)
    spans = opened(times, answers["score"])

    assert DAY + MINUTE == spans[0][0]
    assert spans[-1][1] < 2 * DAY
    assert level + 3.0 == pytest.approx(answers["expected"][-1], abs=0.2)


def test_late_level_shift_is_found_and_adapted_to_within_half_a_day() -> None:
    """After a week of seasonal life a lasting shift opens a finding, which ends by itself."""
    history, live = grid(7 * DAY, 300.0), grid(2 * DAY, MINUTE, START + 7 * DAY)
    times = np.concatenate([history, live])
    values = 100.0 + 20.0 * np.sin(2 * np.pi * times / DAY) + 2.0 * noise(len(times))
    values[times >= START + 7.5 * DAY] += 60.0
    answers = play(Bands(BandOptions(), 1), times, values)
    spans = opened(times, answers["score"])

    assert 7.5 * DAY <= spans[0][0] <= 7.5 * DAY + 5 * MINUTE
    assert spans[-1][1] <= 8 * DAY
    assert np.abs(answers["expected"] - values)[-600:].mean() < 10.0


def test_one_enormous_outlier_is_seen_and_not_learned() -> None:
    """The band after an outlier of 1e12 is as wide as before, and where it was."""
    times = grid(3 * DAY, 300.0)
    values = 10.0 + noise(len(times))
    clean = play(Bands(BandOptions(), 1), times, values)
    values[400] = 1e12
    answers = play(Bands(BandOptions(), 1), times, values)

    assert answers["score"][400] > 1000.0
    assert clean["expected"][402] == pytest.approx(answers["expected"][402], abs=1.0)
    assert (answers["upper"] - answers["lower"])[402:].max() < 1.5 * (clean["upper"] - clean["lower"])[402:].max()
    assert answers["score"][402:].max() < 1.1 * max(clean["score"][402:].max(), 1.0)


def test_outliers_in_history_leave_a_band_that_fits() -> None:
    """With one sample in fifty thrown far off, what is expected stays with the many."""
    times = grid(7 * DAY, 300.0)
    values = 10.0 + noise(len(times))
    values[::50] = 500.0
    answers = play(Bands(BandOptions(), 1), times, values)

    assert 10.0 == pytest.approx(np.median(answers["expected"][-288:]), abs=2.0)
    assert answers["lower"][-1] > -100.0


def test_zero_and_negative_values_are_values() -> None:
    """A fall to zero is a deviation like any other, and so is a step below."""
    bands = Bands(BandOptions(), 1)
    play(bands, grid(DAY, 300.0), 50.0 + noise(288))

    assert bands.step(ROW, np.array([0.0]), START + DAY).score[0] > 1.0
    bands.reset(ROW)
    play(bands, grid(DAY, 300.0), -50.0 + noise(288))
    assert bands.step(ROW, np.array([-100.0]), START + DAY).score[0] > 1.0


@pytest.mark.parametrize("season", [None, (Season.DAILY,), (Season.WEEKLY,)])
def test_seasons_are_learned_and_a_missing_night_is_found(season: tuple[Season, ...] | None) -> None:
    """The same value is normal by day and anomalous by night, once the season is known."""
    times = grid(16 * DAY, 600.0)
    values = 100.0 + 50.0 * np.sin(2 * np.pi * times / DAY) + noise(len(times))
    bands = Bands(BandOptions(seasons=season), 1)
    play(bands, times, values)
    noon = bands.step(ROW, np.array([150.0]), START + 16 * DAY + 6 * HOUR)
    night = bands.step(ROW, np.array([150.0]), START + 16 * DAY + 18 * HOUR)

    assert noon.score[0] < 1.0 < night.score[0]
    assert 50.0 == pytest.approx(night.expected[0], abs=8.0)


def test_no_season_expects_what_was_lately() -> None:
    """With `season: none` the level alone is followed."""
    times = grid(9 * DAY, 600.0)
    values = 100.0 + 50.0 * np.sin(2 * np.pi * times / DAY) + noise(len(times))
    bands = Bands(BandOptions(seasons=()), 1)
    play(bands, times, values)
    noon, night = (bands.step(ROW, np.array([100.0]), START + 9 * DAY + hours * HOUR) for hours in (6, 18))

    assert abs(noon.expected[0] - night.expected[0]) < 10.0


def test_daily_season_follows_the_wall_clock_over_daylight_saving_time() -> None:
    """Work that begins at 09:00 in Berlin is expected at 09:00 after the clocks went forward."""
    zone = ZoneInfo("Europe/Berlin")
    times = grid(42 * DAY, 900.0, datetime(2026, 3, 1, tzinfo=zone).timestamp())
    local = [datetime.fromtimestamp(at, zone) for at in times.tolist()]
    values = np.array([100.0 if 9 <= moment.hour < 17 else 10.0 for moment in local]) + noise(len(times))
    answers = play(Bands(BandOptions(time_zone="Europe/Berlin"), 1), times, values)
    after = np.array([moment.month == 4 and moment.day >= 2 and moment.hour in (8, 9, 16, 17) for moment in local])

    assert (answers["score"][after] > 1.0).sum() <= 1


def test_history_then_a_finer_step_keeps_the_scale() -> None:
    """A week at five minutes, then a day at fifteen seconds: no findings, and a band of the same width."""
    history, live = grid(7 * DAY, 300.0), grid(0.5 * DAY, 15.0, START + 7 * DAY)
    times = np.concatenate([history, live])
    answers = play(Bands(BandOptions(), 1), times, 10.0 + noise(len(times)))
    width = answers["upper"] - answers["lower"]

    assert [] == opened(times, answers["score"])
    assert 0.6 < width[-1] / width[len(history) - 1] < 1.5


@pytest.mark.parametrize("shift", [0.0, -30.0])
def test_time_that_does_not_advance_is_judged_but_not_learned(shift: float) -> None:
    """A repeated or older moment leaves the state as it was."""
    bands = Bands(BandOptions(), 1)
    play(bands, grid(DAY, 300.0), noise(288))
    before = bands.export_state(ROW)
    step = bands.step(ROW, np.array([1000.0]), START + DAY - 300.0 + shift)
    after = bands.export_state(ROW)

    assert step.score[0] > 1.0
    assert all((before[name] == after[name]).all() for name in before)


def test_a_clock_set_back_by_hours_goes_on_from_there() -> None:
    """After a clock was far ahead, learning resumes with the second sample of the right time."""
    bands = Bands(BandOptions(), 1)
    play(bands, grid(DAY, 300.0), noise(288))
    for offset in (0.0, 300.0):
        bands.step(ROW, np.array([0.0]), START - 10 * DAY + offset)
    counts = [bands.export_state(ROW)["columns"][0, 2]]
    bands.step(ROW, np.array([0.0]), START - 10 * DAY + 600.0)
    counts.append(bands.export_state(ROW)["columns"][0, 2])

    assert [289.0, 290.0] == counts


def test_excluded_time_is_judged_but_not_learned() -> None:
    """An outage named in the configuration leaves no trace, yet is still scored."""
    outage = (START + DAY, START + 1.5 * DAY)
    bands = Bands(BandOptions(exclude=(outage,)), 1)
    play(bands, grid(DAY, 300.0), 10.0 + noise(288))
    before = bands.export_state(ROW)
    answers = play(bands, grid(0.5 * DAY, 300.0, outage[0]), np.full(144, 90.0))
    after = bands.export_state(ROW)

    assert answers["score"].min() > 1.0
    assert all((before[name] == after[name]).all() for name in before)
    assert bands.step(ROW, np.array([10.0]), outage[1]).score[0] < 1.0


@pytest.mark.parametrize(
    "values",
    [
        [1e308, -1e308],
        [1e-300, 0.0],
        [0.0, 1e308],
        [-1e308, -1e308],
        [5e-324, -5e-324],
        [1e15, 1e15 + 1.0],
    ],
)
def test_extreme_values_give_finite_answers(values: list[float]) -> None:
    """No value makes an answer NaN or infinite; scores stay under their cap."""
    pattern = np.array((values * 200)[:400])
    pattern[100:150] = values[0]
    answers = play(Bands(BandOptions(min_deviation_relative=1e9), 1), grid(400 * HOUR, HOUR), pattern)

    assert 0.0 <= answers["score"].min() <= answers["score"].max() <= 1e6
    free = play(Bands(BandOptions(), 1), grid(400 * HOUR, HOUR), pattern)
    assert 0.0 <= free["score"].min() <= free["score"].max() <= 1e6


def test_state_travels_and_answers_stay_the_same_bit_for_bit() -> None:
    """Exported rows go on in another place with the same numbers."""
    bands, other = Bands(BandOptions(), 4), Bands(BandOptions(), 4)
    times = grid(3 * DAY, 300.0)
    play(bands, times, noise(len(times)))
    other.import_state(np.array([3]), bands.export_state(ROW))
    mine = bands.step(ROW, np.array([2.0]), times[-1] + 300.0)
    theirs = other.step(np.array([3]), np.array([2.0]), times[-1] + 300.0)

    assert (mine.score[0], mine.upper[0]) == (theirs.score[0], theirs.upper[0])


def _drop(state: dict[str, NDArray[np.float64]]) -> None:
    del state["daily"]


def _shorten(state: dict[str, NDArray[np.float64]]) -> None:
    state["columns"] = state["columns"][:, 1:]


def _poison(state: dict[str, NDArray[np.float64]]) -> None:
    state["columns"][0, 3] = np.nan


def _retype(state: dict[str, NDArray[np.float64]]) -> None:
    state["daily"] = state["daily"].astype(np.float64)


@pytest.mark.parametrize("change", [_drop, _shorten, _poison, _retype])
def test_wrong_state_is_refused(change: Callable[[dict[str, NDArray[np.float64]]], None]) -> None:
    """Names, shapes, types and finiteness are checked before anything is taken."""
    state = Bands(BandOptions(), 1).export_state(ROW)
    change(state)
    with pytest.raises(ValueError, match="band state"):
        Bands(BandOptions(), 1).import_state(ROW, state)


def test_growing_keeps_and_resetting_forgets() -> None:
    """Rows survive growth; a reset row warms up anew."""
    bands = Bands(BandOptions(), 2)
    play(bands, grid(DAY, 300.0), 10.0 + noise(288))
    bands.grow(100)

    assert 100 == bands.capacity
    assert bands.step(ROW, np.array([10.0]), START + DAY).ready[0]
    bands.reset(ROW)
    assert not bands.step(ROW, np.array([10.0]), START + DAY).ready[0]


def test_an_empty_step_is_no_step() -> None:
    """A poll without series answers with empty columns."""
    step: BandStep = Bands(BandOptions()).step(np.array([], dtype=np.intp), np.array([]), START)

    assert 0 == len(step.score)


def test_options_come_from_the_query() -> None:
    """Whatever a query says about bands is heard."""
    spec = QuerySpec(
        name="q",
        expr="up",
        direction=Direction.DOWN,
        seasons=(Season.WEEKLY,),
        time_zone="Europe/Berlin",
        min_deviation_absolute=1.0,
        min_deviation_relative=0.5,
        exclude=((1.0, 2.0),),
    )
    options = BandOptions.of(spec)

    assert (Direction.DOWN, (Season.WEEKLY,), "Europe/Berlin", 1.0, 0.5, ((1.0, 2.0),)) == (
        options.direction,
        options.seasons,
        options.time_zone,
        options.min_deviation_absolute,
        options.min_deviation_relative,
        options.exclude,
    )


def _healthy(times: NDArray[np.float64], kind: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Make an ordinary series without incident."""
    count, phase = len(times), rng.uniform(0.0, 6.28)
    shape = 1.0 + 0.5 * np.sin(2 * np.pi * times / DAY + phase) + 0.15 * np.sin(4 * np.pi * times / DAY + phase)
    shape *= np.where((times // DAY) % 7 >= 5, rng.choice([0.6, 1.0]), 1.0)
    late = times + rng.integers(0, 86400)
    return [
        lambda: 100 * shape + rng.normal(0, 3, count),  # a gauge that follows the day
        lambda: rng.poisson(200 * shape) / 60.0,  # requests a second
        lambda: 0.05 * (1 + 0.3 * shape) * rng.gamma(20, 0.05, count),  # median latency
        lambda: 0.2 * rng.lognormal(0, 0.35, count),  # p99 latency
        lambda: 0.3 * shape + 0.03 * rng.standard_t(4, count),  # CPU with heavy tails
        lambda: 0.1 + 0.3 * (late % 3600 < 600) + rng.normal(0, 0.01, count),  # an hourly job
        lambda: 1e9 + 3e8 * (late % 20000 / 20000) + rng.normal(0, 1e6, count),  # memory between collections
        lambda: 1e11 + 2e4 * (times - times[0]) + rng.normal(0, 1e6, count),  # a disk that fills
        lambda: np.full(count, float(rng.integers(0, 9))),  # a constant
        lambda: rng.poisson(0.02 * shape).astype(np.float64),  # rare errors
    ][kind]()


@pytest.mark.slow
def test_fifty_healthy_series_open_next_to_nothing_and_faults_are_found() -> None:
    """A week of history at five minutes, a week live at one: at most two findings on 50 series, then each fault."""
    times = np.concatenate([grid(7 * DAY, 300.0), grid(7 * DAY, MINUTE, START + 7 * DAY)])
    rng = np.random.default_rng(11)
    values = np.array([_healthy(times, index % 10, rng) for index in range(50)]).T
    bands, onsets, rows, opens = Bands(BandOptions(), 50), Onsets(2, 50), np.arange(50), 0
    for index, at in enumerate(times.tolist()):
        step = bands.step(rows, values[index], at)
        if at >= START + 7 * DAY:
            opens += onsets.step(rows, step.score, at).opened.size
    spread = np.maximum(np.ptp(values[-10080:], axis=0), 1.0)
    found = np.zeros(50, dtype=np.bool_)
    for index in range(3):
        at = float(times[-1]) + MINUTE * (index + 1)
        onsets.step(rows, bands.step(rows, values[-1] + 5.0 * spread, at).score, at)
        found |= onsets.open

    assert opens <= 2
    assert found.all()
