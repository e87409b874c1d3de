"""How a target becomes addresses: who is meant now, and by which channels they are reached.

Enters: a target of an escalation (receiver/NAME, schedule/NAME, person/NAME, team/NAME), the moment, the severity, and
a frozen view of the configuration. Leaves: destinations with the sentence why, or why nobody is reached, so that the
escalation falls through to its next step. Quiet hours never hold back what is critical.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiops_daemon.core.model.oncall import PersonSpec, PreferenceSpec, ScheduleSpec
from aiops_daemon.core.model.receiver import ChannelSpec, ReceiverSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.calendar import words
from aiops_daemon.core.response.oncall import describe, on_call

PERSONAL = ("sms", "voice", "slack", "email")
"""Channels that reach people: each is a configured one without a destination of its own."""

_ALL = PreferenceSpec(PERSONAL, frozenset((Severity.CRITICAL,)))
_NO_CALL = PreferenceSpec(tuple(name for name in PERSONAL if name != "voice"))
_DEFAULT = (_ALL, _NO_CALL)
"""Who prefers nothing is told by every channel, and called only for what is critical."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where one message goes: `receiver/NAME/INTEGRATION/N` (N counts from 0) or `person/NAME/CHANNEL`."""

    id: str
    channel: ChannelSpec
    receiver: str  # whose channel it is
    address: str = ""  # of a person
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a target is reached now; no destination when it is not."""

    destinations: tuple[Destination, ...]
    sentence: str  # "ann is on call in schedule shop until 09:00", or why nobody is reached


@dataclass(frozen=True, slots=True)
class Directory:
    """Everybody and everything that can be told, by name. `ways` are the channels that carry people's addresses."""

    people: Mapping[str, PersonSpec] = field(default_factory=dict)
    schedules: Mapping[str, ScheduleSpec] = field(default_factory=dict)
    receivers: Mapping[str, ReceiverSpec] = field(default_factory=dict)
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # of teams
    preferences: Mapping[str, tuple[PreferenceSpec, ...]] = field(default_factory=dict)  # of people, their teams' else
    ways: Mapping[str, tuple[str, ChannelSpec]] = field(default_factory=dict)  # integration: receiver, channel

    def find(self, destination: str, address: str = "") -> Destination | None:
        """Return what stands behind the id of a destination now, None when it was removed.

        Where no address is given, a person's present one counts.
        """
        kind, name, *rest = destination.split("/")
        if kind == "person" and len(rest) == 1 and rest[0] in self.ways:
            receiver, channel = self.ways[rest[0]]
            person = self.people.get(name)
            known_at = address or (person.address(rest[0]) if person else "")
            return Destination(destination, channel, receiver, known_at) if known_at else None
        known = self.receivers.get(name) if kind == "receiver" else None
        return next((one for one in _channels(known, "") if one.id == destination), None) if known else None

    def everywhere(self) -> list[Destination]:
        """Return every destination of every receiver."""
        return [one for receiver in self.receivers.values() for one in _channels(receiver, "")]


def directory(settings: Settings) -> Directory:
    """Take the view from a whole configuration."""
    teams = {team.name: team for team in settings.teams}
    wishes = {person.name: person.preferences for person in settings.people}
    for team in reversed(settings.teams):  # of several teams of a person the first one counts
        wishes |= {name: team.preferences for name in team.members if team.preferences and not _own(settings, name)}
    return Directory(
        people={person.name: person for person in settings.people},
        schedules={schedule.name: schedule for schedule in settings.schedules},
        receivers={receiver.name: receiver for receiver in settings.receivers},
        members={name: team.members for name, team in teams.items()},
        preferences=wishes,
        ways={
            channel.integration: (receiver.name, channel)
            for receiver in settings.receivers
            for channel in receiver.channels
            if not channel.destination
        },
    )


def reach(target: str, at: float, severity: Severity, known: Directory) -> Reached:
    """Turn a target into destinations, as of a moment."""
    kind, _, name = target.partition("/")
    if kind == "receiver":
        return _receiver(name, known)
    if kind == "schedule":
        return _schedule(name, at, severity, known)
    if kind == "person":
        return _person(name, at, severity, known)
    if kind == "team":
        return _team(name, at, severity, known)
    return _nobody(f"{target} is no receiver, schedule, person or team")


def _nobody(why: str) -> Reached:
    return Reached((), why)


def _own(settings: Settings, name: str) -> bool:
    return any(person.preferences for person in settings.people if person.name == name)


def _receiver(name: str, known: Directory) -> Reached:
    receiver = known.receivers.get(name)
    if receiver is None:
        return _nobody(f"receiver {name} is not in the configuration")
    found = _channels(receiver, f"receiver {name}")
    if not found:
        return _nobody(f"receiver {name} has no channel with a destination of its own")
    return Reached(found, f"receiver {name}")


def _channels(receiver: ReceiverSpec, why: str) -> tuple[Destination, ...]:
    """List its channels that need nobody's address, counted within each integration."""
    counts: dict[str, int] = {}
    found = []
    for channel in receiver.channels:
        number = counts.setdefault(channel.integration, 0)
        counts[channel.integration] += 1
        if channel.destination:
            place = f"receiver/{receiver.name}/{channel.integration}/{number}"
            found.append(Destination(place, channel, receiver.name, why=why))
    return tuple(found)


def _schedule(name: str, at: float, severity: Severity, known: Directory) -> Reached:
    schedule = known.schedules.get(name)
    if schedule is None:
        return _nobody(f"schedule {name} is not in the configuration")
    said = describe(schedule, at)
    person = on_call(schedule, at).person
    if not person:
        return _nobody(said)
    found = _person(person, at, severity, known)
    if not found.destinations:
        return _nobody(f"{said}, but {found.sentence}")
    return Reached(found.destinations, f"{said}; {found.sentence}")


def _team(name: str, at: float, severity: Severity, known: Directory) -> Reached:
    members = known.members.get(name)
    if members is None:
        return _nobody(f"team {name} is not in the configuration")
    if not members:
        return _nobody(f"team {name} has no members")
    answers = [_person(member, at, severity, known) for member in members]
    reached = [answer for answer in answers if answer.destinations]
    missed = [answer.sentence for answer in answers if not answer.destinations]
    if not reached:
        return _nobody(f"nobody of team {name} is reached: {'; '.join(missed)}")
    told = "; ".join([answer.sentence for answer in reached] + missed)
    return Reached(tuple(one for answer in reached for one in answer.destinations), f"team {name}: {told}")


def _person(name: str, at: float, severity: Severity, known: Directory) -> Reached:
    person = known.people.get(name)
    if person is None:
        return _nobody(f"{name} is not among the people of the configuration")
    quiet = None if severity is Severity.CRITICAL else _quiet(person, at)
    if quiet is not None:
        return _nobody(quiet)
    wished = next((wish for wish in known.preferences.get(name) or _DEFAULT if severity in wish.severities), None)
    if wished is None:
        return _nobody(f"{name} wants to hear nothing of severity {severity}")
    found = tuple(_ways(person, wished, known))
    if not found:
        return _nobody(_no_way(person, wished, known))
    return Reached(found, f"{name} by {' and '.join(one.channel.integration for one in found)}")


def _quiet(person: PersonSpec, at: float) -> str | None:
    """Say until when somebody has quiet hours; None when they have none now."""
    calendar = next((one for one in person.quiet_hours if one.holds(at)), None)
    if calendar is None:
        return None
    ends_at = calendar.ends_at(at)
    until = f" until {words(ends_at, person.time_zone)}" if ends_at is not None else ""
    return f"{person.name} has quiet hours{until} ({calendar.name})"


def _ways(person: PersonSpec, wished: PreferenceSpec, known: Directory) -> list[Destination]:
    found = []
    for name in wished.channels:
        address = person.address(name)
        if address and name in known.ways:
            receiver, channel = known.ways[name]
            found.append(
                Destination(f"person/{person.name}/{name}", channel, receiver, address, f"{name} of {person.name}")
            )
    return found


def _no_way(person: PersonSpec, wished: PreferenceSpec, known: Directory) -> str:
    """Say why none of the channels that are wished leads to the person."""
    addressed = [name for name in wished.channels if person.address(name)]
    if not addressed:
        return f"{person.name} has no address for {' or '.join(wished.channels)}"
    return f"{person.name} is not reached: no receiver has {' or '.join(addressed)} without a destination"
