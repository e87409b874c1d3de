"""Blocking calls of one channel, off the loop: each in a thread of its own, few at once, each with a deadline.

Enters: a call that takes the transport to send by. Leaves: what it returned or raised, or TimeoutError at the deadline.
A thread cannot be stopped, so it is told: an attempt that was given up never begins to send, for a late trigger after
a resolve would open the page again. The threads are daemons: unlike those of a pool they never hold the process up.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Generic, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx2

from aiops_daemon.clock import SystemClock

DEADLINE_SECONDS = 10.0
THREADS = 4  # of one channel; PagerDuty takes two events a second of one key, and answers each in some 100 ms
_KEPT_SECONDS = 60.0  # an idle connection is kept: a new one costs two round trips and a handshake
_MOST_BYTES = 1024 * 1024  # of an answer
_BEFORE_SENDING = (
    ".connect_tcp.started",
    ".start_tls.started",
    ".send_request_headers.started",
    ".send_request_body.started",
)

_OPENING = threading.Lock()  # of transports, all lanes': the first one reads the authorities, and others wait for it

_T = TypeVar("_T")
_MONOTONIC = SystemClock().monotonic  # threads live in real time, whatever the loop's clock is


class Attempt:
    """One call under way, and whether anybody still waits for it."""

    def __init__(self, deadline: float) -> None:
        self._until = _MONOTONIC() + deadline
        self._given_up = False

    def give_up(self) -> None:
        """Let it send nothing from now on."""
        self._given_up = True

    def check(self) -> None:
        """Raise TimeoutError when nobody waits any more."""
        if self._given_up or _MONOTONIC() > self._until:
            raise TimeoutError

    def trace(self, event: str, _details: object) -> None:
        """Check before each thing by which something is sent; httpcore names them."""
        if event.endswith(_BEFORE_SENDING):
            self.check()


class Lane:
    """Threads and connections of one channel."""

    def __init__(self, url: str, *, deadline: float = DEADLINE_SECONDS, threads: int = THREADS) -> None:
        self._url = url
        self._deadline = deadline
        self._free = asyncio.Semaphore(threads)
        self._transport: httpx2.BaseTransport | None = None

    async def attempt(self, call: Callable[[httpx2.BaseTransport], _T]) -> _T:
        """Make the call once; raises TimeoutError at the deadline, which includes waiting for a free thread."""
        attempt = Attempt(self._deadline)
        try:
            async with asyncio.timeout(self._deadline):
                await self._free.acquire()
                return await self._start(call, attempt)
        finally:
            attempt.give_up()

    def _start(self, call: Callable[[httpx2.BaseTransport], _T], attempt: Attempt) -> asyncio.Future[_T]:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[_T] = loop.create_future()

        def work() -> None:
            with _Carrier(loop, future, self._free) as carrier:
                attempt.check()
                carrier.result = call(_Guarded(self._opened(), attempt))

        try:
            threading.Thread(target=work, name="pagerduty", daemon=True).start()
        except RuntimeError:
            self._free.release()
            raise OSError(errno.EAGAIN, "no thread can be started") from None
        return future

    def _opened(self) -> httpx2.BaseTransport:
        with _OPENING:
            if self._transport is None:
                limits = httpx2.Limits(max_keepalive_connections=THREADS, keepalive_expiry=_KEPT_SECONDS)
                self._transport = httpx2.HTTPTransport(verify=_trust(), limits=limits, proxy=_proxy(self._url))
            return self._transport

    def close(self) -> None:
        """Close the connections; what is under way fails."""
        with _OPENING:
            if self._transport is not None:
                self._transport.close()


class _Carrier(Generic[_T]):
    """Carries what a thread made, or why it failed, to the loop; whatever it is, the one who waits gets it."""

    def __init__(self, loop: asyncio.AbstractEventLoop, future: asyncio.Future[_T], free: asyncio.Semaphore) -> None:
        self._loop, self._future, self._free = loop, future, free
        self.result: _T | None = None

    def __enter__(self) -> _Carrier[_T]:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: TracebackType | None) -> bool:
        with suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._arrive, error)
        return True

    def _arrive(self, error: BaseException | None) -> None:
        self._free.release()
        if self._future.done():
            return
        if error is not None:
            self._future.set_exception(error)
        else:
            self._future.set_result(self.result)  # type: ignore[arg-type]  # set, for nothing was raised


class _Guarded(httpx2.BaseTransport):
    """The shared transport for one attempt. Closing it closes nothing: the connections are the lane's."""

    def __init__(self, inner: httpx2.BaseTransport, attempt: Attempt) -> None:
        self._inner = inner
        self._attempt = attempt

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request, unless the attempt was given up."""
        self._attempt.check()
        request.extensions["trace"] = self._attempt.trace
        answer = self._inner.handle_request(request)
        if isinstance(answer.stream, httpx2.SyncByteStream):
            answer.stream = _Bounded(answer.stream, self._attempt)
        return answer

    def close(self) -> None:
        """Leave the connections open."""


class _Bounded(httpx2.SyncByteStream):
    """A body that ends with the attempt: a server that drips would hold a thread for ever."""

    def __init__(self, inner: httpx2.SyncByteStream, attempt: Attempt) -> None:
        self._inner = inner
        self._attempt = attempt

    def __iter__(self) -> Iterator[bytes]:
        seen = 0
        for piece in self._inner:
            self._attempt.check()
            seen += len(piece)
            if seen > _MOST_BYTES:
                raise OSError(errno.EMSGSIZE, "the answer is too large")
            yield piece

    def close(self) -> None:
        """Hand the connection back."""
        self._inner.close()


@cache
def _trust() -> ssl.SSLContext:
    """Read the system's certificate authorities once: it takes 20 ms, and there is a channel for each service."""
    return ssl.create_default_context()


def _proxy(url: str) -> str | None:
    """Return the proxy that the environment names for this address (https_proxy, no_proxy)."""
    parts = urlsplit(url)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
