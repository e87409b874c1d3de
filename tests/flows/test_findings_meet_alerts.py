"""Findings enrich incidents, or open them when their query says so; alerts of our own rules join their finding."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from alert_world import EPOCH, AlertWorld, make_world

from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.incident import EntryKind, IncidentState, Priority
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.severity import Severity

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "warning", "team": "shop"}
FINDING = Finding(
    uid="f1",
    kind=FindingKind.ANOMALY,
    query="checkout_p99",
    source="eu1",
    labels=(("service", "checkout"), ("team", "shop")),
    severity="info",
    value=2.0,
    unit="seconds",
    lower=0.1,
    upper=0.3,
    score=3.0,
    confidence_ratio=1.0,
    since=EPOCH,
    updated_at=EPOCH,
    sentence="p99 latency is 2 s, expected 0.1 to 0.3 s",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.clock._started = None
    yield made
    await made.store.close()


@pytest.mark.looptime
async def test_a_finding_alone_opens_nothing_by_default(world: AlertWorld) -> None:
    """No finding pages unless told to."""
    await world.found(FINDING)

    assert [] == await world.incidents()


@pytest.mark.looptime
async def test_a_finding_enriches_the_incident_that_it_fits(world: AlertWorld) -> None:
    """It is linked once with the reason, and its end is told too."""
    await world.found(FINDING)
    await world.fire(LATENCY)
    await world.found(FINDING)
    await world.found(FINDING)
    linked = await world.detail()
    await world.found()
    closed = await world.detail()

    assert ["f1"] == [one.uid for one in linked.findings]
    assert linked.findings[0].reason
    assert 1 == sum(entry.kind is EntryKind.FINDING for entry in closed.timeline)
    assert closed.findings[0].closed_at is not None
    assert EntryKind.FINDING_CLOSED == closed.timeline[-1].kind


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("policy", "severity"), [(OnFinding.NOTIFY, Severity.INFO), (OnFinding.PAGE, Severity.CRITICAL)]
)
async def test_a_query_may_open_incidents(world: AlertWorld, policy: OnFinding, severity: Severity) -> None:
    """notify keeps the finding's severity, page makes it critical; the incident ends with the finding."""
    world.policies["checkout_p99"] = policy
    await world.found(FINDING)
    opened = await world.only()
    await world.clock.sleep(120)
    await world.found()
    ended = await world.only()

    assert (severity, 1) == (opened.severity, opened.firing)
    assert IncidentState.RESOLVED == ended.state
    assert ["f1"] == [one.uid for one in (await world.detail()).findings]


@pytest.mark.looptime
async def test_the_alert_of_our_own_rule_joins_its_finding(world: AlertWorld) -> None:
    """Hours later too, when grouping alone would not have put them together."""
    world.policies["checkout_p99"] = OnFinding.NOTIFY
    await world.found(FINDING)
    await world.clock.sleep(3 * 3600)
    await world.found(FINDING)
    await world.fire(
        {**dict(FINDING.labels), "alertname": "AiopsAnomaly", "aiops_query": "checkout_p99", "severity": "info"}
    )
    await world.fire({**LATENCY, "service": "mail", "team": "mail"})

    first, *_ = await world.incidents()
    assert 2 == first.alerts
    rules = {episode.rule: episode.joined_reason for episode in (await world.detail("1")).episodes}
    assert "alert of the rule on finding" in rules["AiopsAnomaly"]


@pytest.mark.looptime
async def test_a_restart_keeps_what_is_linked(world: AlertWorld) -> None:
    """A new desk links nothing twice, and ends what closed meanwhile."""
    await world.fire(LATENCY)
    await world.found(FINDING)
    again = world.restarted()
    await again.begin()
    await again.found(FINDING, replace(FINDING, uid="f2", query="other", sentence="another"))
    same = await again.detail()
    await again.found()

    assert 1 == sum(entry.kind is EntryKind.FINDING and "p99" in entry.text for entry in same.timeline)
    assert all(one.closed_at is not None for one in (await again.detail()).findings)


@pytest.mark.looptime
async def test_a_burning_budget_raises_the_priority(world: AlertWorld) -> None:
    """The incident it belongs to becomes P1, and says why."""
    burn = replace(FINDING, uid="b1", kind=FindingKind.BURN, query="checkout-availability", severity="page")
    await world.fire({**LATENCY, "severity": "critical"})
    before = await world.only()
    await world.found(burn)
    after = await world.only()

    assert (Priority.P2, Priority.P1) == (before.priority, after.priority)
    assert "checkout-availability burns its budget" in after.priority_reason


@pytest.mark.looptime
async def test_a_breach_that_is_near_raises_the_priority(world: AlertWorld) -> None:
    """Two hours to a full disk make a warning urgent."""
    at = world.clock.now() + 7200
    breach = replace(FINDING, uid="d1", kind=FindingKind.FORECAST_BREACH, query="disk", breach_at=at)
    await world.fire(LATENCY)
    await world.found(breach)
    incident = await world.only()

    assert Priority.P2 == incident.priority
    assert "a breach is expected in 120 min" in incident.priority_reason


@pytest.mark.looptime
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_finding_joins_the_alert_of_the_rule_on_it(world: AlertWorld, restarts: bool) -> None:
    """The alert may come long before the finding; one of other labels is none of its."""
    own = {"alertname": "AiopsAnomaly", "aiops_query": "checkout_p99", "severity": "info"}
    await world.fire({**own, "service": "mail", "team": "mail"})
    await world.clock.sleep(3600)
    await world.fire({**own, **dict(FINDING.labels)})
    await world.clock.sleep(3 * 3600)
    if restarts:
        world = world.restarted()
        await world.begin()
    await world.found(replace(FINDING, since=world.clock.now()))

    assert [] == list((await world.detail("1")).findings)
    assert ["the alert of the rule on it fires here"] == [one.reason for one in (await world.detail("2")).findings]


@pytest.mark.looptime
async def test_a_finding_lends_weight_to_the_alerts_beside_it(world: AlertWorld) -> None:
    """While it is open, an alert that joins its incident scores higher."""
    await world.fire(LATENCY)
    await world.found(FINDING)
    await world.fire({**LATENCY, "alertname": "HighErrors"})
    await world.found()
    await world.fire({**LATENCY, "alertname": "HighLoad"})
    scores = {one.rule: one.verdict.score for one in await world.alerts()}

    assert scores["HighLatency"] < scores["HighErrors"]
    assert scores["HighLatency"] == scores["HighLoad"]
