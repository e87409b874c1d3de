"""From webhook bodies to incidents, over a real store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from alert_world import EPOCH, AlertWorld, alert, body, make_world

from aiops_daemon.core.model.action import ActionKind, Done, Refusal, RefusalReason
from aiops_daemon.core.model.alert import EpisodeState, VerdictKind, VerdictReason
from aiops_daemon.core.model.alertmanager import MaintenanceSpec, QualitySpec
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair, RepairClass
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.severity import Severity

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}
ERRORS = {"alertname": "HighErrors", "service": "checkout", "severity": "warning", "team": "shop"}
DISK = {"alertname": "DiskFull", "instance": "db-9", "severity": "warning", "team": "data"}
OWN_DISK = {**DISK, "team": "shop"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.clock._started = None  # virtual time begins with the test, not with its fixture
    yield made
    await made.store.close()


async def kinds(world: AlertWorld, incident: str = "1") -> list[EntryKind]:
    return [entry.kind for entry in (await world.detail(incident)).timeline]


@pytest.mark.looptime
async def test_an_alert_opens_an_incident_that_says_everything(world: AlertWorld) -> None:
    """Title, team, severity, when to tell and why, and a timeline that begins with it."""
    await world.fire(LATENCY)

    incident = await world.only()
    assert "HighLatency on checkout" == incident.title
    assert ("shop", Severity.CRITICAL, 1, 1) == (incident.team, incident.severity, incident.alerts, incident.firing)
    assert incident.notify_at == pytest.approx(world.clock.now(), abs=5)
    assert "critical" in incident.notify_reason
    assert [EntryKind.OPENED, EntryKind.JOINED] == await kinds(world)


@pytest.mark.looptime
async def test_the_title_names_the_gravest_alert(world: AlertWorld) -> None:
    """Ten warnings do not hide the one that is critical."""
    await world.fire(*({**ERRORS, "pod": f"p{number}"} for number in range(10)), LATENCY)

    assert "HighLatency and 1 more rule on checkout" == (await world.only()).title


@pytest.mark.looptime
async def test_related_alerts_are_one_incident_and_a_stranger_another(world: AlertWorld) -> None:
    """Both joins and refusals are explained."""
    await world.fire(LATENCY, ERRORS)
    await world.clock.sleep(300)
    await world.fire(OWN_DISK)

    first, second = await world.incidents()
    detail = await world.detail("2")
    assert (2, 1) == (first.alerts, second.alerts)
    assert all(episode.joined_reason for episode in (await world.detail("1")).episodes)
    assert any(entry.kind is EntryKind.APART and "INC-1" in entry.text for entry in detail.timeline)


@pytest.mark.looptime
async def test_it_resolves_with_its_last_alert(world: AlertWorld) -> None:
    """One that remains keeps it open."""
    await world.fire(LATENCY, ERRORS)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    half = await world.only()
    await world.clock.sleep(60)
    await world.resolve(ERRORS)
    after = await world.only()

    assert (IncidentState.OPEN, 1) == (half.state, half.firing)
    assert (IncidentState.RESOLVED, 0) == (after.state, after.firing)
    assert EntryKind.RESOLVED == (await kinds(world))[-1]


@pytest.mark.looptime
async def test_repetition_changes_nothing(world: AlertWorld) -> None:
    """The same body three times leaves one incident and the lines of the first."""
    content = body([alert(LATENCY, EPOCH), alert(ERRORS, EPOCH)])
    await world.send(content)
    before = await world.detail()
    await world.send(content)
    await world.send(content)

    assert before.timeline == (await world.detail()).timeline
    assert 1 == len(await world.incidents())


@pytest.mark.looptime
async def test_an_alert_that_comes_back_soon_reopens(world: AlertWorld) -> None:
    """Within `reopen_within` the incident goes on; later it is a new one."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(300)
    await world.fire(LATENCY)
    reopened = await world.only()
    await world.clock.sleep(60)
    await world.resolve(LATENCY, started=360)
    await world.clock.sleep(7200)
    await world.fire(LATENCY)

    assert (IncidentState.OPEN, 1) == (reopened.state, reopened.reopened)
    assert "came back 5m after INC-1 was resolved" in next(
        one.text for one in (await world.detail()).timeline if one.kind is EntryKind.REOPENED
    )
    assert [1, 2] == [one.number for one in await world.incidents()]


@pytest.mark.looptime
async def test_a_restart_forgets_nothing(world: AlertWorld) -> None:
    """A new desk on the same store goes on where the old one stood."""
    await world.fire(LATENCY)
    again = world.restarted()
    await again.begin()
    await again.clock.sleep(30)
    await again.fire(ERRORS)
    await again.resolve(LATENCY)
    open_one = await again.only()
    await again.resolve(ERRORS, started=30)

    assert (2, 1) == (open_one.alerts, open_one.firing)
    assert IncidentState.RESOLVED == (await again.only()).state


@pytest.mark.looptime
async def test_a_resolve_is_not_believed_while_prometheus_is_down(world: AlertWorld) -> None:
    """The alert is stale, shown so, and its incident stays open."""
    await world.fire(LATENCY)
    world.evaluating.says = Evaluation.NOT_EVALUATING
    await world.clock.sleep(60)
    await world.resolve(LATENCY)

    (episode,) = await world.alerts()
    assert EpisodeState.STALE == episode.state
    assert IncidentState.OPEN == (await world.only()).state
    assert EntryKind.ALERT_STALE in await kinds(world)


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("lookup", "state"),
    [
        (Lookup.ACTIVE, IncidentState.OPEN),
        (Lookup.UNREACHABLE, IncidentState.OPEN),
        (Lookup.ABSENT, IncidentState.RESOLVED),
    ],
)
async def test_a_late_firing_is_looked_up(world: AlertWorld, lookup: Lookup, state: IncidentState) -> None:
    """A firing that began before the last end: Alertmanager decides; when nobody answers, it counts."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    world.lookup = lookup
    await world.send(body([alert(LATENCY, EPOCH)]))

    assert 1 == len(world.lookups)
    assert state == (await world.only()).state


@pytest.mark.looptime
async def test_a_resolve_never_seen_firing_opens_nothing(world: AlertWorld) -> None:
    """It is recorded with its reason."""
    await world.resolve(LATENCY)

    (episode,) = await world.alerts()
    assert [] == await world.incidents()
    assert (VerdictKind.RECORD, VerdictReason.LATE) == (episode.verdict.kind, episode.verdict.reason)


@pytest.mark.looptime
async def test_severity_none_is_recorded_only(world: AlertWorld) -> None:
    """And an unknown severity counts as critical."""
    await world.fire({"alertname": "Info", "severity": "none"})
    await world.fire({"alertname": "Odd", "severity": "catastrophe"})

    incident = await world.only()
    assert Severity.CRITICAL == incident.severity
    assert 2 == len(await world.alerts())


@pytest.mark.looptime
async def test_silencing_tells_nobody_and_ending_it_is_news(world: AlertWorld) -> None:
    """Muted: the notice is off with the reason. Unmuted: told from now on."""
    await world.fire(LATENCY)
    (episode,) = await world.alerts()
    silence = (("silenced", "s1"),)
    await world.desk.repair([Repair(RepairClass.MUTED, episode.key, "silenced by s1", muted=silence)])
    muted = await world.only()
    await world.clock.sleep(600)
    await world.desk.repair([Repair(RepairClass.UNMUTED, episode.key, "the silence ended")])
    told = await world.only()

    line = next(entry for entry in (await world.detail()).timeline if entry.kind is EntryKind.ALERT_MUTED)
    assert "reconciliation" == line.origin
    assert (1, None) == (muted.muted, muted.notify_at)
    assert "silenced" in muted.notify_reason
    assert told.notify_at == pytest.approx(world.clock.now(), abs=5)
    assert 1 == world.meter.value("aiops_alerts_repaired_total", **{"source": "eu1", "class": "muted"})


@pytest.mark.looptime
async def test_what_cannot_be_an_alert_is_set_aside_and_the_rest_goes_through(world: AlertWorld) -> None:
    """One bad alert of a body, and a body without alerts, hold nothing up."""
    await world.send(body([{"labels": 5}, alert(LATENCY, EPOCH)]))
    await world.send(b'{"alerts": 7}')
    await world.fire(DISK)

    assert 2 == len(await world.alerts())
    assert (await world.store.backlog()).pending == 0
    assert 1 == world.meter.value("aiops_inbox_quarantined_total", reason="bad_alert")
    assert 1 == world.meter.value("aiops_inbox_quarantined_total", reason="no_alerts")


@pytest.mark.looptime
async def test_at_first_use_old_alerts_are_one_digest(tmp_path: Path) -> None:
    """Alerts that fire for over 15 minutes when the store is empty arrive together; young ones do not."""
    world = await make_world(tmp_path, used=False)
    await world.fire(LATENCY, DISK, ago=3600)
    await world.fire({"alertname": "Young", "service": "mail", "severity": "warning"})

    digest, young = await world.incidents()
    assert (True, 2) == (digest.digest, digest.alerts)
    assert "had fired for 1h when this daemon was first started" == (await world.detail()).timeline[0].text
    assert (False, 1) == (young.digest, young.alerts)
    await world.store.close()


@pytest.mark.looptime
async def test_a_digest_of_very_old_alerts_does_not_tear_the_next_storm_apart(tmp_path: Path) -> None:
    """Weeks lie between their starts; taken for the pace of incidents, every later alert would stand alone."""
    world = await make_world(tmp_path, used=False)
    for weeks in range(1, 6):
        await world.fire({"alertname": f"Old{weeks}", "service": f"old{weeks}"}, ago=weeks * 604_800)
    await world.clock.sleep(1200)
    await world.fire(*({"alertname": "Down", "service": "mail", "instance": f"mail-{n}"} for n in range(20)))

    assert [5, 20] == [one.alerts for one in await world.incidents()]
    await world.store.close()


@pytest.mark.looptime
async def test_people_act_and_the_timeline_says_who(world: AlertWorld) -> None:
    """Acknowledge, note, resolve with the cause: rows, lines and metrics."""
    await world.fire(LATENCY)
    await world.clock.sleep(90)
    await world.act(ActionKind.ACK, "INC-1", text="looking", cause="a bad deploy")
    refused = await world.act(ActionKind.RESOLVE, "1")
    done = await world.act(ActionKind.RESOLVE, "1", force=True, done="rolled back", helped=True)

    detail = await world.detail()
    assert isinstance(refused, Refusal)
    assert RefusalReason.CONFLICT == refused.reason
    assert isinstance(done, Done)
    assert IncidentState.RESOLVED == detail.incident.state
    assert ["a bad deploy", ""] == [one.cause for one in detail.outcomes]
    assert {"ann"} == {entry.actor for entry in detail.timeline if entry.kind in (EntryKind.NOTE, EntryKind.RESOLVED)}
    sample = world.meter.registry.get_sample_value
    labels = {"severity": "critical", "team": "shop"}
    assert 1 == sample("aiops_incident_time_to_acknowledge_seconds_count", labels)
    assert 90 == pytest.approx(sample("aiops_incident_time_to_acknowledge_seconds_sum", labels), abs=2)


@pytest.mark.looptime
async def test_whoever_may_not_see_it_is_told_that_there_is_none(world: AlertWorld) -> None:
    """Another team's scope gets not found; a viewer may not act."""
    await world.fire(LATENCY)
    stranger = await world.act(ActionKind.ACK, "1", Scope("eve", frozenset({"data"}), Role.RESPONDER))
    viewer = await world.act(ActionKind.ACK, "1", Scope("vic", None, Role.VIEWER))

    assert isinstance(stranger, Refusal)
    assert isinstance(viewer, Refusal)
    assert (RefusalReason.NOT_FOUND, RefusalReason.FORBIDDEN) == (stranger.reason, viewer.reason)


@pytest.mark.looptime
async def test_people_merge_and_split(world: AlertWorld) -> None:
    """A merge moves the alerts; a split takes chosen ones out again; both are remembered to learn from."""
    await world.fire(LATENCY)
    await world.clock.sleep(1800)
    await world.fire(DISK)
    merged = await world.act(ActionKind.MERGE, "2", other="1")
    one = await world.detail("1")
    disk = next(episode for episode in one.episodes if episode.rule == "DiskFull")
    split = await world.act(ActionKind.SPLIT, "1", episodes=(disk.uid,), text="not related")

    assert isinstance(merged, Done)
    assert 2 == merged.incident.firing
    assert isinstance(split, Done)
    assert split.created is not None
    assert [IncidentState.OPEN, IncidentState.MERGED, IncidentState.OPEN] == [
        incident.state for incident in await world.incidents()
    ]
    assert (1, 1) == (split.incident.firing, split.created.firing)
    assert ["merge", "split"] == [one.kind for one in await world.store.corrections()]


@pytest.mark.looptime
async def test_a_snooze_ends_by_the_clock(world: AlertWorld) -> None:
    """The tick wakes it, and the notice is due again."""
    await world.fire(LATENCY)
    await world.act(ActionKind.SNOOZE, "1", seconds=600.0)
    asleep = await world.only()
    await world.clock.sleep(601)
    await world.desk.tick()
    woken = await world.only()

    assert asleep.snoozed_until == asleep.notify_at
    assert (None, True) == (woken.snoozed_until, woken.notify_at is not None and woken.notify_at <= world.clock.now())
    assert EntryKind.SNOOZE_ENDED in await kinds(world)


@pytest.mark.looptime
async def test_a_window_that_opens_while_an_alert_waits_holds_it(tmp_path: Path) -> None:
    """An alert that was to be told in a minute is not told inside a maintenance that began meanwhile."""
    opens = MaintenanceSpec(
        "move", (parse('service="checkout"'),), starts_at=EPOCH + 3 * 86_400, ends_at=EPOCH + 4 * 86_400
    )
    world = await make_world(tmp_path, quality=QualitySpec(maintenance=(opens,), max_delay=300.0))
    for number in range(8):  # it usually ends by itself within the hold
        await world.fire({**ERRORS, "pod": f"p{number}"})
        await world.clock.sleep(30)
        await world.resolve({**ERRORS, "pod": f"p{number}"}, started=world.clock.now() - EPOCH - 30)
        await world.clock.sleep(7200)
    await world.clock.sleep(EPOCH + 3 * 86_400 - 30 - world.clock.now())
    await world.fire({**ERRORS, "pod": "late"})
    waiting = (await world.incidents())[-1]
    await world.clock.sleep(35)
    await world.desk.tick()
    held = (await world.incidents())[-1]
    await world.store.close()

    assert waiting.notify_at is not None
    assert waiting.notify_at > EPOCH + 3 * 86_400
    assert held.notify_at is None
    assert "maintenance" in held.notify_reason


@pytest.mark.looptime
async def test_refusals_do_not_name_other_teams_incidents(world: AlertWorld) -> None:
    """The reason stands; which incident of theirs it was does not."""
    await world.fire(LATENCY, ERRORS)
    await world.clock.sleep(300)
    await world.fire(DISK)

    texts = [entry.text for entry in (await world.detail("2")).timeline if entry.kind is EntryKind.APART]
    assert any("an incident of another team" in text for text in texts)
    assert not any("INC-1" in text for text in texts)
