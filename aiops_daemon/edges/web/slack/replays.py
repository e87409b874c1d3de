"""Requests that came before, remembered in this process: for one daemon; several share a table of the store.

Enters: a request's key and until when it matters. Leaves: whether it is new. Bounded: the oldest are forgotten first,
which a flood of signed requests alone could bring about.
"""

from __future__ import annotations

from collections.abc import Callable

_MOST = 10_000


class Replays:
    """Remembers keys until they matter no more."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._until: dict[str, float] = {}

    async def claim(self, key: str, until: float) -> bool:
        """Say whether a key is new, and remember it."""
        now = self._now()
        if self._until.get(key, 0.0) > now:
            return False
        if len(self._until) >= _MOST:
            self._until = {one: kept for one, kept in self._until.items() if kept > now}
        while len(self._until) >= _MOST:
            del self._until[next(iter(self._until))]
        self._until[key] = until
        return True
