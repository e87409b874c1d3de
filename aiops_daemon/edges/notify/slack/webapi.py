"""Slack's Web API: one call of one method.

Enters: a method and its fields. Leaves: the answer's fields, or what its refusal means. A call is one request; only the
outbox repeats. Never lets the token, or text of the answer that is no word of Slack's, into what is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.notification import Failed
from aiops_daemon.core.model.source import Secret
from aiops_daemon.edges.notify.posting import Answer, Poster, read_secret
from aiops_daemon.edges.notify.slack.refusals import error_word, refused
from aiops_daemon.edges.notify.statuses import failed, retry_after


@dataclass(frozen=True, slots=True)
class Refused:
    """A call that did nothing: the word of the refusal ("" without one) and what it means."""

    word: str
    failure: Failed


class WebApi:
    """Calls methods as the bot."""

    def __init__(self, spec: SlackSpec, token: Secret, now: Callable[[], float]) -> None:
        self._base = spec.web_api_url.rstrip("/")
        self._token = token
        self._now = now
        self._poster = Poster(spec.timeout)

    async def call(self, method: str, fields: Mapping[str, Any]) -> dict[str, Any] | Refused:
        """Call once."""
        token = read_secret(self._token, "bot token")
        if isinstance(token, Failed):
            return Refused("", token)
        body = json.dumps(fields).encode()
        answer = await self._poster.post(f"{self._base}/{method}", body, {"Authorization": f"Bearer {token}"})
        if isinstance(answer, Failed):
            return Refused("", answer)
        return read_answer(answer, self._now())

    async def close(self) -> None:
        """Release connections; idempotent."""
        await self._poster.close()


def read_answer(answer: Answer, now: float) -> dict[str, Any] | Refused:
    """Read what the Web API answered: a 200 says nothing, `ok` does."""
    wait = retry_after(answer.headers, now)
    try:
        document = json.loads(answer.body)
    except ValueError:  # UnicodeDecodeError is one
        document = None
    if not isinstance(document, dict):
        return Refused("", failed(answer.status, "no answer of Slack's Web API", wait))
    if document.get("ok") is True and answer.status == 200:
        return document
    word = error_word(str(document.get("error", "")))
    if answer.status != 200:
        return Refused(word, failed(answer.status, word, wait))
    return Refused(word, refused(word, wait))
