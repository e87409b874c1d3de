"""Slack's Web API: one call of one method.

Enters: a method and its fields. Leaves: the answer's fields, or what its refusal means. A call is one request; only the
outbox repeats. Never lets the token, or text of the answer that is no word of Slack's, into what is told.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.notification import Failed
from aiops_daemon.core.model.source import HttpSpec, Secret
from aiops_daemon.edges.notify.exchange import Answer, Exchange
from aiops_daemon.edges.notify.secret import read_secret
from aiops_daemon.edges.notify.slack.refusals import error_word, refused
from aiops_daemon.edges.notify.statuses import failed, retry_after


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that did nothing: the word of the refusal ("" without one) and what it means."""

    word: str
    failure: Failed


class WebApi:
    """Calls methods as the bot."""

    def __init__(self, spec: SlackSpec, token: Secret, clock: Clock) -> None:
        self._base = spec.web_api_url.rstrip("/")
        self._token = token
        self._clock = clock
        self._exchange = Exchange(HttpSpec(), clock, spec.timeout)

    async def call(self, method: str, fields: Mapping[str, Any]) -> dict[str, Any] | Refused:
        """Call once."""
        token = read_secret(self._token, "bot token")
        if isinstance(token, Failed):
            return Refused("", token)
        body = json.dumps(fields).encode()
        headers = {"Content-Type": "application/json; charset=utf-8", "Authorization": f"Bearer {token}"}
        answer = await self._exchange.send("POST", f"{self._base}/{method}", headers=headers, body=body)
        if isinstance(answer, Failed):
            return Refused("", answer)
        return read_answer(answer, self._clock.now())

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._exchange.close()


def read_answer(answer: Answer, now: float) -> dict[str, Any] | Refused:
    """Read what the Web API answered: a 200 says nothing, `ok` does."""
    wait = retry_after(answer.headers, now)
    document = answer.document()
    if "ok" not in document:
        return Refused("", failed(answer.status, "no answer of Slack's Web API", wait))
    if document["ok"] is True and answer.accepted:
        return document
    word = error_word(str(document.get("error", "")))
    if not answer.accepted:
        return Refused(word, failed(answer.status, word, wait))
    return Refused(word, refused(word, wait))
