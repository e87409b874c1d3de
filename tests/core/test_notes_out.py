"""Which channels notes of people are written to."""

from __future__ import annotations

import pytest
from pagerduty_world import spec, two_way

from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.reach import Destination
from aiops_daemon.core.response.telling import Telling

URL = "https://events.example.org"


@pytest.mark.parametrize(
    ("channel", "origin", "expected"),
    [
        (two_way(URL), "api", True),
        (two_way(URL), "slack", True),
        (two_way(URL), "pagerduty", False),  # it was written there
        (spec(URL), "api", False),  # nothing to write with
        (spec(URL, api_token=lambda: "t"), "api", False),  # nobody in whose name
    ],
)
def test_who_takes_notes(channel: ChannelSpec, origin: str, expected: bool) -> None:
    """Whoever can be written to, and does not have it already."""
    destination = Destination("receiver/pd/pagerduty/0", channel, "pd")

    assert expected == Telling(Settings()).takes_notes(destination, origin)
