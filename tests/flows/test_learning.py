"""History into learners: what it costs, where it goes on after a failure, when it is given up."""

from __future__ import annotations

from collections.abc import AsyncIterator

import numpy as np
import pytest
from fakes import key
from flow_world import AT, answer, stream, surroundings
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.settings import HistorySpec
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.learn import RECENT, expected_samples, learn, stretches
from aiops_daemon.flows.poll import HISTORY_ATTEMPTS, Poller
from aiops_daemon.ports import HistoryAnswer, InstantAnswer

pytestmark = pytest.mark.looptime

DAY = HistorySpec(range_seconds=86_400.0)


class Failing:
    """A source whose history breaks off after some parts, and whose answers stay the same."""

    name = "main"

    def __init__(self, parts: int, reason: SourceReason = SourceReason.TIMEOUT) -> None:
        self.parts = parts
        self.reason = reason
        self.starts: list[float] = []
        self.ends: list[float] = []

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        return answer({"s0": 1.0})

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        self.starts.append(start)
        grid = np.arange(start, end + 1e-6, step)
        for number, times in enumerate(np.array_split(grid, 4)):
            if number >= self.parts:
                raise SourceError(self.reason, "no more")
            self.ends.append(float(times[-1]))
            yield HistoryAnswer([key("s0"), key("unknown")], times, np.ones((2, len(times))), samples=2 * len(times))

    async def samples_read(self, expr: str, at: float) -> int:
        return 1

    async def metric_names(self) -> frozenset[str]:
        return frozenset()

    async def close(self) -> None:
        """Hold nothing."""


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 50), st.floats(0, 2e5), st.sampled_from([60.0, 300.0, 3600.0]))
def test_history_costs_what_is_not_learned_yet(series: int, known: float, step: float) -> None:
    """One sample a series and step since what is known: coarse for the past, fine for the latest hours."""
    one = stream(series=series)
    one.learned_until = AT - known
    spec = HistorySpec(range_seconds=86_400.0, step_seconds=step)
    cost = expected_samples(one, spec, AT)

    span = min(known, 86_400.0)
    steps = max(0.0, span - RECENT) / step + min(span, RECENT) / min(step, one.interval)
    assert series * (steps - 2) - 1e-6 <= cost <= series * (steps + 2 + step / min(step, one.interval))


async def test_a_second_attempt_goes_on_where_the_first_broke_off() -> None:
    """No moment is played twice, so that no learner lives through an hour two times."""
    one, source, around = stream(series=1), Failing(parts=2), surroundings()
    with pytest.raises(SourceError):
        await learn(one, source, DAY, until=AT, meter=around.meter)
    assert not one.learned
    assert source.ends[-1] == one.learned_until
    source.parts = 4
    await learn(one, source, DAY, until=AT, meter=around.meter)

    assert one.learned
    assert source.ends[1] + DAY.step_seconds == source.starts[1]
    assert AT - DAY.step_seconds <= source.ends[-1] < AT


async def test_nothing_is_asked_when_nothing_is_missing() -> None:
    """A reload within one step of the grid costs the source nothing."""
    one, source = stream(series=1), Failing(parts=4)
    one.learned_until = AT - 1
    await learn(one, source, DAY, until=AT, meter=surroundings().meter)

    assert one.learned
    assert [] == source.starts


@pytest.mark.parametrize(
    ("reason", "attempts"),
    [
        (SourceReason.TIMEOUT, HISTORY_ATTEMPTS),
        (SourceReason.CONNECTION, HISTORY_ATTEMPTS),
        (SourceReason.SERVER_ERROR, HISTORY_ATTEMPTS),
        (SourceReason.QUERY_ERROR, 1),
        (SourceReason.TOO_LARGE, 1),
        (SourceReason.AUTH_ERROR, 1),
    ],
)
async def test_only_what_may_pass_is_tried_again(reason: SourceReason, attempts: int) -> None:
    """Bands begin to warm up live as soon as waiting cannot help."""
    source = Failing(0, reason)
    poller = Poller(stream().source, source, surroundings())
    one = stream(series=1)
    while not one.learned:
        await poller.learn_one(one, AT)

    assert attempts == len(source.starts)


async def test_progress_is_the_share_of_series_not_of_queries() -> None:
    """A query of ninety series weighs ninety; one that has none yet weighs nothing."""
    around = surroundings()
    poller = Poller(stream().source, Failing(4), around)
    assert 1 == poller.progress()
    large, small, none = stream("a", series=90), stream("b", series=10), stream("c")
    poller.add([large, small, none])
    assert 0 == poller.progress()
    large.learned = True
    assert 0.9 == poller.progress()
    small.learned = True
    assert 1 == poller.progress()


async def test_what_does_not_fit_the_budget_waits_and_the_rest_does_not() -> None:
    """A small query after a large one is read before ready; the large one in the background."""
    around = surroundings()
    around.history_left = 5000
    source = Failing(4)
    poller = Poller(stream().source, source, around)
    large, small = stream("a", series=90), stream("b", series=1)
    poller.add([large, small])
    await poller.cycle(AT, _nothing)

    assert [large] == poller.backlog
    assert (False, True) == (large.learned, small.learned)


async def _nothing(_: float) -> None:
    """Discover no packs."""


async def test_a_stream_that_breaks_in_the_background_starves_no_other() -> None:
    """The loop fails and is started again; the next in line comes first then."""

    class Broken(Failing):
        async def history(
            self, expr: str, *, start: float, end: float, step: float, series: int
        ) -> AsyncIterator[HistoryAnswer]:
            if expr == "bad":
                raise ValueError("a fault of ours")
            async for part in super().history(expr, start=start, end=end, step=step, series=series):
                yield part

    poller = Poller(stream().source, Broken(4), surroundings())
    bad, good = stream("bad", series=1), stream("good", series=1)
    poller.add([bad, good])
    poller.backlog += [bad, good]
    with pytest.raises(ValueError, match="ours"):
        await poller.learn_backlog(lambda: None)
    with pytest.raises(ValueError, match="ours"):
        await poller.learn_backlog(lambda: None)

    assert (False, True) == (bad.learned, good.learned)
    assert [bad] == poller.backlog


HOURS = 3600.0


@pytest.mark.parametrize("since", [0.0, 100 * HOURS, 167.5 * HOURS, 168 * HOURS - 61])
def test_the_past_is_read_coarsely_and_the_latest_hours_finely(since: float) -> None:
    """Grids rise without overlap, reach up to now, and the latest part is at the polling interval."""
    until = 168 * HOURS + 7
    parts = stretches(since, until, HistorySpec(), 60.0)
    moments = [part.start + index * part.step for part in parts for index in range(part.steps)]

    assert moments == sorted(set(moments))
    assert since < moments[0]
    assert until - 60 <= moments[-1] < until
    assert {60.0} == {part.step for part in parts if part.end == until}
    assert all(part.step == 300.0 for part in parts if part.end <= until - RECENT)


def test_the_grid_is_never_finer_than_half_a_minute_nor_coarser_than_asked() -> None:
    """Polls each second do not make history dear."""
    assert 30.0 == stretches(0.0, HOURS, HistorySpec(), 1.0)[-1].step
    assert 300.0 == stretches(0.0, HOURS, HistorySpec(), 900.0)[-1].step
