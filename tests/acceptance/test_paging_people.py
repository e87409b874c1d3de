"""Schedules, quiet hours, calendars and edits: who is told when people and configuration change; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from page_scenario import CHAT, DUTY, LADDER, LIVE, PEOPLE, WAYS, PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Sent
from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
LOW = {"alertname": "HighErrors", "service": "checkout", "severity": "warning"}
ANN, BO, CY = "person/ann/sms", "person/bo/sms", "person/cy/sms"
CHAT_ROOM, PAGER = "receiver/chat/slack/0", "receiver/duty/pagerduty/0"
RESOLVE, ACKNOWLEDGE = MessageEvent.RESOLVE, MessageEvent.ACKNOWLEDGE
ON_CALL = EscalationSpec(
    "shop", (StepSpec(("schedule/shop",)), StepSpec(("schedule/shop",), after=180.0)), fallback="receiver/chat",
    repeat_after=600.0,
)  # fmt: skip


def turns(*people: str, starts: str = "10:00") -> RotationSpec:
    """Return people who take turns of two minutes."""
    start = datetime.fromtimestamp(at(starts), UTC).replace(tzinfo=None)
    return RotationSpec(people, start, every_days=None, every_seconds=120.0)


def hours(name: str, first: int, last: int) -> NamedIntervals:
    """Return a calendar of minutes after ten."""
    return NamedIntervals(name, (TimeInterval(times=((600 + first, 600 + last),)),))


async def test_whoever_is_on_call_when_the_step_is_due(tmp_path: Path) -> None:
    """Ann until 10:02, then Bo: the second step tells Bo."""
    schedule = ScheduleSpec("shop", (turns("ann", "bo"),))
    s = PageScenario(tmp_path, escalations=(ON_CALL,), schedules=(schedule,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.between("10:03", "10:04").pages(BO)
    s.at("10:05").act("ack")

    await s.play("10:06")


async def test_an_override_wins(tmp_path: Path) -> None:
    """Cy stands in."""
    override = OverrideSpec("cy", at("09:00"), at("10:02"))
    schedule = ScheduleSpec("shop", (turns("ann"),), (override,))
    s = PageScenario(tmp_path, escalations=(ON_CALL,), schedules=(schedule,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(CY)
    s.at("10:01:30").act("ack")

    await s.play("10:04")


async def test_an_empty_slot_falls_through_to_the_fallback(tmp_path: Path) -> None:
    """Nobody is on call before noon."""
    schedule = ScheduleSpec("shop", (turns("ann", starts="12:00"),))
    s = PageScenario(tmp_path, escalations=(ON_CALL,), schedules=(schedule,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(CHAT_ROOM)

    await s.play("10:06")


async def test_quiet_hours_never_silence_what_is_critical(tmp_path: Path) -> None:
    """Ann has quiet hours: a warning goes to Bo at once, a critical one to her."""
    ann = replace(PEOPLE[0], quiet_hours=(hours("night", 0, 60),))
    s = PageScenario(tmp_path, people=(ann, *PEOPLE[1:]))
    s.at("10:00").alert({"alertname": "DiskFull", "instance": "db-1", "severity": "warning"})
    s.between("10:00", "10:02").pages(BO)
    s.at("10:03").act("ack")
    s.at("10:04").alert(HIGH)
    s.between("10:04", "10:05").pages(ANN)
    s.at("10:05").act("ack", 2)

    await s.play("10:06")


async def test_quiet_hours_end_when_a_warning_that_was_only_just_told_turns_critical(tmp_path: Path) -> None:
    """Bo was told instead of Ann seconds before; Ann is paged although it is within the minute of grace."""
    ann = replace(PEOPLE[0], quiet_hours=(hours("night", 0, 60),))
    s = PageScenario(tmp_path, people=(ann, *PEOPLE[1:]))
    s.at("10:00").alert(LOW)
    s.between("10:00", "10:00:15").pages(BO, severity="warning")
    s.at("10:00:20").alert(HIGH)
    s.between("10:00:20", "10:00:40").pages(ANN, severity="critical")
    s.at("10:01").act("ack")

    await s.play("10:02")


async def test_a_route_outside_its_time_waits(tmp_path: Path) -> None:
    """Active from 10:05 on; the step is taken then, with the line that says why it waited."""
    route = replace(LIVE, active_time_intervals=(hours("later", 5, 60),))
    s = PageScenario(tmp_path, route=route)
    s.at("10:00").alert(HIGH)
    s.between("10:05", "10:06").pages(ANN)
    s.at("10:06").act("ack")

    await s.play("10:07")


async def test_two_routes_tell_both(tmp_path: Path) -> None:
    """The first says continue."""
    chat = RouteSpec("route.routes[0]", (parse('service="checkout"'),), continues=True, receiver="chat", mode=Mode.LIVE)
    ladder = RouteSpec("route.routes[1]", (parse('severity="critical"'),), escalation="shop", mode=Mode.LIVE)
    s = PageScenario(tmp_path, route=RouteSpec(receiver="duty", mode=Mode.LIVE, routes=(chat, ladder)))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(CHAT_ROOM)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("ack")
    s.between("10:02", "10:03").tells(CHAT_ROOM, ACKNOWLEDGE)

    await s.play("10:04")


async def test_a_more_urgent_route_joins_and_sounds_although_answered(tmp_path: Path) -> None:
    """A warning went to the chat and was acknowledged; a critical alert of the incident climbs the ladder."""
    critical = RouteSpec("route.routes[0]", (parse('severity="critical"'),), escalation="shop", mode=Mode.LIVE)
    s = PageScenario(tmp_path, route=RouteSpec(receiver="chat", mode=Mode.LIVE, routes=(critical,)))
    s.at("10:00").alert(LOW)
    s.between("10:00", "10:02").pages(CHAT_ROOM)
    s.at("10:03").act("ack")
    s.between("10:03", "10:04").tells(CHAT_ROOM, ACKNOWLEDGE)
    s.at("10:04").alert(HIGH)
    s.between("10:04", "10:05").pages(ANN)
    s.between("10:04", "10:05").pages(CHAT_ROOM)
    s.at("10:05:30").act("ack")
    s.between("10:05", "10:06").tells(CHAT_ROOM, ACKNOWLEDGE, count=2)

    await s.play("10:07")


async def test_an_edit_does_not_change_what_runs(tmp_path: Path) -> None:
    """The new ladder is for the next incident."""
    edited = replace(LADDER, steps=(StepSpec(("person/cy",)), StepSpec(("person/cy",), after=60.0)))
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:01").reload(escalations=(edited,))
    s.between("10:03", "10:04").pages(BO)
    s.at("10:05").act("ack")

    await s.play("10:06")


async def test_a_receiver_that_is_removed_gives_way_to_the_fallback(tmp_path: Path) -> None:
    """At its next step."""
    pager = EscalationSpec(
        "shop", (StepSpec(("person/ann",)), StepSpec(("receiver/duty",), after=120.0)), fallback="receiver/chat"
    )
    s = PageScenario(tmp_path, escalations=(pager,))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:01").reload(receivers=(WAYS, CHAT))
    s.between("10:02", "10:03").pages(CHAT_ROOM)
    s.at("10:04").act("ack")
    s.between("10:04", "10:05").tells(CHAT_ROOM, ACKNOWLEDGE)

    await s.play("10:06")


async def test_many_alerts_of_one_incident_are_one_page(tmp_path: Path) -> None:
    """Ten pods of a service."""
    s = PageScenario(tmp_path, route=RouteSpec(receiver="duty", mode=Mode.LIVE), receivers=(WAYS, CHAT, DUTY))
    s.at("10:00").alert(*({**HIGH, "pod": f"checkout-{number}"} for number in range(10)))
    s.between("10:00", "10:01").pages(PAGER)

    await s.play("10:03")


async def test_a_page_that_is_not_confirmed_goes_to_the_fallback(tmp_path: Path) -> None:
    """The service accepted it, and shows nothing."""
    pager = EscalationSpec("shop", (StepSpec(("receiver/duty",)),), fallback="receiver/chat", repeat_after=900.0)
    s = PageScenario(tmp_path, escalations=(pager,))
    s.answer = lambda one: Sent("key", confirmable=one.integration == "pagerduty")
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.between("10:01", "10:02").pages(CHAT_ROOM)

    await s.play("10:04")


async def test_merging_ends_the_losers_page(tmp_path: Path) -> None:
    """The winner's goes on."""
    s = PageScenario(tmp_path, route=RouteSpec(receiver="duty", mode=Mode.LIVE))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER, name="INC-1")
    s.at("10:02").alert({"alertname": "DiskFull", "instance": "db-1", "severity": "critical"})
    s.between("10:02", "10:03").pages(PAGER, name="INC-2")
    s.at("10:04").act("merge", 2, into="INC-1")
    s.between("10:04", "10:05").tells(PAGER, RESOLVE, name="INC-2")

    await s.play("10:06")


async def test_what_ends_before_people_are_to_be_told_is_never_told(tmp_path: Path) -> None:
    """A route that waits for its time."""
    route = replace(LIVE, active_time_intervals=(hours("later", 5, 60),))
    s = PageScenario(tmp_path, route=route)
    s.at("10:00").alert(HIGH)
    s.at("10:03").resolve(HIGH)

    await s.play("10:07")
