"""A listener on a loop of its own, for callers that are synchronous or have a loop already."""

import asyncio
import threading
from contextlib import contextmanager


@contextmanager
def in_background(server):
    """Serve until left; `server` has start, stop and address."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield server.address
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
