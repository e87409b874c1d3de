"""How good an alert rule is: what came of its alerts over a period.

Enters: the past episodes of a rule, and of all rules for what doubles what. Leaves: one RuleQuality. An incident counts
for the rule that opened it; ratios leave out what is not decided yet and are None where nothing is. Never
looks at what alerts say, only at when they came, how they ended and what people did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory
from aiops_daemon.core.model.rulequality import RuleQuality
from aiops_daemon.core.quality.memory import Rule

RETURN = 900.0  # seconds: an alert that is back within this after its end flapped


class Opened(NamedTuple):
    """One incident that the rule opened. `ends_at` when the rule's own alerts in it had all ended; None: not yet."""

    ends_at: float | None
    acted_at: float | None
    false_positive: bool

    @property
    def self_resolved(self) -> bool | None:
        """Say whether it ended before anybody acted; None while that is open."""
        if self.acted_at is not None:
            return self.ends_at is not None and self.ends_at < self.acted_at
        return None if self.ends_at is None else True


def rule_quality(history: RuleHistory, doubles: Mapping[Rule, tuple[str, float]] | None = None) -> RuleQuality:
    """Sum up one rule; `doubles` says which rule each one doubles (see duplicates.py)."""
    episodes = history.episodes
    opened = list(incidents_opened(episodes).values())
    lives = [one.ends_at - one.starts_at for one in episodes if one.ends_at is not None]
    duplicate_of, duplicate_ratio = (doubles or {}).get((history.team, history.rule), ("", 0.0))
    return RuleQuality(
        team=history.team,
        rule=history.rule,
        alerts=len(episodes),
        incidents=len(opened),
        self_resolved_ratio=_ratio(one.self_resolved for one in opened),
        acted_ratio=_ratio(one.acted_at is not None for one in opened),
        false_positive_ratio=_ratio(one.false_positive for one in opened),
        flaps=flaps(episodes),
        median_life_seconds=max(0.0, _median(lives)) if lives else None,
        muted_ratio=_ratio(one.muted for one in episodes),
        duplicate_of=duplicate_of,
        duplicate_ratio=duplicate_ratio,
    )


def incidents_opened(episodes: Iterable[RuleEpisode]) -> dict[str, Opened]:
    """Return, by uid, the incidents that these episodes opened, with all of these episodes that are in them."""
    members: dict[str, list[RuleEpisode]] = defaultdict(list)
    for episode in episodes:
        if episode.incident:
            members[episode.incident].append(episode)
    return {uid: _opened(inside) for uid, inside in members.items() if any(one.opened for one in inside)}


def _opened(inside: list[RuleEpisode]) -> Opened:
    ends = [one.ends_at for one in inside if one.ends_at is not None]
    acts = [one.acted_at for one in inside if one.acted_at is not None]
    return Opened(
        max(ends) if len(ends) == len(inside) else None,
        min(acts, default=None),
        any(one.false_positive for one in inside),
    )


def flaps(episodes: Iterable[RuleEpisode]) -> int:
    """Count returns: starts beyond the first of an episode, and episodes that follow an end by at most 15 minutes."""
    ends: dict[tuple[str, str], float] = {}
    count = 0
    for episode in sorted(episodes, key=lambda one: (one.starts_at, one.uid)):
        key = (episode.source, episode.fingerprint)
        count += max(0, episode.starts - 1) + (episode.starts_at - ends.get(key, float("-inf")) <= RETURN)
        if episode.ends_at is not None:
            ends[key] = max(ends.get(key, episode.ends_at), episode.ends_at)
    return count


def _ratio(known: Iterable[bool | None]) -> float | None:
    decided = [one for one in known if one is not None]
    return sum(decided) / len(decided) if decided else None


def _median(values: list[float]) -> float:
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2
