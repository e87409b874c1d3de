"""What is allowed in paging but probably not meant: schedules with gaps, teams of strangers, no route at all.

Enters a valid document, the tree that knows the places, and the moment (or None, when nothing shall depend on it);
leaves warnings.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path as FilePath

from aiops_daemon.config.build_alerts import team
from aiops_daemon.config.build_response import people, schedules
from aiops_daemon.config.faults import Fault, Path, did_you_mean
from aiops_daemon.config.model import Document
from aiops_daemon.config.receivers import receiver
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.calendar import words
from aiops_daemon.core.response.oncall import gaps
from aiops_daemon.core.response.reach import directory, reach

AHEAD_DAYS = 90
_MOST_GAPS = 10  # of one schedule: office hours alone have one every night


def warn_response(document: Document, tree: Tree, now: float | None) -> Iterator[Fault]:
    """Find what is doubtful in paging."""
    return chain(
        _no_route(document, tree), _strangers(document, tree), _unreached(document, tree), _gaps(document, tree, now)
    )


def _no_route(document: Document, tree: Tree) -> Iterator[Fault]:
    if document.route is None and (document.escalations or document.schedules):
        section = "escalations" if document.escalations else "schedules"
        yield tree.key_fault((section,), "there is no route: nobody is told of anything", "add the section route")


def _strangers(document: Document, tree: Tree) -> Iterator[Fault]:
    known = [person.name for person in document.people]
    for index, section in enumerate(document.teams if known else ()):
        for number, name in enumerate(section.members):
            if name not in known:
                remedy = did_you_mean(name, known) or "add them to people"
                yield tree.fault(("teams", index, "members", number), "nobody has this name: not reached", remedy)


def _unreached(document: Document, tree: Tree) -> Iterator[Fault]:
    """Find people who are to be told of something, and whom not even what is critical would reach."""
    known = directory(
        Settings(
            people=people(document),
            teams=tuple(team(one) for one in document.teams),
            receivers=tuple(receiver(one, FilePath()) for one in document.receivers),
        )
    )
    named = set(_named(document))
    for index, person in enumerate(document.people):
        if person.name not in named:
            continue
        found = reach(f"person/{person.name}", 0.0, Severity.CRITICAL, known)
        if not found.destinations:
            remedy = "give a receiver such a channel, or change addresses or preferences"
            yield tree.fault(("people", index), f"not even what is critical is told: {found.sentence}", remedy)


def _named(document: Document) -> Iterator[str]:
    """Yield everybody whom schedules and escalations name."""
    members = {one.name: one.members for one in document.teams}
    for schedule in document.schedules:
        for rotation in schedule.rotations:
            yield from rotation.people
        yield from (one.person for one in schedule.overrides if one.person)
    for escalation in document.escalations:
        for target in (*(name for step in escalation.steps for name in step.notify), escalation.fallback or ""):
            kind, _, name = target.partition("/")
            yield from [name] if kind == "person" else members.get(name, ()) if kind == "team" else ()


def _gaps(document: Document, tree: Tree, now: float | None) -> Iterator[Fault]:
    if now is None:
        return
    for index, schedule in enumerate(schedules(document)):
        place: Path = ("schedules", index)
        found = gaps(schedule, now, now + AHEAD_DAYS * DAY)
        for gap in found[:_MOST_GAPS]:
            start, end = (words(at, schedule.time_zone) for at in (gap.starts_at, gap.ends_at))
            until = "on" if gap.ends_at >= now + AHEAD_DAYS * DAY else f"to {end}"
            yield tree.fault(place, f"nobody is on call from {start} {until}", "add a rotation or an override")
        if len(found) > _MOST_GAPS:
            more = f"{len(found) - _MOST_GAPS} more gaps within {AHEAD_DAYS} days"
            yield tree.fault(place, more, "add a rotation below that is always active")
