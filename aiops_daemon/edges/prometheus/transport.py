"""Requests to one source: replicas, deadlines, caps and the mapping of every failure to a closed set.

Enters: a path and a form. Leaves: the body of a 2xx answer, whole or as a bounded stream. Replicas of an HA
pair are tried in order from the last good one on and never merged. Redirects are not followed, for credentials
would travel. Foreign exceptions end here: callers see SourceError alone, with no secret in its words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import urlencode

import aiohttp

from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.http import Credentials, present, split_url, tls_context
from aiops_daemon.edges.httpfaults import capped, faults_mapped, refusal
from aiops_daemon.errors import SourceError, SourceReason

T = TypeVar("T")

_LONGEST_GET = 2_000  # bytes of a query string; longer forms go into a POST body, as Grafana does
_CHUNK = 256 * 1024
_FAIL_OVER = frozenset(
    {SourceReason.CONNECTION, SourceReason.TIMEOUT, SourceReason.SERVER_ERROR, SourceReason.MALFORMED}
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the transport sends it: a form (GET or POST by length), or a raw body (POST)."""

    path: str
    form: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Replica:
    url: str
    user_info: tuple[str, str] | None = field(repr=False)


class Transport:
    """HTTP to one source. A request may take the source's timeout at each replica once."""

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._replicas = [_Replica(*split_url(url)) for url in spec.urls]
        self._good = 0
        self._session: aiohttp.ClientSession | None = None
        self._places = asyncio.Semaphore(spec.concurrency)

    async def fetch(self, request: Request, decoder: Callable[[bytearray], Awaitable[T]]) -> T:
        """Hand the whole body of a 2xx answer to `decoder`; raises SourceError, the decoder's too."""

        async def consumer(body: AsyncIterator[bytes]) -> T:
            gathered = bytearray()
            async for chunk in body:
                gathered += chunk
            return await decoder(gathered)

        return await self.consume(request, consumer)

    async def consume(self, request: Request, consumer: Callable[[AsyncIterator[bytes]], Awaitable[T]]) -> T:
        """Hand the body of a 2xx answer to `consumer` as it arrives; raises SourceError.

        A replica that cannot be reached, is too slow, fails or breaks off is followed by the next, which starts
        the consumer anew.
        """
        async with self._places:
            failures: list[SourceError] = []
            for turn in range(len(self._replicas)):
                index = (self._good + turn) % len(self._replicas)
                try:
                    answer = await self._attempt(self._replicas[index], request, consumer)
                except SourceError as error:
                    failures.append(error)
                    if error.reason not in _FAIL_OVER:
                        raise
                else:
                    self._good = index
                    return answer
            self._good = (self._good + 1) % len(self._replicas)
            raise SourceError(failures[-1].reason, "; ".join(str(error) for error in failures))

    async def close(self) -> None:
        """Close the connection pool; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _attempt(
        self, replica: _Replica, request: Request, consumer: Callable[[AsyncIterator[bytes]], Awaitable[T]]
    ) -> T:
        credentials = present(self._spec.http, replica.user_info)
        # The deadline stands inside, so that the end of it is mapped too.
        with faults_mapped(replica.url, credentials, self._spec.timeout):
            async with asyncio.timeout(self._spec.timeout):
                return await self._exchange(replica.url, request, credentials, consumer)

    async def _exchange(
        self,
        url: str,
        request: Request,
        credentials: Credentials,
        consumer: Callable[[AsyncIterator[bytes]], Awaitable[T]],
    ) -> T:
        query = urlencode(request.form)
        post = request.body is not None or len(query) > _LONGEST_GET
        headers = {**credentials.headers, **request.headers}
        body = request.body
        if post and body is None:
            body = query.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        target = url + request.path + (f"?{query}" if query and not post else "")
        async with self._pool().request(
            "POST" if post else "GET",
            target,
            data=body,
            headers=headers,
            allow_redirects=False,
            server_hostname=self._spec.http.tls.server_name or None,
        ) as response:
            if response.status // 100 != 2:
                raise await refusal(response)
            return await consumer(capped(response, self._spec.max_body_bytes))

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = any(replica.url.startswith("https:") for replica in self._replicas)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit_per_host=self._spec.concurrency,
                    ssl=tls_context(self._spec.http.tls) if tls else True,
                ),
                headers={"Accept-Encoding": "gzip" if self._spec.compression else "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=max(1.0, self._spec.timeout / 3)),
                read_bufsize=_CHUNK,
            )
        return self._session
