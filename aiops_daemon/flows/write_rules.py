"""Write alert rules continuously: whenever what is watched has changed.

Enters: the queries and SLOs in use. Leaves: rule files, replaced only when the checker accepts them. A refusal
is counted, said once and tried again later; the rules that Prometheus has loaded stay.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.errors import RuleFileError
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

LOOK_EVERY = 30.0  # seconds
RETRY_EVERY = 600.0  # seconds between attempts of a refused set: a full disk or a vanished folder may be mended
_FIRST_LOOK = 1.0  # seconds between looks until the first cycle has ended

WriteRules = Callable[[Sequence[QuerySpec]], Awaitable[Sequence[str]]]


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
        self._retry_at: float | None = None  # monotonic seconds
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
        queries, clock, meter = self._queries(), self._around.clock, self._around.meter
        started = clock.monotonic()
        due = queries != self._written or (self._retry_at is not None and started >= self._retry_at)
        if not due or any(poller.cycles == 0 for poller in self._pollers) or self._must_wait():
            return
        self._written, self._retry_at = queries, None
        try:
            paths = await self._write(queries)
        except RuleFileError as error:
            meter.inc("aiops_rule_files_refused_total")
            if str(error) != self._refusal:
                log.warning("rule files refused; the old ones stay", extra=fields(err=error))
            self._refusal, self._retry_at = str(error), started + RETRY_EVERY
            return
        self._refusal = ""
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="rules")
        meter.set("aiops_rule_files_last_write_timestamp_seconds", clock.now())
        log.info("rule files written", extra=fields(files=len(paths), queries=len(queries)))

    def _must_wait(self) -> bool:
        """Wait for sources that never answered: without rules for their packs, alerts that fire would resolve."""
        unsettled = [discovery.source for discovery in self._discoveries if not discovery.settled]
        if unsettled and unsettled != self._unsettled:
            told = fields(sources=", ".join(unsettled))
            log.warning("rule files wait until it is known which packs fit; the old ones stay", extra=told)
        self._unsettled = unsettled
        return bool(unsettled)

    def _queries(self) -> tuple[QuerySpec, ...]:
        by_name = {stream.spec.name: stream.spec for poller in self._pollers for stream in poller.streams.values()}
        return tuple(by_name[name] for name in sorted(by_name))
