"""PagerDuty on loopback: the Events API v2 with its rules and limits, and what the daemon asks of the REST API.

Rules after PagerDuty's developer documents: what is wrong answers 400 with a list of errors; alerts are told apart by
routing key and dedup key; a trigger of an open alert is appended and pages nobody; acknowledge and resolve without an
open alert are accepted and dropped. Faults come from a script, one for each request, or from a function.
"""

from __future__ import annotations

import asyncio
import json
import math
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

SEVERITIES = ("critical", "error", "warning", "info")
BODY_BYTES = 512 * 1000
PER_MINUTE = 120
TOKEN = "fake-rest-token"
_WRITTEN = ("acknowledged", "resolved")  # statuses that a user may set by the REST API

Heard = Callable[["Incident", str, dict[str, Any] | None, dict[str, Any]], Awaitable[None]]
"""Is told of what happened: the incident, the kind of event, who did it (None: an automatism), what else there is."""


@dataclass
class Incident:
    """One incident there, open or not."""

    id: str
    number: int
    routing_key: str
    dedup_key: str
    title: str
    severity: str
    created_at: float
    changed_at: float
    status: str = "triggered"
    priority: str = ""
    notes: list[str] = field(default_factory=list)
    noted_at: list[float] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Request:
    """One request that came in, whatever became of it."""

    method: str
    path: str
    body: dict[str, Any]
    at: float
    status: int | str = 0  # what was answered, or the name of the fault; 0 while it is under way


class FakePagerDuty:
    """Both APIs on one port. `script` holds faults to come, one for each request.

    A status; hang: nothing is taken, nothing answered; stall: taken, not answered; reset: taken, the connection ends;
    drip: an answer without end; page: a proxy answers instead; swallow: accepted, but no page comes of it.
    """

    def __init__(self, *, now: Callable[[], float] = time.time, limited: bool = False) -> None:
        self.script: deque[int | str] = deque()
        self.fault: Callable[[str, dict[str, Any]], int | str | None] = lambda path, body: None
        self.retry_after: str | None = None
        self.requests: list[Request] = []
        self.incidents: list[Incident] = []
        self.changes: list[dict[str, Any]] = []
        self.heard: Heard | None = None
        self.now = now
        self.limited = limited
        self.rate = (PER_MINUTE, 60.0)  # events of a routing key within so many seconds
        self._latest: dict[tuple[str, str], Incident] = {}  # the last incident of an alert, open or not
        self._accepted: dict[str, deque[float]] = {}
        self._runner: web.AppRunner | None = None
        self._hanging = asyncio.Event()
        self.url = ""

    @property
    def pages(self) -> list[str]:
        """List the dedup keys by which somebody was woken, in their order."""
        return [incident.dedup_key for incident in self.incidents]

    def open(self, dedup_key: str) -> Incident | None:
        """Return the open incident of a key."""
        return next((one for one in self.incidents if one.dedup_key == dedup_key and one.status != "resolved"), None)

    async def start(self, port: int = 0) -> None:
        """Listen; `url` is the base of both APIs."""
        app = web.Application(client_max_size=4 * 1024 * 1024)
        app.router.add_post("/v2/enqueue", self._faulty(self._alert))
        app.router.add_post("/v2/change/enqueue", self._faulty(self._change))
        app.router.add_get("/incidents", self._faulty(self._list))
        app.router.add_get("/incidents/{id}", self._faulty(self._show))
        app.router.add_put("/incidents/{id}", self._faulty(self._put))
        app.router.add_post("/incidents/{id}/notes", self._faulty(self._note))
        app.router.add_get("/incidents/{id}/notes", self._faulty(self._notes))
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Let go of everybody who hangs, and close."""
        self._hanging.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def __aenter__(self) -> FakePagerDuty:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _faulty(self, answer: Callable[[web.Request, dict[str, Any]], Awaitable[web.Response]]) -> Any:
        async def respond(request: web.Request) -> web.StreamResponse:
            raw = await request.read()
            body = _object(raw)
            fault = self.script.popleft() if self.script else self.fault(request.path, body)
            seen = Request(request.method, request.path, body, self.now(), fault or 0)
            self.requests.append(seen)
            if isinstance(fault, int) and fault >= 300:
                return self._refusal(fault)
            if fault in ("swallow", "page", "hang", "drip"):
                return await self._odd(fault, request, body)
            response = _too_large() if len(raw) > BODY_BYTES else await answer(request, body)
            if fault == "reset":
                assert request.transport is not None
                request.transport.abort()
            if fault == "stall":
                await self._hanging.wait()
            seen.status = fault or response.status
            return response

        return respond

    async def _odd(self, fault: object, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        """Answer what makes no page."""
        if fault == "hang":
            await self._hanging.wait()
            return self._refusal(503)
        if fault == "drip":
            return await self._drip(request)
        if fault == "page":
            return web.Response(text="<html>welcome</html>", content_type="text/html")
        return _success(body.get("dedup_key", ""))

    def _refusal(self, status: int, retry_after: str | None = None) -> web.Response:
        wait = self.retry_after if retry_after is None else retry_after
        headers = {"Retry-After": wait} if wait is not None else {}
        if status // 100 == 3:
            headers["Location"] = "https://elsewhere.example/"
        return web.json_response({"status": "error", "message": f"scripted {status}"}, status=status, headers=headers)

    async def _drip(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=202)
        await response.prepare(request)
        while not self._hanging.is_set() and request.transport is not None and not request.transport.is_closing():
            await response.write(b" ")
            await asyncio.sleep(0.05)
        return response

    async def _alert(self, _request: web.Request, body: dict[str, Any]) -> web.Response:
        if faults := alert_faults(body):
            return _invalid(faults)
        key = body["routing_key"]
        if self.limited and (wait := self._takes_after(key)):
            return self._refusal(429, f"{math.ceil(wait)}")
        dedup_key = body.get("dedup_key") or f"made-{len(self.requests)}"
        await self._take(key, dedup_key, body)
        return _success(dedup_key)

    def _takes_after(self, key: str) -> float:
        """Count an event of a routing key; return the seconds after which it would be taken, 0 for one that is."""
        accepted = self._accepted.setdefault(key, deque())
        most, within = self.rate
        while accepted and accepted[0] <= self.now() - within:
            accepted.popleft()
        if len(accepted) >= most:
            return max(0.001, accepted[0] + within - self.now())
        accepted.append(self.now())
        return 0.0

    async def _take(self, key: str, dedup_key: str, body: dict[str, Any]) -> None:
        action = body["event_action"]
        known = self._latest.get((key, dedup_key))
        if known is not None and known.status == "resolved":
            known = None
        if action == "trigger":
            if known is None:
                known = self._opened(key, dedup_key, body["payload"])
                await self._tell(known, "incident.triggered", None)
            known.events.append(body)
        elif known is not None:
            known.events.append(body)
            await self.change_status(known, "acknowledged" if action == "acknowledge" else "resolved", None)

    def _opened(self, key: str, dedup_key: str, payload: dict[str, Any]) -> Incident:
        number, now = len(self.incidents) + 1, self.now()
        incident = Incident(f"Q{number:07d}", number, key, dedup_key, payload["summary"], payload["severity"], now, now)
        self.incidents.append(incident)
        self._latest[key, dedup_key] = incident
        return incident

    async def change_status(self, incident: Incident, status: str, agent: dict[str, Any] | None) -> None:
        """Acknowledge, resolve or reopen; by a person, or by an automatism (None)."""
        if incident.status == status:
            return
        kind = {"triggered": "unacknowledged" if incident.status == "acknowledged" else "reopened"}.get(status, status)
        incident.status, incident.changed_at = status, self.now()
        await self._tell(incident, f"incident.{kind}", agent)

    async def annotate(self, incident: Incident, text: str, agent: dict[str, Any] | None) -> None:
        """Write a note."""
        incident.notes.append(text)
        incident.noted_at.append(self.now())
        await self._tell(incident, "incident.annotated", agent, content=text)

    async def _tell(self, incident: Incident, kind: str, agent: dict[str, Any] | None, **more: Any) -> None:
        if self.heard is not None:
            await self.heard(incident, kind, agent, more)

    async def _change(self, _request: web.Request, body: dict[str, Any]) -> web.Response:
        if faults := change_faults(body):
            return _invalid(faults)
        self.changes.append(body)
        return web.json_response({"status": "success", "message": "Change event processed"}, status=202)

    async def _list(self, request: web.Request, _body: dict[str, Any]) -> web.Response:
        if refused := _unknown_token(request):
            return refused
        key = request.query.get("incident_key")
        found = [one for one in reversed(self.incidents) if key is None or one.dedup_key == key]
        if "since" in request.query:
            since, until = (datetime.fromisoformat(request.query[name]).timestamp() for name in ("since", "until"))
            found = [one for one in reversed(found) if since <= one.created_at < until]
        offset, limit = (int(request.query.get(name, usual)) for name, usual in (("offset", 0), ("limit", 5)))
        part = found[offset : offset + limit]
        more = len(found) > offset + limit
        told = {"incidents": [shown(one) for one in part], "more": more, "limit": limit, "offset": offset}
        return web.json_response(told)

    async def _show(self, request: web.Request, _body: dict[str, Any]) -> web.Response:
        incident = next((one for one in self.incidents if one.id == request.match_info["id"]), None)
        if refused := _unknown_token(request):
            return refused
        return web.json_response({"incident": shown(incident)}) if incident else _not_found()

    async def _put(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        """Change a status in the name of a user; what is resolved already is refused, as PagerDuty does."""
        incident = next((one for one in self.incidents if one.id == request.match_info["id"]), None)
        if refused := _unknown_token(request):
            return refused
        if incident is None:
            return _not_found()
        author, asked = request.headers.get("From", ""), body.get("incident", {})
        if not re.fullmatch(r"\S+@\S+", author):
            return web.json_response({"error": {"message": "Requester User Not Found", "code": 1008}}, status=400)
        if asked.get("type") not in ("incident", "incident_reference") or asked.get("status") not in _WRITTEN:
            return _wrong("Invalid Input Provided")
        if incident.status == "resolved":
            return _wrong("Incident Already Resolved")
        await self.change_status(incident, asked["status"], person(author))
        return web.json_response({"incident": shown(incident)})

    async def _notes(self, request: web.Request, _body: dict[str, Any]) -> web.Response:
        incident = next((one for one in self.incidents if one.id == request.match_info["id"]), None)
        if refused := _unknown_token(request):
            return refused
        noted = zip(incident.notes, incident.noted_at, strict=True) if incident else ()
        told = [{"id": f"N{n}", "content": note, "created_at": iso(at)} for n, (note, at) in enumerate(noted)]
        return web.json_response({"notes": told}) if incident else _not_found()

    async def _note(self, request: web.Request, body: dict[str, Any]) -> web.Response:
        incident = next((one for one in self.incidents if one.id == request.match_info["id"]), None)
        if refused := _unknown_token(request):
            return refused
        if incident is None:
            return _not_found()
        author = request.headers.get("From", "")
        if not re.fullmatch(r"\S+@\S+", author):
            return web.json_response({"error": {"message": "Requester User Not Found", "code": 1008}}, status=400)
        await self.annotate(incident, body["note"]["content"], person(author))
        return web.json_response({"note": {"id": "N1", "content": body["note"]["content"]}}, status=201)


def person(name: str) -> dict[str, Any]:
    """Return a person as events name them."""
    return {"id": "PUSER1", "summary": name, "type": "user_reference"}


def alert_faults(body: dict[str, Any]) -> list[str]:
    """List what PagerDuty would not take of an alert event."""
    faults = _key_faults(body)
    if body.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        faults.append("Invalid event action")
    dedup_key = body.get("dedup_key")
    if dedup_key is not None and (not isinstance(dedup_key, str) or len(dedup_key) > 255):
        faults.append("Length of 'dedup_key' is incorrect (should be at most 255 characters)")
    if body.get("event_action") != "trigger":
        return faults if dedup_key else [*faults, "'dedup_key' is missing or blank"]
    payload = body.get("payload")
    if not isinstance(payload, dict):
        return [*faults, "'payload' is missing or blank"]
    faults += _payload_faults(payload)
    if payload.get("severity") not in SEVERITIES:
        faults.append(
            "'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')"
        )
    if not payload.get("source"):
        faults.append("'payload.source' is missing or blank")
    return faults + _attachment_faults(body)


def change_faults(body: dict[str, Any]) -> list[str]:
    """List what PagerDuty would not take of a change event."""
    payload = body.get("payload")
    if not isinstance(payload, dict):
        return [*_key_faults(body), "'payload' is missing or blank"]
    return [*_key_faults(body), *_payload_faults(payload), *_attachment_faults(body)]


def _key_faults(body: dict[str, Any]) -> list[str]:
    key = body.get("routing_key")
    if not isinstance(key, str) or not key:
        return ["'routing_key' is missing or blank"]
    if len(key) != 32:
        return [f"Length of 'routing_key' is incorrect (should be 32 characters): {key}"]
    return []


def _payload_faults(payload: dict[str, Any]) -> list[str]:
    faults = []
    summary = payload.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        faults.append("'payload.summary' is missing or blank")
    elif len(summary.encode("utf-16-le")) > 2 * 1024:
        faults.append("Length of 'payload.summary' is incorrect (should be at most 1024 characters)")
    if "timestamp" in payload and not _is_time(payload["timestamp"]):
        faults.append("'payload.timestamp' is invalid")
    if not isinstance(payload.get("custom_details", {}), dict | str):
        faults.append("'payload.custom_details' is invalid")
    return faults


def _attachment_faults(body: dict[str, Any]) -> list[str]:
    faults = [
        "'links.href' is invalid"
        for link in body.get("links", [])
        if not re.match(r"https?://\S+$", str(link.get("href", "")))
    ]
    secure = [str(image.get("src", "")).startswith("https://") for image in body.get("images", [])]
    return faults + ["'images.src' must be https"] * secure.count(False)


def _is_time(value: object) -> bool:
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def shown(incident: Incident) -> dict[str, Any]:
    """Return an incident as the REST API does."""
    return {
        "id": incident.id,
        "type": "incident",
        "incident_number": incident.number,
        "incident_key": incident.dedup_key,
        "title": incident.title,
        "status": incident.status,
        "created_at": iso(incident.created_at),
        "last_status_change_at": iso(incident.changed_at),
    }


def iso(moment: float) -> str:
    """Write a time as PagerDuty does."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _object(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw)
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _success(dedup_key: str) -> web.Response:
    return web.json_response({"status": "success", "message": "Event processed", "dedup_key": dedup_key}, status=202)


def _invalid(faults: Iterable[str]) -> web.Response:
    answer = {"status": "invalid event", "message": "Event object is invalid", "errors": list(faults)}
    return web.json_response(answer, status=400)


def _wrong(words: str) -> web.Response:
    error = {"message": "Arguments Caused Error", "code": 2001, "errors": [words]}
    return web.json_response({"error": error}, status=400)


def _too_large() -> web.Response:
    return _invalid(["Event object exceeds 512 KB"])


def _not_found() -> web.Response:
    return web.json_response({"error": {"message": "Not Found", "code": 2100}}, status=404)


def _unknown_token(request: web.Request) -> web.Response | None:
    if request.headers.get("Authorization") == f"Token token={TOKEN}":
        return None
    return web.json_response({"error": {"message": "Unauthorized", "code": 2006}}, status=401)
