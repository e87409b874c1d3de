"""The composition root: builds everything that can fail, then starts it; stops last in, first out.

Enters: settings and the functions that touch the world. Leaves: a running daemon with a listener or two. A reload
builds the next generation whole before the running one is stopped, and starts the old one again when the swap
fails, so a fault changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from sqlite3 import sqlite_version

from aiops_daemon import __version__
from aiops_daemon.clock import Clock, LeisurelyClock
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec, HeartbeatSpec
from aiops_daemon.core.model.notification import Notification, NotificationQuery
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.model.view import Readiness, ReloadOutcome, View
from aiops_daemon.doors import House, alert_ports, check_sockets, pagerduty_ports, slack_ports, slack_sockets
from aiops_daemon.edges import forest
from aiops_daemon.edges.alertmanager.client import AlertmanagerClient
from aiops_daemon.edges.exporter.findings import render
from aiops_daemon.edges.heartbeat import send_heartbeat
from aiops_daemon.edges.notify.build import Shared, make_notifier, make_paces
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.rulefiles.promtool import checker_for
from aiops_daemon.edges.rulefiles.write import write_rule_files
from aiops_daemon.edges.slacksocket import SlackSocket
from aiops_daemon.edges.store import learned, places
from aiops_daemon.edges.store.claim import Claims
from aiops_daemon.edges.store.engine import sqlite_path
from aiops_daemon.edges.store.handing import SqlActs
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore, open_store
from aiops_daemon.edges.web.alertmanager.decode import decode
from aiops_daemon.edges.web.server import Side, WebPorts, WebServer
from aiops_daemon.errors import AiopsError
from aiops_daemon.flows import estimate as costs
from aiops_daemon.flows.alerts.blocks import incident_blocks
from aiops_daemon.flows.alerts.road import AlertRoad, AlertWorld
from aiops_daemon.flows.estimate import SourceEstimate
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.generation import Generation, World
from aiops_daemon.flows.reload import Reloader
from aiops_daemon.flows.supervise import Supervisor
from aiops_daemon.flows.write_rules import WriteRules
from aiops_daemon.ids import Ids
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter
from aiops_daemon.ports import MetricSource
from aiops_daemon.ports.alertmanager import AlertmanagerSource
from aiops_daemon.ports.notify import Notifier

log = logging.getLogger(__name__)

STOP_DEADLINE = 8.0  # seconds for all steps; the promise to the outside is ten
STOP_RESERVE = 0.5  # seconds kept back for each of the steps that follow, ten at most: the first has three
RELOAD_PATIENCE = 300.0  # seconds that a reload may take before its loop counts as stalled


@dataclass(frozen=True, slots=True)
class Options:
    """What flags say, and what demo and tests replace."""

    clock: Clock
    listen_address: str = "127.0.0.1:9641"
    api_listen_address: str = ""  # of a second listener, for API and pages; empty: one serves all
    reloaded: Callable[[], None] = lambda: None  # called after a reload took effect
    allow_anonymous: bool = False  # beyond loopback without tokens
    load: Callable[[], Settings] | None = None  # reads the configuration anew; None: nothing to reload
    fingerprint: Callable[[], str] | None = None  # changes when the configuration file does
    make_source: Callable[[SourceSpec], MetricSource] | None = None
    make_alertmanager: Callable[[AlertmanagerSpec], AlertmanagerSource] | None = None
    heartbeat: Callable[[HeartbeatSpec], Awaitable[None]] = send_heartbeat
    make_notifier: Callable[[ChannelSpec], Notifier] | None = None
    lag_every: float = 0.25
    alert_leisure: float = 0.0  # seconds that loops of the alert road pause at least, where time is replayed


class Daemon:
    """One running daemon: listeners that stay, and a generation that reloads replace."""

    def __init__(self, settings: Settings, options: Options) -> None:
        self.settings = settings
        self.meter = Meter()
        self.book = FindingBook(self.meter)
        self._options = options
        self._clock = options.clock
        self._generation: Generation | None = None
        self._store: SqlStore | None = None
        self._road: AlertRoad | None = None
        self._web: WebServer | None = None
        self._api: WebServer | None = None  # the second listener, where there is one
        self._teardown: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._stopping = False
        self._reloader = Reloader(
            lambda: options.load() if options.load else settings,
            lambda: options.fingerprint() if options.fingerprint else "",
            self._succeed,
            options.clock,
            self.meter,
        )
        self._supervisor = Supervisor(options.clock, self.meter)
        self._sockets = Supervisor(options.clock, self.meter)
        self._claims = Claims()
        self._started = False
        self._renderer = Renderer(settings.template_directory)
        self._paces = make_paces(options.clock)

    @property
    def address(self) -> str:
        """Return where the listener listens, as a URL."""
        return self._web.address if self._web else ""

    @property
    def api_address(self) -> str:
        """Return where API and pages are, as a URL."""
        return self._api.address if self._api else self.address

    async def start(self) -> None:
        """Build, then start; each step registers its named teardown at once."""
        check_sockets(self.settings)
        self._teardown.append(("state folder", self._release_folders))
        await places.hold_folder(self._claims, self.settings)
        states = await asyncio.to_thread(learned.load, places.learned_folder(self.settings))
        for note in states.notes:
            log.warning("learned state set aside", extra=fields(note=note))
        await places.hold_database(self._claims, places.storage(self.settings))
        self._store = await open_store(places.storage(self.settings), self._clock)
        self.meter.set("aiops_sqlite_version_info", 1, version=sqlite_version)
        self._teardown.append(("store", self._store.close))
        self._generation = Generation(self.settings, self._world(self.settings), self.meter, self.book, states.states)
        self._teardown.append(("sources", self._close_generation))
        self._teardown.append(("templates", self._close_renderer))
        self._road = AlertRoad(self.settings, self._alert_world(self._store), self._store, self.meter, self.book)
        self._road.configure(self.settings, self._generation.sources())
        self._tell_mended(self._store, self._road)
        await self._listen()
        self._generation.start()
        self._teardown.append(("learned state", self._save))
        self._teardown.append(("loops", self._stop_generation))
        self._road.start()
        self._teardown.append(("alert road", self._road.close))
        self._connect(slack_sockets(self._house(self._store, self._road)))
        self._teardown.append(("sockets", self._sockets.stop))
        await self._reloader.begin(self.settings)
        if self._options.load is not None:
            beat = partial(self._supervisor.beat, "reload")
            self._supervisor.start("reload", partial(self._reloader.watch, beat), patience=RELOAD_PATIENCE)
            self._teardown.append(("reload", self._supervisor.stop))
        self._started = True
        told = {"version": __version__, "address": self.address, "sources": len(self.settings.sources)}
        told |= {"api_address": self.api_address} if self._api else {}
        log.info("started", extra=fields(**told, state=places.folder(self.settings)))

    async def stop(self) -> None:
        """Stop last in, first out; idempotent; a step that takes too long is named and left."""
        self._stopping = True
        ends = asyncio.get_running_loop().time() + STOP_DEADLINE
        while self._teardown:
            name, step = self._teardown.pop()
            try:
                async with asyncio.timeout_at(ends - STOP_RESERVE * len(self._teardown)):
                    await step()
            except TimeoutError:
                log.warning("not stopped in time", extra=fields(step=name))
        if self._started:
            log.info("stopped")

    async def reload(self) -> ReloadOutcome:
        """Load the configuration anew; all fallible work first, then the swap."""
        if self._options.load is None:
            return ReloadOutcome(("no configuration file was given, so there is nothing to reload",))
        return await self._reloader.reload()

    def request_reload(self) -> None:
        """Ask for a reload soon, as a signal does."""
        if self._options.load is None:
            log.info("nothing to reload: no configuration file was given")
        self._reloader.request()

    async def backlog(self) -> int:
        """Count the accepted bodies that wait to be processed."""
        return (await self._store.backlog()).pending if self._store else 0

    async def messages(self, query: NotificationQuery) -> tuple[Notification, ...]:
        """Return messages as they were written, latest first."""
        if self._store is None:
            return ()
        paging = SqlPaging(self._store, self._clock, Ids(self._clock))
        return (await paging.find_notifications(query, DAEMON)).notifications

    def view(self) -> View:
        """Return the last published view."""
        return self._generation.view() if self._generation else View(at=0.0)

    def readiness(self) -> Readiness:
        """Say whether traffic may come."""
        if self._stopping or self._generation is None:
            return Readiness(False, ("stopping" if self._stopping else "starting",))
        waiting = (*self._generation.readiness().waiting, *(self._road.waiting() if self._road else ()))
        return Readiness(not waiting, waiting)

    async def _listen(self) -> None:
        """Bind one listener, or two where API and pages have one of their own."""
        options, ports = self._options, self._web_ports()
        apart = bool(options.api_listen_address)
        self._web = WebServer(ports, listen_address=options.listen_address, side=Side.MACHINES if apart else Side.ALL)
        await self._web.start()
        self._teardown.append(("listener", self._web.stop))
        if apart:
            self._api = WebServer(ports, listen_address=options.api_listen_address, side=Side.PEOPLE)
            await self._api.start()
            self._teardown.append(("API listener", self._api.stop))

    async def _succeed(self, settings: Settings) -> None:
        old = self._generation
        if old is None or self._stopping:
            raise AiopsError("not running, so there is nothing to reload")
        if places.storage(settings) != places.storage(self.settings):
            raise AiopsError("storage changed: restart the daemon to use another store or other retention")
        check_sockets(settings)
        await places.hold_folder(self._claims, settings)
        async with AsyncExitStack() as undo:
            new = Generation(settings, self._world(settings), self.meter, self.book, old.states)
            undo.push_async_callback(new.close)
            await old.stop()
            undo.callback(old.start)
            await new.adopt(old)
            undo.pop_all()
        self.settings, self._generation = settings, new
        new.start()
        await self._reroute(new)
        for loop in old.loops - new.loops:
            self.meter.forget(loop=loop)
        await old.close()
        self._options.reloaded()

    def _world(self, settings: Settings) -> World:
        directory = places.learned_folder(settings)
        return World(
            clock=self._clock,
            make_source=self._options.make_source or PrometheusClient,
            render=render,
            save=lambda states: learned.save(directory, states),
            write_rules=_rule_writer,
            lag_every=self._options.lag_every,
            more_blocks=lambda: incident_blocks(self._road.desk.open_incidents()) if self._road else [],
        )

    async def _reroute(self, generation: Generation) -> None:
        """Let the alert road follow the new settings; accepted alerts wait on disk meanwhile."""
        if self._road is not None:
            await self._road.stop()
            await self._close_renderer()
            self._renderer = Renderer(self.settings.template_directory)
            self._road.configure(self.settings, generation.sources())
            self._road.start()
            await self._sockets.stop()
            if self._store is not None:
                self._connect(slack_sockets(self._house(self._store, self._road)))

    def _connect(self, sockets: list[SlackSocket]) -> None:
        for number, one in enumerate(sockets):
            self._sockets.start(f"slack-socket-{number}", one.run, patience=math.inf)

    def _alert_world(self, store: SqlStore) -> AlertWorld:
        return AlertWorld(
            clock=LeisurelyClock(self._clock, self._options.alert_leisure),
            leisure=self._options.alert_leisure,
            decode=decode,
            make_alertmanager=self._options.make_alertmanager or AlertmanagerClient,
            send_heartbeat=self._options.heartbeat,
            view=self.view,
            holder=places.holder(places.storage(self.settings)),
            paging=SqlPaging(store, self._clock, Ids(self._clock)),
            acts=SqlActs(store, self._clock),
            shared=sqlite_path(places.storage(self.settings)) is None,
            make_notifier=self._options.make_notifier or self._make_notifier,
            forest=forest.Forester() if forest.installed() else None,
        )

    async def _close_renderer(self) -> None:
        await self._renderer.close()  # the one of the last reload

    def _make_notifier(self, spec: ChannelSpec) -> Notifier:
        return make_notifier(spec, Shared(self._renderer, self._clock, self._paces))

    def _house(self, store: SqlStore, road: AlertRoad) -> House:
        paging = SqlPaging(store, self._clock, Ids(self._clock))
        return House(store, paging, road, self._clock, lambda: self.settings, self.view)

    def _tell_mended(self, store: SqlStore, road: AlertRoad) -> None:
        """Say what had to be mended in the store at the start: in the log, and as an incident about ourselves."""
        for note in store.notes:
            log.error("the store had to be mended", extra=fields(note=note))
            road.notices.say("AiopsStoreMended", note)

    def _web_ports(self) -> WebPorts:
        house = self._house(self._store, self._road) if self._store and self._road else None
        return WebPorts(
            view=self.view,
            ready=self.readiness,
            reload=self.reload,
            self_page=lambda openmetrics: self.meter.page(openmetrics=openmetrics),
            now=self._clock.now,
            stale_after=lambda: self._generation.publisher.patience() if self._generation else 0.0,
            version=__version__,
            external_url=self.settings.external_url,
            counted=lambda handler, code: self.meter.inc("aiops_http_requests_total", handler=handler, code=str(code)),
            alerts=alert_ports(house) if house else None,
            slack=slack_ports(house) if house else None,
            pagerduty=pagerduty_ports(house) if house else None,
            allow_anonymous=self._options.allow_anonymous,
        )

    async def _release_folders(self) -> None:
        self._claims.release()

    async def _save(self) -> None:
        if self._generation:
            await self._generation.keeper.save()

    async def _stop_generation(self) -> None:
        async with self._reloader.busy:  # a reload in progress ends first, so that it is the last generation that stops
            if self._generation:
                await self._generation.stop()

    async def _close_generation(self) -> None:
        if self._generation:
            await self._generation.close()


def _rule_writer(settings: Settings) -> WriteRules | None:
    if not settings.rules.directory:
        return None
    checker = checker_for(settings.rules.promtool)
    return lambda watched: write_rule_files(Path(settings.rules.directory), settings, watched, checker)


async def estimate(settings: Settings, clock: Clock) -> list[SourceEstimate]:
    """Ask every source what a configuration would cost it."""
    asked = []
    for spec in settings.sources:
        source = PrometheusClient(spec)
        try:
            asked.append(await costs.ask_source(settings, spec, source, clock.now()))
        finally:
            await source.close()
    return costs.estimate(settings, asked)
