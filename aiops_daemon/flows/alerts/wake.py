"""Waiting for news, but not for ever."""

from __future__ import annotations

import asyncio

from aiops_daemon.clock import Clock


async def news_or_time(news: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return when there is news, at the latest after that many seconds of the clock."""
    waiting = (asyncio.ensure_future(news.wait()), asyncio.ensure_future(clock.sleep(seconds)))
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
