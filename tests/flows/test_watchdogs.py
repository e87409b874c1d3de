"""The dead man's switch and what we say about ourselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from alert_world import AlertWorld, make_world

from aiops_daemon.core.model.alert import SELF_SOURCE
from aiops_daemon.core.model.alertmanager import WatchdogSpec
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.flows.alerts.intake import Intake
from aiops_daemon.flows.alerts.watchdogs import Watchdogs

SPEC = WatchdogSpec((parse('alertname="Watchdog"'),), 600.0, ((("cluster", "eu1"),), (("cluster", "us1"),)))
WATCHDOG = {"alertname": "Watchdog", "severity": "none", "cluster": "eu1"}


def unknown(labels: Labels) -> None:
    """Know nothing of routes."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path, watchdogs=(SPEC,))
    made.clock._started = None
    yield made
    await made.store.close()


def start(world: AlertWorld, *specs: WatchdogSpec) -> Watchdogs:
    watchdogs = Watchdogs(specs, world.clock, world.meter, world.notices)
    world.processor.watch = watchdogs.watch
    return watchdogs


@pytest.mark.looptime
async def test_a_watchdog_opens_nothing_by_itself(world: AlertWorld) -> None:
    """Also when its severity would."""
    await world.fire({**WATCHDOG, "severity": "critical"})

    assert [] == await world.incidents()
    assert 1 == world.meter.value("aiops_alert_verdicts_total", verdict="record", reason="watchdog")


@pytest.mark.looptime
async def test_silence_is_an_incident_and_one_never_seen_counts(world: AlertWorld) -> None:
    """eu1 comes and then stops; us1 never came: each gets an incident of its own, which ends when it comes."""
    watchdogs = start(world, SPEC)
    await world.clock.sleep(500)
    await world.fire(WATCHDOG)
    await world.clock.sleep(200)
    watchdogs.look(unknown)
    await world.notices.flush(world.desk)
    first = await world.incidents()
    await world.clock.sleep(900)
    watchdogs.look(unknown)
    await world.notices.flush(world.desk)
    both = {alert.labels: alert.annotations for alert in await world.alerts(sources=(SELF_SOURCE,))}
    await world.fire(WATCHDOG, {**WATCHDOG, "cluster": "us1"})
    watchdogs.look(unknown)
    await world.notices.flush(world.desk)

    assert 1 == len(first)
    assert {"eu1", "us1"} == {dict(labels)["cluster"] for labels in both}
    assert any("never seen" in dict(words)["summary"] for words in both.values())
    assert {IncidentState.RESOLVED} == {one.state for one in await world.incidents()}
    assert 0 == world.meter.value("aiops_watchdog_missing", source="eu1", cluster="us1")


@pytest.mark.looptime
async def test_a_deadline_that_cannot_be_kept_is_measured(world: AlertWorld) -> None:
    """within 600 s against repeat 4 h and group 5 m: told by a metric, refused never."""
    watchdogs = start(world, SPEC)
    watchdogs.look(lambda labels: (14_400.0, 300.0))
    short = world.meter.value("aiops_watchdog_deadline_too_short", source="", cluster="eu1")
    watchdogs.look(lambda labels: (300.0, 30.0))

    assert 1 == short
    assert 0 == world.meter.value("aiops_watchdog_deadline_too_short", source="", cluster="eu1")


@pytest.mark.looptime
async def test_a_reload_keeps_the_clocks(world: AlertWorld) -> None:
    """What was seen counts on; what nobody expects any more ends its notice."""
    old = start(world, SPEC)
    await world.clock.sleep(601)
    old.look(unknown)
    await world.notices.flush(world.desk)
    new = start(world, replace(SPEC, expect=SPEC.expect[:1]))
    new.succeed(old)
    await world.clock.sleep(1)
    await world.notices.flush(world.desk)

    open_ones = [alert for alert in await world.alerts(sources=(SELF_SOURCE,)) if alert.open]
    assert ["eu1"] == [dict(alert.labels)["cluster"] for alert in open_ones]


@pytest.mark.looptime
async def test_a_notice_that_was_said_ends_by_itself(world: AlertWorld) -> None:
    """An hour after it was last said. Its runbook is where the settings say."""
    world.notices.rules = RulesSpec(runbook_url="https://runbooks.example.org")
    world.intake.too_large("eu1", 40_000_000)
    await world.notices.flush(world.desk)
    opened = await world.only()
    await world.clock.sleep(3601)
    await world.notices.flush(world.desk)

    (alert,) = await world.alerts(sources=(SELF_SOURCE,))
    assert "AiopsWebhookTooLarge on aiops-daemon" == opened.title
    assert "https://runbooks.example.org/AiopsWebhookTooLarge.md" == dict(alert.annotations)["runbook_url"]
    assert IncidentState.RESOLVED == (await world.only()).state
    assert 1 == world.meter.value("aiops_webhook_body_too_large_total", source="eu1")


@pytest.mark.looptime
async def test_alerts_of_a_refused_body_are_promised_only_where_they_can_be_read(world: AlertWorld) -> None:
    """From an Alertmanager without urls nobody fetches what its webhook could not bring."""
    world.intake = Intake(world.store, world.clock, world.meter, world.notices, lambda source: source == "eu1")
    for source in ("eu1", "other"):
        world.intake.too_large(source, 40_000_000)
    await world.notices.flush(world.desk)

    told = {
        dict(one.labels)["source"]: dict(one.annotations)["summary"]
        for one in await world.alerts(sources=(SELF_SOURCE,))
    }
    assert "are read from the Alertmanager's API instead" in told["eu1"]
    assert "are not known here, for no urls of that Alertmanager are configured" in told["other"]
