"""Answers to response URLs: where what came of a click or a command is told.

Enters: the address of the request, the answer. Leaves: nothing; what could not be told is logged, for the person sees
no answer then. Only Slack's own addresses are called. Never logs an address: whoever has it can post.
"""

from __future__ import annotations

import asyncio
import json
import logging
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
            good = response.status == 200
            return ("", False) if good else (f"HTTP {response.status}", response.status in _AGAIN)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        return type(error).__name__, True
