"""What grouping remembers of one incident: counts, bounded whatever its size.

Enters: traits of alerts that joined, moved away or ended. Leaves: how often it holds a value, a rule, an alert.
Of an alert it keeps only its name.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from aiops_daemon.core.incidents.grouping.traits import Traits

_MOST_TOKENS = 512
_MOST_KEYS = 4_000
_MOST_PAIRS = 48
_MOST_SERVICES = 64

_PRIOR_GAPS = 2.0
_MOST_GAPS = 32.0

FIRING, ENDED = True, False


@dataclass(slots=True, eq=False)
class Cluster:
    """One incident in numbers."""

    uid: str
    opened: float
    last: float  # the latest alert's start
    near: float  # the latest alert that joined, or could as well have joined: two faults at once take turns
    partition: tuple[str, ...]
    count: int = 0
    tokens: dict[str, int] = field(default_factory=dict)
    services: dict[str, int] = field(default_factory=dict)
    scopes: dict[str, int] = field(default_factory=dict)  # alerts that have a label of a scope, by its name
    pairs: dict[str, int] = field(default_factory=dict)
    keys: dict[tuple[str, str], bool] = field(default_factory=dict)
    beats: dict[int, int] = field(default_factory=dict)
    silence: float = 0.0  # sum of the gaps between its alerts, and their number; old ones fade
    gaps: float = 0.0
    episodes: set[str] = field(default_factory=set)
    closed_at: float | None = None

    def add(self, traits: Traits, sign: int = 1) -> None:
        """Count an alert in, or with sign -1 out."""
        self.count += sign
        _count(self.tokens, traits.tokens, sign, _MOST_TOKENS)
        _count(self.services, traits.services, sign, _MOST_SERVICES)
        _count(self.scopes, tuple(name for name, _ in traits.scopes), sign, _MOST_SERVICES)
        _count(self.pairs, (traits.pair,), sign, _MOST_PAIRS)
        _count(self.beats, (traits.beat,), sign, 120)
        if sign < 0:
            self.keys.pop(traits.key, None)
        elif traits.key in self.keys or len(self.keys) < _MOST_KEYS:
            self.keys[traits.key] = FIRING

    def counted(self, traits: Traits) -> list[str]:
        """Return the values of an alert that are counted here; beyond the most that are, none is."""
        return [token for token in traits.tokens if token in self.tokens]

    def pace(self, usual: float) -> float:
        """Return the mean gap between its alerts; a new incident is taken for a usual one."""
        return (self.silence + _PRIOR_GAPS * usual) / (self.gaps + _PRIOR_GAPS)

    def wait(self, gap: float) -> None:
        """Count the silence before an alert that joins."""
        if self.gaps >= _MOST_GAPS:
            self.silence, self.gaps = self.silence / 2.0, self.gaps / 2.0
        self.silence += gap
        self.gaps += 1.0

    def touch(self, at: float) -> None:
        """Move the time of its latest alert forward."""
        self.last = max(self.last, at)
        self.near = max(self.near, at)

    def silent(self, at: float) -> float:
        """Return the seconds between an alert and what is nearest of this incident, 0 within it."""
        return max(at - self.near, self.opened - at, 0.0)

    def gap(self, at: float) -> float:
        """Return the seconds between an alert and this incident's alerts, 0 within them."""
        return max(at - self.last, self.opened - at, 0.0)

    def absorb(self, other: Cluster) -> None:
        """Take over everything another one counts."""
        self.count += other.count
        for mine, theirs, most in (
            (self.tokens, other.tokens, _MOST_TOKENS),
            (self.services, other.services, _MOST_SERVICES),
            (self.scopes, other.scopes, _MOST_SERVICES),
            (self.pairs, other.pairs, _MOST_PAIRS),
        ):
            for name, count in theirs.items():
                _count(mine, (name,), count, most)
        for beat, count in other.beats.items():
            self.beats[beat] = self.beats.get(beat, 0) + count
        for key, firing in other.keys.items():
            if key in self.keys or len(self.keys) < _MOST_KEYS:
                self.keys[key] = self.keys.get(key, ENDED) or firing
        self.episodes |= other.episodes
        self.opened = min(self.opened, other.opened)
        self.touch(other.last)


def _count(
    counts: dict[str, int] | dict[int, int], names: tuple[str, ...] | tuple[int, ...], by: int, most: int
) -> None:
    table: dict[object, int] = counts  # type: ignore[assignment]
    for name in names:
        known = table.get(name)
        if known is None:
            if by > 0 and len(table) < most:
                table[name] = by
        elif known + by > 0:
            table[name] = known + by
        else:
            del table[name]
