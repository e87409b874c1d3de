"""Ask our own webhook's URL how it answers, without following redirects and without sending anything.

Enters: a URL. Leaves: the HTTP status, or None when nobody answers in time. Never used unless asked for.
"""

from __future__ import annotations

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=10)


async def probe(url: str) -> int | None:
    """Send one GET; a webhook that is there answers 405 or 401."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.get(url, allow_redirects=False) as answer,
        ):
            return answer.status
    except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
        return None
