"""Read what an SLO's indicator measured, now and in the past, for each of its groups.

Enters: answers of a source. Leaves: which groups have series, and what each gained. A partial answer is none. Keeps the
counters' last values and their targets, and nothing else. Never judges.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import WEEK
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.slo.live import Asked, Counters, asked, watched_or_born
from aiops_daemon.core.signals.burn.budgets import Gain, Past
from aiops_daemon.core.signals.burn.gains import of_counters, of_rates, of_shares, past_of_rates, past_of_shares
from aiops_daemon.core.signals.burn.groups import Grouping
from aiops_daemon.core.signals.burn.increases import Increases
from aiops_daemon.core.signals.burn.targets import Targets
from aiops_daemon.errors import SourceError
from aiops_daemon.ports import InstantAnswer, MetricSource

Floats = NDArray[np.float64]

_PART = WEEK  # of the past is held at once
_KEYS_PER_TURN = 5_000
_NO_KEYS: tuple[list[bytes], Floats] = ([], np.empty(0))


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at an indicator."""

    present: frozenset[Labels]
    gains: Mapping[Labels, Gain]
    late: Mapping[Labels, Gain] = field(default_factory=dict)  # what came at some time since `late_since`
    late_since: float = 0.0


class Indicator:
    """What is asked about one SLO on one source."""

    def __init__(self, spec: SloSpec) -> None:
        self.asked: Asked = asked(spec)
        self._series = spec.max_groups if spec.grouping else 1
        self._grouping = Grouping(spec.grouping)
        self._total, self._side, self._targets = Increases(), Increases(), Targets()
        self._looked_at: float | None = None

    def succeed(self, old: Indicator) -> None:
        """Go on from the counters' last values."""
        self._total, self._side, self._targets = old._total, old._side, old._targets
        self._looked_at = old._looked_at

    async def look(self, source: MetricSource, at: float, seconds: float) -> Reading | None:
        """Read the present; None for a partial answer; raises SourceError.

        `seconds` is what a rate or a share speaks for.
        """
        if self.asked.counters is not None:
            return await self._count(source, at, self.asked.counters)
        wanted = dict.fromkeys(filter(None, (self.asked.pulse, self.asked.total, self.asked.bad, self.asked.errors)))
        given = {expr: await source.instant(expr, at) for expr in wanted}
        if any(answer.partial for answer in given.values()):
            return None
        answers = {expr: _joined(answer) for expr, answer in given.items()}
        present = self._grouping.present(answers[self.asked.pulse][0])
        if self.asked.total:
            total, bad = (self._grouping.sums(*answers[expr]) for expr in (self.asked.total, self.asked.bad))
            return Reading(present, of_rates(total, bad, seconds))
        shares = self._grouping.sums(*answers[self.asked.bad], mean=True)
        errors = self._grouping.sums(*answers.get(self.asked.errors, _NO_KEYS))
        return Reading(present, of_shares(shares, errors, seconds, step=self.asked.step))

    async def past(
        self, source: MetricSource, start: float, end: float
    ) -> AsyncIterator[tuple[Floats, Mapping[Labels, Past]]]:
        """Yield what was gained on the grid start, start + step, ... <= end, oldest first; raises SourceError."""
        step = self.asked.step
        points = round(_PART / step)
        while start <= end:
            last = min(end, start + (points - 1) * step)
            times = start + step * np.arange(int((last - start) / step + 1e-9) + 1, dtype=np.float64)
            yield times, await self._stretch(source, times)
            start = float(times[-1]) + step

    async def tail(self, source: MetricSource, at: float, seconds: float) -> Mapping[Labels, Past]:
        """Return what counters gained in the last `seconds`, less than five minutes, as the past has it."""
        given = [_joined(await source.instant(expr, at)) for expr in (self.asked.total, self.asked.bad)]
        total, bad = (self._grouping.rows(keys, values[:, None]) for keys, values in given)
        return past_of_rates(total, bad, seconds)

    async def _count(self, source: MetricSource, at: float, counters: Counters) -> Reading | None:
        total, side = await source.instant(counters.total, at), await source.instant(counters.side, at)
        if total.partial or side.partial:
            return None
        (keys, values), (parts, marks) = _joined(total), _joined(side)
        await self._know(keys)
        births = await self._births(source, at, [*self._total.new(keys), *self._side.new(parts)])
        self._targets.see(keys, at)  # a part that arrives between the two questions makes no target known
        self._looked_at = at
        every = self._total.observe(keys, values, at, complete=True, births=births)
        part = self._side.observe(parts, marks, at, complete=True, births=births)
        events, gained = self._grouping.sums(keys, every), self._grouping.sums(parts, part)
        late, present = self._grouping.sums(keys, self._total.late), self._grouping.present(keys)
        gains = of_counters(events, gained, bad=counters.bad)
        if not any(late.values()):
            return Reading(present, gains)
        back = of_counters(late, self._grouping.sums(parts, self._side.late), bad=counters.bad)
        return Reading(present, gains, back, min(self._total.late_since, self._side.late_since))

    async def _know(self, keys: Sequence[bytes]) -> None:
        """Find the targets of the first look: a hundred thousand series take a second, so the loop is given back."""
        if self._looked_at is None:
            for start in range(0, len(keys), _KEYS_PER_TURN):
                for key in keys[start : start + _KEYS_PER_TURN]:
                    self._targets.of(key)
                await asyncio.sleep(0)

    async def _births(self, source: MetricSource, at: float, new: Sequence[bytes]) -> Mapping[bytes, float]:
        """Return since when new series count; what comes with a target that nobody knows is left out: it is a base."""
        births = {key: self._targets.since(key, at) for key in new}
        unknown = frozenset(self._targets.of(key) for key, since in births.items() if since is None)
        if unknown and self._looked_at is not None:
            young = await self._watched_or_born(source, self._looked_at, at, unknown)
            births |= {key: at for key in new if self._targets.of(key) in young}
        return {key: since for key, since in births.items() if since is not None}

    async def _watched_or_born(
        self, source: MetricSource, looked_at: float, at: float, unknown: frozenset[Labels]
    ) -> frozenset[Labels]:
        """Return which of the targets brought nothing from before; a source that cannot say it knows of none."""
        jobs = frozenset(dict(target).get("job", "") for target in unknown)
        try:
            answer = await source.instant(watched_or_born(jobs, looked_at, at), at)
        except SourceError:
            return frozenset()
        return unknown & frozenset(map(self._targets.of, _joined(answer)[0]))

    async def _stretch(self, source: MetricSource, times: Floats) -> Mapping[Labels, Past]:
        if self.asked.total:
            total, bad = [await self._rows(source, expr, times) for expr in (self.asked.total, self.asked.bad)]
            return past_of_rates(total, bad, self.asked.step)
        shares = await self._rows(source, self.asked.bad, times, mean=True)
        errors = await self._rows(source, self.asked.errors, times) if self.asked.errors else {}
        return past_of_shares(shares, errors, self.asked.step)

    async def _rows(
        self, source: MetricSource, expr: str, times: Floats, *, mean: bool = False
    ) -> Mapping[Labels, Floats]:
        """Put the answers of a range query on the grid, NaN where there is none."""
        step = self.asked.step
        whole: dict[Labels, Floats] = {}
        parts = source.history(expr, start=times[0], end=times[-1], step=step, series=self._series)
        async for part in parts:
            columns = np.rint((part.times - times[0]) / step).astype(np.int64)
            for group, row in self._grouping.rows(part.keys, part.values, mean=mean).items():
                whole.setdefault(group, np.full(len(times), np.nan))[columns] = row
        return whole


def _joined(answer: InstantAnswer) -> tuple[list[bytes], Floats]:
    keys = [key for part in answer.slices for key in part.keys]
    values = [part.values for part in answer.slices]
    return keys, np.concatenate(values) if values else np.empty(0)
