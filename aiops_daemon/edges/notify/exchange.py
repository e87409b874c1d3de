"""HTTP of one channel: one request with a deadline, and what its answer or failure means.

Enters: a request. Leaves: the answer, or a Failed whose words are free of secrets. Credentials are read anew for every
request. Never follows a redirect, for credentials would travel; never repeats a request.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from aiops_daemon import __version__
from aiops_daemon.clock import Clock
from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.http import Credentials, present, tls_context
from aiops_daemon.edges.notify.statuses import failed, retry_after, unreachable
from aiops_daemon.errors import SourceError, SourceReason

_LARGEST_ANSWER = 1024 * 1024  # bytes; more is not read
_LONGEST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def accepted(self) -> bool:
        """Say whether it is a 2xx."""
        return self.status // 100 == 2

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object, {} when it is none."""
        try:
            read = json.loads(self.body)
        except ValueError:
            return {}
        return read if isinstance(read, dict) else {}


class Exchange:
    """A pool of connections for one channel."""

    def __init__(self, spec: HttpSpec, clock: Clock, timeout: float) -> None:
        self._spec, self._clock, self._timeout = spec, clock, timeout
        self._session: aiohttp.ClientSession | None = None
        self._tls: ssl.SSLContext | None = None

    async def ask(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"", secrets: tuple[str, ...] = ()
    ) -> Answer | Failed:
        """Send one request; an answer that is not 2xx is a Failed. `secrets` are cut out of what the server says."""
        try:
            known = present(self._spec)
        except SourceError as error:
            return unusable(error)
        answer = await self.send(method, url, headers=known.headers | dict(headers), body=body)
        if isinstance(answer, Failed) or answer.accepted:
            return answer
        return self._refused(answer, Credentials({}, (*known.secrets, *secrets)))

    async def send(self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer | Failed:
        """Send one request with these headers alone; every answer is returned, whatever its status."""
        try:
            context = await asyncio.to_thread(self._context) if url.startswith("https:") else True
        except SourceError as error:
            return unusable(error)
        try:
            async with self._pool().request(
                method,
                url,
                data=body or None,
                headers=headers,
                allow_redirects=False,
                ssl=context,
                server_hostname=self._spec.tls.server_name or None,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
            ) as response:
                return Answer(response.status, response.headers, await _body(response))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return unreachable(error)

    async def close(self) -> None:
        """Close the connections; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _refused(self, answer: Answer, known: Credentials) -> Failed:
        words = known.redact(own_words(answer))  # cut after redacting: half a secret is one too
        return failed(answer.status, words[:_LONGEST_WORDS], retry_after(answer.headers, self._clock.now()))

    def _context(self) -> ssl.SSLContext:
        """Read the TLS files when they are first needed, which takes tens of milliseconds; raises SourceError."""
        if self._tls is None:
            self._tls = tls_context(self._spec.tls)
        return self._tls

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"Accept-Encoding": "identity", "User-Agent": f"aiops-daemon/{__version__}"},
            )
        return self._session


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """Read a body up to a limit, which counts inflated bytes."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _LARGEST_ANSWER:
            break
    return bytes(body[:_LARGEST_ANSWER])


def unusable(error: SourceError) -> Failed:
    """Say that a secret or a TLS file cannot be read; it may be there again later."""
    reason = FailureReason.AUTH_ERROR if error.reason is SourceReason.AUTH_ERROR else FailureReason.UNREACHABLE
    return Failed(reason, str(error), retry=True)


def own_words(answer: Answer) -> str:
    """Return what the server says about its refusal: JSON's message where there is one, else the text in one line."""
    document = answer.document()
    told = [document[key] for key in ("message", "error", "detail") if isinstance(document.get(key), str)]
    if isinstance(document.get("errorMessages"), list):  # Jira
        told += [str(one) for one in document["errorMessages"]]
    if isinstance(document.get("errors"), dict):
        told += [f"{field}: {words}" for field, words in document["errors"].items()]
    text = "; ".join(told) or answer.body.decode(errors="replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
