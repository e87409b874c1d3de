"""Edits of the configuration while incidents are open: what runs was frozen when it began; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from page_scenario import LADDER, LIVE, PageScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
ERRORS = {"alertname": "HighErrors", "service": "checkout", "severity": "critical"}
ANN, BO, CHAT_ROOM = "person/ann/sms", "person/bo/sms", "receiver/chat/slack/0"
RENAMED: dict[str, Any] = {
    "escalations": (replace(LADDER, name="shop-2"),),
    "route": replace(LIVE, escalation="shop-2"),
}
TRIED = RouteSpec("route.routes[0]", (parse('service="checkout"'),), continues=True, receiver="chat", mode=Mode.LIVE)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("edit", [RENAMED, {"route": replace(LIVE, routes=(TRIED,))}], ids=["renamed", "joined"])
async def test_an_edit_takes_no_answer_back(tmp_path: Path, edit: dict[str, object], restarts: bool) -> None:
    """A policy that is renamed, or a route that matches too, is for what opens later; what is new tells nobody now."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("ack")
    s.at("10:03").reload(**edit)
    if restarts:
        s.at("10:04").restart()
    s.at("10:05").alert(HIGH)
    s.at("10:06").act("note", text="we look")

    await s.play("10:15")


async def test_what_runs_unanswered_runs_on_alone(tmp_path: Path) -> None:
    """The policy under its new name does not run beside it; a rise in severity begins that which runs."""
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH | {"severity": "warning"})
    s.between("10:00", "10:02").pages(ANN)
    s.at("10:02").reload(**RENAMED)
    s.between("10:03", "10:06").pages(BO)
    s.at("10:06").act("ack")
    s.at("10:10").alert(ERRORS)
    s.between("10:10", "10:11").pages(ANN)
    s.at("10:12").act("ack")

    await s.play("10:15")


async def test_an_edit_may_name_who_hears_of_what_nobody_heard(tmp_path: Path) -> None:
    """It ran in shadow; the route goes live with another policy."""
    s = PageScenario(tmp_path, route=replace(LIVE, mode=Mode.SHADOW))
    s.at("10:00").alert(HIGH)
    s.at("10:02").reload(**RENAMED)
    s.between("10:02", "10:03").pages(ANN)
    s.at("10:04").act("ack")

    await s.play("10:06")


async def test_a_new_alert_finds_the_new_routes(tmp_path: Path) -> None:
    """Of an acknowledged incident: what only it matches joins."""
    critical = RouteSpec("route.routes[0]", (parse('alertname="HighErrors"'),), receiver="chat", mode=Mode.LIVE)
    s = PageScenario(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("ack")
    s.at("10:03").reload(route=replace(RENAMED["route"], routes=(critical,)), escalations=RENAMED["escalations"])
    s.at("10:05").alert(ERRORS)
    s.between("10:05", "10:06").pages(CHAT_ROOM)
    s.between("10:05", "10:06").pages(ANN)
    s.at("10:06").act("ack")
    s.between("10:06", "10:07").tells(CHAT_ROOM, MessageEvent.ACKNOWLEDGE)

    await s.play("10:10")


async def test_a_route_in_shadow_takes_no_live_answer_back(tmp_path: Path) -> None:
    """A new alert matches a route that is only tried out: it is recorded, and nobody is told anew."""
    tried = replace(TRIED, matchers=(parse('alertname="HighErrors"'),), mode=Mode.SHADOW)
    s = PageScenario(tmp_path, route=replace(LIVE, routes=(tried,)))
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(ANN)
    s.at("10:02").act("ack")
    s.at("10:04").alert(ERRORS)

    await s.play("10:10")
