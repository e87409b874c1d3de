"""Errors that come and go: how often a share of errors rose above a level and fell below it.

Enters: whether the share is above, moment by moment. Leaves: whether errors came back lately, which keeps a page from
ending and beginning anew with each burst. The generated rules ask the same by changes().
"""

from __future__ import annotations

from collections import deque

TURNS = 3  # above the level, below, above again: errors that came back


class Turns:
    """What one share of errors did in the last `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._above: bool | None = None
        self._moments: deque[float] = deque(maxlen=TURNS)

    def note(self, at: float, above: bool | None) -> None:
        """Take what holds at a moment; None: there were no events, which is no turn."""
        if above is None:
            return
        if self._above is not None and above is not self._above:
            self._moments.append(at)
        self._above = above

    def came_back(self, at: float) -> bool:
        """Say whether it rose, fell and rose again within the time before `at`."""
        return len(self._moments) == TURNS and self._moments[0] > at - self._seconds
