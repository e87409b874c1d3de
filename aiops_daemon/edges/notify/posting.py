"""One POST of JSON, as channels need it: bounded in time and size, without redirects, cookies or credentials kept.

Enters: an address, headers and a body. Leaves: the answer, or what it means that there was none. Never logs, never lets
an address into words: it may be a secret.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.source import Secret
from aiops_daemon.edges.notify.statuses import unreachable
from aiops_daemon.errors import AiopsError

LARGEST_ANSWER = 256 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered; the body up to a limit."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """Return the body as text."""
        return self.body.decode("utf-8", "replace")


class Poster:
    """A pool of connections for one channel."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer | Failed:
        """Send once; ends within the timeout."""
        sent = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "aiops-daemon", **headers}
        try:
            async with (
                asyncio.timeout(self._timeout),
                self._pool().post(url, data=body, headers=sent, allow_redirects=False) as response,
            ):
                return Answer(response.status, response.headers, await response.content.read(LARGEST_ANSWER))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            return unreachable(error)

    async def close(self) -> None:
        """Close the pool; idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
            )
        return self._session


def read_secret(secret: Secret, what: str) -> str | Failed:
    """Read a secret now; what cannot be sent in a header or used as an address is a failure that names `what`."""
    try:
        value = secret().strip()
    except (OSError, ValueError, AiopsError) as error:
        return Failed(FailureReason.AUTH_ERROR, f"the {what} cannot be read: {type(error).__name__}", retry=False)
    if not value or not value.isprintable() or not value.isascii():
        return Failed(FailureReason.AUTH_ERROR, f"the {what} is empty or holds odd characters", retry=False)
    return value
