"""Odd alerts through the door of a running daemon: what each of them becomes, to the incident."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from daemon_process import DaemonProcess
from webhook_faults import ZERO, alert, at, body, lone_daemon, post, processed

pytestmark = pytest.mark.real

Made = dict[str, Any]


@dataclass(frozen=True)
class After:
    """A time so many seconds after the moment in which its story is told; starts that should be the same are."""

    seconds: float


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for the whole table; each row has an alert of its own."""
    apart = "grouping: {never_across: [alertname]}"  # no row's incident waits for the alert of another row
    with lone_daemon(tmp_path_factory.mktemp("daemon"), apart) as process:
        yield process


def fired(since: float = -600, **changes: Any) -> Made:
    """Say that it fires."""
    return {"startsAt": After(since)} | changes


def ended(until: float, since: float = -600, **changes: Any) -> Made:
    """Say that it ended."""
    return {"status": "resolved", "startsAt": After(since), "endsAt": After(until)} | changes


def placed(changes: Made, now: float) -> Made:
    """Write the times of a story that is told now."""
    return {name: at(value.seconds, now) if isinstance(value, After) else value for name, value in changes.items()}


OPEN, CLOSED, NONE = "open", "resolved", "no incident"

STORIES: dict[str, tuple[list[Made], list[tuple[str, int, str]]]] = {
    # 18: in which order it comes
    "firing": ([fired()], [("firing", 1, OPEN)]),
    "told twice": ([fired(), fired()], [("firing", 1, OPEN)]),
    "ended": ([fired(), ended(-60)], [("resolved", 1, CLOSED)]),
    "ended twice": ([fired(), ended(-60), ended(-60)], [("resolved", 1, CLOSED)]),
    "ended, never seen firing": ([ended(-60)], [("resolved", 1, NONE)]),
    "the end overtook the start": ([ended(-60), fired()], [("resolved", 1, NONE), ("firing", 1, OPEN)]),
    "fires again later": ([fired(), ended(-60), fired(-30)], [("resolved", 1, OPEN), ("firing", 1, OPEN)]),
    "fires again with the same start": ([fired(), ended(-60), fired()], [("firing", 1, OPEN)]),
    "fires again with an older start": ([fired(), ended(-60), fired(-900)], [("firing", 2, OPEN)]),
    "a later start while open": ([fired(), fired(-300)], [("firing", 2, OPEN)]),
    "an earlier start while open": ([fired(), fired(-900)], [("firing", 2, OPEN)]),
    "the end of the stretch before": ([fired(-300), ended(-400)], [("firing", 1, OPEN)]),
    # 19: odd members
    "end of the year 1": ([fired(endsAt=ZERO)], [("firing", 1, OPEN)]),
    "an end in the past while it fires": ([fired(endsAt=After(-300))], [("firing", 1, OPEN)]),
    "ended without an end": ([fired(), ended(0, endsAt=None)], [("resolved", 1, CLOSED)]),
    "no fingerprint, then one of another kind": ([fired(), fired(fingerprint="")], [("firing", 1, OPEN)]),
    "status unknown, end to come": ([fired(status="pending", endsAt=After(300))], [("firing", 1, OPEN)]),
    "status unknown, end past": ([fired(), fired(status="gone", endsAt=After(-60))], [("resolved", 1, CLOSED)]),
    "no status at all": ([fired(status=None)], [("firing", 1, OPEN)]),
    "no start": ([fired(startsAt=None)], [("firing", 1, OPEN)]),
    "a start in words": ([fired(startsAt="yesterday")], [("firing", 1, OPEN)]),
    "a start in an hour": ([fired(3600)], [("firing", 1, OPEN)]),
    "a start in the year 2": ([fired(startsAt="0002-01-01T00:00:00Z")], [("firing", 1, OPEN)]),
    # 23: what we do not know
    "members that nobody knows": ([fired(colour="red", deep={"a": [1, {"b": None}]})], [("firing", 1, OPEN)]),
}


def outcome(daemon: DaemonProcess, rule: str) -> list[tuple[str, int, str]]:
    """Return state, number of starts and state of the incident of each episode."""
    states = {each["uid"]: each["state"] for each in daemon.incidents()}
    return [
        (each["state"], each["starts"], states[each["incident"]] if each["incident"] else NONE)
        for each in daemon.alerts(rule=rule)
    ]


@pytest.mark.parametrize("name", STORIES)
def test_an_odd_story_has_a_defined_end(daemon: DaemonProcess, name: str) -> None:
    """Whatever order and members: one episode for each stretch, and an incident where something fires."""
    told, expected = STORIES[name]
    rule = name.title().replace(" ", "").replace(",", "")

    now = time.time()
    for changes in told:
        assert 200 == post(daemon, body(alert(rule, **placed(changes, now))))[0]
    processed(daemon)

    assert expected == outcome(daemon, rule)


@pytest.mark.parametrize("version", ["3", "5", 4, None, {"a": 1}])
def test_a_version_that_nobody_knows_is_read_all_the_same(daemon: DaemonProcess, version: object) -> None:
    """With members of the body that nobody knows either."""
    rule = f"Version{version}"

    assert 200 == post(daemon, body(alert(rule), version=version, shape="round"))[0]
    processed(daemon)

    assert [("firing", 1, OPEN)] == outcome(daemon, rule)


def test_a_truncated_body_ends_nothing(daemon: DaemonProcess) -> None:
    """Absence in a body proves nothing, least of all in one that says it is not whole."""
    group = {"groupKey": "{}:{truncated}"}
    assert 200 == post(daemon, body(alert("Seen"), alert("Unseen"), **group))[0]
    assert 200 == post(daemon, body(alert("Seen", **placed(ended(0), time.time())), truncatedAlerts=1, **group))[0]
    processed(daemon)

    assert [("resolved", 1, CLOSED)] == outcome(daemon, "Seen")
    assert [("firing", 1, OPEN)] == outcome(daemon, "Unseen")


@pytest.mark.parametrize("odd", [None, 3, "x", [], {}, {"labels": None}, {"labels": {"a": 1}}, {"labels": "a=b"}])
def test_what_is_no_alert_is_set_aside_alone(daemon: DaemonProcess, odd: object) -> None:
    """Its neighbours in the body are taken; it is counted."""
    before = daemon.metric("aiops_inbox_quarantined_total", reason="bad_alert")
    rule = f"BesideA{type(odd).__name__}{len(str(odd))}"

    assert 200 == post(daemon, body(odd, alert(rule), odd))[0]
    processed(daemon)

    assert [("firing", 1, OPEN)] == outcome(daemon, rule)
    assert before + 2 == daemon.metric("aiops_inbox_quarantined_total", reason="bad_alert")
