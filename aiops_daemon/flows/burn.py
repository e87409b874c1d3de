"""Watch service level objectives: what indicators measure in, burn rates and findings out.

Enters: readings of an SLO's indicator. Leaves: how each of its budgets stands and burn findings in the book. A
failed or partial answer adds nothing, so it can neither burn nor heal a budget; what was missed is read back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.model.labels import Labels, adapt, make
from aiops_daemon.core.model.labels import text as label_text
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.model.slo import DataState, SloSpec, SloStatus
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.signals.burn.budgets import Budgets, Past
from aiops_daemon.core.signals.burn.sentence import burn_sentence, worst_pair
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.flows.indicator import Indicator
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

SEVERITIES = {"page": "critical", "ticket": "warning"}
HISTORY_ATTEMPTS = 3
GROUPS_PER_TURN = 20  # budgets judged or filled between two turns of the event loop, a millisecond each
_LATE = 1.5  # steps between two polls, above which what lies between is read back


def counted(spec: SloSpec) -> str:
    """Describe what the sums of an SLO's budgets are of; what is promised of them, over which time, may change."""
    return repr((spec.sli, spec.grouping, spec.budget))


def in_parts(groups: Sequence[Labels]) -> Iterator[Sequence[Labels]]:
    """Yield groups in parts that are one turn's work."""
    for start in range(0, len(groups), GROUPS_PER_TURN):
        yield groups[start : start + GROUPS_PER_TURN]


class SloWatch:
    """One SLO on one source, with a budget for each of its groups."""

    def __init__(self, spec: SloSpec, source: SourceSpec) -> None:
        self.spec = spec
        self.indicator = Indicator(spec)
        self.labels: Labels = make(dict(adapt(spec.labels, add=source.external_labels)))
        self.budgets = Budgets(spec, self.indicator.asked.guard, source=source.name)
        self.statuses: tuple[SloStatus, ...] = ()
        self.last_success: float | None = None
        self.restored_until: float | None = None
        self._source = source
        self.last_error = ""  # empty: the last poll was good
        self._unread = True  # the past, or a stretch without answers, is still to be read
        self._history_failures = 0

    @property
    def name(self) -> str:
        """Identify the watch."""
        return f"{self.spec.name}@{self._source.name}"

    def labels_of(self, status: SloStatus) -> Labels:
        """Return the labels of one budget: the SLO's, the source's external ones, and the group's."""
        return make(dict(self.labels) | dict(status.group))

    def text_of(self, status: SloStatus) -> str:
        """Return the finished label text of one budget's metrics."""
        return label_text(make((*self.labels_of(status), ("aiops_slo", self.spec.name))))

    @property
    def interval(self) -> float:
        """Seconds between polls."""
        return self._source.interval

    @property
    def known_until(self) -> float | None:
        """Unix seconds up to which the budgets are whole; None: nothing is known."""
        return self.restored_until if self._unread else self.last_success

    def counts_like(self, old: SloWatch) -> bool:
        """Say whether another watch counts the same events in the same groups, whatever is promised of them."""
        return (self._source.name, self._source.external_labels) == (
            old._source.name,
            old._source.external_labels,
        ) and counted(self.spec) == counted(old.spec)

    async def succeed(self, old: SloWatch) -> None:
        """Take over what the configuration before counted, and judge it by what is promised now.

        What a longer window lacks is read with the next poll; until then every alert and number is there.
        """
        self.last_success, self.restored_until = old.last_success, old.restored_until
        self._unread, self.last_error = old._unread, old.last_error
        self.indicator.succeed(old.indicator)
        if self.spec == old.spec:
            self.budgets, self.statuses = old.budgets, old.statuses
            return
        for part in in_parts(old.budgets.heirloom(self.spec.max_groups)):
            self.budgets.succeed(old.budgets, part)
            await asyncio.sleep(0)
        at = self.known_until
        if at is not None and self.budgets.reach(at) > old.budgets.reach(at):
            self._unread, self.restored_until = True, None
        if self.last_success is not None and old.statuses:
            present = frozenset(status.group for status in old.statuses if status.state is not DataState.GONE)
            await self._judge(self.last_success, present)

    async def poll(self, source: MetricSource, at: float, book: FindingBook) -> None:
        """Read the indicator, count what it gained, and settle the findings; raises SourceError."""
        counted = self.indicator.asked.counters is not None
        seconds = self._since_known(at)
        reading = await self.indicator.look(source, at, seconds)
        if reading is None:
            return
        present = self.budgets.admit(reading.present, at)
        if not counted and self.last_success is not None and self.last_success < at - seconds:
            self._unread, self.restored_until, self._history_failures = True, self.known_until, 0
        self.budgets.add(at, reading.gains, since=None if counted else at - seconds)
        if self._unread and (present or not self.spec.grouping):
            await self._try_to_learn(source, at)
        self.last_success = at
        self._say_refused()
        await self._judge(at, present)
        self._settle(at, book)

    async def _judge(self, at: float, present: frozenset[Labels]) -> None:
        """Judge every budget; a thousand of them take a second, so the loop is given back between."""
        found: list[SloStatus] = []
        for status in self.budgets.statuses(at, present):
            found.append(status)
            if len(found) % GROUPS_PER_TURN == 0:
                await asyncio.sleep(0)
        self.statuses = tuple(found)

    def _since_known(self, at: float) -> float:
        """Return the seconds that the present answer speaks for: since the poll before, or where the past ends."""
        step = self.indicator.asked.step
        if self.last_success is None or at - self.last_success > _LATE * step:
            return at % step
        return max(0.0, at - self.last_success)  # a clock that was put back tells nothing new

    def _say_refused(self) -> None:
        """Say what finds no place: on pages as long as it lasts, in the log once."""
        refused, said = self.budgets.refused, bool(self.last_error)
        self.last_error = ""
        if refused:
            names = ", ".join(self.spec.grouping)
            self.last_error = (
                f"{refused} combinations of {names} have no budget beside {len(self.budgets)} others: "
                "group by fewer labels, narrow the selectors, or raise max_groups"
            )
            if not said:
                log.warning("groups of an SLO refused", extra=fields(slo=self.spec.name, reason=self.last_error))

    async def _try_to_learn(self, source: MetricSource, at: float) -> None:
        """Read the past; an SLO whose past cannot be had is watched from now on all the same."""
        try:
            await self._learn(source, at)
        except SourceError as error:
            self._history_failures += 1
            self._unread = self._history_failures < HISTORY_ATTEMPTS
            log.warning(
                "history of an SLO not read; its budget counts from now on",
                extra=fields(slo=self.spec.name, tries_left=HISTORY_ATTEMPTS - self._history_failures, err=error),
            )

    async def _learn(self, source: MetricSource, at: float) -> None:
        step = self.indicator.asked.step
        start = max(at - self.budgets.reach(at), self.restored_until or 0.0)
        start, end = (start // step + 1) * step, at // step * step
        async for times, past in self.indicator.past(source, start, end):
            await self._backfill(times, past, step)
        if self.indicator.asked.counters is not None and at > end:
            tail = await self.indicator.tail(source, at, at - end)
            await self._backfill(np.array([at]), tail, at - end)
        self._unread = False

    async def _backfill(self, times: Floats, past: Mapping[Labels, Past], length: float) -> None:
        for part in in_parts(list(past)):
            self.budgets.backfill(times, {group: past[group] for group in part}, length=length)
            await asyncio.sleep(0)

    def _settle(self, at: float, book: FindingBook) -> None:
        owner = (self.spec.name, self._source.name)
        active: set[Place] = set()
        for status in self.statuses:
            for alert in sorted(status.active):
                place = Place(owner, FindingKind.BURN, detail=_detail(status, alert))
                book.put(place, self._finding(status, alert, at))
                active.add(place)
        for place in book.places(owner, FindingKind.BURN):
            if place not in active:
                book.close(place, at, "the burn rate fell below its threshold")

    def _finding(self, status: SloStatus, alert: str, at: float) -> Finding:
        since, labels = status.since[alert], self.labels_of(status)
        pair = worst_pair(status, alert)
        burn = (status.burn_rate.get(prometheus_duration(pair.long)) if pair else None) or 0.0
        return Finding(
            uid=uid_of(FindingKind.BURN, f"{self.name}/{alert}", labels, since),
            kind=FindingKind.BURN,
            query=self.spec.name,
            source=self._source.name,
            labels=labels,
            severity=SEVERITIES[alert],
            value=burn,
            unit="",
            lower=0.0,
            upper=1.0,
            score=burn,
            confidence_ratio=1.0,
            since=since,
            updated_at=at,
            sentence=burn_sentence(status, alert),
        )


def _detail(status: SloStatus, alert: str) -> str:
    return f"{alert} {label_text(status.group)}" if status.group else alert
