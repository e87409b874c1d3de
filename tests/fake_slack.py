"""Slack over HTTP on loopback, as its documents have it: Web API, incoming webhooks, response URLs, Socket Mode.

Enters: requests of the code under test. Leaves: the answers that Slack gives, with its rules: `ok: false` in a 200, a
message a second for each channel (429 with Retry-After), limits of blocks, updates of one's own messages alone,
response URLs that hold five times in thirty minutes, v0 signatures. Time is the running loop's, so virtual time works.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import WSMsgType, web

TOKEN = "xoxb-canary-bot-token"
APP_TOKEN = "xapp-canary-app-token"
SIGNING_SECRET = "canary-signing-secret"
WEBHOOK_PATH = "/services/T0/B0/canary-webhook"
TEAM = "T0TEAM"

_PINGS = re.compile(r"<!(?:channel|here|everyone)|<!subteam|<@|<#")
_TOKEN_FORM = re.compile(r"<(?:!date\^\d+\^[^|<>]+\|[^|<>]+|https?://[^|<>\s]+\|[^|<>]+)>")
_RESPONSE_USES, _RESPONSE_SECONDS = 5, 30 * 60.0
_EVERY_SECONDS = 1.0


@dataclass
class Posted:
    """A message that stands in a channel."""

    channel: str
    ts: str
    fields: dict[str, Any]
    by: str  # bot or webhook
    at: float
    updates: list[dict[str, Any]] = field(default_factory=list)

    @property
    def now(self) -> dict[str, Any]:
        """Return what it shows."""
        return self.updates[-1] if self.updates else self.fields


class FakeSlack:
    """One workspace. `channels` maps names to ids; a person's direct channel is D for their U."""

    def __init__(self) -> None:
        self.channels = {"#ops": "C0OPS", "#other": "C0OTHER", "#quiet": "C0QUIET"}
        self.outside = {"C0QUIET"}  # the bot is no member
        self.people = {"U0ANN", "U0BO"}
        self.messages: list[Posted] = []
        self.calls: list[tuple[str, float]] = []  # method and time, whatever came of it
        self.limited = 0  # requests refused by a rate limit
        self.paced = True
        self.hanging = 0.0  # seconds before the Web API answers
        self.answers: list[web.Response | str] = []  # next answers of any endpoint: a response, or an error of the API
        self.responses: dict[str, list[dict[str, Any]]] = defaultdict(list)  # what came to each response URL
        self.acknowledged: list[dict[str, Any]] = []  # envelopes of Socket Mode
        self.sockets: list[web.WebSocketResponse] = []
        self._issued: dict[str, float] = {}
        self._last: dict[str, float] = {}
        self._counter = 0
        self._runner: web.AppRunner | None = None
        self.address = ""

    # Running

    async def __aenter__(self) -> FakeSlack:
        app = web.Application()
        app.add_routes([
            web.post("/api/{method}", self._web_api),
            web.post("/services/{tail:.*}", self._incoming),
            web.post("/respond/{key}", self._respond),
            web.get("/socket", self._socket),
        ])  # fmt: skip
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        for socket in self.sockets:
            await socket.close()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def api(self) -> str:
        """Return the address of the Web API."""
        return f"{self.address}/api"

    @property
    def webhook(self) -> str:
        """Return the address of the incoming webhook of #ops."""
        return f"{self.address}{WEBHOOK_PATH}"

    def heads(self) -> list[Posted]:
        """List messages that are in no thread."""
        return [one for one in self.messages if "thread_ts" not in one.fields]

    def thread(self, ts: str) -> list[Posted]:
        """List the answers under a message."""
        return [one for one in self.messages if one.fields.get("thread_ts") == ts]

    def remove(self, ts: str) -> None:
        """Let a person delete a message."""
        self.messages = [one for one in self.messages if one.ts != ts]

    # Web API

    async def _web_api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.calls.append((method, self._time()))
        await asyncio.sleep(self.hanging)
        scripted = self._scripted()
        if isinstance(scripted, web.Response):
            return scripted
        if scripted:
            return _not_ok(scripted)
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if method == "apps.connections.open":
            good = token == APP_TOKEN
            ws = self.address.replace("http", "ws")
            return (
                web.json_response({"ok": True, "url": f"{ws}/socket?ticket=canary"})
                if good
                else _not_ok("invalid_auth")
            )
        if token != TOKEN:
            return _not_ok("invalid_auth" if token else "not_authed")
        if not request.content_type.startswith("application/json"):
            return _not_ok("invalid_form_data")
        fields = await request.json()
        if wrong := wrong_with(fields):
            return web.json_response(
                {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [f"[ERROR] {wrong}"]}}
            )
        return {"chat.postMessage": self._post, "chat.update": self._update}[method](fields)

    def _post(self, fields: dict[str, Any]) -> web.Response:
        channel = self._channel(fields.get("channel", ""))
        if channel is None:
            return _not_ok("channel_not_found")
        if channel in self.outside:
            return _not_ok("not_in_channel")
        if limited := self._limited(channel):
            return limited
        if "thread_ts" in fields and self._find(channel, fields["thread_ts"]) is None:
            return _not_ok("thread_not_found")
        posted = self._keep(channel, fields, "bot")
        return web.json_response({"ok": True, "channel": channel, "ts": posted.ts, "message": {"text": fields["text"]}})

    def _update(self, fields: dict[str, Any]) -> web.Response:
        if fields.get("channel") not in {*self.channels.values(), *(f"D{one[1:]}" for one in self.people)}:
            return _not_ok("channel_not_found")  # names are not taken here
        posted = self._find(fields["channel"], fields["ts"])
        if posted is None:
            return _not_ok("message_not_found")
        if posted.by != "bot":
            return _not_ok("cant_update_message")
        posted.updates.append(fields)
        return web.json_response({"ok": True, "channel": posted.channel, "ts": posted.ts, "text": fields["text"]})

    def _channel(self, named: str) -> str | None:
        if named in self.people:
            return f"D{named[1:]}"
        known = {*self.channels.values(), *(f"D{one[1:]}" for one in self.people)}
        return named if named in known else self.channels.get(named)

    def _find(self, channel: str, ts: str) -> Posted | None:
        return next((one for one in self.messages if (one.channel, one.ts) == (channel, ts)), None)

    def _keep(self, channel: str, fields: dict[str, Any], by: str) -> Posted:
        self._counter += 1
        posted = Posted(channel, f"1795230600.{self._counter:06d}", fields, by, self._time())
        self.messages.append(posted)
        return posted

    def _limited(self, place: str) -> web.Response | None:
        now = self._time()
        if self.paced and now - self._last.get(place, float("-inf")) < _EVERY_SECONDS - 0.005:
            self.limited += 1
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "1"})
        self._last[place] = now
        return None

    # Incoming webhooks and response URLs

    async def _incoming(self, request: web.Request) -> web.Response:
        self.calls.append(("incoming", self._time()))
        scripted = self._scripted()
        if isinstance(scripted, web.Response):
            return scripted
        if request.path != WEBHOOK_PATH:
            return web.Response(status=404, text="no_service")
        fields = await request.json()
        if wrong_with(fields):
            return web.Response(status=400, text="invalid_blocks")
        if limited := self._limited("C0OPS"):
            return limited
        self._keep("C0OPS", fields, "webhook")
        return web.Response(text="ok")

    def response_url(self, key: str = "canary-response") -> str:
        """Make an address that answers to a person's click or command go to."""
        self._issued[key] = self._time()
        return f"{self.address}/respond/{key}"

    async def _respond(self, request: web.Request) -> web.Response:
        scripted = self._scripted()
        if isinstance(scripted, web.Response):
            return scripted
        key = request.match_info["key"]
        if key not in self._issued or self._time() - self._issued[key] > _RESPONSE_SECONDS:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if len(self.responses[key]) >= _RESPONSE_USES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        fields = await request.json()
        if wrong := wrong_with(fields):
            return web.json_response({"ok": False, "error": f"invalid_blocks: {wrong}"}, status=500)
        self.responses[key].append(fields)
        return web.Response(text="ok")

    # Socket Mode

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_json({"type": "hello", "num_connections": 1})
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.acknowledged.append(json.loads(message.data))
        return socket

    async def push(self, kind: str, payload: dict[str, Any], envelope: str = "e1") -> None:
        """Send what a person did down the newest socket."""
        document = {"envelope_id": envelope, "type": kind, "accepts_response_payload": True, "payload": payload}
        await self.sockets[-1].send_json(document)

    # Plumbing

    def _scripted(self) -> web.Response | str:
        return self.answers.pop(0) if self.answers else ""

    @staticmethod
    def _time() -> float:
        return asyncio.get_running_loop().time()


def _not_ok(error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error})


def wrong_with(fields: dict[str, Any]) -> str:
    """Say what Slack would refuse of a message, "" when nothing; forged mentions and links count as wrong."""
    blocks = fields.get("blocks", [])
    if not fields.get("text") or len(fields["text"]) > 40_000:
        return "no_text or msg_too_long"
    if len(blocks) > 50:
        return "more than 50 blocks"
    faults = [_wrong_text(fields["text"], 40_000)]
    for block in blocks:
        faults += _BLOCKS[block["type"]](block)
    return next(filter(None, faults), "")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _wrong_text(text: str, most: int) -> str:
    if not 1 <= _units(text) <= most:
        return f"text of {_units(text)} characters"
    rest = _TOKEN_FORM.sub("", text)
    if _PINGS.search(rest) or "<" in rest or ">" in rest:
        return f"a token that nobody wrote: {rest[:100]!r}"
    return "an ampersand" if re.search(r"&(?!amp;|lt;|gt;)", text) else ""


def _wrong_object(text: dict[str, Any], most: int) -> str:
    if text["type"] == "mrkdwn":
        return _wrong_text(text["text"], most) or ("" if text.get("verbatim") is True else "not verbatim")
    return "" if 1 <= _units(text["text"]) <= most else f"text of {_units(text['text'])} characters"


def _wrong_section(block: dict[str, Any]) -> list[str]:
    faults = [_wrong_object(block["text"], 3_000)] if "text" in block else []
    fields = block.get("fields", [])
    faults += ["" if len(fields) <= 10 and (fields or "text" in block) else "no or too many fields"]
    return faults + [_wrong_object(one, 2_000) for one in fields]


def _wrong_header(block: dict[str, Any]) -> list[str]:
    plain = "" if block["text"]["type"] == "plain_text" else "a header is plain text"
    return [plain, _wrong_object(block["text"], 150)]


def _wrong_context(block: dict[str, Any]) -> list[str]:
    count = "" if 1 <= len(block["elements"]) <= 10 else "too many elements"
    return [count, *(_wrong_object(one, 3_000) for one in block["elements"])]


def _wrong_actions(block: dict[str, Any]) -> list[str]:
    elements = block["elements"]
    ids = [one["action_id"] for one in elements]
    faults = ["" if 1 <= len(elements) <= 25 and len(set(ids)) == len(ids) else "elements or their ids"]
    faults += ["" if len(one["value"]) <= 2_000 and len(one["action_id"]) <= 255 else "a value" for one in elements]
    return faults + [_wrong_object(one["text"], 75) for one in elements]


_BLOCKS = {
    "header": _wrong_header,
    "section": _wrong_section,
    "context": _wrong_context,
    "actions": _wrong_actions,
    "divider": lambda block: [],
}


# What people do, as Slack sends it


def signed(body: bytes, at: float, secret: str = SIGNING_SECRET) -> dict[str, str]:
    """Return the headers of a request that Slack signed at a moment."""
    stamp = str(int(at))
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": f"v0={digest}",
    }


def click(action: str, value: str, response_url: str, user: str = "U0ANN", name: str = "ann.s") -> dict[str, Any]:
    """Return the payload of a click on a button."""
    return {
        "type": "block_actions",
        "team": {"id": TEAM, "domain": "shop"},
        "user": {"id": user, "username": name, "name": name, "team_id": TEAM},
        "api_app_id": "A0",
        "token": "canary-verification-token",
        "trigger_id": "1.2.canary-trigger",
        "container": {
            "type": "message",
            "message_ts": "1795230600.000001",
            "channel_id": "C0OPS",
            "is_ephemeral": False,
        },
        "channel": {"id": "C0OPS", "name": "ops"},
        "message": {"type": "message", "ts": "1795230600.000001", "text": "x"},
        "response_url": response_url,
        "actions": [
            {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": "1795230600.1"}
        ],
    }


def click_body(payload: dict[str, Any]) -> bytes:
    """Return a click as the body of a request."""
    return urlencode({"payload": json.dumps(payload)}).encode()


def command(text: str, response_url: str, user: str = "U0ANN", name: str = "ann.s") -> dict[str, str]:
    """Return the fields of a slash command."""
    return {
        "token": "canary-verification-token",
        "team_id": TEAM,
        "channel_id": "C0OPS",
        "user_id": user,
        "user_name": name,
        "command": "/aiops",
        "text": text,
        "response_url": response_url,
        "trigger_id": "1.2.canary-trigger",
    }


def command_body(fields: dict[str, str]) -> bytes:
    """Return a command as the body of a request."""
    return urlencode(fields).encode()
