"""All budgets of one SLO on one source: one, or one for each combination of the grouping labels.

Enters: increments by group, and which groups have series. Leaves: a status for each budget. Their number is bounded:
what comes above the limit is refused and counted, and those that are watched go on. A group that was gone for a day is
told of no more, and is forgotten when its window is empty or its place is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.slo import SloSpec, SloStatus
from aiops_daemon.core.signals.burn.guard import Guard
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.core.signals.burn.ring import Sums
from aiops_daemon.core.signals.burn.windows import all_pairs

TOLD_FOR = DAY  # that a group without series is told of, as gone


@dataclass(frozen=True, slots=True)
class Gain:
    """What one budget gained; `errors` and `lately` as in BurnLedger.add."""

    bad: float
    total: float
    errors: float = 0.0
    lately: Sums | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """What one budget gained in stretches of equal length, each up to its time; shapes (n,), NaN unknown."""

    bad: NDArray[np.float64]
    total: NDArray[np.float64]
    errors: NDArray[np.float64] | None = None


class Budgets:
    """The ledgers of one SLO."""

    def __init__(self, spec: SloSpec, guard: Guard, *, source: str = "") -> None:
        self.spec = spec
        self.refused = 0  # groups of the last answer that found no place
        self._guard, self._source = guard, source
        self._ledgers: dict[Labels, BurnLedger] = {}
        self._seen: dict[Labels, float] = {}  # when a group last had series
        if not spec.grouping:
            self._ledgers[()] = self._begin(())

    def __len__(self) -> int:
        """Count the budgets."""
        return len(self._ledgers)

    def admit(self, groups: Iterable[Labels], at: float) -> frozenset[Labels]:
        """Make room for groups that have series now; return those that are watched."""
        wanted = sorted(groups) if self.spec.grouping else [group for group in groups if group == ()]
        self._seen.update((group, at) for group in wanted if group in self._ledgers)
        self._forget(at)
        new = [group for group in wanted if group not in self._ledgers]
        placed = new[: self._make_room(len(new), at)]
        self.refused = len(new) - len(placed)
        for group in placed:
            self._ledgers[group] = self._begin(group)
        self._seen.update((group, at) for group in wanted if group in self._ledgers)
        return frozenset(group for group in wanted if group in self._ledgers)

    def add(self, at: float, gains: Mapping[Labels, Gain], *, since: float | None = None) -> None:
        """Count what groups gained; those that are not watched are left out, and who gained nothing gained 0."""
        nothing = Gain(0.0, 0.0)
        for group, ledger in self._ledgers.items():
            gain = gains.get(group, nothing)
            ledger.add(at, gain.bad, gain.total, since=since, errors=gain.errors, lately=gain.lately)

    def backfill(self, times: NDArray[np.float64], past: Mapping[Labels, Past], *, length: float) -> None:
        """Count what was read back."""
        for group, rows in past.items():
            if group in self._ledgers:
                self._ledgers[group].backfill(times, rows.bad, rows.total, rows.errors, length=length)

    def spread(self, start: float, end: float, gains: Mapping[Labels, Gain]) -> None:
        """Count what was gained at some time within a stretch, where nothing better is known."""
        for group, gain in gains.items():
            if group in self._ledgers:
                self._ledgers[group].spread(start, end, gain.bad, gain.total)

    def credit(self, start: float, end: float, gains: Mapping[Labels, Gain]) -> None:
        """Count what series gained that were away, beside what others did meanwhile."""
        for group, gain in gains.items():
            if group in self._ledgers:
                self._ledgers[group].credit(start, end, gain.bad, gain.total)

    def rewind(self, at: float) -> None:
        """Forget what came after a moment, for the clock was ahead."""
        self._seen = {group: min(seen, at) for group, seen in self._seen.items()}
        for ledger in self._ledgers.values():
            ledger.rewind(at)

    def reach(self, at: float) -> float:
        """Return how many seconds before `at` count for anything: the window's, and those of its alerts."""
        return max(self._begin(()).length(at), *(pair.long for pair in all_pairs(self.spec)), 0.0)

    def statuses(self, at: float, present: frozenset[Labels]) -> Iterator[SloStatus]:
        """Judge every budget that is told of, one by one; an SLO whose groups are all gone still says so."""
        told = [group for group in self.groups() if not self.spec.grouping or self._lives(group, at)]
        for group in told:
            yield self._ledgers[group].status(at, present=group in present)
        if not told:
            yield self._begin(()).status(at, present=False)

    def groups(self) -> list[Labels]:
        """List the groups that have a budget."""
        return sorted(self._ledgers)

    def heirloom(self, limit: int) -> list[Labels]:
        """List the groups whose budgets go on under a limit: those that were seen last."""
        return sorted(self._ledgers, key=lambda group: (-self._seen.get(group, 0.0), group))[:limit]

    def succeed(self, old: Budgets, groups: Iterable[Labels]) -> None:
        """Take over budgets of an SLO that counts the same."""
        for group in groups:
            self._ledgers[group] = self._begin(group)
            self._ledgers[group].succeed(old._ledgers[group])
            if group in old._seen:
                self._seen[group] = old._seen[group]

    def export_state(self, groups: list[Labels]) -> dict[str, NDArray[np.float64]]:
        """Return what a restart must keep of groups, a row a group."""
        states = [self._ledgers[group].export_state() for group in groups]
        stacked = {name: np.stack([state[name] for state in states]) for name in (states[0] if states else ())}
        return {**stacked, "seen": np.array([self._seen.get(group, np.nan) for group in groups])}

    def import_state(self, groups: list[Labels], state: Mapping[str, NDArray[np.float64]]) -> None:
        """Take over exported state; raises ValueError for a wrong shape, and then nothing is taken over."""
        if len(np.atleast_1d(state.get("seen", np.empty(0)))) != len(groups):
            raise ValueError("saved burn state has another number of groups")
        restored = {}
        for row, group in enumerate(groups[: self.spec.max_groups]):
            restored[group] = self._begin(group)
            restored[group].import_state({name: values[row] for name, values in state.items() if name != "seen"})
        self._ledgers |= restored
        seen = zip(groups, np.atleast_1d(state["seen"]).tolist(), strict=True)
        self._seen = {group: at for group, at in seen if group in restored and not np.isnan(at)}

    def _begin(self, group: Labels) -> BurnLedger:
        return BurnLedger(self.spec, self._guard, group=group, source=self._source)

    def _lives(self, group: Labels, at: float) -> bool:
        return at - self._seen.get(group, at) <= TOLD_FOR

    def _make_room(self, wanted: int, at: float) -> int:
        """Return how many more groups fit, after as many as must have left: those that are gone the longest."""
        room = self.spec.max_groups - len(self._ledgers)
        if room < wanted:
            gone = sorted(
                (group for group in self._ledgers if not self._lives(group, at)), key=lambda group: self._seen[group]
            )
            for group in gone[: wanted - room]:
                self._drop(group)
        return max(0, self.spec.max_groups - len(self._ledgers))

    def _forget(self, at: float) -> None:
        if self.spec.grouping:
            gone = [group for group in self._ledgers if not self._lives(group, at)]
            for group in gone:
                if self._ledgers[group].is_empty(at):
                    self._drop(group)

    def _drop(self, group: Labels) -> None:
        del self._ledgers[group]
        self._seen.pop(group, None)
