"""The stream of changes: every new line of every timeline, as server-sent events.

Enters: a reader, and where it stopped (`Last-Event-ID`). Leaves: `id`, `event` and `data` for each line of a timeline
that it may see, in the order in which they were written, and a comment every 15 seconds. Never keeps more than one
batch for a slow reader, never more than MOST_STREAMS readers, and never one for longer than an hour: it comes back.
"""

from __future__ import annotations

import asyncio
import uuid

import msgspec
from aiohttp import hdrs, web

from aiops_daemon.core.model.incident import Entry
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.edges.web.api.access import alert_road, scope_for
from aiops_daemon.edges.web.api.answers import store_trouble
from aiops_daemon.edges.web.api.incidentshapes import entry_item
from aiops_daemon.edges.web.api.parameters import Parameter, check
from aiops_daemon.edges.web.ports import AlertPorts, WebPorts
from aiops_daemon.edges.web.problem import ProblemError
from aiops_daemon.errors import StoreError

MOST_STREAMS = 100
BATCH = 200
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 3600.0  # then the token is looked at anew
PATIENCE_SECONDS = 30.0  # for a reader that does not read

EVENT_PARAMETERS = (Parameter("last_event_id", "As the header Last-Event-ID, for those who cannot set headers."),)

_HEADERS = {
    hdrs.CONTENT_TYPE: "text/event-stream",
    hdrs.CACHE_CONTROL: "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Accel-Buffering": "no",
}


class Events:
    """Handler of /api/v1/events."""

    def __init__(self, ports: WebPorts) -> None:
        self._ports = ports
        self._streams: set[asyncio.Event] = set()  # each ends its stream

    def routes(self) -> list[web.RouteDef]:
        """List the route."""
        return [web.get("/api/v1/events", self.stream, allow_head=False)]

    async def stop(self, app: web.Application) -> None:
        """End all streams; a handler of `on_shutdown`."""
        for ended in self._streams:
            ended.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send what happens from now on, or since the line that the reader saw last."""
        scope = scope_for(request, Role.VIEWER)
        check(request.query, EVENT_PARAMETERS)
        alerts = alert_road(self._ports)
        if len(self._streams) >= MOST_STREAMS:
            raise ProblemError(503, f"There are {MOST_STREAMS} readers already; try again later.")
        ended = asyncio.Event()
        self._streams.add(ended)
        try:
            return await self._serve(request, alerts, scope, ended)
        finally:
            self._streams.discard(ended)

    async def _serve(
        self, request: web.Request, alerts: AlertPorts, scope: Scope, ended: asyncio.Event
    ) -> web.StreamResponse:
        with store_trouble():
            after = _last_seen(request)
            after = await alerts.last_entry() if after is None else after
            first = await alerts.entries_after(after, BATCH, scope)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                await _write(response, b"retry: 3000\n\n")
                await _follow(response, alerts, scope, first, after, ended)
        except (TimeoutError, StoreError, ConnectionError):
            pass  # the reader comes back, with the id of what it saw last
        return response


async def _follow(
    response: web.StreamResponse,
    alerts: AlertPorts,
    scope: Scope,
    entries: list[Entry],
    after: str,
    ended: asyncio.Event,
) -> None:
    """Send batch after batch until the stream is ended; a missed wake-up is made good by the next heartbeat."""
    while not ended.is_set():
        if entries:
            await _write(response, b"".join(map(written, entries)))
            after = entries[-1].uid
        elif not await _something(alerts, ended):
            await _write(response, b": still here\n\n")
        entries = await alerts.entries_after(after, BATCH, scope)


async def _something(alerts: AlertPorts, ended: asyncio.Event) -> bool:
    """Wait until something changed or the stream is ended; False when neither happened for a heartbeat."""
    waits = [asyncio.ensure_future(alerts.changed()), asyncio.ensure_future(ended.wait())]
    try:
        done, _ = await asyncio.wait(waits, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
    return bool(done)


async def _write(response: web.StreamResponse, piece: bytes) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        await response.write(piece)


def written(entry: Entry) -> bytes:
    """Write one line of a timeline as an event; JSON has no line feed that would end it early."""
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (
        entry.uid.encode(),
        entry.kind.value.encode(),
        msgspec.json.encode(entry_item(entry)),
    )


def _last_seen(request: web.Request) -> str | None:
    """Return the id that the reader saw last; None: it begins now."""
    given = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
    if not given:
        return None
    try:
        return str(uuid.UUID(given))
    except ValueError:
        raise ProblemError(400, "Last-Event-ID is not an id of this stream.") from None
