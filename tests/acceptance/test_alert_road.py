"""The whole daemon on the alert road: webhook, reconciliation, people, restarts; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from alert_scenario import SOURCE, AlertScenario
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.alertmanager import (
    HeartbeatSpec,
    MaintenanceSpec,
    QualitySpec,
    SuppressionSpec,
    TeamSpec,
    WatchdogSpec,
)
from aiops_daemon.core.model.grouping import GroupingSpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.errors import AiopsError

pytestmark = VIRTUAL_TIME

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}
ERRORS = {"alertname": "HighErrors", "service": "checkout", "severity": "warning"}
DISK = {"alertname": "DiskFull", "instance": "db-9", "severity": "warning"}


async def test_a_storm_is_one_incident_with_reasons(tmp_path: Path) -> None:
    """Thirty alerts of one service within a minute: one incident, each alert with why it is there."""
    async with AlertScenario(tmp_path) as s:
        for number in range(3):
            await s.fire(*({**ERRORS, "pod": f"checkout-{number}-{pod}"} for pod in range(10)))
        (incident,) = await s.incidents()
        detail = await s.detail()

    assert (30, 30, "open") == (incident["alerts_total"], incident["alerts_firing"], incident["state"])
    assert all(one["joined_reason"] for one in detail["alerts"])


async def test_the_list_the_page_and_the_metrics_agree(tmp_path: Path) -> None:
    """What opened is on the page, in the API, and on the findings page for Prometheus."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        await s.at(minutes=3)
        listing, page = await s.page("/incidents"), await s.page("/incidents/INC-1")
        metrics = await s.page("/findings/metrics")
        opened = s.metric("aiops_incidents_opened_total", severity="critical", team="default")
        counted = s.metric("aiops_incidents", state="open", severity="critical", team="default")

    assert "INC-1" in listing
    assert "HighLatency" in page
    assert 'aiops_incident_severity{incident="INC-1",severity="critical"} 1' in metrics
    assert (1, 1) == (opened, counted)


async def test_bodies_that_are_too_large_are_counted_from_0(tmp_path: Path) -> None:
    """Of every configured Alertmanager, so that the first is an increase that an alert can see."""
    async with AlertScenario(tmp_path) as s:
        metrics = await s.page("/metrics")

    assert f'aiops_webhook_body_too_large_total{{source="{SOURCE}"}} 0.0' in metrics


async def test_people_take_it_up_and_close_it(tmp_path: Path) -> None:
    """Acknowledge, a refusal while it fires, the end by itself, and a note afterwards."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        acked, _ = await s.post("/api/v1/incidents/INC-1/ack", cause="a bad deploy")
        refused, problem = await s.post("/api/v1/incidents/INC-1/resolve")
        await s.at(minutes=10)
        await s.resolve(LATENCY)
        noted, _ = await s.post("/api/v1/incidents/INC-1/note", text="rolled back")
        detail = await s.detail()

    assert (200, 409, 200) == (acked, refused, noted)
    assert "HighLatency" in problem["detail"]
    assert "resolved" == detail["incident"]["state"]
    assert ["a bad deploy"] == [one["cause"] for one in detail["outcomes"]]
    kinds = [line["kind"] for line in detail["timeline"]]
    assert ["opened", "joined", "acknowledged", "outcome", "alert_resolved", "resolved", "note"] == kinds


async def test_what_fired_while_we_were_down_is_found(tmp_path: Path) -> None:
    """No webhook told of it; Alertmanager shows it, and after group_wait and group_interval it opens."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        await s.daemon.stop()
        await s.fire_unheard(DISK)
        await s.restart(after=120)
        await s.at(minutes=6)
        incidents = await s.incidents("open")
        repaired = s.metric("aiops_alerts_repaired_total", **{"source": SOURCE, "class": "missed_firing"})

    assert ["HighLatency on checkout", "DiskFull on instance db-9"] == [one["title"] for one in incidents]
    assert 1 == repaired


async def test_a_silence_on_a_firing_alert_is_noticed(tmp_path: Path) -> None:
    """Alertmanager sends nothing for it: the poll finds it, and the notice is off until the silence ends."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        s.alertmanager.silence(LATENCY)
        await s.at(minutes=2)
        (muted,) = await s.incidents()
        s.alertmanager.unsilence(LATENCY)
        await s.at(minutes=4)
        (told,) = await s.incidents()

    assert (1, None) == (muted["alerts_muted"], muted["notify_at"])
    assert "silenced" in muted["notify_reason"]
    assert told["notify_at"] is not None
    assert told["alerts_muted"] == 0


async def test_absence_ends_nothing_without_proof(tmp_path: Path) -> None:
    """Alertmanager forgets everything when it is killed: the alert stays open, whatever it shows."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        await s.at(minutes=2)
        s.alertmanager.restart()
        await s.at(minutes=20)
        (incident,) = await s.incidents()
        detail = await s.detail()

    assert "open" == incident["state"]
    assert ["unknown"] == [one["state"] for one in detail["alerts"]]


async def test_a_watchdog_that_falls_silent_is_an_incident(tmp_path: Path) -> None:
    """It came once and then no more; when it comes again the incident ends."""
    watchdog = {"alertname": "Watchdog", "severity": "none", "cluster": "eu1"}
    spec = WatchdogSpec((parse('alertname="Watchdog"'),), 600.0, ((("cluster", "eu1"),),))
    async with AlertScenario(tmp_path, watchdogs=(spec,)) as s:
        await s.fire(watchdog)
        await s.at(minutes=9)
        before = await s.incidents()
        await s.at(minutes=12)
        (missing,) = await s.incidents()
        await s.fire(watchdog)
        await s.at(minutes=13)
        (over,) = await s.incidents()

    assert [] == before
    assert ("AiopsWatchdogMissing", "open") == (missing["title"].split()[0], missing["state"])
    assert "resolved" == over["state"]


async def test_maintenance_holds_back_and_its_end_is_news(tmp_path: Path) -> None:
    """The incident opens at once; people are told when the window is over and it still fires."""
    window = MaintenanceSpec("move", (parse('service="checkout"'),), starts_at=0.0, ends_at=1_700_000_040.0 + 600)
    async with AlertScenario(tmp_path, quality=QualitySpec(maintenance=(window,))) as s:
        await s.fire(LATENCY)
        (held,) = await s.incidents()
        await s.at(minutes=11)
        (told,) = await s.incidents()

    assert held["notify_at"] is None
    assert "maintenance" in held["notify_reason"]
    assert told["notify_at"] is not None


async def test_a_suppression_rule_wants_both_labels(tmp_path: Path) -> None:
    """A node that is down holds back the alerts of its instance, not those without any instance."""
    rule = SuppressionSpec("node down", (parse('severity="warning"'),), (parse('alertname="NodeDown"'),), ("instance",))
    node = {"alertname": "NodeDown", "instance": "db-9", "severity": "critical"}
    async with AlertScenario(tmp_path, quality=QualitySpec(suppression=(rule,))) as s:
        await s.fire(node)
        await s.fire(DISK, ERRORS)
        alerts = {one["rule"]: one["verdict"] for one in (await s.get("/api/v1/alerts"))["data"]}

    assert ("suppress", "suppression") == (alerts["DiskFull"]["kind"], alerts["DiskFull"]["reason"])
    assert "notify" == alerts["HighErrors"]["kind"]


async def test_flapping_is_one_incident_and_one_notice(tmp_path: Path) -> None:
    """On and off six times: one incident that stays open, one line that says that it flaps."""
    async with AlertScenario(tmp_path) as s:
        for minute in range(1, 13, 2):
            await s.at(minutes=minute)
            await s.fire(ERRORS)
            await s.at(minutes=minute + 1)
            await s.resolve(ERRORS)
        (during,) = await s.incidents()
        detail = await s.detail()
        await s.at(minutes=80)
        (after,) = await s.incidents()

    assert "open" == during["state"]
    assert 1 == sum(line["kind"] == "flapping" for line in detail["timeline"])
    assert "resolved" == after["state"]


async def test_labels_that_must_not_mix_do_not(tmp_path: Path) -> None:
    """The same alert in two environments is two incidents when `never_across` says so."""
    async with AlertScenario(tmp_path, grouping=GroupingSpec(never_across=("environment",))) as s:
        await s.fire({**LATENCY, "environment": "prod"}, {**LATENCY, "environment": "staging"})
        incidents = await s.incidents()
        detail = await s.detail("INC-2")

    assert 2 == len(incidents)
    assert any(line["kind"] == "apart" and "environment" in line["text"] for line in detail["timeline"])


async def test_teams_own_their_alerts(tmp_path: Path) -> None:
    """By matchers, unless a label says so itself."""
    teams = (TeamSpec("shop", matchers=(parse('service="checkout"'),)), TeamSpec("empty"))
    async with AlertScenario(tmp_path, teams=teams) as s:
        await s.fire(LATENCY)
        await s.at(minutes=30)
        await s.fire({**DISK, "team": "data"})
        incidents = await s.incidents()

    assert ["shop", "data"] == [one["team"] for one in incidents]


async def test_a_restart_goes_on_where_it_stood(tmp_path: Path) -> None:
    """Incidents, acknowledgements and numbers survive; the next incident has the next number."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        await s.post("/api/v1/incidents/INC-1/ack")
        await s.restart(after=30)
        await s.at(minutes=45)
        await s.fire(DISK)
        incidents = await s.incidents()

    assert [("INC-1", "acknowledged"), ("INC-2", "open")] == [(one["name"], one["state"]) for one in incidents]


async def test_a_reload_keeps_the_road(tmp_path: Path) -> None:
    """New teams hold for new alerts; a bad file changes nothing; another store wants a restart."""
    async with AlertScenario(tmp_path) as s:
        await s.fire(LATENCY)
        s.next_settings = AiopsError("broken")
        bad = await s.daemon.reload()
        s.next_settings = replace(s.settings, teams=(TeamSpec("data", matchers=(parse('instance="db-9"'),)),))
        good = await s.daemon.reload()
        await s.at(minutes=40)
        await s.fire(DISK)
        s.next_settings = replace(s.settings, storage=replace(s.settings.storage, url="sqlite:////elsewhere/a.db"))
        moved = await s.daemon.reload()
        incidents = await s.incidents()

    assert (("broken",), ()) == (bad.faults, good.faults)
    assert "restart" in moved.faults[0]
    assert ["default", "data"] == [one["team"] for one in incidents]


async def test_at_first_use_old_alerts_come_as_one_digest(tmp_path: Path) -> None:
    """An empty store and a long list of alerts: one incident that says so, not one page each."""
    async with AlertScenario(tmp_path, used=False) as s:
        old = [{"alertname": f"Old{number}", "service": f"s{number}", "severity": "warning"} for number in range(20)]
        for labels in old:
            s.alertmanager.fire(labels, s.clock.now() - 7200)
        await s.at(minutes=3)
        incidents = await s.incidents()

    assert [(True, 20)] == [(one["digest"], one["alerts_total"]) for one in incidents]


async def test_the_heartbeat_goes_out(tmp_path: Path) -> None:
    """Each interval, while the store can be written."""
    async with AlertScenario(tmp_path, heartbeat=HeartbeatSpec(lambda: "https://watch.example/x", 60.0)) as s:
        await s.at(minutes=5)
        sent = s.metric("aiops_heartbeats_total", outcome="success")

    assert 5 <= len(s.beats) <= 6
    assert len(s.beats) == sent


async def test_bad_bodies_are_kept_and_hold_nothing_up(tmp_path: Path) -> None:
    """No JSON object: 400. An object with wrong parts: 200, quarantined. The next good one goes through."""
    async with AlertScenario(tmp_path) as s:
        await s.webhook(b"[1, 2]", expected=400)
        await s.webhook(b'{"alerts": [{"labels": 7}, null]}')
        await s.fire(LATENCY)
        incidents = await s.incidents()
        reasons = {
            reason: s.metric("aiops_inbox_quarantined_total", reason=reason)
            for reason in ("not_an_object", "bad_alert")
        }

    assert 1 == len(incidents)
    assert {"not_an_object": 1, "bad_alert": 2} == reasons


async def test_a_body_over_the_limit_is_503_and_an_incident_about_ourselves(tmp_path: Path) -> None:
    """Its alerts are read from the API instead."""
    async with AlertScenario(tmp_path) as s:
        s.alertmanager.fire(LATENCY, s.clock.now())
        await s.webhook(b"{" + b" " * (33 * 1024 * 1024) + b"}", expected=503)
        await s.at(minutes=3)
        titles = {one["title"] for one in await s.incidents()}

    assert {"AiopsWebhookTooLarge on aiops-daemon", "HighLatency on checkout"} == titles
