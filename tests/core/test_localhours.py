"""The same wall-clock hour some days before, over changes of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from aiops_daemon.core.signals.forecast.localhours import days_back, local_hours

SPRING, AUTUMN = datetime(2024, 3, 31, tzinfo=UTC), datetime(2024, 10, 27, tzinfo=UTC)


def wall(first: int, index: int, zone: str) -> datetime:
    """Return the wall clock of an hour."""
    moment = datetime.fromtimestamp((first + index) * 3600, UTC).astimezone(ZoneInfo(zone))
    return moment.replace(tzinfo=None)


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"])
@pytest.mark.parametrize("begin", [SPRING, AUTUMN])
def test_the_same_hour_of_the_wall_clock_is_found(zone: str, begin: datetime) -> None:
    """Whatever the zone, yesterday's and last week's hour are the same by the clock on the wall."""
    first = int(begin.timestamp() // 3600) - 9 * 24
    back = days_back(local_hours(first, 18 * 24, zone), 7)
    for index in range(8 * 24, 18 * 24):
        for days in (1, 7):
            found, wanted = wall(first, int(back[days, index]), zone), wall(first, index, zone) - timedelta(days=days)
            assert abs(found.replace(minute=0) - wanted.replace(minute=0)) <= timedelta(hours=1)
            if zone == "UTC":
                assert found == wanted


def test_a_missing_hour_takes_the_next_and_a_repeated_one_its_first() -> None:
    """02:00 of the spring day does not exist in Berlin; 02:00 of the autumn day comes twice."""
    spring = int(SPRING.timestamp() // 3600) - 24
    back = days_back(local_hours(spring, 96, "Europe/Berlin"), 1)
    after = next(index for index in range(60, 96) if wall(spring, index, "Europe/Berlin").hour == 2)
    found = wall(spring, int(back[1, after]), "Europe/Berlin")
    assert (found.day, found.hour) in {(31, 3), (1, 2)}

    autumn = int(AUTUMN.timestamp() // 3600) - 24
    local = local_hours(autumn, 96, "Europe/Berlin")
    twice = np.flatnonzero(np.diff(local) == 0)
    back = days_back(local, 1)
    assert len(twice) == 1
    assert back[1, int(np.flatnonzero(local == local[twice[0]] + 24)[0])] == twice[0]


def test_what_lies_before_the_stretch_is_not_known() -> None:
    """Hours before the first give -1; no days back is the hour itself."""
    back = days_back(local_hours(480_000, 48, "UTC"), 1)

    assert (back[1, :24] == -1).all()
    np.testing.assert_array_equal(np.arange(24), back[1, 24:])
    np.testing.assert_array_equal(np.arange(48), back[0])
