"""Which alert rule doubles another: nearly always, when it fires, the other fired just before.

Enters: the past episodes of all rules. Leaves: for each rule that doubles one, that one's name and the share. Alerts
of a rule that start within a minute are one; two rules meet only within a team, and within an incident where both
are in one. Meetings by chance do not count: a rule that fires all the time precedes everything.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from aiops_daemon.core.model.listing import RuleEpisode, RuleHistory
from aiops_daemon.core.quality.memory import Rule

WINDOW = 300.0  # seconds before a start in which the other must have started
SHARE = 0.8
LEAST = 5  # starts that it takes to say anything
_ONE = 60.0
_MOST_STARTS = 300  # the latest of each rule
_BY_CHANCE = 0.3  # share of the time that lies within WINDOW after a start of the other, from which nothing is said


class Start(NamedTuple):
    """One start of one rule, ordered by time, then name: of two at once the first by name came first."""

    at: float
    rule: str
    incident: str


def duplicates(histories: Iterable[RuleHistory]) -> dict[Rule, tuple[str, float]]:
    """Return, by rule that doubles another, that other and the share of its starts that followed one of the other's."""
    teams: dict[str, dict[str, list[Start]]] = defaultdict(dict)
    for history in histories:
        teams[history.team][history.rule] = list(_starts(history))[-_MOST_STARTS:]
    found: dict[Rule, tuple[str, float]] = {}
    for team, rules in teams.items():
        found |= {(team, rule): other for rule, other in _of_team(rules).items()}
    return found


def _of_team(rules: dict[str, list[Start]]) -> dict[str, tuple[str, float]]:
    preceded = _preceded(sorted(start for starts in rules.values() for start in starts))
    found: dict[str, tuple[str, float]] = {}
    for rule, others in preceded.items():
        count = len(rules[rule])
        shares = {other: met / count for other, met in others.items() if not _always(rules[other])}
        best = min(shares, key=lambda other: (-shares[other], other), default="")
        if best and count >= LEAST and shares[best] >= SHARE:
            found[rule] = (best, shares[best])
    return found


def _preceded(starts: Iterable[Start]) -> dict[str, dict[str, int]]:
    """Count, for each rule, how many of its starts follow one of each other rule within the window."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    recent: deque[Start] = deque()
    for start in starts:
        while recent and recent[0].at < start.at - WINDOW:
            recent.popleft()
        for other in {one.rule for one in recent if one.rule != start.rule and _together(one, start)}:
            counts[start.rule][other] += 1
        recent.append(start)
    return counts


def _together(one: Start, other: Start) -> bool:
    return not one.incident or not other.incident or one.incident == other.incident


def _always(starts: list[Start]) -> bool:
    """Say whether a rule starts so often that it precedes much by chance alone."""
    span = starts[-1].at - starts[0].at
    return len(starts) >= LEAST and len(starts) * WINDOW > _BY_CHANCE * max(span, WINDOW)


def _starts(history: RuleHistory) -> Iterator[Start]:
    last: RuleEpisode | None = None
    for episode in sorted(history.episodes, key=lambda one: (one.starts_at, one.uid)):
        if last is None or episode.starts_at - last.starts_at >= _ONE or episode.incident != last.incident:
            yield Start(episode.starts_at, history.rule, episode.incident)
            last = episode
