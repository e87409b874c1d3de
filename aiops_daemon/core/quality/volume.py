"""Whether more alerts come than usual, or suddenly none: by team, service and rule, and by source.

Enters: alerts as they are heard of, and the moment. Leaves: what is unusual now, with the numbers and a sentence. One
thing is said once: where a whole team is loud its services are not named apart. Says nothing before it has seen
`WARM_DAYS`, nor of rules that seldom fire: their bursts are incidents, not volume.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from aiops_daemon.core.quality.counts import BINS_A_DAY, Counts, Shape, bin_of, score
from aiops_daemon.core.quality.loudness import Names, Present, Subject, Unusual, loud, renewed, silent

WARM_DAYS = 3
WARM_DAYS_NARROW = 10  # days on which a service or rule must have fired before it is looked at apart
MOST_SUBJECTS = 2_000
MOST_FINGERPRINTS = 20_000
MOST_OF_ONE, USUAL_TIMES = 3, 8  # alerts of a rule in five minutes that count for what is above it: see _most
FALSE_ALARMS = 0.5  # in a week, by chance alone, over all that is watched
MINUTES = 5  # of a bin
_LONGEST_GAP = 60  # minutes: after a longer pause nothing is known of what came meanwhile
_STRANGE = 2  # first bins after a start, in which alerts come that began before
_MEASURES = ("alerts", "critical", "new")


class Heard(NamedTuple):
    """What volume needs to know of a new episode."""

    source: str
    team: str
    service: str
    rule: str
    fingerprint: str
    critical: bool


@dataclass(slots=True)
class Learned:
    """What lasts over a restart. `began` is the bin in which counting began, ever; `seen` fingerprints by age."""

    began: int = 0
    until: int = 0  # last bin learned
    subjects: dict[Subject, Counts] = field(default_factory=dict)
    shapes: dict[str, Shape] = field(default_factory=dict)  # by team; "" of all
    seen: dict[str, None] = field(default_factory=dict)


@dataclass(slots=True)
class _Filling:
    """The bin that fills, and the minutes of the last two bins."""

    number: int
    minute: int
    rules: dict[Subject, int] = field(default_factory=dict)  # alerts in this bin
    minutes: deque[Counter[Subject]] = field(default_factory=lambda: deque([Counter()], 2 * MINUTES))
    names: dict[str, Names] = field(default_factory=dict)  # by team, "" of all; of this bin and the one before
    older: dict[str, Names] = field(default_factory=dict)

    def windows(self) -> tuple[Counter[Subject], Counter[Subject]]:
        """Sum the last five minutes, and the five before."""
        sums: tuple[Counter[Subject], Counter[Subject]] = (Counter(), Counter())
        for age, minute in enumerate(reversed(self.minutes)):
            sums[age // MINUTES].update(minute)
        return sums


class Volume:
    """Counts of everything, and what is unusual now."""

    def __init__(self, learned: Learned | None = None) -> None:
        self.learned = learned or Learned()
        self.unusual: dict[Subject, Unusual] = {}
        self._full: _Filling | None = None
        self._names: dict[tuple[str, str, str, str], tuple[Subject, tuple[Subject, ...]]] = {}
        self._started = 0  # bin from which counts are whole

    def heard(self, alert: Heard, now: float) -> bool:
        """Count an alert; says whether its fingerprint was never seen before."""
        full = self._filling(now)
        rule, above = self._counted(alert)
        counted = full.rules.get(rule, 0)
        full.rules[rule] = counted + 1
        full.minutes[-1][rule] += 1
        fresh = self._first_time(alert)
        if counted < self._most(rule, full.number):
            full.minutes[-1].update(above)
            if alert.critical:
                full.minutes[-1][Subject(alert.team, measure="critical")] += 1
            if fresh:
                full.minutes[-1][Subject(alert.team, measure="new")] += 1
        for team in ("", alert.team):
            full.names.setdefault(team, Counter())[alert.service, alert.rule] += 1
        return fresh

    def close(self, now: float) -> Iterator[Unusual | None]:
        """Close the minutes that are over; yields what changed, and None between subjects. Must be consumed whole."""
        full, minute = self._filling(now), int(now // 60)
        if not 0 <= minute - full.minute <= _LONGEST_GAP:
            self._full = None  # the machine slept, or its clock was set
            return
        while full.minute < minute:
            yield from self._judge_all(full)
            full.minute += 1
            if full.minute // MINUTES > full.number:
                yield from self._learn_all(full)
            full.minutes.append(Counter())

    def _filling(self, now: float) -> _Filling:
        if self._full is None:
            self._full = _Filling(bin_of(now), int(now // 60))
            self._started = self._full.number + 1
            self._resume()
        return self._full

    def _resume(self) -> None:
        """Leave out the time of which nothing is known: nobody counted, which does not mean that nothing came."""
        learned = self.learned
        gap = self._started - 1 - learned.until if learned.until else 0
        for past in learned.subjects.values():
            past.last += gap
            past.quiet, past.silent = 0.0, 0
        learned.began = learned.began or self._started
        learned.until = self._started - 1

    def _counted(self, alert: Heard) -> tuple[Subject, tuple[Subject, ...]]:
        """Return the subject of an alert's rule and those above it; remembered, as alerts come in crowds."""
        key = (alert.source, alert.team, alert.service, alert.rule)
        known = self._names.get(key)
        if known is None:
            team, service = Subject(alert.team), Subject(alert.team, alert.service)
            above = (Subject(), Subject(source=alert.source), team, *([service] if alert.service else []))
            known = (Subject(alert.team, alert.service, alert.rule), above)
            if len(self._names) >= MOST_SUBJECTS:
                self._names.clear()
            self._names[key] = known
        return known

    def _most(self, rule: Subject, number: int) -> float:
        """Return how many alerts of a rule count in a bin for what is above it: a rare rule's burst is an incident."""
        past = self.learned.subjects.get(rule)
        return MOST_OF_ONE if past is None else max(MOST_OF_ONE, USUAL_TIMES * past.level(number))

    def _first_time(self, alert: Heard) -> bool:
        seen = self.learned.seen
        known = alert.fingerprint in seen
        seen.pop(alert.fingerprint, None)
        seen[alert.fingerprint] = None
        if len(seen) > MOST_FINGERPRINTS:
            del seen[next(iter(seen))]
        return not known

    def _judge_all(self, full: _Filling) -> Iterator[Unusual | None]:
        """Judge the ten minutes up to now, from the broad to the narrow, so that nothing is said twice."""
        if full.number < self._started + _STRANGE:
            return
        lately, before = full.windows()
        factors = {team: shape.factor(full.number) for team, shape in self.learned.shapes.items()}
        likely = FALSE_ALARMS / (7 * BINS_A_DAY * 2 * max(1, len(self.learned.subjects)))
        self._note_bursts(lately + before, full.number)
        for subject in self._concerned(lately):
            past = self.learned.subjects[subject]
            expected = past.level(full.number) * factors[subject.team]
            now = Present(full.number, lately[subject], before[subject], expected, likely, (full.minute + 1) * 60.0)
            yield self._judged(subject, past, now, full)
            past.note(full.number, now.z)

    def _learn_all(self, full: _Filling) -> Iterator[None]:
        """Learn the bin that is full and begin the next; one begun in its middle teaches nothing."""
        number, (counts, _) = full.number, full.windows()
        full.number, full.rules = full.minute // MINUTES, {}
        full.names, full.older = {}, full.names
        if number < self._started:
            return
        for subject in counts:
            self._meet(subject, number)
        broad = [one for one in self.learned.subjects if one.broad and one.measure in _MEASURES]
        for subject in {*broad, *counts}:
            self._learn(subject, number, counts[subject])
            yield None
        self.learned.until = number
        self._thin_out()

    def _note_bursts(self, counts: Counter[Subject], number: int) -> None:
        """Remember each team's largest burst of one rule in ten minutes."""
        largest: dict[str, int] = {}
        for subject, count in counts.items():
            if subject.rule:
                largest[subject.team] = max(largest.get(subject.team, 0), count)
        for team, count in largest.items():
            subject = Subject(team, measure="burst")
            self._meet(subject, number)
            self.learned.subjects[subject].note(number, score(count, 0.0))

    def _meet(self, subject: Subject, number: int) -> None:
        """Begin to count what was never met: it did not come since counting began."""
        if subject not in self.learned.subjects:
            self.learned.subjects[subject] = Counts(min(self.learned.began, number) - 1)
            self.learned.shapes.setdefault(subject.team, Shape())

    def _thin_out(self) -> None:
        """When there are too many subjects, let the narrow ones go that were idle for longest."""
        subjects = self.learned.subjects
        excess = len(subjects) - MOST_SUBJECTS
        if excess > 0:
            narrow = [one for one in subjects if not one.broad and one not in self.unusual]
            for one in sorted(narrow, key=lambda one: (subjects[one].last, one))[:excess]:
                del subjects[one]

    def _concerned(self, lately: Counter[Subject]) -> list[Subject]:
        """List what to look at, from the broad to the narrow: sources, teams, all, then services and rules."""
        broad = [one for one in self.learned.subjects if one.broad and one.measure in _MEASURES]
        narrow = [one for one in lately.keys() | self.unusual.keys() if not one.broad]
        broad.sort(key=lambda one: (not one.source, not one.team, _MEASURES.index(one.measure), one))
        narrow.sort(key=lambda one: (bool(one.rule), one))
        return [one for one in broad + narrow if one in self.learned.subjects]

    def _judged(self, subject: Subject, past: Counts, now: Present, full: _Filling) -> Unusual | None:
        names: Names = Counter()
        if subject.broad:
            names = full.names.get(subject.team, names) + full.older.get(subject.team, Counter())
        was = self.unusual.get(subject)
        found = self._new(subject, past, now, names) if was is None else renewed(was, past, now, names)
        if found is not None and found.over:
            del self.unusual[subject]
        elif found is not None:
            self.unusual[subject] = found
        return found

    def _new(self, subject: Subject, past: Counts, now: Present, names: Names) -> Unusual | None:
        """Look for something unusual that nothing open covers."""
        if not self._ripe(subject, past, now.number):
            return None
        if subject.source:
            return silent(subject, past, now)
        burst = self._burst(subject, now.number)
        found = None if self._covered(subject, silence=False) else loud(subject, past, now, names, burst)
        if found is None and subject.team and subject == Subject(subject.team):
            return None if self._covered(subject, silence=True) else silent(subject, past, now)
        return found

    def _burst(self, subject: Subject, number: int) -> float:
        """Return z of the second worst day's largest burst of one rule of the team: what a rule must exceed."""
        if not subject.rule:
            return 0.0
        bursts = self.learned.subjects.get(Subject(subject.team, measure="burst"))
        return bursts.worst(number, 1) if bursts is not None else 0.0

    def _ripe(self, subject: Subject, past: Counts, number: int) -> bool:
        """Say whether enough is known to judge."""
        long = number - self.learned.began >= WARM_DAYS * BINS_A_DAY
        return long and past.known_days(number) >= (WARM_DAYS if subject.broad else WARM_DAYS_NARROW)

    def _covered(self, subject: Subject, *, silence: bool) -> bool:
        """Say whether something open says it already."""
        return any(one.silent is silence and _covers(one.subject, subject) for one in self.unusual.values())

    def _learn(self, subject: Subject, number: int, count: int) -> None:
        past, shape = self.learned.subjects[subject], self.learned.shapes[subject.team]
        expected = past.level(number) * shape.factor(number)
        past.wait(count, expected)
        cut = past.learn(number, count, expected)
        if subject == Subject(subject.team):
            shape.learn(number, cut, past.total / past.weight)


def _covers(open_one: Subject, subject: Subject) -> bool:
    """Say whether what is unusual already speaks for a subject: a source or team for all in it, and a team for all."""
    if open_one.source or not subject.team:
        return True
    return open_one.team in ("", subject.team) and (
        open_one.broad or (open_one.service, "") == (subject.service, open_one.rule)
    )
