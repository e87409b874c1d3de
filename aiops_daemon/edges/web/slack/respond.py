"""Answers to response URLs: where what came of a click or a command is told.

Enters: the address of the request, the answer. Leaves: nothing; what could not be told is logged, for the person sees
no answer then. Only Slack's own addresses are called. Never logs an address: whoever has it can post.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from aiops_daemon.clock import Clock
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

SLACK = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
_PAUSES = (0.0, 1.0, 3.0)  # seconds before each try; an address may be used five times in thirty minutes
_DEADLINE = 5.0  # seconds of a try
_AGAIN = frozenset({429, 500, 502, 503, 504})
_MOST_ANSWER = 4_096  # bytes
_WORD = re.compile(r"[a-z_]{1,60}")


class Responder:
    """Calls response URLs; `prefixes` are where they may lead."""

    def __init__(self, clock: Clock, prefixes: tuple[str, ...] = SLACK) -> None:
        self._clock = clock
        self._prefixes = prefixes

    async def respond(self, url: str, answer: Mapping[str, Any]) -> None:
        """Tell the answer, in three tries at most."""
        if not url.startswith(self._prefixes):
            log.warning("left a response URL alone that is not Slack's")
            return
        body = json.dumps(answer).encode()
        why = ""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            for pause in _PAUSES:
                await self._clock.sleep(pause)
                why, again = await _try(session, url, body)
                if not again:
                    break
        if why:
            log.warning("an answer did not reach Slack", extra=fields(reason=why))


async def _try(session: aiohttp.ClientSession, url: str, body: bytes) -> tuple[str, bool]:
    """Return what went wrong, and whether another try may help."""
    headers = {"Content-Type": "application/json; charset=utf-8"}
    try:
        async with (
            asyncio.timeout(_DEADLINE),
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200:
                return f"HTTP {response.status}", response.status in _AGAIN
            return _complaint(await response.content.read(_MOST_ANSWER)), False
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return type(error).__name__, True


def _complaint(body: bytes) -> str:
    """Return why a 200 refuses, in Slack's word; "" when it does not."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""  # "ok"
    if not isinstance(document, dict) or document.get("ok") is not False:
        return ""
    word = str(document.get("error", ""))
    return word if _WORD.fullmatch(word) else "no reason given"
