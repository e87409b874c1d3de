"""Where a moment lies in the day and in the week, in local time.

Enters: unix seconds and an IANA zone. Leaves: the slot of a profile that learns from the moment, and the two slots
between whose centres an expectation is interpolated. Wall clocks decide, so 09:00 stays 09:00 over a change to
daylight-saving time; the hour that is repeated in autumn shares its slots. Never looks at a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from aiops_daemon.core.model.durations import DAY, WEEK

DAILY_SLOTS = 96  # quarters of an hour
WEEKLY_SLOTS = 168  # hours
UNREST_SLOTS = 48  # half hours: how noisy each part of the day is

_FIRST = datetime(1, 1, 3, tzinfo=UTC).timestamp()
_LAST = datetime(9999, 12, 29, tzinfo=UTC).timestamp()


@dataclass(frozen=True, slots=True)
class Slot:
    """A moment in a cycle: it lies in slot `here`, a share `weight` of the way from centre `left` to `right`."""

    here: int
    left: int
    right: int
    weight: float
    elapsed: float  # seconds since `here` began
    width: float  # seconds


@dataclass(frozen=True, slots=True)
class Slots:
    """The same moment in the three profiles that a series has."""

    daily: Slot
    weekly: Slot
    unrest: Slot


def slots_at(at: float, zone: ZoneInfo) -> Slots:
    """Place unix seconds in the local day and week; moments outside the calendar go to its ends."""
    local = datetime.fromtimestamp(min(max(at, _FIRST), _LAST), zone)
    second = local.hour * 3600.0 + local.minute * 60.0 + local.second + local.microsecond / 1e6
    return Slots(
        daily=_slot(second, DAY, DAILY_SLOTS),
        weekly=_slot(local.weekday() * DAY + second, WEEK, WEEKLY_SLOTS),
        unrest=_slot(second, DAY, UNREST_SLOTS),
    )


def _slot(second: float, period: float, count: int) -> Slot:
    width = period / count
    here = min(int(second / width), count - 1)
    elapsed = second - here * width
    offset = elapsed / width - 0.5
    left = here if offset >= 0.0 else here - 1
    return Slot(here, left % count, (left + 1) % count, offset if offset >= 0.0 else offset + 1.0, elapsed, width)
