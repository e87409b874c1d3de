"""Write alert rules continuously: whenever what is watched has changed, and once a day for what was learned since.

Enters: the queries and SLOs in use, and learned bands. Leaves: rule files, replaced only when the checker accepts
them. A refusal is counted, said once and tried again later; the rules that Prometheus has loaded stay.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Sequence

from aiops_daemon.core.model.hourly import Watched
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.errors import RuleFileError
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.fallback import take_books
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0  # seconds
BANDS_EVERY = 86_400.0  # seconds between two writings of what was learned: a seventh of what a band may be old
YOUNG_EVERY = 3_600.0  # the same while no band is old enough to be written
RETRY_EVERY = 600.0  # seconds between attempts of a refused set: a full disk or a vanished folder may be mended
_FIRST_LOOK = 1.0  # seconds between looks until the first cycle has ended

WriteRules = Callable[[Watched], Awaitable[tuple[RuleFile, ...]]]


class RuleWriter:
    """Keeps the rule directory in step with one generation of the configuration."""

    def __init__(
        self, pollers: Sequence[Poller], discoveries: Sequence[Discovery], around: Surroundings, write: WriteRules
    ) -> None:
        self._pollers = pollers
        self._discoveries = discoveries
        self._around = around
        self._write = write
        self._written: tuple[QuerySpec, ...] | None = None
        self._again_at: float | None = None  # monotonic seconds
        self._with_bands = False
        self.files: tuple[RuleFile, ...] = ()  # as last written
        self.written_at = 0.0  # unix seconds
        self._refusal = ""
        self._unsettled: list[str] = []

    async def run(self, beat: Callable[[], None]) -> None:
        """Write when the set of queries has changed, for ever."""
        while True:
            await self.write_if_changed()
            beat()
            await self._around.clock.sleep(LOOK_EVERY if self._written is not None else _FIRST_LOOK)

    async def write_if_changed(self) -> None:
        """Write once per change; a refused set is tried again when it changes, and every ten minutes."""
        queries, started = self._queries(), self._around.clock.monotonic()
        due = queries != self._written or (self._again_at is not None and started >= self._again_at)
        if not due or any(poller.cycles == 0 for poller in self._pollers):
            return
        self._written = queries
        self._again_at = started + (RETRY_EVERY if not await self._put(queries, started) else self._fresh_for())

    async def _put(self, queries: tuple[QuerySpec, ...], started: float) -> bool:
        """Write; where bands alone are refused, all else is in place, and the bands of before stay."""
        clock, meter = self._around.clock, self._around.meter
        books, waiting = await take_books(self._pollers, self._around.settings.rules.fallback_series, clock.now())
        self._with_bands = bool(books)
        watched = Watched(queries, books, waiting)
        every = Watched(queries, waiting=(*waiting, *dict.fromkeys(book.source for book in books)))
        for attempt in (watched, every) if books else (watched,):
            try:
                self.files = await self._write(attempt)
            except RuleFileError as error:
                self._refused(error)
                continue
            self.written_at = clock.now()
            meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="rules")
            meter.set("aiops_rule_files_last_write_timestamp_seconds", clock.now())
            bands = sum(len(book.bands) for book in attempt.books)
            log.info("rule files written", extra=fields(files=len(self.files), queries=len(queries), bands=bands))
            if attempt is watched:
                self._refusal = ""
            return attempt is watched
        return False

    def _refused(self, error: RuleFileError) -> None:
        self._around.meter.inc("aiops_rule_files_refused_total")
        if str(error) != self._refusal:
            log.warning("rule files refused; the old ones stay", extra=fields(err=error))
        self._refusal = str(error)

    def _fresh_for(self) -> float:
        """Return after how many seconds to write again: bands age, and those that are too young come soon."""
        if not any(query.falls_back for query in self._queries()):
            return math.inf
        return BANDS_EVERY if self._with_bands else YOUNG_EVERY

    def _queries(self) -> tuple[QuerySpec, ...]:
        """List what is watched; of a source that never answered every query of the packs that it may yet take.

        Rules for what does not exist are silent; without them, alerts that fire would resolve after a restart.
        """
        by_name = {stream.spec.name: stream.spec for poller in self._pollers for stream in poller.streams.values()}
        unsettled = [discovery for discovery in self._discoveries if not discovery.settled]
        sources = [discovery.source for discovery in unsettled]
        if unsettled and sources != self._unsettled:
            told = fields(sources=", ".join(sources))
            log.warning("rules cover every pack until it is known which packs fit", extra=told)
        self._unsettled = sources
        possible = {query.name: query for discovery in unsettled for query in discovery.possible()}
        every = possible | by_name
        return tuple(every[name] for name in sorted(every))
