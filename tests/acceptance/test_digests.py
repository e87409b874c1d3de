"""A whole daemon in virtual time: beyond ten notices in five minutes a chat or mailbox gets quiet digests."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from page_scenario import DUTY, LADDER, PEOPLE, WAYS, PageScenario, RecorderSpec
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Sent
from aiops_daemon.core.model.receiver import ReceiverSpec, StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

ROOM, PAGER, JIRA = "receiver/chat/slack/0", "receiver/duty/pagerduty/0", "receiver/chat/jira/0"
CHAT = ReceiverSpec("chat", (RecorderSpec("slack", "#ops", pages=False),), StormSpec(3, 300.0, 60.0))
TALK = EscalationSpec("talk", (StepSpec(("receiver/chat",)),), fallback="receiver/duty")
GONE = Failed(FailureReason.CLIENT_ERROR, "channel_not_found", retry=False)


def alerts(*numbers: int, **more: str) -> list[dict[str, str]]:
    """Return alerts that are an incident each."""
    return [
        {"alertname": f"Rule{n}", "service": f"s{n}", "cluster": f"c{n}", "severity": "warning"} | more for n in numbers
    ]


def scenario(folder: Path, **given: Any) -> PageScenario:
    """Tell a chat of everything, three notices in five minutes one by one."""
    chat: dict[str, Any] = {
        "receivers": (WAYS, CHAT, DUTY),
        "escalations": (LADDER, TALK),
        "route": RouteSpec(escalation="talk", mode=Mode.LIVE),
    }
    return PageScenario(folder, **(chat | given))


def digests(s: PageScenario) -> list[list[str]]:
    """Return what each digest that was sent names."""
    sent = (one.notification.message for one in s.sent)
    return [[one.name for one in message.named] for message in sent if message.event is MessageEvent.DIGEST]


def incidents(*numbers: int) -> list[str]:
    """Name incidents."""
    return [f"INC-{number}" for number in numbers]


async def test_a_storm_of_notices_is_a_digest_a_minute(tmp_path: Path) -> None:
    """Each incident is named once, as it was; the next digest names only what is new."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4, 5))
    s.at("10:00:40").alert(*alerts(6))
    s.at("10:02").alert(*alerts(7, 8))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST, severity="warning")
    s.between("10:03", "10:03:10").tells(ROOM, MessageEvent.DIGEST)

    await s.play("10:05")

    assert [incidents(4, 5, 6), incidents(7, 8)] == digests(s)
    (first, _) = [one.notification for one in s.sent if one.notification.message.event is MessageEvent.DIGEST]
    assert "3 further incidents: INC-4, INC-5, INC-6" == first.message.title
    assert "3 notices in the last 5 min" == first.message.why_you
    assert ("warning", "s4") == (first.message.named[0].severity, first.message.named[0].service)


async def test_what_was_only_in_a_digest_is_silent_afterwards(tmp_path: Path) -> None:
    """No message stands for it: neither its changes nor its end are told; those of the others are."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4, 5))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST)
    s.at("10:05").act("ack", 4)
    s.at("10:06").act("ack", 1)
    s.between("10:06", "10:06:20").tells(ROOM, MessageEvent.ACKNOWLEDGE, name="INC-1")
    s.at("10:10").resolve(*alerts(1, 2, 3, 4, 5))
    s.between("10:10", "10:10:20").tells(ROOM, MessageEvent.RESOLVE, count=3)

    await s.play("10:12")

    ended = {one.notification.message.name for one in s.sent if one.notification.message.event is MessageEvent.RESOLVE}
    assert set(incidents(1, 2, 3)) == ended


async def test_a_critical_one_on_a_service_not_told_of_goes_out_by_itself(tmp_path: Path) -> None:
    """Where the service was told of lately, the digest names it; it is then as grave as that."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.at("10:00:20").alert(*alerts(5, severity="critical"))
    s.at("10:00:40").alert(*alerts(6, severity="critical", service="s1"))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:00:20", "10:00:40").pages(ROOM, name="INC-5")
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST, severity="critical")

    await s.play("10:05")

    assert [incidents(4, 6)] == digests(s)


async def test_a_fallback_never_waits_in_a_digest(tmp_path: Path) -> None:
    """What failed at the pager is told to the chat at once, however much that was told."""
    s = scenario(
        tmp_path,
        escalations=(EscalationSpec("duty", (StepSpec(("receiver/duty",)),), fallback="receiver/chat"),),
        route=RouteSpec(escalation="duty", mode=Mode.LIVE),
    )
    s.answer = lambda one: GONE if one.destination == PAGER else Sent()
    s.at("10:00").alert(*alerts(1, 2, 3, 4, 5, 6))
    s.between("10:00", "10:01").pages(ROOM, count=6)

    await s.play("10:03")


async def test_a_digest_that_does_not_arrive_has_its_fallbacks_told(tmp_path: Path) -> None:
    """Of each incident in it: at once when it is given up."""
    s = scenario(tmp_path)
    s.answer = lambda one: GONE if one.message.event is MessageEvent.DIGEST else Sent()
    s.at("10:00").alert(*alerts(1, 2, 3, 4, 5))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:01", "10:01:20").pages(PAGER, count=2)
    s.at("10:03").resolve(*alerts(4))
    s.between("10:03", "10:03:20").tells(PAGER, MessageEvent.RESOLVE, name="INC-4")

    await s.play("10:05")

    assert {"INC-4", "INC-5"} == {one.notification.message.name for one in s.sent if PAGER in one.words}


async def test_a_digest_that_is_late_has_its_fallbacks_told(tmp_path: Path) -> None:
    """A minute after it should have come; what is new meanwhile waits for the next digest, and none is lost."""
    down = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.at("10:00:30").answer(lambda one: down if one.destination == ROOM else Sent())
    s.at("10:01:30").alert(*alerts(5))
    s.at("10:02:30").answer(lambda one: Sent())
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:02", "10:02:20").pages(PAGER, name="INC-4")
    s.between("10:02:30", "10:03:30").tells(ROOM, MessageEvent.DIGEST, count=2)

    await s.play("10:05")

    assert [incidents(4), incidents(5)] == digests(s)


async def test_a_restart_names_nothing_twice(tmp_path: Path) -> None:
    """While a digest waits, and after it: what was counted and what waits is on disk."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.at("10:00:20").restart()
    s.at("10:00:40").alert(*alerts(5))
    s.at("10:01:30").restart()
    s.at("10:02").alert(*alerts(6))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST)
    s.between("10:03", "10:03:10").tells(ROOM, MessageEvent.DIGEST)

    await s.play("10:05")

    assert [incidents(4, 5), incidents(6)] == digests(s)


async def test_a_round_that_tells_again_is_no_new_incident(tmp_path: Path) -> None:
    """Whoever has a message of its own about it gets the next one too, and hears of the end."""
    again = EscalationSpec("talk", (StepSpec(("receiver/chat",)),), repeat=1, repeat_after=120.0)
    s = scenario(tmp_path, escalations=(again,))
    s.at("10:00").alert(*alerts(1, 2, 3))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:02", "10:02:20").pages(ROOM, count=3)
    s.at("10:03").resolve(*alerts(1, 2, 3))
    s.between("10:03", "10:03:20").tells(ROOM, MessageEvent.RESOLVE, count=3)

    await s.play("10:05")


async def test_a_page_that_is_repeated_in_a_storm_is_still_resolved(tmp_path: Path) -> None:
    """That its second round folded into the storm page leaves neither page without an end."""
    again = EscalationSpec("duty", (StepSpec(("receiver/duty",)),), repeat=1, repeat_after=120.0)
    duty = replace(DUTY, storm=StormSpec(1, 300.0))
    s = scenario(
        tmp_path, escalations=(again,), receivers=(WAYS, duty), route=RouteSpec(escalation="duty", mode=Mode.LIVE)
    )
    s.at("10:00").alert(*alerts(1))
    s.between("10:00", "10:00:10").pages(PAGER)
    s.between("10:02", "10:02:20").tells(PAGER, MessageEvent.STORM)
    s.at("10:03").resolve(*alerts(1))
    s.between("10:03", "10:03:20").tells(PAGER, MessageEvent.RESOLVE, name="INC-1")
    s.between("10:03", "10:03:20").tells(PAGER, MessageEvent.RESOLVE, name="storm of 1")

    await s.play("10:05")


async def test_other_channels_are_told_one_by_one(tmp_path: Path) -> None:
    """Tickets, webhooks and the log have no digest."""
    channels = (RecorderSpec("jira", "OPS", pages=False), RecorderSpec("webhook", "https://x", pages=False))
    s = scenario(tmp_path, receivers=(ReceiverSpec("chat", channels, StormSpec(1, 300.0)), DUTY))
    s.at("10:00").alert(*alerts(1, 2, 3))
    s.between("10:00", "10:00:10").pages(JIRA, count=3)
    s.between("10:00", "10:00:10").pages("receiver/chat/webhook/0", count=3)

    await s.play("10:03")


async def test_a_person_s_mailbox_has_digests_too(tmp_path: Path) -> None:
    """At the address of the person; their phone keeps the limits of phones."""
    ann = replace(PEOPLE[0], addresses=(("email", "ann@example.org"),))
    ways = ReceiverSpec("people", (RecorderSpec("email", pages=False),), StormSpec(2, 300.0, 30.0))
    s = scenario(
        tmp_path, receivers=(ways,), people=(ann,), escalations=(EscalationSpec("talk", (StepSpec(("person/ann",)),)),)
    )
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.between("10:00", "10:00:10").pages("person/ann/email", count=2)
    s.between("10:00:30", "10:00:40").tells("person/ann/email", MessageEvent.DIGEST, address="ann@example.org")

    await s.play("10:03")


async def test_in_shadow_digests_are_recorded_and_never_sent(tmp_path: Path) -> None:
    """One that could still grow grows; the delivery log says whom it names, and why."""
    s = scenario(tmp_path, route=RouteSpec(escalation="talk", mode=Mode.SHADOW))
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.at("10:00:30").alert(*alerts(5))
    s.at("10:02").alert(*alerts(6))
    s.at("10:04").run(lambda: note(s, log))
    log: list[dict[str, Any]] = []

    await s.play("10:05")

    found = [(one["names"], one["state"], one["why"]) for one in log if one["event"] == "digest"]
    why = "3 notices in the last 5 min"
    assert [(incidents(6), "shadow", why), (incidents(4, 5), "shadow", why)] == found
    assert [] == s.sent


async def test_the_kill_switch_takes_a_digest_that_waits(tmp_path: Path) -> None:
    """It is recorded as muted; on the way back the incidents begin at step 1."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.at("10:00:30").reload(mode=Mode.MUTED)
    s.at("10:04").run(lambda: note(s, log))
    log: list[dict[str, Any]] = []

    await s.play("10:05")

    assert [("muted", incidents(4))] == [(one["state"], one["names"]) for one in log if one["event"] == "digest"]


async def test_a_route_turned_to_shadow_leaves_a_digest_that_waits(tmp_path: Path) -> None:
    """What it asked for is named no more, and nobody is told of it; what is new is recorded by itself."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.at("10:00:30").reload(route=RouteSpec(escalation="talk", mode=Mode.SHADOW))
    s.at("10:00:40").alert(*alerts(5))
    s.at("10:04").run(lambda: note(s, log))
    log: list[dict[str, Any]] = []

    await s.play("10:05")

    found = [(one["event"], one["names"]) for one in log if one["state"] == "shadow"]
    assert [("trigger", []), ("digest", incidents(4))] == found


async def test_the_timeline_says_that_it_was_a_digest(tmp_path: Path) -> None:
    """And why."""
    s = scenario(tmp_path)
    s.at("10:00").alert(*alerts(1, 2, 3, 4))
    s.between("10:00", "10:00:10").pages(ROOM, count=3)
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST)
    s.at("10:02").run(lambda: look(s, lines))
    lines: list[str] = []

    await s.play("10:03")

    (told,) = [line for line in lines if line.startswith("told ")]
    assert told.startswith(f"told {ROOM} in a digest: ")
    assert told.endswith("; 3 notices in the last 5 min")


async def note(s: PageScenario, log: list[dict[str, Any]]) -> None:
    """Read the delivery log, latest first."""
    log += (await s.get("/api/v1/notifications?limit=100"))["data"]


async def look(s: PageScenario, lines: list[str]) -> None:
    """Read the timeline of the fourth incident."""
    lines += [one["text"] for one in (await s.detail("INC-4"))["timeline"]]
