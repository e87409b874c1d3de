"""Pages that cannot go out now, for a service asks for a pause or there are too many: who is told; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from page_scenario import CHAT, DUTY, LIVE, WAYS, PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.receiver import StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
OTHER = {"alertname": "DiskFull", "service": "billing", "severity": "critical"}
DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
STORM = MessageEvent.STORM
STORMY = replace(DUTY, storm=StormSpec(pages=1, within=600.0))
CHAT_ROOM, PAGER = "receiver/chat/slack/0", "receiver/duty/pagerduty/0"
TO_PAGER = EscalationSpec("shop", (StepSpec(("receiver/duty",)),), fallback="receiver/chat", repeat_after=7200.0)


async def test_a_long_pause_of_a_service_is_no_fault_of_ours(tmp_path: Path) -> None:
    """Its pages wait, the fallback is told of each within a minute, and nobody is woken to look for a fault."""
    s = PageScenario(tmp_path, escalations=(TO_PAGER,))
    first: list[str] = []

    def answer(one: Notification) -> Outcome:
        if one.integration != "pagerduty" or (first and one.uid != first[0]):
            return Sent()
        limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True, retry_after=1200.0)
        first.append(one.uid)
        return limited if len(first) == 1 else Sent()

    s.answer = answer
    s.at("10:00").alert(HIGH)
    s.at("10:00:20").alert(OTHER)
    s.between("10:01", "10:01:15").pages(CHAT_ROOM, name="INC-1")
    s.between("10:01:15", "10:01:40").pages(CHAT_ROOM, name="INC-2")
    s.between("10:20", "10:21").pages(PAGER, count=2)

    await s.play("10:25")
    assert 1 == len(s.failed)
    assert {MessageEvent.TRIGGER} == {one.notification.message.event for one in s.sent}


def storming(folder: Path, **given: Any) -> PageScenario:
    """Let every page but the first one fold."""
    return PageScenario(folder, escalations=(TO_PAGER,), receivers=(WAYS, CHAT, STORMY), **given)


def alert(number: int) -> dict[str, str]:
    """Return an alert that is an incident of its own."""
    return {"alertname": f"Rule{number}", "instance": f"node-{number}", "severity": "warning"}


def names(s: PageScenario) -> list[list[str]]:
    """Return what each storm page named that was sent."""
    sent = (one.notification.message for one in s.sent)
    return [[one.name for one in message.named] for message in sent if message.event is STORM]


async def test_a_storm_page_that_does_not_arrive_goes_to_the_fallback(tmp_path: Path) -> None:
    """Each incident of it, once: also of a version whose place another took before it was tried."""
    s = storming(tmp_path)
    s.answer = lambda one: Sent() if one.integration != "pagerduty" or s.clock.now() < at("10:00:05") else DOWN
    s.at("10:00").alert(alert(1))
    s.between("10:00", "10:00:05").pages(PAGER)
    for number in (2, 3, 4):
        s.at(f"10:00:{number * 10}").alert(alert(number))
    for number in (2, 3, 4):
        s.between("10:01:10", "10:03:30").pages(CHAT_ROOM, name=f"INC-{number}")

    await s.play("10:08")


async def test_of_a_storm_only_what_nobody_heard_goes_to_the_fallback(tmp_path: Path) -> None:
    """A later version is refused for good; what the first one named was told."""
    s = storming(tmp_path)
    refused = Failed(FailureReason.CLIENT_ERROR, "400", retry=False)
    s.answer = lambda one: refused if len(one.message.named) > 1 else Sent()
    s.at("10:00").alert(alert(1))
    s.between("10:00", "10:00:05").pages(PAGER)
    s.at("10:00:10").alert(alert(2))
    s.between("10:00:10", "10:00:15").tells(PAGER, STORM)
    s.at("10:00:20").alert(alert(3))
    s.between("10:01:10", "10:01:20").pages(CHAT_ROOM, name="INC-3")

    await s.play("10:05")


async def test_a_storm_page_names_nothing_of_a_route_that_turned_to_shadow(tmp_path: Path) -> None:
    """What waits is taken back, and no later version names it again; what is live goes on."""
    live, other = (RouteSpec(f"route.routes[{n}]", (parse(f'team="{n}"'),), escalation="shop", mode=Mode.LIVE)
                   for n in (0, 1))  # fmt: skip
    s = storming(tmp_path, route=RouteSpec(receiver="duty", mode=Mode.LIVE, routes=(live, other)))
    s.at("10:00").alert(alert(1) | {"team": "0"})
    s.between("10:00", "10:00:05").pages(PAGER)
    s.at("10:00:10").alert(alert(2) | {"team": "0"})
    s.at("10:00:20").alert(alert(3) | {"team": "1"})
    s.at("10:00:30").reload(
        route=RouteSpec(receiver="duty", mode=Mode.LIVE, routes=(live, replace(other, mode=Mode.SHADOW)))
    )
    s.at("10:02:00").alert(alert(4) | {"team": "0"})
    s.between("10:00", "10:04").tells(PAGER, STORM, count=3)

    await s.play("10:06")
    assert [["INC-2"], ["INC-2"], ["INC-2", "INC-4"]] == names(s)


async def test_a_storm_page_of_nothing_but_shadow_is_never_sent(tmp_path: Path) -> None:
    """PagerDuty is down when the route is turned to shadow."""
    s = storming(tmp_path)
    s.answer = lambda one: DOWN if one.message.event is STORM and s.clock.now() < at("10:01") else Sent()
    s.at("10:00").alert(alert(1))
    s.between("10:00", "10:00:05").pages(PAGER)
    s.at("10:00:10").alert(alert(2))
    s.at("10:00:30").reload(route=replace(LIVE, mode=Mode.SHADOW))

    await s.play("10:05")
