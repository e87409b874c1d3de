"""Reading a request body that may be large, slow, compressed or endless.

Enters: a request. Leaves: the whole body, or the error that says why not. Memory is bounded three times: by the
limit of one body, counted after inflating; by a budget over all bodies in flight; by a deadline for slow ones.
"""

from __future__ import annotations

import asyncio
import io
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

from aiohttp import hdrs, web

MAX_BODY_BYTES = 32 * 1024 * 1024
_IN_FLIGHT_BYTES = 4 * MAX_BODY_BYTES
_SMALL_BYTES = 64 * 1024  # counts for nothing: the connections are bounded
_BODY_SECONDS = 30.0
_WAIT_SECONDS = 4.0  # for room; Alertmanager hangs up after ten
_PIECE_BYTES = 256 * 1024
_GZIP = 31  # zlib's number for gzip with its header


class TooLargeError(Exception):
    """The body is over the limit; `size` is what is known of its size."""

    def __init__(self, size: int) -> None:
        super().__init__(f"the body is larger than {MAX_BODY_BYTES} bytes")
        self.size = size


class UnreadableError(Exception):
    """The body is not what its headers say; `seen` are its first bytes."""

    def __init__(self, why: str, seen: bytes = b"") -> None:
        super().__init__(why)
        self.seen = seen


class CrowdedError(Exception):
    """There was no room for a large body in time, or it came too slowly."""


class Budget:
    """Bytes that may be held at once by all."""

    def __init__(self, total: int = _IN_FLIGHT_BYTES) -> None:
        self._free = total
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Hold so many bytes; raises CrowdedError when they are not free in time."""
        try:
            async with asyncio.timeout(_WAIT_SECONDS), self._freed:
                await self._freed.wait_for(lambda: self._free >= size)
                self._free -= size
        except TimeoutError as error:
            raise CrowdedError("too many large bodies at once") from error
        try:
            yield
        finally:
            self._free += size
            async with self._freed:
                self._freed.notify_all()


@asynccontextmanager
async def whole_body(request: web.Request, budget: Budget) -> AsyncIterator[bytes]:
    """Read the body and hold its part of the budget while the caller works on it."""
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower() or "identity"
    length = request.content_length
    if length is not None and length > MAX_BODY_BYTES:
        raise TooLargeError(length)
    async with AsyncExitStack() as held:
        body = io.BytesIO()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                async for piece in _pieces(request, encoding):
                    after = body.tell() + len(piece)
                    if after > MAX_BODY_BYTES:
                        raise TooLargeError(after)
                    if body.tell() <= _SMALL_BYTES < after:
                        plain = encoding == "identity" and length is not None
                        await held.enter_async_context(budget.hold(length if plain and length else MAX_BODY_BYTES))
                    body.write(piece)
        except TimeoutError as error:
            raise CrowdedError(f"the body did not come within {_BODY_SECONDS:g} s") from error
        except zlib.error as error:
            raise UnreadableError(f"the body is no gzip: {error}", body.getvalue()) from error
        except (web.RequestPayloadError, ConnectionError) as error:
            raise UnreadableError("the body ended too early", body.getvalue()) from error
        yield body.getvalue()


async def _pieces(request: web.Request, encoding: str) -> AsyncIterator[bytes]:
    if encoding == "identity":
        async for chunk in request.content.iter_any():
            yield chunk
        return
    inflater = Inflater()
    async for chunk in request.content.iter_any():
        for piece in inflater.feed(chunk):
            yield piece
            await asyncio.sleep(0)
    inflater.finish()


class Inflater:
    """Inflates gzip in pieces of at most 256 KiB; several members may follow each other."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(_GZIP)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Inflate as far as these bytes reach; raises zlib.error."""
        while chunk:
            if self._stream.eof:
                self._stream = zlib.decompressobj(_GZIP)
            piece = self._stream.decompress(chunk, _PIECE_BYTES)
            if piece:
                yield piece
            chunk = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def finish(self) -> None:
        """Raise zlib.error unless the end was reached."""
        if not self._stream.eof:
            raise zlib.error("it ends too early")
