"""A Teams workflow over HTTP on loopback: takes cards, answers 202 before it knows whether it can post them.

Enters: requests. Leaves: 202; 413 over 28 KB; 429 with Retry-After over four requests a second; what a 202 hides is in
`lost`: cards that Teams would not have shown.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

PATH = "/workflows/w/triggers/manual/paths/invoke"
QUERY = "api-version=2016-06-01&sig=canary-signature"
LIMIT = 28 * 1024
_A_SECOND = 4
_ELEMENTS = {"TextBlock", "RichTextBlock"}


class FakeTeams:
    """One workflow."""

    def __init__(self) -> None:
        self.cards: list[dict[str, Any]] = []
        self.lost: list[str] = []
        self.sizes: list[int] = []
        self.times: list[float] = []
        self.limited = 0
        self.answers: list[web.Response] = []
        self.address = ""
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeTeams:
        app = web.Application()
        app.add_routes([web.post(PATH, self._take)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_error: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Return the workflow's address."""
        return f"{self.address}{PATH}?{QUERY}"

    async def _take(self, request: web.Request) -> web.Response:
        now = asyncio.get_running_loop().time()
        if self.answers:
            return self.answers.pop(0)
        if request.query_string != QUERY:
            return web.Response(status=401, text="The authentication credentials are not valid.")
        body = await request.read()
        if len(body) > LIMIT:
            return web.Response(status=413)
        if len(self.times) >= _A_SECOND and now - self.times[-_A_SECOND] < 0.995:
            self.limited += 1
            return web.Response(status=429, headers={"Retry-After": "1"})
        self.times.append(now)
        self.sizes.append(len(body))
        document = await request.json()
        if why := unfit(document):
            self.lost.append(why)  # the flow fails after its answer
        else:
            self.cards.append(document["attachments"][0]["content"])
        return web.Response(status=202)


def unfit(document: dict[str, Any]) -> str:
    """Say why Teams would not show a card, "" when it would."""
    attachments = document.get("attachments", [])
    if document.get("type") != "message" or len(attachments) != 1:
        return "no message with one attachment"
    if attachments[0].get("contentType") != "application/vnd.microsoft.card.adaptive":
        return "no adaptive card"
    card = attachments[0]["content"]
    if card.get("type") != "AdaptiveCard" or card.get("version") not in ("1.2", "1.3", "1.4", "1.5"):
        return "no card of a version that Teams shows"
    kinds = {action["type"] for action in card.get("actions", [])}
    if not kinds <= {"Action.OpenUrl"} or len(card.get("actions", [])) > 6:
        return "actions that a workflow cannot serve"
    if not {element["type"] for element in card["body"]} <= _ELEMENTS:
        return "unknown elements"
    return ""


def texts(card: dict[str, Any]) -> list[str]:
    """Return what a card says, a line for each block."""
    return ["".join(run["text"] for run in block["inlines"]) for block in card["body"]]
