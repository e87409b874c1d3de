"""People, how they are reached, and who is on call when, as configured.

Values only; who is on call at a moment is computed in core.response.oncall, how a target becomes addresses in
core.response.reach. Times are unix seconds; local times are told with their zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals


@dataclass(frozen=True, slots=True)
class PreferenceSpec:
    """By which channels (email, sms, voice, slack) a person wants to be told, for which severities.

    Quiet hours hold back all but critical; the first preference whose severities fit counts.
    """

    channels: tuple[str, ...]
    severities: frozenset[Severity] = frozenset((Severity.CRITICAL, Severity.WARNING, Severity.INFO))


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """Somebody who can be told. `addresses` are (channel, address), the order is that of preference."""

    name: str
    addresses: tuple[tuple[str, str], ...] = ()
    preferences: tuple[PreferenceSpec, ...] = ()
    quiet_hours: tuple[NamedIntervals, ...] = ()
    pagerduty_id: str = ""  # maps the agent of PagerDuty's webhooks to this person
    time_zone: str = "UTC"

    def address(self, channel: str) -> str:
        """Return where a channel reaches them, "" when it does not."""
        return dict(self.addresses).get(channel, "")


@dataclass(frozen=True, slots=True)
class RotationSpec:
    """People in turn. `start` is a local time; the hand-over keeps its wall clock time over daylight-saving changes."""

    people: tuple[str, ...]
    start: datetime  # naive, in the zone of the schedule
    every_days: int | None = 7  # calendar days of a turn; None: `every_seconds` counts
    every_seconds: float | None = None
    only: tuple[NamedIntervals, ...] = ()  # the rotation counts only in these; empty: always


@dataclass(frozen=True, slots=True)
class OverrideSpec:
    """Somebody else for a while; wins over every rotation."""

    person: str  # "" leaves the time empty
    starts_at: float
    ends_at: float


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """Who is on call: the last rotation that names somebody wins, as layers do; overrides win over all."""

    name: str
    rotations: tuple[RotationSpec, ...] = ()
    overrides: tuple[OverrideSpec, ...] = ()
    time_zone: str = "UTC"
