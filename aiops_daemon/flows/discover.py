"""Ask a source which metrics it has, and watch the built-in packs that fit.

Enters: metric names. Leaves: new streams in the poller and a reason for every pack, taken or not. A source
that does not answer is asked again at the next tick; packs never go once taken.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.packs import PACKS, Choice, choose
from aiops_daemon.errors import SourceError, remedy
from aiops_daemon.flows.poll import Poller
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

ASK_EVERY = 600.0  # seconds between two looks for new metric families


class Discovery:
    """The packs of one source."""

    def __init__(
        self,
        poller: Poller,
        enable: tuple[str, ...] | None,
        taken_names: Iterable[str],
        *,
        start: Callable[[Iterable[QuerySpec]], None],
        meter: Meter,
    ) -> None:
        self.choices: tuple[Choice, ...] = ()
        self._poller = poller
        self._enable = enable
        self._own = frozenset(taken_names)
        self._start = start
        self._meter = meter
        self._asked_at: float | None = None
        self._failing = False
        self._names: frozenset[str] = frozenset()

    @property
    def source(self) -> str:
        """Name the source."""
        return self._poller.spec.name

    @property
    def settled(self) -> bool:
        """Say whether it is known which packs fit: the source has answered once, or none are wanted."""
        return self._enable == () or bool(self.choices)

    def possible(self) -> list[QuerySpec]:
        """List the queries of every pack that may be taken, whatever metrics exist."""
        enabled = [pack for pack in PACKS if self._enable is None or pack.name in self._enable]
        specs = [replace(query.spec, pack=pack.name) for pack in enabled for query in pack.queries]
        return [spec for spec in specs if spec.name not in self._own]

    def succeed(self, old: Discovery) -> None:
        """Watch at once what fits the metrics that the configuration before knew of; the next look asks anew."""
        if self._enable == () or not old.choices:
            return
        self._names, self.choices = old._names, old.choices
        self._take(choose(self._names, self._enable))

    async def look(self, at: float) -> None:
        """Choose packs at the first tick and every ten minutes (at every tick until one fits); log what changed."""
        taken = any(choice.taken for choice in self.choices)
        if self._enable == () or (taken and self._asked_at is not None and 0 <= at - self._asked_at < ASK_EVERY):
            return
        try:
            names = await self._poller.source.metric_names()
        except SourceError as error:
            if not self._failing:
                log.warning(
                    "metric names not read; packs wait",
                    extra=fields(source=self.source, reason=error.reason, err=error, remedy=remedy(error.reason)),
                )
            self._failing = True
            return
        self._failing = False
        self._asked_at, self._names = at, names
        self._take(choose(names, self._enable))

    def _take(self, choices: tuple[Choice, ...]) -> None:
        before = {choice.pack.name: choice for choice in self.choices}
        for choice in choices:
            old = before.get(choice.pack.name)
            if old is None or old.reason != choice.reason:
                log.info(
                    "pack taken" if choice.taken else "pack not taken",
                    extra=fields(source=self._poller.spec.name, pack=choice.pack.name, reason=choice.reason),
                )
            labels = {"source": self._poller.spec.name, "pack": choice.pack.name}
            self._meter.set("aiops_pack_active", float(choice.taken), **labels)
        self.choices = choices
        wanted = [query for choice in choices if choice.taken for query in choice.queries]
        known = self._own | self._poller.streams.keys()
        self._start(query for query in wanted if query.name not in known)
