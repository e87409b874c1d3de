"""Connections are bounded: how many there are, and how long a request may take to arrive.

Enters: sockets. Leaves: the same, guarded: a connection over the cap hears 503 and is closed; one that has not sent a
whole request head within ten seconds, or a whole body within thirty-five, is dropped. Never bounds how long an answer
takes, and lets connections idle between requests.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import cast

from aiohttp import web
from aiohttp.typedefs import Middleware

log = logging.getLogger(__name__)

MOST_CONNECTIONS = 1_000
HEAD_SECONDS = 10.0
BODY_SECONDS = 35.0  # longer than a handler's own deadline, which can still answer
_SWEEP_SECONDS = 1.0
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 5\r\nServer: aiops-daemon\r\n"
    b"Connection: close\r\n\r\n"
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guarded(asyncio.Protocol):
    """One connection: passes everything on, and notes since when a head or a body is awaited."""

    def __init__(self, connections: Connections, inner: asyncio.Protocol) -> None:
        self._connections = connections
        self.inner = inner
        self.transport: asyncio.Transport | None = None
        self.request: web.Request | None = None  # the one that is being served
        self.awaited_since: float | None = None  # loop time; a head has begun, or nothing came yet
        self.served_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or refuse it when there are too many."""
        socket = cast("asyncio.Transport", transport)
        if not self._connections.take(self):
            socket.write(_BUSY)
            socket.close()
            return
        self.transport = socket
        self.awaited_since = self._connections.now()
        self.inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Pass bytes on; the first after a request begin the next head."""
        if self.transport is None:
            return
        if self.request is None and self.awaited_since is None:
            self.awaited_since = self._connections.now()
        self.inner.data_received(data)

    def eof_received(self) -> bool | None:
        """Pass it on."""
        return self.inner.eof_received() if self.transport else None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.transport is not None:
            self.transport = None
            self._connections.forget(self)
            self.inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """Pass it on."""
        if self.transport is not None:
            self.inner.pause_writing()

    def resume_writing(self) -> None:
        """Pass it on."""
        if self.transport is not None:
            self.inner.resume_writing()

    def overdue(self, now: float) -> bool:
        """Say whether the sender takes too long."""
        if self.request is not None:
            return now - self.served_since > BODY_SECONDS and not self.request.content.is_eof()
        return self.awaited_since is not None and now - self.awaited_since > HEAD_SECONDS


class Connections:
    """All connections of one listener."""

    def __init__(self, most: int = MOST_CONNECTIONS) -> None:
        self._most = most
        self._open: dict[asyncio.BaseProtocol, Guarded] = {}
        self._full = False

    def now(self) -> float:
        """Return the loop's time."""
        return asyncio.get_running_loop().time()

    def guard(self, make: Callable[[], asyncio.Protocol]) -> Callable[[], Guarded]:
        """Wrap what makes the protocol of a connection."""
        return lambda: Guarded(self, make())

    def take(self, connection: Guarded) -> bool:
        """Note a new connection; False when there are too many. Logged when the cap is reached, not each time."""
        if len(self._open) >= self._most:
            if not self._full:
                log.warning("too many connections: further ones are refused")
            self._full = True
            return False
        self._open[connection.inner] = connection
        return True

    def forget(self, connection: Guarded) -> None:
        """Note that a connection is gone."""
        self._open.pop(connection.inner, None)
        self._full = self._full and len(self._open) > self._most * 0.9

    def middleware(self) -> Middleware:
        """Note which request each connection serves."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self._open.get(request.protocol)
            if connection is None:
                return await handler(request)
            connection.request, connection.awaited_since = request, None
            connection.served_since = self.now()
            try:
                return await handler(request)
            finally:
                connection.request = None

        return middleware

    async def watch(self) -> None:
        """Drop senders that take too long, until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = self.now()
            for connection in [each for each in self._open.values() if each.overdue(now)]:
                if connection.transport is not None:
                    connection.transport.abort()
