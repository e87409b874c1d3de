"""What the answer of a live webhook says: only looked for when somebody asks with `--probe`."""

from __future__ import annotations

from aiops_daemon.core.alertmanager.lint.model import Finding, Rule, Weight

REDIRECTS = Rule(
    "answers-redirect",
    Weight.ERROR,
    "The webhook's URL answers with a redirect.",
    "Alertmanager follows a 302 as a GET without a body and takes its 200 for delivery: alerts vanish.",
    "give the address behind the redirect",
)
SILENT = Rule(
    "answers-nothing",
    Weight.WARNING,
    "Nobody answers at the webhook's URL, as seen from here.",
    "If Alertmanager sees the same, nothing arrives.",
    "start the daemon, or correct the address; from elsewhere it may answer",
)
ELSEWHERE = Rule(
    "answers-not-found",
    Weight.ERROR,
    "The webhook's URL answers that there is nothing.",
    "Alertmanager does not retry a 404 before the next group_interval, and then meets it again.",
    "correct host and path: this daemon answers a GET there with 405, or 401 without a token",
)


def judge(place: str, status: int | None) -> Finding | None:
    """Judge the answer to a GET; None when it is one that this daemon could give."""
    if status is None:
        return Finding(SILENT, place, "no answer within 10s")
    if 300 <= status < 400:
        return Finding(REDIRECTS, place, f"answers {status}")
    return Finding(ELSEWHERE, place, f"answers {status}") if status == 404 else None
