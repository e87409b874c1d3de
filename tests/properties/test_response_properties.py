"""Retries, folding and messages, whatever they are given."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from response_world import TEN, incident

from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.model.alert import Episode, EpisodeState
from aiops_daemon.core.model.message import Message, MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification
from aiops_daemon.core.model.receiver import StormSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.folding import LIMITS, Paged, fold
from aiops_daemon.core.response.message import Gathered, Place, compose
from aiops_daemon.core.response.retry import SPAN, next_attempt

_UID = st.uuids().map(str)
_DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)


@given(
    uid=_UID,
    attempts=st.integers(1, 200),
    age=st.floats(0.0, 2 * SPAN),
    asked=st.none() | st.floats(0.0, 7200.0),
    retry=st.booleans(),
)
def test_a_retry_comes_in_time_or_never(uid: str, attempts: int, age: float, asked: float | None, retry: bool) -> None:
    """Never before what was asked for, and never after six hours.

    Unless asked, within three quarters of a minute while it is young, and a quarter of an hour always.
    """
    message = Message(MessageEvent.TRIGGER, "u", "INC-1", "t", "open", "critical", "P1", TEN, TEN)
    row = Notification(uid, "k", "d", "u", "t", "pager", "pagerduty", message, TEN, TEN, attempts=attempts)
    now = TEN + age
    at = next_attempt(row, replace(_DOWN, retry=retry, retry_after=asked), now)

    if not retry or age >= SPAN:
        assert at is None
        return
    assert at is not None
    assert at - now >= max(1.0, asked or 0.0) - 1e-3
    assert at - now <= max(45.0 if age <= 240.0 else 900.0, asked or 0.0) + 1e-3
    assert at == next_attempt(row, replace(_DOWN, retry_after=asked), now)


@given(
    ages=st.lists(st.floats(0.0, 20_000.0), max_size=60),
    integration=st.sampled_from(("pagerduty", "sms", "voice")),
    severity=st.sampled_from(tuple(Severity)),
    service=st.sampled_from(("", "checkout", "payment")),
)
def test_no_destination_is_flooded(ages: list[float], integration: str, severity: Severity, service: str) -> None:
    """A page of its own only below every limit, but for a critical one on a service not yet paged in a storm."""
    lately = [Paged(TEN - age, "checkout") for age in ages]
    spec = StormSpec(pages=5, within=300.0)
    folding = fold(spec, integration, lately, severity, service, TEN)

    counted = sum(age < 300.0 for age in ages)
    fresh = severity is Severity.CRITICAL and service != "checkout"
    if counted >= spec.pages and not fresh:
        assert folding is not None
    for most, within in LIMITS.get(integration, ()):
        if sum(age < within for age in ages) >= most:
            assert folding is not None
    if folding is not None:
        assert folding.due_at >= TEN
        assert folding.why


@given(
    summary=st.text(max_size=500),
    url=st.text(max_size=80) | st.sampled_from(("https://runbooks/x", "javascript:alert(1)", "http://a b")),
    title=st.text(max_size=300),
)
def test_a_message_takes_any_text_and_only_web_addresses(summary: str, url: str, title: str) -> None:
    """Sentences are bounded; links are http or https."""
    alert = Episode(
        uid="e", team="t", source="s", fingerprint="f", labels=(("alertname", "A"),),
        annotations=(("runbook_url", url), ("summary", summary)), severity="critical", state=EpisodeState.FIRING,
        first_starts_at=TEN, starts_at=TEN, ends_at=None, heard_at=TEN, seen_at=TEN,
    )  # fmt: skip
    gathered = Gathered(Facts(alerts=1, firing=1), (summary,), (alert,))
    made = compose(MessageEvent.TRIGGER, incident(title=title), gathered, Place("eu", "https://aiops"), TEN)

    assert all(len(sentence) <= 300 for sentence in made.evidence)
    assert all(link.url.startswith(("http://", "https://")) for link in made.links)
    assert "https://aiops/incidents/INC-1" == made.url
