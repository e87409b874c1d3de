"""The loop that asks Alertmanagers and Prometheus servers what webhooks did not tell, and the look-ups of the desk.

Enters: Alertmanagers as configured, what Prometheus says, the desk's open episodes. Leaves: repairs for the desk,
`aiops_alertmanager_up`, and answers to "does Alertmanager show this alert now?". Never asks an Alertmanager more than
the interval and the look-ups want, and never takes a failed answer for an empty one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Protocol

from aiops_daemon.clock import Clock
from aiops_daemon.core.alertmanager.reconcile import Comparison, Memory, Poll, without_api
from aiops_daemon.core.alertmanager.tree import GROUP_INTERVAL, REPEAT_INTERVAL, RoutingTree, read_tree
from aiops_daemon.core.model.alert import AlertKey, Episode
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.posted import ClusterAnswer
from aiops_daemon.core.model.repair import Lookup, Repair
from aiops_daemon.flows.alerts.surroundings import Evaluating
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports.alertmanager import AlertmanagerSource

log = logging.getLogger(__name__)

LOOK_UP_AGE = 2.0  # seconds for which one answer serves all look-ups
LOOK_UP_PATIENCE = 5.0
LOOK_UP_REST = 30.0  # seconds without another try after that: the desk, and people who act, wait for look-ups
_BREATH = 200  # alerts compared before the loop may turn to others; about 5 ms
_MANY_ROUTES = 500
_BATCH = 500  # repairs in one transaction of the desk


class Mending(Protocol):
    """The desk, as far as reconciliation needs it."""

    async def open_episodes(self, source: str) -> Sequence[Episode]:
        """List the open episodes of one Alertmanager."""

    async def repair(self, repairs: Sequence[Repair]) -> None:
        """Apply repairs, each counted by class."""


class Past(Protocol):
    """What fired and ended while we were down."""

    def due_at(self) -> float:
        """Return from when on it may be asked (unix seconds)."""

    async def repairs(self, routes_here: Callable[[Labels], Iterable[str]]) -> list[Repair]:
        """Find episodes that nobody told; asked once, when due and the routes are known."""


@dataclass(slots=True)
class _Watched:
    """One Alertmanager and what is known of it; `source` None: it has no address."""

    spec: AlertmanagerSpec
    source: AlertmanagerSource | None
    memory: Memory = field(default_factory=Memory)
    due_at: float = 0.0  # monotonic
    config: dict[str, Any] | None = None  # of which `tree` was read
    tree: RoutingTree | None = None
    silent: set[str] = field(default_factory=set)  # peers that gave no answer
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    look_up_from: float = -inf  # monotonic
    shown: frozenset[str] = frozenset()
    proves: bool = False  # absence from `shown` proves something


class Reconciler:
    """Watches all Alertmanagers of one configuration."""

    def __init__(
        self,
        specs: Sequence[AlertmanagerSpec],
        sources: Mapping[str, AlertmanagerSource],
        evaluations: Evaluating,
        desk: Mending,
        clock: Clock,
        meter: Meter,
        past: Past | None = None,
    ) -> None:
        self._watched = {spec.name: _Watched(spec, sources.get(spec.name)) for spec in specs}
        self._evaluations = evaluations
        self._desk = desk
        self._clock = clock
        self._meter = meter
        self._past = past

    @property
    def looking_back(self) -> bool:
        """Say whether what was missed while we were down is still to be found."""
        return self._past is not None

    async def run(self, beat: Callable[[], None]) -> None:
        """Reconcile at once and then each Alertmanager at its interval, for ever."""
        while True:
            now = self._clock.monotonic()
            due = [watched for watched in self._watched.values() if watched.due_at <= now]
            for watched in due:
                watched.due_at = now + watched.spec.interval
            ends = await asyncio.gather(*(self.once(watched.spec.name) for watched in due), return_exceptions=True)
            for end in ends:
                if isinstance(end, BaseException):
                    raise end
            await self._look_back()
            beat()
            following = min((watched.due_at for watched in self._watched.values()), default=now + 60.0)
            await self._clock.sleep(min(following - self._clock.monotonic(), self._until_past()))

    async def once(self, name: str) -> None:
        """Compare one Alertmanager with the desk and have the differences repaired."""
        watched = self._watched[name]
        asked_at = self._clock.now()
        answer = None if watched.source is None else await watched.source.ask()
        if answer is not None:
            self._note(watched, answer)
            await self._follow(watched, answer)
        await self._evaluations.refresh(watched.spec.interval / 2)
        episodes = await self._desk.open_episodes(name)
        if answer is None:
            repairs = await self._unasked(watched, episodes, asked_at)
        else:
            poll = Poll(asked_at, answer, watched.tree, self._evaluations.judge)
            repairs = await _gathered(Comparison(watched.spec, poll, episodes, watched.memory))
        await self._mend(repairs)

    async def lookup(self, key: AlertKey) -> Lookup:
        """Say whether Alertmanager shows an alert now; an answer of the last two seconds serves.

        Absent only where absence proves something: every peer answered and has been up for over 5 minutes.
        """
        source, fingerprint = key
        watched = self._watched.get(source)
        if watched is None or watched.source is None:
            return Lookup.UNREACHABLE
        async with watched.lock:
            now = self._clock.monotonic()
            if now >= watched.look_up_from:
                await self._look(watched, watched.source)
        if fingerprint in watched.shown:
            return Lookup.ACTIVE
        return Lookup.ABSENT if watched.proves else Lookup.UNREACHABLE

    def repeat_and_group_interval(self, source: str, labels: Labels) -> tuple[float, float] | None:
        """Return how often an alert is repeated to us, in seconds, by the slowest of its routes; None if unknown."""
        watched = self._watched.get(source)
        if watched is None or watched.tree is None:
            return None
        routes = watched.tree.routes_to(watched.spec.receiver, labels)
        intervals = [(route.repeat_interval, route.group_interval) for route in routes]
        return max(intervals, key=sum, default=None)

    def routes_here(self, labels: Labels) -> tuple[str, ...]:
        """Name the Alertmanagers whose last known tree leads an alert to our receiver."""
        return tuple(
            name
            for name, watched in self._watched.items()
            if watched.tree is not None and watched.tree.routes_to(watched.spec.receiver, labels)
        )

    async def _look(self, watched: _Watched, source: AlertmanagerSource) -> None:
        asked_at = self._clock.now()
        answer, holds = ClusterAnswer(()), LOOK_UP_AGE
        try:
            async with asyncio.timeout(LOOK_UP_PATIENCE):
                answer = await source.ask()
        except TimeoutError:
            log.warning("Alertmanager cannot be asked in time", extra=fields(source=watched.spec.name))
            holds = LOOK_UP_REST
        watched.shown = frozenset(alert.fingerprint for peer in answer.peers for alert in peer.alerts)
        watched.proves = Poll(asked_at, answer, None, self._evaluations.judge).settled
        watched.look_up_from = self._clock.monotonic() + holds

    def _until_past(self) -> float:
        """Return the seconds until the past may be asked; inf when it is not, or waits for something else."""
        left = inf if self._past is None else self._past.due_at() - self._clock.now()
        return left if left > 0 else inf

    async def _look_back(self) -> None:
        """Record once what was missed while we were down, when it is due and every Alertmanager's routes are known."""
        if self._past is None or any(each.source and each.tree is None for each in self._watched.values()):
            return
        if self._past.due_at() > self._clock.now():
            return
        repairs = await self._past.repairs(self.routes_here)
        await self._mend(repairs)
        self._past = None

    async def _mend(self, repairs: Sequence[Repair]) -> None:
        for start in range(0, len(repairs), _BATCH):
            await self._desk.repair(repairs[start : start + _BATCH])

    async def _unasked(self, watched: _Watched, episodes: Sequence[Episode], now: float) -> list[Repair]:
        """Judge by Prometheus alone what an Alertmanager without address once told."""
        silence = 2 * (REPEAT_INTERVAL + GROUP_INTERVAL)
        judge, memory = self._evaluations.judge, watched.memory
        found = (without_api(each, judge(each.labels), memory, now, silence) for each in episodes)
        repairs = await _gathered(found)
        memory.keep({episode.fingerprint for episode in episodes})
        return repairs

    def _note(self, watched: _Watched, answer: ClusterAnswer) -> None:
        """Say of each peer whether it answers, once per change."""
        name = watched.spec.name
        for peer in answer.peers:
            self._meter.set("aiops_alertmanager_up", 1, source=name, url=peer.url)
            if peer.url in watched.silent:
                log.info("Alertmanager answers again", extra=fields(source=name, url=peer.url))
        for url, words in answer.failed:
            self._meter.set("aiops_alertmanager_up", 0, source=name, url=url)
            if url not in watched.silent:
                log.warning("Alertmanager gives no answer", extra=fields(source=name, url=url, error=words))
        watched.silent = {url for url, _ in answer.failed}

    async def _follow(self, watched: _Watched, answer: ClusterAnswer) -> None:
        """Read the routes of a new configuration; without them nothing is opened and nothing expires."""
        if not answer.peers or answer.peers[0].config is watched.config:
            return
        name, receiver = watched.spec.name, watched.spec.receiver
        watched.config, watched.tree = answer.peers[0].config, None
        try:
            watched.tree = await _tree(watched.config)
        except ValueError as error:
            log.warning("Alertmanager's routes cannot be read", extra=fields(source=name, error=str(error)))
            return
        if not any(route.receiver == receiver for route in watched.tree.root.walk()):
            log.warning("no route leads to our receiver", extra=fields(source=name, receiver=receiver))


async def _tree(config: dict[str, Any]) -> RoutingTree:
    """Read the routes, many on a thread: 1,000 take 30 ms."""
    route = config.get("route")
    routes = route.get("routes") if isinstance(route, dict) else None
    if isinstance(routes, list) and len(routes) > _MANY_ROUTES:
        return await asyncio.to_thread(read_tree, config)
    return read_tree(config)


async def _gathered(found: Iterable[Repair | None]) -> list[Repair]:
    repairs = []
    for number, repair in enumerate(found, 1):
        if repair is not None:
            repairs.append(repair)
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    return repairs
