"""A listener: metrics pages, webhooks and probes, API and pages, on one address or apart on two.

Enters: requests. Leaves: answers from the daemon's frozen view. Bodies, header lines and waiting times are
bounded; requests in flight at stop get a deadline. Never touches the daemon but through its ports.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from enum import Enum
from typing import cast

from aiohttp import web

from aiops_daemon.edges.web.addresses import split_address
from aiops_daemon.edges.web.alertmanager.endpoint import AlertmanagerWebhooks
from aiops_daemon.edges.web.alertroad import add_alert_road
from aiops_daemon.edges.web.api.lists import Lists
from aiops_daemon.edges.web.auth import Door, check_exposure
from aiops_daemon.edges.web.connections import Connections
from aiops_daemon.edges.web.csrf import CSRF, Csrf
from aiops_daemon.edges.web.exposition import Exposition
from aiops_daemon.edges.web.lifecycle import Lifecycle
from aiops_daemon.edges.web.pagerduty.endpoint import PagerDutyWebhooks
from aiops_daemon.edges.web.ports import WebPorts
from aiops_daemon.edges.web.problem import error_middleware
from aiops_daemon.edges.web.serverlog import ServerLog
from aiops_daemon.edges.web.slack.desk import SlackDesk
from aiops_daemon.edges.web.slack.endpoint import SlackWebhooks
from aiops_daemon.edges.web.ui.landing import Landing
from aiops_daemon.errors import ListenError

__all__ = ["Side", "WebPorts", "WebServer"]

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024
IDLE_SECONDS = 75.0  # a connection without a complete request head is closed; longer than a scrape interval
LINGER_SECONDS = 2.0  # for the rest of a body that no handler reads
BACKLOG = 1024  # a storm of connections must not be refused by the kernel
STOP_SECONDS = 3.0  # for requests in flight, of the daemon's ten


class Side(Enum):
    """What a listener serves."""

    ALL = "all"
    MACHINES = "machines"  # webhooks, metrics, probes, reload: while people have a listener of their own
    PEOPLE = "people"  # API and pages

    @property
    def flag(self) -> str:
        """Return the flag that says where it listens."""
        return "--web.api-listen-address" if self is Side.PEOPLE else "--web.listen-address"


class WebServer:
    """One listener on `listen_address` (host:port; [::1]:port for IPv6; port 0 picks a free one)."""

    def __init__(
        self, ports: WebPorts, *, listen_address: str, side: Side = Side.ALL, csrf_secret: bytes | None = None
    ) -> None:
        self._flag = side.flag
        self._host, self._port = split_address(listen_address, self._flag)
        self._listen_address = listen_address
        self._ports = ports
        self._connections = Connections()
        door = Door(ports, self._host)
        self._app = web.Application(
            middlewares=[error_middleware(ports.counted), self._connections.middleware(), door.middleware()],
            client_max_size=MAX_BODY_BYTES,
        )
        self._app[CSRF] = Csrf(csrf_secret or secrets.token_bytes(32), ports.now)
        if side is not Side.PEOPLE:
            _add_machines(self._app, ports)
        if side is not Side.MACHINES:
            _add_people(self._app, ports, machines_here=side is Side.ALL)
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None
        self._bound_port = self._port

    @property
    def address(self) -> str:
        """Return the URL that reaches the listener from this machine."""
        host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 - compared
        return f"http://[{host}]:{self._bound_port}" if ":" in host else f"http://{host}:{self._bound_port}"

    async def start(self) -> None:
        """Bind and serve; raises ListenError when the address cannot be had, or must not be had without tokens."""
        tokens = self._ports.alerts.tokens() if self._ports.alerts else ()
        check_exposure(self._listen_address, tokens, allow_anonymous=self._ports.allow_anonymous)
        runner = web.AppRunner(
            self._app,
            handle_signals=False,
            access_log=None,
            logger=ServerLog(),
            keepalive_timeout=IDLE_SECONDS,
            lingering_time=LINGER_SECONDS,
            shutdown_timeout=STOP_SECONDS,
            auto_decompress=False,  # the webhook inflates with a limit; nobody else takes compressed bodies
        )
        await runner.setup()
        try:
            self._listener = await self._listen(cast("web.Server", runner.server))
        except OSError as error:
            await runner.cleanup()
            raise ListenError(
                f"cannot listen on {self._listen_address}: {_words(error)}; choose another address with "
                f"{self._flag} (127.0.0.1:0 takes any free port)"
            ) from error
        self._runner = runner
        self._watch = asyncio.create_task(self._connections.watch(), name="connections")
        self._bound_port = self._listener.sockets[0].getsockname()[1]

    async def _listen(self, make: Callable[[], asyncio.Protocol]) -> asyncio.Server:
        guarded = self._connections.guard(make)
        return await asyncio.get_running_loop().create_server(guarded, self._host or None, self._port, backlog=BACKLOG)

    async def stop(self) -> None:
        """Close the socket, let requests in flight end within a deadline; idempotent."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        if self._listener is not None:
            self._listener.close()
        await runner.cleanup()
        if self._watch is not None:
            self._watch.cancel()


def _add_machines(app: web.Application, ports: WebPorts) -> None:
    for part in (Exposition(ports), Lifecycle(ports)):
        app.add_routes(part.routes())
    if ports.alerts is not None:
        app.add_routes(AlertmanagerWebhooks(ports, ports.alerts).routes())
    if ports.pagerduty is not None:
        app.add_routes(PagerDutyWebhooks(ports, ports.pagerduty).routes())
    if ports.slack is not None:
        slack = SlackWebhooks(ports.slack, SlackDesk(ports.slack))
        app.add_routes(slack.routes())
        app.on_shutdown.append(slack.stop)


def _add_people(app: web.Application, ports: WebPorts, *, machines_here: bool) -> None:
    for part in (Lists(ports), Landing(ports, machines_here=machines_here)):
        app.add_routes(part.routes())
    add_alert_road(app, ports)


def _words(error: OSError) -> str:
    """Say what the system said; asyncio wraps it into words of its own."""
    if isinstance(error, socket.gaierror) or error.errno is None:
        return error.strerror or str(error)
    return os.strerror(error.errno).lower()
