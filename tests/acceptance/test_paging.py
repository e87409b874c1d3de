"""Who is told when: whole-daemon scenarios in virtual time. Whatever is sent beyond the script fails."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from page_scenario import CHAT, DUTY, LADDER, LIVE, PEOPLE, WAYS, PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Sent
from aiops_daemon.core.model.receiver import StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
LOW = {"alertname": "HighErrors", "service": "checkout", "severity": "warning"}
ANN, BO = "person/ann/sms", "person/bo/sms"
CHAT_ROOM, PAGER = "receiver/chat/slack/0", "receiver/duty/pagerduty/0"
RESOLVE, ACKNOWLEDGE = MessageEvent.RESOLVE, MessageEvent.ACKNOWLEDGE


def to_pager(**more: object) -> dict[str, object]:
    """Route everything to the pager alone."""
    return {"route": RouteSpec(receiver="duty", mode=Mode.LIVE), "receivers": (WAYS, CHAT, DUTY)} | more


async def test_steps_follow_each_other_until_somebody_answers(tmp_path: Path) -> None:
    """Ann at once, Bo three minutes later; after the acknowledgement nobody."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.between("10:03", "10:04").pages(BO)
    s.at("10:05").act("ack")
    s.at("10:08").resolve(HIGH)
    s.between("10:08", "10:09").tells(ANN, RESOLVE)
    s.between("10:08", "10:09").tells(BO, RESOLVE)

    await s.play("10:12")


async def test_the_end_is_told_at_the_same_address(tmp_path: Path) -> None:
    """Of a person too, whose address no receiver has."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN, address="+49301")
    s.at("10:02").resolve(HIGH)
    s.between("10:02", "10:03").tells(ANN, RESOLVE, address="+49301")

    await s.play("10:05")


async def test_an_acknowledgement_stops_the_next_step(tmp_path: Path) -> None:
    """Ann answers before Bo's turn."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("ack")

    await s.play("10:06")


async def test_nobody_answers(tmp_path: Path) -> None:
    """After the last round the fallback hears that nobody answered."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.between("10:03", "10:04").pages(BO)
    s.between("10:06", "10:07").pages(CHAT_ROOM)

    await s.play("10:12")


async def test_an_acknowledgement_expires(tmp_path: Path) -> None:
    """Five minutes later the same person is told again, by a key that sounds."""
    s = PageScenario(
        tmp_path, escalations=(EscalationSpec("shop", (StepSpec(("receiver/duty",)),), ack_timeout=300.0),)
    )
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").act("ack")
    s.between("10:02", "10:03").tells(PAGER, ACKNOWLEDGE)
    s.between("10:07", "10:08").pages(PAGER)

    await s.play("10:09")

    keys = [one.notification.dedup_key for one in s.sent if one.notification.message.event is MessageEvent.TRIGGER]
    assert keys[1] == f"{keys[0]}/2"


async def test_a_restart_fires_an_overdue_step_once(tmp_path: Path) -> None:
    """The daemon is down when Bo's turn comes."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:01").restart(after=300.0)
    s.between("10:06", "10:07").pages(BO)

    await s.play("10:08")


async def test_shadow_sends_nothing(tmp_path: Path) -> None:
    """All runs and is recorded."""
    s = PageScenario(tmp_path, route=replace(LIVE, mode=Mode.SHADOW))
    s.at("10:00").alert(HIGH)
    s.at("10:05").resolve(HIGH)

    await s.play("10:08")


async def test_going_live_begins_at_the_first_step(tmp_path: Path) -> None:
    """What was recorded before is never sent."""
    s = PageScenario(tmp_path, route=replace(LIVE, mode=Mode.SHADOW))
    s.at("10:00").alert(HIGH)
    s.at("10:05").reload(route=LIVE)
    s.between("10:05", "10:06").pages(ANN)
    s.between("10:08", "10:09").pages(BO)

    await s.play("10:10")


async def test_the_kill_switch(tmp_path: Path) -> None:
    """global.mode: muted overrides every route; live again begins anew."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:01:30").reload(mode=Mode.MUTED)
    s.at("10:06").reload(mode=Mode.LIVE)
    s.between("10:06", "10:07").pages(ANN)

    await s.play("10:08")


async def test_what_ended_while_muted_is_resolved_after_it(tmp_path: Path) -> None:
    """Else the page would stay open in PagerDuty for ever; after a restart too, and once."""
    s = PageScenario(tmp_path, **to_pager())
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").reload(mode=Mode.MUTED)
    s.at("10:03").resolve(HIGH)
    s.at("12:30").restart()
    s.at("12:40").reload(mode=Mode.LIVE)
    s.between("12:40", "12:41").tells(PAGER, MessageEvent.RESOLVE, count=1)

    await s.play("12:50")


async def test_what_opens_again_while_its_end_is_owed_sounds(tmp_path: Path) -> None:
    """The page may still be open there, and acknowledged: it goes out by the next key."""
    s = PageScenario(tmp_path, **to_pager())
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").reload(mode=Mode.MUTED)
    s.at("10:03").resolve(HIGH)
    s.at("10:05").alert(HIGH)
    s.at("10:08").reload(mode=Mode.LIVE)
    s.between("10:08", "10:09").pages(PAGER)

    await s.play("10:10")

    keys = [one.notification.dedup_key for one in s.sent if one.notification.message.event is MessageEvent.TRIGGER]
    assert keys[1] == f"{keys[0]}/2"


async def test_a_route_turned_to_shadow_takes_back_what_waits(tmp_path: Path) -> None:
    """The pager does not answer; when it does, the page is not sent any more, and the log says why."""
    s = PageScenario(tmp_path, **to_pager())
    down = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
    s.answer = lambda notification: down if s.clock.now() < at("10:03") else Sent()
    s.at("10:00").alert(HIGH)
    s.at("10:02").reload(route=RouteSpec(receiver="duty", mode=Mode.SHADOW))

    await s.play("10:20")

    assert s.failed


async def test_an_unknown_person_gives_way_at_once(tmp_path: Path) -> None:
    """The next step is not waited for."""
    ladder = EscalationSpec("shop", (StepSpec(("person/zoe",)), StepSpec(("person/bo",), after=900.0)))
    s = PageScenario(tmp_path, escalations=(ladder,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(BO)

    await s.play("10:06")


async def test_when_nobody_is_reached_the_fallback_is(tmp_path: Path) -> None:
    """A ladder of people that are gone."""
    ladder = EscalationSpec("shop", (StepSpec(("person/zoe",)),), fallback="receiver/chat")
    s = PageScenario(tmp_path, escalations=(ladder,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(CHAT_ROOM)

    await s.play("10:06")


async def test_a_rise_of_severity_sounds_although_somebody_answered(tmp_path: Path) -> None:
    """A critical alert joins what was acknowledged as a warning."""
    s = PageScenario(tmp_path, **to_pager())
    s.at("10:00").alert(LOW)
    s.between("10:00", "10:02").pages(PAGER, severity="warning")
    s.at("10:05").act("ack")
    s.between("10:05", "10:06").tells(PAGER, ACKNOWLEDGE)
    s.at("10:06").alert(HIGH)
    s.between("10:06", "10:07").pages(PAGER, severity="critical")

    await s.play("10:10")

    first, again = (one.notification.message.why_you for one in s.sent if one.notification.message.why_you)
    assert "told again" not in first
    assert "told again, for severity rose from warning to critical" in again


async def test_a_rise_of_priority_says_so(tmp_path: Path) -> None:
    """The same severity on more services is more urgent; the page that goes out again says why."""
    s = PageScenario(tmp_path, **to_pager())
    s.at("10:00").alert(LOW)
    s.between("10:00", "10:01").pages(PAGER, priority="P3")
    s.at("10:01").act("ack")
    s.between("10:01", "10:02").tells(PAGER, ACKNOWLEDGE)
    s.at("10:02").alert(LOW | {"service": "cart"}, LOW | {"service": "search"})
    s.between("10:02", "10:03").pages(PAGER, count=2)
    for minute, number in (("10:04", 2), ("10:06", 3)):
        s.at(minute).act("merge", number, into="INC-1")
    s.between("10:04", "10:07").tells(PAGER, RESOLVE, count=2)
    s.between("10:06", "10:07").pages(PAGER, priority="P2")

    await s.play("10:10")

    again = [one.notification.message.why_you for one in s.sent if one.notification.message.priority == "P2"]
    assert "told again, for priority rose from P3 to P2" in again[-1]


async def test_a_snooze_ends(tmp_path: Path) -> None:
    """What still fires then is told anew."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("snooze", seconds=300)
    s.between("10:07", "10:08").pages(ANN)

    await s.play("10:09")


async def test_a_resolved_incident_that_comes_back_begins_anew(tmp_path: Path) -> None:
    """Reopened within the time that the grouping allows."""
    s = PageScenario(tmp_path, **to_pager())
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:05").resolve(HIGH)
    s.between("10:05", "10:06").tells(PAGER, RESOLVE)
    s.at("10:10").alert(HIGH)
    s.between("10:10", "10:12").pages(PAGER)

    await s.play("10:14")


async def test_silenced_alerts_pause_it(tmp_path: Path) -> None:
    """Silenced at 10:01, no more at 10:06: Bo's turn comes after what was left."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)

    async def silence() -> None:
        s.alertmanager.silence(HIGH, "s1")

    async def unsilence() -> None:
        s.alertmanager.unsilence(HIGH)

    s.at("10:01").run(silence)
    s.at("10:06").run(unsilence)
    s.between("10:07", "10:09:30").pages(BO)

    await s.play("10:10")


async def test_what_does_not_arrive_goes_to_the_fallback(tmp_path: Path) -> None:
    """The phone's provider answers 503: after a minute the chat is told too, and the message tried again."""
    down = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
    s = PageScenario(tmp_path)
    s.answer = lambda one: down if one.integration == "sms" else Sent()
    s.at("10:00").alert(HIGH)
    s.between("10:01", "10:02").pages(CHAT_ROOM)
    s.at("10:04").act("ack")
    s.between("10:04", "10:05").tells(CHAT_ROOM, ACKNOWLEDGE)

    await s.play("10:10")

    tries = [one.at for one in s.failed if one.notification.destination == ANN]
    assert 4 <= len(tries)
    assert all(later > earlier for earlier, later in pairwise(tries))


async def test_half_an_hour_of_429(tmp_path: Path) -> None:
    """It is tried again and again by the same key, ever later, and is one page once it is taken; we tell of it too."""
    limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True)
    s = PageScenario(tmp_path, **to_pager())
    s.answer = lambda one: limited if s.clock.now() < at("10:30") else Sent()
    s.at("10:00").alert(HIGH)
    s.between("10:30", "10:45").pages(PAGER, count=2)

    await s.play("10:50")

    keys = {one.notification.message.name: one.notification.dedup_key for one in s.sent}
    tries = [one.at - at("10:00") for one in s.failed if one.notification.message.name == "INC-1"]
    about = [one.notification.message.title for one in s.sent if one.notification.message.name == "INC-2"]
    assert 6 <= len(tries) <= 80
    assert 30.0 > tries[1]
    assert keys.items() >= {(one.notification.message.name, one.notification.dedup_key) for one in s.failed}
    assert ["AiopsNobodyTold on aiops-daemon"] == about


async def test_a_hanging_channel_delays_no_other(tmp_path: Path) -> None:
    """The pager never answers; the chat is told within ten seconds."""
    both = EscalationSpec("shop", (StepSpec(("receiver/duty", "receiver/chat")),))
    s = PageScenario(tmp_path, escalations=(both,))
    s.answer = lambda one: None if one.integration == "pagerduty" else Sent()
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:00:10").pages(CHAT_ROOM)

    await s.play("10:05")


async def test_a_storm_folds_into_one_page_that_names_each(tmp_path: Path) -> None:
    """Three pages go out one by one, the rest in one; a critical one on a new service is paged all the same."""
    receivers = (WAYS, CHAT, replace(DUTY, storm=StormSpec(pages=3, within=300.0)))
    s = PageScenario(tmp_path, **to_pager(receivers=receivers))
    for number in range(6):
        s.at(f"10:00:{number * 5:02}").alert(
            {"alertname": f"Rule{number}", "instance": f"node-{number}", "severity": "warning"}
        )
    s.between("10:00", "10:02").pages(PAGER, count=3)
    s.between("10:00", "10:03").tells(PAGER, MessageEvent.STORM, count=2)

    await s.play("10:05")

    named = [one.name for one in s.sent[-1].notification.message.named]
    assert ["INC-4", "INC-5", "INC-6"] == named


async def test_a_storm_that_comes_at_once_is_told_at_once(tmp_path: Path) -> None:
    """All in one webhook: three pages, and the one that names the rest does not wait for its next version."""
    receivers = (WAYS, CHAT, replace(DUTY, storm=StormSpec(pages=3, within=300.0)))
    s = PageScenario(tmp_path, **to_pager(receivers=receivers))
    s.at("10:00").alert(
        *({"alertname": f"Rule{number}", "instance": f"node-{number}", "severity": "warning"} for number in range(6))
    )
    s.between("10:00", "10:02").pages(PAGER, count=3)
    s.between("10:00", "10:00:10").tells(PAGER, MessageEvent.STORM)

    await s.play("10:05")

    named = [one.name for one in s.sent[-1].notification.message.named]
    assert ["INC-4", "INC-5", "INC-6"] == named


@pytest.mark.parametrize("restarts", [False, True])
async def test_what_was_recorded_in_shadow_makes_no_storm(tmp_path: Path, restarts: bool) -> None:
    """On the way to live nobody was disturbed yet: three pages go out one by one, and one names the fourth."""
    receivers = (WAYS, CHAT, replace(DUTY, storm=StormSpec(pages=3, within=300.0)))
    given = to_pager(receivers=receivers)
    s = PageScenario(tmp_path, **given | {"route": replace(given["route"], mode=Mode.SHADOW)})
    s.at("10:00").alert(
        *({"alertname": f"Rule{number}", "instance": f"node-{number}", "severity": "warning"} for number in range(4))
    )
    if restarts:
        s.at("10:00:30").restart()
    s.at("10:01").reload(route=given["route"])
    s.between("10:01", "10:01:30").pages(PAGER, count=3)
    s.between("10:01", "10:02:30").tells(PAGER, MessageEvent.STORM)

    await s.play("10:04")

    assert 1 == len(s.sent[-1].notification.message.named)


async def test_a_route_by_severity(tmp_path: Path) -> None:
    """Warnings go to the chat, critical ones climb the ladder."""
    critical = RouteSpec("route.routes[0]", (parse('severity="critical"'),), escalation="shop", mode=Mode.LIVE)
    s = PageScenario(tmp_path, route=RouteSpec(receiver="chat", mode=Mode.LIVE, routes=(critical,)))
    s.at("10:00").alert({"alertname": "DiskFull", "instance": "db-1", "severity": "warning"})
    s.between("10:00", "10:02").pages(CHAT_ROOM)
    s.at("10:05").alert(HIGH)
    s.between("10:05", "10:06").pages(ANN)
    s.at("10:06").act("ack", 2)

    await s.play("10:10")


async def test_rounds_repeat(tmp_path: Path) -> None:
    """Twice through the steps, three minutes between the rounds."""
    ladder = replace(LADDER, repeat=1, fallback="")
    s = PageScenario(tmp_path, escalations=(ladder,), people=PEOPLE)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.between("10:03", "10:04").pages(BO)
    s.between("10:06", "10:07").pages(ANN)
    s.between("10:09", "10:10").pages(BO)

    await s.play("10:14")
