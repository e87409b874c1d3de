"""A whole daemon in virtual time: beyond ten notices in five minutes a chat or mailbox gets quiet digests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from page_scenario import DUTY, LADDER, WAYS, PageScenario, RecorderSpec

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.core.model.receiver import ReceiverSpec, StormSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = pytest.mark.looptime

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
    s.between("10:00", "10:00:20").pages(ROOM, count=3)
    s.between("10:01", "10:01:10").tells(ROOM, MessageEvent.DIGEST, severity="warning")
    s.between("10:03", "10:03:10").tells(ROOM, MessageEvent.DIGEST)

    await s.play("10:05")

    assert [incidents(4, 5, 6), incidents(7, 8)] == digests(s)
    (first, _) = [one.notification for one in s.sent if one.notification.message.event is MessageEvent.DIGEST]
    assert "3 further incidents: INC-4, INC-5, INC-6" == first.message.title
    assert "3 notices in the last 5 min" == first.message.why_you
    assert ("warning", "s4") == (first.message.named[0].severity, first.message.named[0].service)
