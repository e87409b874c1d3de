"""Watch service level objectives: counters in, burn rates and findings out.

Enters: raw counters of an SLO's two selectors. Leaves: its present status and burn findings in the book. A
failed or partial answer adds nothing, so it can neither burn nor heal a budget.
"""

from __future__ import annotations

import logging

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.model.labels import Labels, adapt, make
from aiops_daemon.core.model.labels import text as label_text
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import SloSpec, SloStatus
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.signals.burn.increases import Increases
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.core.signals.burn.sentence import burn_sentence
from aiops_daemon.errors import SourceError
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.logs import fields
from aiops_daemon.ports import HistoryAnswer, InstantAnswer, MetricSource

log = logging.getLogger(__name__)

SEVERITIES = {"page": "critical", "ticket": "warning"}
_SPOKEN = {"page": "1h", "ticket": "1d"}  # the window whose burn rate a finding shows
HISTORY_ATTEMPTS = 3
_STEP = 300.0  # seconds: the grid of increases read back


class SloWatch:
    """One SLO on one source."""

    def __init__(self, spec: SloSpec, source: SourceSpec) -> None:
        self.spec = spec
        self.events = _events_of(spec)
        self.labels: Labels = make(dict(adapt(spec.labels, add=source.external_labels)))
        self.ledger = BurnLedger(spec)
        self.status: SloStatus | None = None
        self.last_success: float | None = None
        self.restored_until: float | None = None
        self._source = source
        self._total, self._side = Increases(), Increases()
        self.last_error = ""  # empty: the last poll was good
        self._learned = False
        self._history_failures = 0

    @property
    def name(self) -> str:
        """Identify the watch."""
        return f"{self.spec.name}@{self._source.name}"

    @property
    def text(self) -> str:
        """Finished label text of the SLO's metrics."""
        return label_text(make((*self.labels, ("aiops_slo", self.spec.name))))

    @property
    def interval(self) -> float:
        """Seconds between polls."""
        return self._source.interval

    @property
    def known_until(self) -> float | None:
        """Unix seconds up to which the ledger is whole; None: nothing is known."""
        return self.last_success if self._learned and self.last_success is not None else self.restored_until

    def succeed(self, old: SloWatch) -> None:
        """Take over everything from the watch of the configuration before."""
        self.ledger, self.status, self.last_success = old.ledger, old.status, old.last_success
        self._total, self._side, self._learned = old._total, old._side, old._learned
        self.restored_until, self.last_error = old.restored_until, old.last_error

    async def poll(self, source: MetricSource, at: float, book: FindingBook) -> None:
        """Read both counters at one moment, add what they gained, and settle the findings; raises SourceError."""
        total = await source.instant(self.events.total, at)
        side = await source.instant(self.events.side, at)
        if total.partial or side.partial:
            return
        if not self._learned:
            await self._try_to_learn(source, at)
        self.last_success = at
        self._take(total, side, at)
        self.status = self.ledger.status(at, present=total.series > 0)
        self._settle(self.status, at, book)

    def _take(self, total: InstantAnswer, side: InstantAnswer, at: float) -> None:
        events = _observe(self._total, total, at)
        gained = _observe(self._side, side, at)
        bad = gained if self.events.bad is not None else events - gained  # below 0 when good was counted first
        self.ledger.add(at, bad, events)

    async def _try_to_learn(self, source: MetricSource, at: float) -> None:
        """Read history; an SLO whose history cannot be had is watched from now on all the same."""
        try:
            await self._learn(source, at)
        except SourceError as error:
            self._history_failures += 1
            self._learned = self._history_failures >= HISTORY_ATTEMPTS
            log.warning(
                "history of an SLO not read; its budget counts from now on",
                extra=fields(slo=self.spec.name, tries_left=HISTORY_ATTEMPTS - self._history_failures, err=error),
            )

    async def _learn(self, source: MetricSource, at: float) -> None:
        start = max(at - self.spec.window_seconds, self.restored_until or 0.0)
        start = (start // _STEP + 1) * _STEP
        if start < at:
            totals = await self._increases(source, self.events.total, start, at)
            sides = await self._increases(source, self.events.side, start, at)
            times = np.array(sorted(totals))
            events = np.array([totals[time] for time in times.tolist()])
            gained = np.array([sides.get(time, 0.0) for time in times.tolist()])
            bad = gained if self.events.bad is not None else np.maximum(0.0, events - gained)
            self.ledger.backfill(times, np.minimum(bad, events), events)
        self._learned = True

    async def _increases(self, source: MetricSource, selector: str, start: float, end: float) -> dict[float, float]:
        summed: dict[float, float] = {}
        expr = increase_expr(selector)
        async for part in source.history(expr, start=start, end=end, step=_STEP, series=1):
            summed.update(zip(part.times.tolist(), _sum(part).tolist(), strict=True))
        return summed

    def _settle(self, status: SloStatus, at: float, book: FindingBook) -> None:
        for alert, severity in SEVERITIES.items():
            place = Place((self.spec.name, self._source.name), FindingKind.BURN, detail=alert)
            if alert not in status.active:
                book.close(place, at, "the burn rate fell below its threshold")
                continue
            book.put(place, self._finding(status, alert, severity, at))

    def _finding(self, status: SloStatus, alert: str, severity: str, at: float) -> Finding:
        since = status.since[alert]
        burn = status.burn_rate.get(_SPOKEN[alert]) or 0.0
        return Finding(
            uid=uid_of(FindingKind.BURN, f"{self.name}/{alert}", self.labels, since),
            kind=FindingKind.BURN,
            query=self.spec.name,
            source=self._source.name,
            labels=self.labels,
            severity=severity,
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


def _events_of(spec: SloSpec) -> EventsSli:
    """Return what is counted; raises ValueError for other indicators, which the configuration refuses."""
    if not isinstance(spec.sli, EventsSli):
        raise ValueError(f"SLO {spec.name}: only counters of events can be watched")
    return spec.sli


def increase_expr(selector: str) -> str:
    """Return the PromQL that gives an SLO's increases on the history grid."""
    return f"sum(increase({selector}[5m]))"


def _observe(side: Increases, answer: InstantAnswer, at: float) -> float:
    keys = [key for part in answer.slices for key in part.keys]
    values = [part.values for part in answer.slices]
    joined = np.concatenate(values) if values else np.empty(0)
    return side.observe(keys, joined, at, complete=not answer.partial)


def _sum(part: HistoryAnswer) -> NDArray[np.float64]:
    if not len(part.keys):
        return np.zeros(len(part.times))
    return np.asarray(np.nansum(part.values, axis=0), dtype=np.float64)
