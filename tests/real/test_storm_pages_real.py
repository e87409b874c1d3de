"""A storm of incidents against a PagerDuty that limits: every incident is named in exactly one page or storm page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chaos_world import PATH, config
from daemon_process import DaemonProcess, eventually
from pages_named import named
from paging_world import PagingWorld, webhook

pytestmark = pytest.mark.real

LIMIT = "storm: {pages: 10000, within: 1m}"
ALIKE, APART, ALONE = 60, 30, 10  # of one service, critical on services of their own, pages before a storm


@pytest.fixture
def world() -> Iterator[PagingWorld]:
    """PagerDuty that takes 20 events in 5 seconds, and says when to come again."""
    outside = PagingWorld()
    outside.pagerduty.limited, outside.pagerduty.rate = True, (20, 5.0)
    outside.start()
    try:
        yield outside
    finally:
        outside.stop()


@pytest.fixture
def daemon(tmp_path: Path, world: PagingWorld) -> Iterator[DaemonProcess]:
    """A daemon that folds as it does by default."""
    process = DaemonProcess(tmp_path)
    text = config(world)
    assert LIMIT in text
    process.configure(text.replace(LIMIT, f"storm: {{pages: {ALONE}, within: 5m}}"))
    process.start()
    try:
        yield process
    finally:
        process.end()


def burst() -> Any:
    """Return a webhook of warnings on one service, and of critical alerts on a service each."""
    body = webhook([f"x{number}" for number in range(ALIKE + APART)])
    for alert in body["alerts"][:ALIKE]:
        alert["labels"] |= {"severity": "warning", "service": "shared"}
    return body


def test_every_incident_is_named_once(daemon: DaemonProcess, world: PagingWorld) -> None:
    """What is critical on a service not yet paged has a page of its own, the first ones too; the rest is one page."""
    daemon.post(PATH, burst())
    eventually(lambda: ALIKE + APART == len(named(list(world.pagerduty.requests))), "all are named", 60.0)
    naming = named(list(world.pagerduty.requests))
    storms = {key for one in naming.values() for key in one.keys if "/storm/" in key}
    refused = [one for one in world.pagerduty.requests if one.status == 429]

    assert {one["name"] for one in daemon.incidents()} == naming.keys()
    assert [] == [name for name, one in naming.items() if len(one.keys) != 1]
    assert 1 == len(storms)
    assert ALIKE - ALONE == sum(one.keys[0] in storms for one in naming.values())
    assert refused
