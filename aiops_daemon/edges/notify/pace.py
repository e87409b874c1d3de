"""When the next message to a place may leave, so that a service's limit is kept and nobody else waits for it.

Enters: a place, and that a message wants to leave. Leaves: a turn at once or after a short wait, or the seconds after
which to come again, each caller at a time of its own. One place never delays another, and none is remembered for longer
than it matters.
"""

from __future__ import annotations

from collections.abc import Hashable

from aiops_daemon.clock import Clock

LONGEST_WAIT = 3.0  # seconds inside an attempt; beyond, the outbox keeps the message
_MANY = 1_000  # places after which those whose turn is long past are forgotten


class Pace:
    """One message every `every` seconds to each place."""

    def __init__(self, clock: Clock, *, every: float) -> None:
        self._clock = clock
        self._every = every
        self._free: dict[Hashable, float] = {}  # monotonic seconds at which the next message may leave
        self._promised: dict[Hashable, float] = {}  # the last moment that somebody was told to come at
        self._names: dict[Hashable, Hashable] = {}  # other names of places

    async def turn(self, place: Hashable) -> float:
        """Wait for the turn and return 0; when it is too far off, return at once in how many seconds to come again."""
        place = self._names.get(place, place)
        now = self._clock.monotonic()
        free = max(self._free.get(place, now), now)
        if free - now > LONGEST_WAIT:
            promised = max(self._promised.get(place, 0.0) + self._every, free)
            self._promised[place] = promised
            return promised - now
        self._free[place] = free + self._every
        self._forget(now)
        if free > now:
            await self._clock.sleep(free - now)
        return 0.0

    def held(self, place: Hashable) -> float:
        """Return for how many seconds nothing may leave to a place; takes no turn."""
        place = self._names.get(place, place)
        return max(0.0, self._free.get(place, 0.0) - self._clock.monotonic())

    def hold(self, place: Hashable, seconds: float) -> None:
        """Let nothing leave to a place for so long, because it said so."""
        place = self._names.get(place, place)
        until = self._clock.monotonic() + seconds
        self._free[place] = max(self._free.get(place, 0.0), until)

    def same(self, name: Hashable, place: Hashable) -> None:
        """Learn that a name, such as `#ops`, means a place; turns that were taken by the name count there."""
        if name == place or self._names.get(name) == place:
            return
        self._names[name] = place
        self._free[place] = max(self._free.get(place, 0.0), self._free.pop(name, 0.0))

    def _forget(self, now: float) -> None:
        if len(self._free) > _MANY:
            self._free = {place: free for place, free in self._free.items() if free > now}
            self._promised = {place: moment for place, moment in self._promised.items() if moment > now}
