"""Which targets had series at the last look: whether a series that is new was born, or came back with its whole life.

Enters: the series of every look. Leaves: since when what a new series counts can have come. A target that was away for
longer than counters are kept, or over a restart, is not known: only the source can tell. Never asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.signals.burn.groups import Grouping
from aiops_daemon.core.signals.burn.increases import FORGET_SECONDS

TARGET = ("job", "instance")


class Targets:
    """Remembers the targets of one SLO's counters for as long as their last values are."""

    def __init__(self) -> None:
        self._grouping = Grouping(TARGET)
        self._there: frozenset[Labels] = frozenset()
        self._absent_since: dict[Labels, float] = {}

    def of(self, key: bytes) -> Labels:
        """Return the target of one series, as far as its labels name one."""
        return self._grouping.of(key)

    def since(self, key: bytes, at: float) -> float | None:
        """Return since when a new series can have counted: `at`, or when its target went away; None: not known."""
        target = self.of(key)
        return at if target in self._there else self._absent_since.get(target)

    def see(self, keys: Iterable[bytes], at: float) -> None:
        """Note which targets have series now."""
        there = frozenset(map(self.of, keys))
        for target in self._there - there:
            self._absent_since[target] = at
        for target in self._absent_since.keys() & there:
            del self._absent_since[target]
        gone = [target for target, since in self._absent_since.items() if at - since > FORGET_SECONDS]
        for target in gone:
            del self._absent_since[target]
        self._there = there

    def __len__(self) -> int:
        """Count the remembered targets."""
        return len(self._there) + len(self._absent_since)
