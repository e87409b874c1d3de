"""Watch service level objectives: what indicators measure in, burn rates and findings out.

Enters: readings of an SLO's indicator. Leaves: how each of its budgets stands and burn findings in the book. A
failed or partial answer adds nothing, so it can neither burn nor heal a budget; what was missed is read back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

from aiops_daemon.core.model.durations import HOUR, prometheus_duration
from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.model.labels import Labels, adapt, make
from aiops_daemon.core.model.labels import text as label_text
from aiops_daemon.core.model.slo import DataState, SloSpec, SloStatus
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.signals.burn.budgets import Budgets, Gain
from aiops_daemon.core.signals.burn.sentence import burn_sentence, worst_pair
from aiops_daemon.flows.budgetpast import GROUPS_PER_TURN, BudgetPast, in_parts
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.flows.indicator import Indicator
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

SEVERITIES = {"page": "critical", "ticket": "warning"}
_REMEDY = "group by fewer labels, narrow the selectors, or raise max_groups"
_AHEAD = HOUR  # by which a clock is put back that was wrong; less than that displaces nothing
_LATE = 1.5  # steps between two polls, above which what lies between is read back


def counted(spec: SloSpec) -> str:
    """Describe what the sums of an SLO's budgets are of; what is promised of them, over which time, may change."""
    return repr((spec.sli, spec.grouping, spec.budget))


class SloWatch:
    """One SLO on one source, with a budget for each of its groups."""

    def __init__(self, spec: SloSpec, source: SourceSpec) -> None:
        self.spec = spec
        self.indicator = Indicator(spec)
        self.labels: Labels = make(dict(adapt(spec.labels, add=source.external_labels)))
        self.budgets = Budgets(spec, self.indicator.asked.guard, source=source.name)
        self.statuses: tuple[SloStatus, ...] = ()
        self.last_success: float | None = None
        self.past = BudgetPast()
        self._source = source
        self.last_error = ""  # empty: the last poll was good

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
        return self.past.whole_until if self.past.waits else self.last_success

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
        self.last_success, self.past, self.last_error = old.last_success, old.past, old.last_error
        self.indicator.succeed(old.indicator)
        if self.spec == old.spec:
            self.budgets, self.statuses = old.budgets, old.statuses
            return
        for part in in_parts(old.budgets.heirloom(self.spec.max_groups)):
            self.budgets.succeed(old.budgets, part)
            await asyncio.sleep(0)
        at = self.known_until
        if at is not None and self.budgets.reach(at) > old.budgets.reach(at):
            self.past.miss(None)
        if self.last_success is not None and old.statuses:
            present = frozenset(status.group for status in old.statuses if status.state is not DataState.GONE)
            await self._judge(self.last_success, present)

    async def poll(self, source: MetricSource, at: float, book: FindingBook) -> None:
        """Read the indicator, count what it gained, and settle the findings; raises SourceError."""
        seconds = self._since_known(at)
        reading = await self.indicator.look(source, at, seconds)
        if reading is None:
            return
        turned_back = self._turn_back(at)
        present = self.budgets.admit(reading.present, at)
        self._count(at, {} if turned_back else reading.gains, seconds)
        if reading.late and not turned_back:
            self.budgets.credit(reading.late_since, at, reading.late)
        if self.past.is_due(at) and (present or not self.spec.grouping):
            await self.past.read(self.indicator, self.budgets, source, at)
        self.last_success = at
        self._say_refused()
        self.last_error = self.last_error or self.past.trouble
        await self._judge(at, present)
        await self._settle(at, book)

    def _count(self, at: float, gains: Mapping[Labels, Gain], seconds: float) -> None:
        """Count what was gained since the poll before; after hours without answers it is owed."""
        counted, late = self.indicator.asked.counters is not None, self._is_late(at, seconds)
        if late:
            self.past.miss(self.known_until)
        if late and counted and self.last_success is not None:
            self.past.owe(self.last_success, at, gains)
            self.budgets.add(at, {}, since=at)
        else:
            self.budgets.add(at, gains, since=None if counted else at - seconds)

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

    def _turn_back(self, at: float) -> bool:
        """Say whether the clock was far ahead before; what it put there is forgotten, and what it displaced is read."""
        before = self.past.whole_until if self.last_success is None else self.last_success
        if before is None or at >= before - _AHEAD:
            return False
        self.budgets.rewind(at)
        self.past.miss(None)
        return True

    def _is_late(self, at: float, seconds: float) -> bool:
        """Say whether so long nothing was heard that the source must be asked what happened meanwhile."""
        if self.last_success is None:
            return False
        if self.indicator.asked.counters is None:
            return self.last_success < at - seconds
        return at - self.last_success > _LATE * max(self.indicator.asked.step, self.interval)

    def _say_refused(self) -> None:
        """Say what finds no place: on pages as long as it lasts, in the log once."""
        refused, said = self.budgets.refused, self.last_error.endswith(_REMEDY)
        self.last_error = ""
        if refused:
            names = ", ".join(self.spec.grouping)
            self.last_error = (
                f"{refused} combinations of {names} have no budget beside {len(self.budgets)} others: {_REMEDY}"
            )
            if not said:
                log.warning("groups of an SLO refused", extra=fields(slo=self.spec.name, reason=self.last_error))

    async def _settle(self, at: float, book: FindingBook) -> None:
        owner = (self.spec.name, self._source.name)
        active: set[Place] = set()
        for number, status in enumerate(self.statuses, 1):
            if number % GROUPS_PER_TURN == 0:
                await asyncio.sleep(0)
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
