"""Moments as every channel says them."""

from __future__ import annotations

import pytest

from aiops_daemon.edges.foreign import local_time

LAST_SECOND = 253_402_300_799.0  # of the year 9999


@pytest.mark.parametrize(
    ("expected", "at", "time_zone"),
    [
        ("2026-11-21 04:10 CET", 1_795_230_600.0, "Europe/Berlin"),
        ("2026-11-21 03:10 UTC", 1_795_230_600.0, "No/Where"),
        ("9999-12-31 23:59 UTC", LAST_SECOND, "Asia/Tokyo"),
        ("unknown", LAST_SECOND + 1.0, "Asia/Tokyo"),
        ("unknown", None, "Europe/Berlin"),
    ],
)
def test_a_moment_is_said_in_its_zone(expected: str, at: float | None, time_zone: str) -> None:
    """In UTC where the zone is not known, or the calendar ends before that zone's day does."""
    assert expected == local_time(at, time_zone)


def test_nothing_is_said_of_no_moment_where_that_is_wanted() -> None:
    """Templates guard empty text."""
    assert not local_time(None, "UTC", without="")
