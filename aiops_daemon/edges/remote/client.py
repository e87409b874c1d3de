"""A running daemon, as the command line asks it.

Enters: paths, parameters and bodies of its API. Leaves: decoded JSON. Problems become errors in the daemon's own words:
UsageError for what does not fit, RefusedError for what it will not do, UnreachableError when it cannot be asked or
cannot do it now. Never follows a redirect, never shows or logs the token.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from aiops_daemon import __version__
from aiops_daemon.errors import RefusedError, UnreachableError, UsageError

AGENT = f"aiops-daemon-cli/{__version__}"
"""By this name the daemon writes `cli` into its timelines."""

TIMEOUT_SECONDS = 30.0
MOST_BYTES = 64 * 1024 * 1024
_UNFIT = frozenset({400, 413, 415, 422})

Parameters = Sequence[tuple[str, str]]


class DaemonClient:
    """One daemon at `url`; `token` is its bearer token, "" for none. Each request has a connection of its own."""

    def __init__(self, url: str, token: str = "") -> None:
        self._url = _checked(url)
        self._headers = {"User-Agent": AGENT, "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {_clean(token)}"

    async def get(self, path: str, parameters: Parameters = ()) -> dict[str, Any]:
        """Read a document; `path` is that of the API, as /api/v1/incidents."""
        return await self._ask("GET", path, params=parameters)

    async def post(self, path: str, body: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        """Send a JSON body and return the answer; what is sent again with the same key is done once."""
        headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
        return await self._ask("POST", path, data=msgspec.json.encode(body), headers=headers)

    async def _ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(headers=self._headers, timeout=timeout) as session,
                session.request(method, self._url + path, allow_redirects=False, **request) as answer,
            ):
                return _read(self._url, answer.status, await _body(answer))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UnreachableError(
                f"cannot ask the daemon at {self._url}: {_trouble(error)}; does it run there? give --url or AIOPS_URL"
            ) from error


def _trouble(error: Exception) -> str:
    """Say what the system said, not what the library made of it."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"its certificate is not trusted ({error.certificate_error})"
    if isinstance(error, aiohttp.ClientConnectorError):
        return os.strerror(error.errno).lower() if error.errno and error.errno > 0 else str(error.os_error)
    return str(error) or type(error).__name__


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for piece in answer.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > MOST_BYTES:
            raise aiohttp.ClientPayloadError(f"the answer is larger than {MOST_BYTES} bytes")
    return bytes(body)


def _read(url: str, status: int, body: bytes) -> dict[str, Any]:
    """Return the document of a good answer; raise what a bad one means."""
    document = _document(body)
    if status in (200, 202) and document is not None:
        return document
    if document is None or not isinstance(document.get("detail"), str):
        hint = "; give the address behind the redirect" if 300 <= status < 400 else "; is an aiops-daemon there?"
        raise UnreachableError(f"{url} answers {status}, and not as a daemon does{hint}")
    words = _words(document)
    if status in _UNFIT:
        raise UsageError(words)
    if status >= 500:
        raise UnreachableError(words)
    if status == 401:
        raise RefusedError(f"{words} Give --token-file or AIOPS_TOKEN.")
    raise RefusedError(words)


def _document(body: bytes) -> dict[str, Any] | None:
    try:
        decoded = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def _words(problem: dict[str, Any]) -> str:
    """Write a problem document as one line and its faults below it."""
    errors = problem.get("errors")
    faults = [f"\n  {each}" for each in errors] if isinstance(errors, list) else []
    return "".join([str(problem["detail"]), *faults])


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query and not parts.fragment
        good = good and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"{url!r} is no address of a daemon; write http://127.0.0.1:9641")
    return url.rstrip("/")


def _clean(token: str) -> str:
    """Refuse a token that could not stand in a header; it is not shown."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError("the token holds characters that no token has; is it the right file?")
    return token
