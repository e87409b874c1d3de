"""What the demo says of paging: the gravest incident, who would have been told when, and the page itself."""

from __future__ import annotations

from typing import Any

from aiops_daemon.cli.demopage import gravest, page_lines


def told(number: int = 1, **changes: Any) -> dict[str, Any]:
    """Make an incident as the API tells it."""
    incident = {
        "name": f"INC-{number}", "number": number, "priority": "P2", "severity": "critical", "alerts_total": 3,
        "notify_reason": "severity none",
    }  # fmt: skip
    return {"incident": incident | changes, "notifications": [], "timeline": []}


def message(at: str, channel: str, why: str = "ann is on call", event: str = "trigger") -> dict[str, Any]:
    """Make a message to ann."""
    return {"at": f"2026-11-21T03:{at}:00.000Z", "destination": f"person/ann/{channel}", "why": why, "event": event}


def test_the_gravest_is_the_most_urgent() -> None:
    """Then the worst, then the one with most alerts, then the first; none of none."""
    rows = [told(1, alerts_total=9), told(2, priority="P1", severity="warning"), told(3, priority="P1")]

    assert rows[2] is gravest(rows)
    assert rows[0] is gravest([told(4), rows[0]])
    assert gravest([]) is None


def test_channels_of_one_step_are_one_line_between_what_moved_it() -> None:
    """Oldest first; updates and ends are not told again."""
    one = told()
    one["notifications"] = [
        message("25", "sms", event="resolve"), message("15", "sms", "step 2"), message("00", "email"),
        message("00", "sms"),
    ]  # fmt: skip
    one["timeline"] = [
        {"kind": "opened", "at": "2026-11-21T02:59:00.000Z", "text": "opened by Disk\x1bFull"},
        {"kind": "notified", "at": "2026-11-21T03:00:00.000Z", "text": "would have told"},
        {"kind": "resolved", "at": "2026-11-21T03:25:00.000Z", "text": "every alert ended"},
    ]
    lines = page_lines(one, "[P1] INC-1\n\nWhy you: x")

    assert [
        "  2026-11-21 02:59 UTC  opened by Disk\\x1bFull",
        "  2026-11-21 03:00 UTC  person/ann/sms, person/ann/email: ann is on call",
        "  2026-11-21 03:15 UTC  person/ann/sms: step 2",
        "  2026-11-21 03:25 UTC  every alert ended",
    ] == lines[2:6]
    assert ["The page to ann, as a letter:", "", "  | [P1] INC-1", "  |", "  | Why you: x"] == lines[7:]


def test_nobody_told_has_a_reason() -> None:
    """As the incident says it."""
    assert ["Nobody would have been told of INC-1: severity none"] == page_lines(told(), "")
