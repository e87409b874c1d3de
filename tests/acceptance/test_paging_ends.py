"""Ends of pages when modes change: whoever was told of the beginning is told the end, and nobody else is."""

from __future__ import annotations

from pathlib import Path

import pytest
from page_scenario import CHAT, DUTY, WAYS, PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
OTHER = {"alertname": "DiskFull", "service": "billing", "severity": "critical"}
PAGER = "receiver/duty/pagerduty/0"
RESOLVE, ACKNOWLEDGE = MessageEvent.RESOLVE, MessageEvent.ACKNOWLEDGE
DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
PAGED = RouteSpec(receiver="duty", mode=Mode.LIVE)


def paged(folder: Path) -> PageScenario:
    """Route everything to the pager alone."""
    return PageScenario(folder, route=PAGED, receivers=(WAYS, CHAT, DUTY))


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_end_that_waits_for_its_retry_outlives_the_kill_switch(tmp_path: Path, restarted: bool) -> None:
    """PagerDuty is down at the end; nothing is sent while all is muted, and the resolve once it is not."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:01").answer(lambda notification: DOWN)
    s.at("10:02").resolve(HIGH)
    s.at("10:03").reload(mode=Mode.MUTED)
    s.at("10:04").answer(lambda notification: Sent())
    if restarted:
        s.at("10:06").restart()
    s.at("10:08").reload(mode=Mode.LIVE)
    s.between("10:08", "10:09").tells(PAGER, RESOLVE)

    await s.play("10:10")


async def test_an_answer_given_while_all_is_muted_is_told_after_it(tmp_path: Path) -> None:
    """Else PagerDuty would go on to wake people for what somebody works on."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:02").reload(mode=Mode.MUTED)
    s.at("10:03").act("ack")
    s.at("10:05").reload(mode=Mode.LIVE)
    s.between("10:05", "10:06").tells(PAGER, ACKNOWLEDGE)

    await s.play("10:08")


async def test_of_an_answer_and_an_end_only_the_end_is_told(tmp_path: Path) -> None:
    """Both came while all was muted."""
    s = paged(tmp_path)
    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages(PAGER)
    s.at("10:01").answer(lambda notification: DOWN)
    s.at("10:02").act("ack")
    s.at("10:03").resolve(HIGH)
    s.at("10:04").reload(mode=Mode.MUTED)
    s.at("10:05").answer(lambda notification: Sent())
    s.at("10:06").reload(mode=Mode.LIVE)
    s.between("10:06", "10:07").tells(PAGER, RESOLVE)

    await s.play("10:08")


def _quiet(s: PageScenario) -> None:
    """Let PagerDuty ask for a pause after the first page, so that the second one waits and is never tried."""

    def answer(notification: Notification) -> Outcome:
        limited = Failed(FailureReason.RATE_LIMITED, "429", retry=True, retry_after=120.0)
        return limited if s.clock.now() < at("10:02") else Sent()

    s.answer = answer
    s.at("10:00").alert(HIGH)
    s.at("10:00:10").alert(OTHER)


@pytest.mark.parametrize(
    "off", [{"route": RouteSpec(receiver="duty", mode=Mode.SHADOW)}, {"mode": Mode.MUTED}], ids=["shadow", "muted"]
)
async def test_nobody_hears_the_end_of_what_was_never_sent(tmp_path: Path, off: dict[str, object]) -> None:
    """A page is taken back before anybody tried it: its resolve would name a key that PagerDuty never saw."""
    s = paged(tmp_path)
    _quiet(s)
    s.at("10:00:30").reload(**off)
    s.at("10:03").resolve(HIGH, OTHER)
    s.at("10:05").reload(route=PAGED, mode=Mode.LIVE)
    s.between("10:03", "10:06").tells(PAGER, RESOLVE, name="INC-1")  # tried once, and perhaps taken

    await s.play("10:08")

    assert ["INC-1"] == [one.notification.message.name for one in s.failed]


async def test_the_log_says_why_an_end_is_not_told(tmp_path: Path) -> None:
    """Also when it was written before the page was taken back."""
    s = paged(tmp_path)
    _quiet(s)
    s.at("10:00:20").act("ack", 2)
    s.at("10:00:30").reload(route=RouteSpec(receiver="duty", mode=Mode.SHADOW))
    rows: list[tuple[str, str, str]] = []

    async def read() -> None:
        answer = await s.get("/api/v1/notifications?incident=INC-2")
        rows.extend((row["event"], row["state"], row["reason"]) for row in answer["data"])

    s.at("10:00:45").resolve(OTHER)
    s.at("10:01").run(read)
    s.at("10:03").resolve(HIGH)
    s.between("10:03", "10:04").tells(PAGER, RESOLVE, name="INC-1")

    await s.play("10:04")

    why = "what it follows was never sent"
    assert [("acknowledge", "dropped", why), ("resolve", "dropped", why)] == sorted(rows)[:2]
