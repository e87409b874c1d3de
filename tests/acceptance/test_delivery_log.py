"""The delivery log of a whole daemon, in virtual time: what was sent, what was only recorded, and test messages."""

from __future__ import annotations

from pathlib import Path

from page_scenario import LIVE, PageScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
SHADOW = RouteSpec(escalation="shop", mode=Mode.SHADOW)
TEST = "/api/v1/notifications/test"


async def test_a_test_goes_out_in_shadow_mode_and_pages_do_not(tmp_path: Path) -> None:
    """Both are in the log, each with what became of it."""
    s = PageScenario(tmp_path, route=SHADOW)

    async def ask() -> None:
        status, answer = await s.post(TEST, person="ann")
        assert (200, ["waiting"]) == (status, [one["state"] for one in answer["data"]])

    async def look() -> None:
        told = (await s.get("/api/v1/notifications?since=1h"))["data"]
        assert [("trigger", "shadow", "INC-1"), ("test", "sent", None)] == [
            (one["event"], one["state"], one["name"]) for one in told
        ]

    s.at("10:00").run(ask)
    s.between("10:00", "10:01").tells("person/ann/sms", MessageEvent.TEST)
    s.at("10:05").alert(HIGH)
    s.at("10:07").run(look)

    await s.play()


async def test_a_test_that_fails_says_why(tmp_path: Path) -> None:
    """The reason is in the log, and nobody else is told of it."""
    s = PageScenario(tmp_path, route=LIVE)
    s.answer = lambda notification: Failed(FailureReason.AUTH_ERROR, "401: bad token", retry=False)

    async def ask() -> None:
        status, _ = await s.post(TEST, receiver="chat")
        assert 200 == status

    async def look() -> None:
        (told,) = (await s.get("/api/v1/notifications?state=dead"))["data"]
        assert ("auth_error", "401: bad token", 1) == (told["reason"], told["detail"], told["attempts"])

    s.at("10:00").run(ask)
    s.at("10:05").run(look)

    await s.play()


async def test_the_kill_switch_holds_a_test_back(tmp_path: Path) -> None:
    """It is recorded, and not sent."""
    s = PageScenario(tmp_path, mode=Mode.MUTED)

    async def ask() -> None:
        _, answer = await s.post(TEST, person="ann")
        assert ["muted"] == [one["state"] for one in answer["data"]]

    s.at("10:00").run(ask)

    await s.play("10:10")


async def test_an_incident_says_who_is_told_next_and_who_was(tmp_path: Path) -> None:
    """From the store of a running daemon: in the API and on the page."""
    s = PageScenario(tmp_path)

    async def look() -> None:
        told = await s.detail()
        (step,) = told["escalation"]["next"]
        assert ("running", "live", 2) == (told["escalation"]["phase"], step["mode"], step["step"])
        assert ["person/bo"] == [one["target"] for one in step["targets"]]
        assert [("person/ann/sms", "sent")] == [(one["destination"], one["state"]) for one in told["notifications"]]
        page = await s.page("/incidents/INC-1")
        assert "The escalation runs" in page
        assert "person/ann/sms" in page

    s.at("10:00").alert(HIGH)
    s.between("10:00", "10:01").pages("person/ann/sms")
    s.at("10:02").run(look)
    s.at("10:02:30").act("ack")

    await s.play("10:10")
