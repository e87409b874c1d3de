"""What others paged against what we would have: per incident the same, missed, extra, earlier or later, and why.

Enters: pages of both sides, incidents and why their people were not told. Leaves: comparisons, and pages per team and
shift against the page budget. Never guesses which page is which: a page of no incident of ours is told as missed.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.quantity import speak_duration

TOLERANCE = 60.0  # seconds within which both count as at the same time


class Kind(StrEnum):
    """How we would have differed."""

    SAME = "same"
    MISSED = "missed"  # they paged, we would not have
    EXTRA = "extra"  # we would have, they did not
    EARLIER = "earlier"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Paged:
    """One page. `incident` is INC-42, "" for one of no incident of ours; `team` whom its incident belongs to."""

    by: str  # aiops-daemon, alertmanager, pagerduty
    at: float
    incident: str
    team: str
    what: str  # whom it told, or its title
    why: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """An incident, and why its people are told no sooner (`late`), or not at all (`silent`)."""

    name: str
    title: str
    team: str
    late: str = ""
    silent: str = ""


@dataclass(frozen=True, slots=True)
class Compared:
    """One incident on both sides: first pages and how many."""

    incident: str
    title: str
    team: str
    kind: Kind
    ours_at: float | None
    theirs_at: float | None
    ours: int
    theirs: int
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Load:
    """Pages of one team in shifts of `per` seconds; the last shift ends where the report does."""

    team: str
    per: float
    allowed: int
    shifts: int
    ours: int
    ours_most: int  # in one shift
    ours_over: int  # shifts over the budget
    theirs: int
    theirs_most: int
    theirs_over: int


def compare(
    subjects: Iterable[Subject], ours: Iterable[Paged], theirs: Iterable[Paged], tolerance: float = TOLERANCE
) -> tuple[Compared, ...]:
    """Compare incident by incident, in the order of the first page; what nobody paged is left out."""
    known = {one.name: one for one in subjects}
    told, heard = _by_incident(ours), _by_incident(_strongest(theirs))
    strangers = [_stranger(one) for one in heard.pop("", [])]
    names = dict.fromkeys((*told, *heard))
    rows = [_compared(name, known.get(name), told.get(name, []), heard.get(name, []), tolerance) for name in names]
    return tuple(sorted((*rows, *strangers), key=lambda row: (_first(row), row.incident)))


def loads(
    teams: Sequence[TeamSpec], ours: Sequence[Paged], theirs: Iterable[Paged], since: float, until: float
) -> tuple[Load, ...]:
    """Count pages per shift, for each team with a budget."""
    others = list(_strongest(theirs))
    found = []
    for team in teams:
        per, allowed = team.page_budget_per, team.page_budget_max
        if per is None or allowed is None:
            continue
        shifts = max(1, math.ceil((until - since) / per))
        mine, their = (_per_shift(team.name, pages, per, since, until) for pages in (ours, others))
        found.append(Load(team.name, per, allowed, shifts, *_summed(mine, allowed), *_summed(their, allowed)))
    return tuple(found)


def _strongest(theirs: Iterable[Paged]) -> Iterator[Paged]:
    """Yield what PagerDuty shows where it shows something: Alertmanager's page of that incident is the same one."""
    pages = list(theirs)
    shown = {one.incident for one in pages if one.by == "pagerduty" and one.incident}
    return (one for one in pages if one.by == "pagerduty" or one.incident not in shown)


def _by_incident(pages: Iterable[Paged]) -> dict[str, list[Paged]]:
    found: defaultdict[str, list[Paged]] = defaultdict(list)
    for one in sorted(pages, key=lambda page: page.at):
        found[one.incident].append(one)
    return dict(found)


def _stranger(page: Paged) -> Compared:
    reason = "no alert that reached us fits this page"
    return Compared("", page.what, page.team, Kind.MISSED, None, page.at, 0, 1, page.by, reason)


def _compared(name: str, subject: Subject | None, ours: list[Paged], theirs: list[Paged], tolerance: float) -> Compared:
    first, other = next(iter(ours), None), next(iter(theirs), None)
    kind, reason = _judged(first, other, subject, tolerance)
    either = first or other
    return Compared(
        incident=name,
        title=subject.title if subject else "",
        team=subject.team if subject else (either.team if either else ""),
        kind=kind,
        ours_at=None if first is None else first.at,
        theirs_at=None if other is None else other.at,
        ours=len(ours),
        theirs=len(theirs),
        by=", ".join(dict.fromkeys(one.by for one in theirs)),
        reason=reason,
    )


def _judged(ours: Paged | None, theirs: Paged | None, subject: Subject | None, tolerance: float) -> tuple[Kind, str]:
    if ours is None:
        why = subject.silent if subject and subject.silent else "its routes and steps tell nobody"
        return Kind.MISSED, f"nobody would have been told: {why}"
    if theirs is None:
        return Kind.EXTRA, f"told by us alone: {ours.why}"
    ahead = theirs.at - ours.at
    said = f"{theirs.by} told {theirs.what}; we: {ours.why}"
    if abs(ahead) <= tolerance:
        return Kind.SAME, said
    if ahead > 0:
        return Kind.EARLIER, f"{speak_duration(ahead)} earlier; {said}"
    held = f": {subject.late}" if subject and subject.late else ""
    return Kind.LATER, f"{speak_duration(-ahead)} later{held}; {said}"


def _first(row: Compared) -> float:
    return min(at for at in (row.ours_at, row.theirs_at) if at is not None)


def _per_shift(team: str, pages: Iterable[Paged], per: float, since: float, until: float) -> Mapping[int, int]:
    """Count a team's pages by shift, shift 0 being (until - per, until]."""
    return Counter(int((until - one.at) // per) for one in pages if one.team == team and since < one.at <= until)


def _summed(counts: Mapping[int, int], allowed: int) -> tuple[int, int, int]:
    return sum(counts.values()), max(counts.values(), default=0), sum(1 for count in counts.values() if count > allowed)
