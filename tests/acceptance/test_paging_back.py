"""What comes back from PagerDuty, and when: late, out of order, or written by ourselves; in virtual time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fake_pagerduty import iso
from page_scenario import CHAT, PEOPLE, WAYS, PageScenario, at
from pagerduty_webhooks import signature
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, Sent
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
SECRET = "canary-webhook"
DUTY = ReceiverSpec("duty", (PagerDutySpec(lambda: "k" * 32, webhook_secrets=(lambda: SECRET,)),))
PAGER = "receiver/duty/pagerduty/0"
WARNING = HIGH | {"severity": "warning"}
TRIGGER = MessageEvent.TRIGGER
RESOLVE, ACKNOWLEDGE = MessageEvent.RESOLVE, MessageEvent.ACKNOWLEDGE


def paged(folder: Path) -> PageScenario:
    """Route everything to PagerDuty alone."""
    route = RouteSpec(receiver="duty", mode=Mode.LIVE)
    return PageScenario(folder, route=route, receivers=(WAYS, CHAT, DUTY), people=PEOPLE)


def key_of(s: PageScenario) -> str:
    """Return the dedup key of the first page."""
    return s.sent[0].notification.dedup_key


def hears(s: PageScenario, moment: str, kind: str, *, done: str) -> None:
    """Let PagerDuty tell at some time what Ann did at another."""

    async def hear() -> None:
        data = {"id": "Q1", "incident_key": key_of(s)}
        agent = {"id": "PANN", "summary": "Ann", "type": "user_reference"}
        told: dict[str, Any] = {"id": f"{kind} {done}", "event_type": f"incident.{kind}", "occurred_at": iso(at(done))}
        raw = json.dumps({"event": {**told, "agent": agent, "data": data}}).encode()
        headers = {"X-PagerDuty-Signature": signature(raw, SECRET)}
        url = f"{s.daemon.address}/webhooks/pagerduty"
        async with aiohttp.ClientSession() as session, session.post(url, data=raw, headers=headers) as response:
            assert 200 == response.status, await response.text()

    s.at(moment).run(hear)


def reads(s: PageScenario, moment: str) -> list[str]:
    """Keep the state of the incident at that time."""
    states: list[str] = []

    async def read() -> None:
        states.append((await s.get("/api/v1/incidents/INC-1"))["data"]["incident"]["state"])

    s.at(moment).run(read)
    return states


@pytest.mark.parametrize("kind", ["acknowledged", "resolved"])
async def test_what_was_done_before_it_opened_again_answers_nothing(tmp_path: Path, kind: str) -> None:
    """PagerDuty tells it again and again until it is taken: an hour late, it is about what is over."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:03").resolve(HIGH)
    s.between("10:03", "10:04").tells(PAGER, RESOLVE)
    s.at("10:06").alert(HIGH)
    s.between("10:06", "10:07").pages(PAGER)
    hears(s, "10:08", kind, done="10:02")
    late = reads(s, "10:08:30")
    hears(s, "10:09", "acknowledged", done="10:08:59")
    s.between("10:09", "10:10").tells(PAGER, ACKNOWLEDGE)
    answered = reads(s, "10:09:30")

    await s.play("10:11")
    assert (["open"], ["acknowledged"]) == (late, answered)


async def test_what_was_taken_back_there_before_somebody_answered_here(tmp_path: Path) -> None:
    """Who answers knows better than who took an earlier answer back; and the other way round it counts."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:03").act("ack")
    s.between("10:03", "10:04").tells(PAGER, ACKNOWLEDGE)
    hears(s, "10:04", "unacknowledged", done="10:02")
    kept = reads(s, "10:04:30")
    hears(s, "10:05", "unacknowledged", done="10:04:50")
    s.between("10:05", "10:06").pages(PAGER)
    taken_back = reads(s, "10:05:30")

    await s.play("10:07")
    assert (["acknowledged"], ["open"]) == (kept, taken_back)


async def test_what_people_do_there_counts_in_their_order_however_late_it_comes(tmp_path: Path) -> None:
    """All of it was done before the first of it was told."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    hears(s, "10:10", "acknowledged", done="10:02")
    s.between("10:10", "10:11").tells(PAGER, ACKNOWLEDGE)
    hears(s, "10:11", "unacknowledged", done="10:03")
    s.between("10:11", "10:12").pages(PAGER)
    hears(s, "10:12", "acknowledged", done="10:04")
    s.between("10:12", "10:13").tells(PAGER, ACKNOWLEDGE, count=2)
    states = reads(s, "10:13")

    await s.play("10:14")
    assert ["acknowledged"] == states


async def test_an_end_that_we_wrote_by_rest_does_not_answer_what_opened_again(tmp_path: Path) -> None:
    """The Events API lost it; the REST API was writing it, in Ann's name, when the alert fired again."""
    s = paged(tmp_path)

    def answer(one: Notification) -> Sent:
        return Sent(one.dedup_key, confirmable=one.message.event is RESOLVE)

    s.answer = answer
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:03").resolve(HIGH)
    s.between("10:03", "10:04").tells(PAGER, RESOLVE)
    s.at("10:06").alert(HIGH)
    s.between("10:06", "10:07").pages(PAGER)
    hears(s, "10:07", "resolved", done="10:06:13")
    states = reads(s, "10:07:30")

    await s.play("10:09")
    assert ["open"] == states


@pytest.mark.parametrize("rises", ["10:00:40", "10:05"])
async def test_what_was_answered_before_it_rose_is_told_anew(tmp_path: Path, rises: str) -> None:
    """Who acknowledged a warning there does not know that it is critical; their page is silent, another key sounds."""
    s = paged(tmp_path)
    s.at("10:00").alert(WARNING)
    s.between("10:00", "10:00:20").pages(PAGER)
    s.at(rises).alert(HIGH)
    if rises == "10:05":
        s.between("10:05", "10:06").pages(PAGER)
    hears(s, "10:07", "acknowledged", done="10:00:30")
    s.between("10:07", "10:07:20").pages(PAGER)
    late = reads(s, "10:07:30")
    hears(s, "10:08", "acknowledged", done="10:07:50")
    s.between("10:08", "10:09").tells(PAGER, ACKNOWLEDGE, count=2)
    answered = reads(s, "10:08:30")

    await s.play("10:10")
    assert (["open"], ["acknowledged"]) == (late, answered)
    assert 2 == len({one.notification.dedup_key for one in s.sent if one.notification.message.event is TRIGGER})
