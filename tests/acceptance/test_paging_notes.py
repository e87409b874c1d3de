"""Notes of people, written to PagerDuty too: beside a page of its own, and only what is live; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from page_scenario import CHAT, WAYS, PageScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.receiver import ReceiverSpec, StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "warning"}
OTHER = {"alertname": "DiskFull", "service": "billing", "severity": "warning"}
PAGER = "receiver/duty/pagerduty/0"
UPDATE = MessageEvent.UPDATE
TWO_WAY = PagerDutySpec(lambda: "k" * 32, api_token=lambda: "t", sender="ann@example.org")
DUTY = ReceiverSpec("duty", (TWO_WAY,), storm=StormSpec(pages=1))
PAGED = RouteSpec(receiver="duty", mode=Mode.LIVE)
SHADOW = replace(PAGED, mode=Mode.SHADOW)


def paged(folder: Path, **given: Any) -> PageScenario:
    """Route everything to PagerDuty, which notes can be written to; every page but the first one folds."""
    return PageScenario(folder, **({"route": PAGED, "receivers": (WAYS, CHAT, DUTY)} | given))


def logged(s: PageScenario, moment: str) -> list[str]:
    """Keep the states of the notes in the delivery log."""
    rows: list[str] = []

    async def read() -> None:
        answer = await s.get("/api/v1/notifications")
        rows.extend(row["state"] for row in answer["data"] if row["event"] == "update")

    s.at(moment).run(read)
    return rows


async def test_a_note_is_written_beside_its_page(tmp_path: Path) -> None:
    """With its author; two notes of the same words are two."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").act("note", text="it is the queue")
    s.at("10:03").act("note", text="it is the queue")
    s.between("10:02", "10:04").tells(PAGER, UPDATE, count=2, note="it is the queue")
    rows = logged(s, "10:05")

    await s.play("10:06")
    assert ["sent", "sent"] == rows
    assert 2 == len({one.notification.uid for one in s.sent if one.notification.message.event is UPDATE})


async def test_a_note_of_a_time_when_all_was_muted_is_only_recorded(tmp_path: Path) -> None:
    """It is not sent after it either: it may be about what is long over."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").reload(mode=Mode.MUTED)
    s.at("10:03").act("note", text="it is the queue")
    rows = logged(s, "10:04")
    s.at("10:05").reload(mode=Mode.LIVE)
    s.between("10:05", "10:06").pages(PAGER)

    await s.play("10:08")
    assert ["muted"] == rows


async def test_a_note_on_what_was_told_in_shadow_is_only_recorded(tmp_path: Path) -> None:
    """Like the page; once that is sent, notes are."""
    s = paged(tmp_path, route=SHADOW)
    s.at("10:00").alert(HIGH)
    s.at("10:02").act("note", text="it is the queue")
    rows = logged(s, "10:03")
    s.at("10:04").reload(route=PAGED)
    s.between("10:04", "10:05").pages(PAGER)
    s.at("10:06").act("note", text="it was the queue")
    s.between("10:06", "10:07").tells(PAGER, UPDATE, note="it was the queue")

    await s.play("10:08")
    assert ["shadow"] == rows


async def test_a_note_on_what_a_storm_page_names_has_no_place_there(tmp_path: Path) -> None:
    """It would stand beside many others."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:01").alert(OTHER)
    s.between("10:01", "10:02").tells(PAGER, MessageEvent.STORM)
    s.at("10:03").act("note", 2, text="it is the disk")
    rows = logged(s, "10:04")

    await s.play("10:05")
    assert [] == rows
