"""Changes in a whole daemon, in virtual time: told to PagerDuty through the outbox, once, and to whom they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from page_scenario import CHAT, DUTY, LADDER, LIVE, WAYS, PageScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

CHANGES = "/api/v1/changes"
PAGES = RouteSpec(receiver="duty", mode=Mode.LIVE)
ROLLOUT: dict[str, Any] = {"summary": "checkout 41 rolled out", "labels": {"service": "checkout", "team": "shop"}}


async def test_a_change_is_tried_until_it_arrives_and_pages_nobody(tmp_path: Path) -> None:
    """It is in the log with its tries; no incident comes of it."""
    s = PageScenario(tmp_path, route=PAGES)
    answers = iter((Failed(FailureReason.SERVER_ERROR, "503", retry=True),))
    sent = s.answer
    s.answer = lambda notification: next(answers, None) or sent(notification)

    async def tell() -> None:
        status, _ = await s.post(CHANGES, **ROLLOUT)
        assert 200 == status

    async def look() -> None:
        (told,) = (await s.get("/api/v1/notifications"))["data"]
        assert ("change", "sent", 2, "shop") == (told["event"], told["state"], told["attempts"], told["team"])
        assert [] == (await s.get("/api/v1/incidents"))["data"]

    s.at("10:00").run(tell)
    s.between("10:00", "10:01").tells("receiver/duty/pagerduty/0", MessageEvent.CHANGE)
    s.at("10:05").run(look)

    await s.play()


async def test_a_change_that_nobody_takes_wakes_nobody(tmp_path: Path) -> None:
    """It is given up, and no fallback is told."""
    s = PageScenario(tmp_path, route=PAGES)
    s.answer = lambda notification: Failed(FailureReason.CLIENT_ERROR, "400", retry=False)

    async def tell() -> None:
        await s.post(CHANGES, **ROLLOUT)

    async def look() -> None:
        assert ["dead"] == [one["state"] for one in (await s.get("/api/v1/notifications"))["data"]]

    s.at("10:00").run(tell)
    s.at("10:10").run(look)

    await s.play()


async def test_the_kill_switch_holds_a_change_back(tmp_path: Path) -> None:
    """Recorded, never sent."""
    s = PageScenario(tmp_path, route=PAGES, mode=Mode.MUTED)

    async def tell() -> None:
        _, answer = await s.post(CHANGES, **ROLLOUT)
        assert ["muted"] == [one["state"] for one in answer["data"]]

    s.at("10:00").run(tell)

    await s.play("10:30")


async def test_routes_without_pagerduty_refuse_a_change(tmp_path: Path) -> None:
    """Who tells of it learns that nobody would see it."""
    s = PageScenario(tmp_path, route=LIVE, escalations=(LADDER,), receivers=(WAYS, CHAT, DUTY))

    async def tell() -> None:
        status, answer = await s.post(CHANGES, **ROLLOUT)
        assert 422 == status
        assert answer["detail"].startswith("Nobody is told: no policy of a route")

    s.at("10:00").run(tell)

    await s.play()
