"""What would be told of alerts: the answer of `config routes test` and `simulate escalation`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.cli.table import plain, table
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.incident import Incident, Priority
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.calendar import words
from aiops_daemon.core.response.rehearsal import Foretold, rehearse, suppose
from aiops_daemon.core.response.routing import Matched
from aiops_daemon.core.response.telling import Telling


@dataclass(frozen=True, slots=True)
class Answer:
    """The incident as it is read, the routes that take its alerts, and what would be told."""

    at: float
    incident: Incident
    matched: tuple[Matched, ...]
    told: tuple[Foretold, ...]
    muted: bool
    zone: str

    @property
    def names(self) -> list[str]:
        """Return the receivers and escalations, in the order of the routes."""
        found = [name for one in self.matched for name in (one.route.receiver, one.route.escalation) if name]
        return list(dict.fromkeys(found))


def answer(settings: Settings, alerts: Sequence[Labels], at: float, urgency: Priority | None = None) -> Answer:
    """Find out what would be told of these alerts, were they one incident that nobody answers."""
    supposed = suppose(settings, alerts, at, urgency)
    telling = Telling(settings)
    silent = supposed.incident.severity is Severity.NONE
    tracks = telling.tracks(supposed.matched)
    told = () if silent else rehearse(telling, supposed.incident, tracks, at)
    muted = settings.mode is Mode.MUTED
    return Answer(at, supposed.incident, supposed.matched, told, muted, settings.time_zone)


def answer_text(found: Answer) -> str:
    """Write the answer for people."""
    read = " ".join(f"{name}={plain(value)}" for name, value in _read(found.incident).items())
    lines = [f"read as {read}", ""]
    for one in found.matched:
        lines += [plain(one.why), *(f"  {line}" for line in _route_lines(one.route))]
    if found.muted:
        lines += ["", "global.mode is muted: nothing is sent, whatever routes say"]
    if found.incident.severity is Severity.NONE:
        lines += ["", "severity none is recorded only: no incident, nobody is told"]
    return "\n".join([*lines, "", _told_text(found)])


def answer_json(found: Answer) -> dict[str, Any]:
    """Write the answer for programs; `destination` null: nobody is told."""
    return {
        "read_as": _read(found.incident),
        "routes": [_route_json(one) for one in found.matched],
        "muted": found.muted,
        "told": [_told_json(one, found.at) for one in found.told],
    }


def _read(incident: Incident) -> dict[str, str]:
    read = {
        "severity": str(incident.severity),
        "team": ",".join(incident.teams),
        "service": incident.service,
        "priority": str(incident.priority),
    }
    return {name: value for name, value in read.items() if value}


def _route_lines(route: RouteSpec) -> list[str]:
    pairs = (("receiver", route.receiver), ("escalation", route.escalation))
    lines = [f"{route.mode}: {', '.join(f'{kind} {name}' for kind, name in pairs if name)}"]
    for word, calendars in (("active", route.active_time_intervals), ("muted", route.mute_time_intervals)):
        if calendars:
            lines.append(f"{word} in {', '.join(calendar.name for calendar in calendars)}")
    return lines


def _route_json(one: Matched) -> dict[str, Any]:
    return {
        "route": one.route.path,
        "why": one.why,
        "mode": str(one.route.mode),
        "receiver": one.route.receiver or None,
        "escalation": one.route.escalation or None,
        "active_time_intervals": [calendar.name for calendar in one.route.active_time_intervals],
        "mute_time_intervals": [calendar.name for calendar in one.route.mute_time_intervals],
    }


def _told_text(found: Answer) -> str:
    if not found.told:
        return "nobody is told"
    rows = [(_after(one.at - found.at), words(one.at, found.zone), *_who(one), one.why) for one in found.told]
    return table(("AFTER", "AT", "MODE", "TOLD", "ADDRESS", "WHY"), rows)


def _told_json(one: Foretold, start: float) -> dict[str, Any]:
    where = one.destination
    return {
        "at": datetime.fromtimestamp(one.at, UTC).isoformat().replace("+00:00", "Z"),
        "after_seconds": one.at - start,
        "destination": where.id if where else None,
        "integration": where.channel.integration if where else None,
        "address": (where.address or where.channel.destination) if where else None,
        "policy": one.track or None,
        "mode": str(one.mode) if where else None,
        "why": one.why,
    }


def _after(seconds: float) -> str:
    return "at once" if seconds <= 0 else prometheus_duration(round(seconds))


def _who(one: Foretold) -> tuple[str, str, str]:
    if one.destination is None:
        return "", "nobody", ""
    return str(one.mode), one.destination.id, one.destination.address or one.destination.channel.destination
