"""Read what the budgets of an SLO lack of the past: at start, and after a stretch without answers.

Enters: an indicator and its budgets. Leaves: budgets filled as far as the source knows the past. What counters gained
in a stretch of which it knows nothing is spread over that stretch, for the SLO's window alone: how much is known, when
is not, and nobody is paged by a guess. A past that cannot be had is tried for again: without it a budget looks whole.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.signals.burn.budgets import Budgets, Gain, Past
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.indicator import Indicator
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

HISTORY_ATTEMPTS = 3  # with the polls that follow; then one an hour
HISTORY_PAUSE = HOUR
GROUPS_PER_TURN = 20  # budgets judged or filled between two turns of the event loop, a millisecond each


def in_parts(groups: Sequence[Labels]) -> Iterator[Sequence[Labels]]:
    """Yield groups in parts that are one turn's work."""
    for start in range(0, len(groups), GROUPS_PER_TURN):
        yield groups[start : start + GROUPS_PER_TURN]


@dataclass(frozen=True, slots=True)
class _Owed:
    """What counters gained in a stretch without answers."""

    start: float
    end: float
    gains: Mapping[Labels, Gain]


class BudgetPast:
    """What one SLO on one source still lacks."""

    def __init__(self) -> None:
        self.unread = True  # the past, or a stretch without answers, is still to be read
        self.whole_until: float | None = None  # unix seconds up to which the budgets are whole meanwhile
        self.trouble = ""  # why it could not be read, once that was tried often enough
        self._failures = 0
        self._tried_at: float | None = None
        self._owed: list[_Owed] = []

    @property
    def waits(self) -> bool:
        """Say whether the past is unread, and may yet be within minutes."""
        return self.unread and not self.trouble

    def miss(self, known_until: float | None) -> None:
        """Note that nothing was heard since a moment; None: that the whole window is to be read."""
        if known_until is None or not self.unread:
            self.whole_until = known_until
        self.unread, self.trouble, self._failures = True, "", 0

    def owe(self, start: float, end: float, gains: Mapping[Labels, Gain]) -> None:
        """Keep what was gained in a stretch until the source was asked for it."""
        self._owed.append(_Owed(start, end, gains))

    def is_due(self, at: float) -> bool:
        """Say whether to try now."""
        early = self._failures >= HISTORY_ATTEMPTS and at - (self._tried_at or at) < HISTORY_PAUSE
        return self.unread and not early

    async def read(self, indicator: Indicator, budgets: Budgets, source: MetricSource, at: float) -> None:
        """Read it; an SLO whose past cannot be had is watched all the same."""
        self._tried_at = at
        try:
            await self._read(indicator, budgets, source, at)
        except SourceError as error:
            self._failures += 1
            if self._failures < HISTORY_ATTEMPTS:
                return
            self.trouble = (
                f"its past was not read ({error.reason}: {error}), so its budget may look fuller than it is; "
                "it is tried again every hour"
            )
            log.warning("history of an SLO not read", extra=fields(slo=budgets.spec.name, reason=self.trouble))
        else:
            self.unread, self.trouble, self._failures = False, "", 0
        await self._settle(budgets)

    async def _read(self, indicator: Indicator, budgets: Budgets, source: MetricSource, at: float) -> None:
        step = indicator.asked.step
        start = max(at - budgets.reach(at), self.whole_until or 0.0)
        start, end = (start // step + 1) * step, at // step * step
        async for times, past in indicator.past(source, start, end):
            await _fill(budgets, times, past, step)
        if indicator.asked.counters is not None and at > end:
            await _fill(budgets, np.array([at]), await indicator.tail(source, at, at - end), at - end)

    async def _settle(self, budgets: Budgets) -> None:
        """Spread what is owed over what is still not known of its stretch."""
        owed, self._owed = self._owed, []
        for one in owed:
            for part in in_parts(list(one.gains)):
                budgets.spread(one.start, one.end, {group: one.gains[group] for group in part})
                await asyncio.sleep(0)


async def _fill(budgets: Budgets, times: Floats, past: Mapping[Labels, Past], length: float) -> None:
    for part in in_parts(list(past)):
        budgets.backfill(times, {group: past[group] for group in part}, length=length)
        await asyncio.sleep(0)
