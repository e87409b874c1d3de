"""Pages that cannot go out now, for a service asks for a pause or there are too many: who is told; in virtual time."""

from __future__ import annotations

from pathlib import Path

from page_scenario import PageScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
OTHER = {"alertname": "DiskFull", "service": "billing", "severity": "critical"}
CHAT_ROOM, PAGER = "receiver/chat/slack/0", "receiver/duty/pagerduty/0"
TO_PAGER = EscalationSpec("shop", (StepSpec(("receiver/duty",)),), fallback="receiver/chat", repeat_after=7200.0)


async def test_a_long_pause_of_a_service_is_no_fault_of_ours(tmp_path: Path) -> None:
    """Its pages wait, the fallback is told of each within a minute, and nobody is woken to look for a fault."""
    s = PageScenario(tmp_path, escalations=(TO_PAGER,))
    first: list[str] = []

    def answer(one: Notification) -> Outcome:
        if one.integration != "pagerduty" or first and one.uid != first[0]:
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
