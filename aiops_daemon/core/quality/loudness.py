"""When a count of alerts is unusual, and the words for it.

Enters: one subject's past, its present count and what is expected. Leaves: an Unusual, new, updated or over. A count
is loud when chance hardly makes it and no day of the last weeks was nearly as far off (the worst one aside); a
subject is silent when chance hardly makes it and as much never stayed out. Neither bursts nor rarity alone speak.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import NamedTuple

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.quality.counts import BIN, Counts, chance, score

LEAST = 8  # alerts in ten minutes below which nothing is loud
WARM_DAYS = 14  # before silences are judged: two weekends
LEAST_QUIET = 12.0  # alerts that must have stayed out for a silence
CALM = 15  # plausible minutes after which it is over
_NEVER = 1.5  # z below which no day counts as off
_MOST_NAMED = 3

Names = Counter[tuple[str, str]]
"""How many alerts of which service and rule."""


class Subject(NamedTuple):
    """What is counted; "" stands for all. `measure`: alerts, new (never seen before) or critical ones."""

    team: str = ""
    service: str = ""
    rule: str = ""
    source: str = ""
    measure: str = "alerts"

    @property
    def broad(self) -> bool:
        """Say whether it is counted in every bin: a team, a source, or all."""
        return not (self.service or self.rule)

    @property
    def labels(self) -> Labels:
        """Return the labels of its findings."""
        named = {"team": self.team, "service": self.service, "alertname": self.rule, "alertmanager": self.source}
        return make(named | {"measure": self.measure})

    @property
    def words(self) -> str:
        """Name it in a sentence."""
        names = (("rule", self.rule), ("service", self.service), ("team", self.team), ("Alertmanager", self.source))
        where = ", ".join(f"{kind} {name}" for kind, name in names if name)
        what = {"new": "alerts never seen before", "critical": "critical alerts"}.get(self.measure, "alerts")
        return f"{what} of {where}" if where else what


@dataclass(frozen=True, slots=True)
class Unusual:
    """Something unusual that lasts: silent or loud; times are unix seconds, counts are of `minutes`."""

    subject: Subject
    silent: bool
    since: float
    count: int
    expected: float
    upper: float
    minutes: int
    chance: float
    sentence: str
    calm: int = 0

    @property
    def over(self) -> bool:
        """Say whether all is usual again."""
        return self.calm >= CALM


class Present(NamedTuple):
    """Five minutes of one subject: its alerts, those of the five before, what is expected of each."""

    number: int
    alerts: int
    before: int
    expected: float
    likely: float  # chance from which nothing is said
    at: float  # unix seconds up to which this is

    @property
    def z(self) -> float:
        """Return how far off the bin, or the last two, are."""
        return max(score(self.alerts, self.expected), score(self.alerts + self.before, 2 * self.expected))


def loud(subject: Subject, past: Counts, now: Present, names: Names, burst: float = 0.0) -> Unusual | None:
    """Return what is loud, None when it is not; `burst` is the z that its peers reach anyway."""
    one, two = chance(now.alerts, now.expected, past.phi), _two(past, now)
    if (
        now.alerts + now.before < LEAST
        or min(one, two) >= now.likely
        or now.z <= _margin(past, now, 1, max(_NEVER, burst))
    ):
        return None
    bins = 1 if one <= two else 2
    return _loud(subject, past, now, names, bins)


def silent(subject: Subject, past: Counts, now: Present) -> Unusual | None:
    """Return what is silent, None when it is not."""
    rare = math.exp(-past.quiet / past.phi)
    if (
        now.alerts
        or past.known_days(now.number) < WARM_DAYS
        or past.quiet < LEAST_QUIET
        or rare >= now.likely
        or past.quiet <= _margin(past, now, 2, 0.0)
    ):
        return None
    minutes = round(past.silent * BIN / 60)
    since = now.number * BIN - past.silent * BIN
    text = f"no {subject.words} for {minutes} minutes, in which {past.quiet:.0f} are usual; is the way to here broken?"
    return Unusual(subject, True, since, 0, past.quiet, past.quiet, minutes, rare, text)


def renewed(was: Unusual, past: Counts, now: Present, names: Names) -> Unusual:
    """Return an Unusual after one more minute."""
    if was.silent:
        again = silent(was.subject, past, now)
        return replace(again, since=was.since) if again is not None else replace(was, calm=CALM)
    if now.alerts <= past.upper(now.expected):
        return replace(was, calm=was.calm + 1)
    return replace(_loud(was.subject, past, now, names, 1), since=was.since)


def _loud(subject: Subject, past: Counts, now: Present, names: Names, bins: int) -> Unusual:
    count = now.alerts if bins == 1 else now.alerts + now.before
    expected, minutes = bins * now.expected, round(bins * BIN / 60)
    upper = past.upper(expected)
    times = f"{count / expected:.1f} times" if expected >= 0.5 else "where hardly any is"
    most = ", ".join(f"{_named(name)} {many}" for name, many in names.most_common(_MOST_NAMED))
    text = (
        f"{count} new {subject.words} in {minutes} minutes, up to {upper:.0f} are usual at this time "
        f"({times} expected{f': {expected:.1f}' if expected >= 0.5 else ''})"
    )
    since = now.at - bins * BIN
    rare = chance(count, expected, past.phi)
    return Unusual(
        subject, False, since, count, expected, upper, minutes, rare, f"{text}; most: {most}" if most else text
    )


def _named(name: tuple[str, str]) -> str:
    service, rule = name
    return f"{rule} of {service}" if service else rule


def _two(past: Counts, now: Present) -> float:
    return chance(now.alerts + now.before, 2 * now.expected, past.phi)


def _margin(past: Counts, now: Present, column: int, least: float) -> float:
    """Return what must be exceeded: the second worst day, and the more the fewer days are known."""
    return (1.1 + 1.5 / max(1, past.known_days(now.number))) * max(past.worst(now.number, column), least)
