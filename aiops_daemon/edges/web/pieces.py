"""A finished body written in pieces.

Enters: bytes, however many. Leaves: writes of 256 KiB with a turn of the loop between them, so that a page of
64 MB neither stops the loop nor is copied for every client. Never buffers ahead of a slow reader.
"""

from __future__ import annotations

import asyncio

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

PIECE_BYTES = 256 * 1024


class Pieces(Payload):
    """A response body over bytes that others share."""

    _autoclose = True  # nothing to close

    def __init__(self, body: bytes) -> None:
        super().__init__(body)
        self._body = body
        self._size = len(body)

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Return the body as text."""
        return self._body.decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it, waiting for the reader."""
        view = memoryview(self._body)
        for start in range(0, len(view), PIECE_BYTES):
            await writer.write(view[start : start + PIECE_BYTES])
            await asyncio.sleep(0)
