"""Corners of the alert road: what people and Alertmanager do at odd moments, held against the rows on disk."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

import pytest
from alert_world import EPOCH, AlertWorld, alert, body, make_world

from aiops_daemon.core.model.action import ActionKind, Done
from aiops_daemon.core.model.alert import EpisodeState, VerdictReason
from aiops_daemon.core.model.alertmanager import MaintenanceSpec, QualitySpec
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.repair import Lookup, Repair, RepairClass

LATENCY = {"alertname": "HighLatency", "service": "checkout", "severity": "critical", "team": "shop"}
ERRORS = {"alertname": "HighErrors", "service": "checkout", "severity": "warning", "team": "shop"}
DISK = {"alertname": "DiskFull", "instance": "db-9", "severity": "warning", "team": "data"}


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AlertWorld]:
    made = await make_world(tmp_path)
    made.clock._started = None  # virtual time begins with the test, not with its fixture
    yield made
    await made.store.close()


async def check_counts(world: AlertWorld) -> None:
    """Hold the counts of every incident against its rows."""
    for incident in await world.incidents():
        rows = (await world.detail(incident.uid)).episodes
        counted = (incident.alerts, incident.firing, incident.muted)
        opened = [one for one in rows if one.open]
        assert (len(rows), len(opened), sum(bool(one.muted) for one in opened)) == counted, incident.name


async def flap(world: AlertWorld, labels: dict[str, str], times: int = 6) -> None:
    """Let an alert start and end again and again, a minute each."""
    for _ in range(times):
        started = world.clock.now() - EPOCH
        await world.fire(labels)
        await world.clock.sleep(60)
        await world.resolve(labels, started=started)
        await world.clock.sleep(60)


@pytest.mark.looptime
async def test_an_alert_that_had_not_ended_is_counted_once(world: AlertWorld) -> None:
    """The second voice of an HA pair lets the same episode go on: one alert, before and after a restart."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    world.lookup = Lookup.ACTIVE
    await world.send(body([alert(LATENCY, EPOCH)]))

    assert (IncidentState.OPEN, 1, 1) == ((one := await world.only()).state, one.alerts, one.firing)
    await check_counts(world)


@pytest.mark.looptime
async def test_an_alert_that_goes_on_long_after_leaves_the_old_incident_as_it_was(world: AlertWorld) -> None:
    """Too late to reopen: a new incident with an episode of its own; the old one keeps its row."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(7200)
    await world.desk.tick()
    world.lookup = Lookup.ACTIVE
    await world.send(body([alert(LATENCY, EPOCH)]))

    assert [1, 1] == [one.alerts for one in await world.incidents()]
    await check_counts(world)


@pytest.mark.looptime
async def test_a_merged_incident_counts_what_stayed_in_it(world: AlertWorld) -> None:
    """Open alerts went over: nothing of it fires any more."""
    await world.fire(LATENCY)
    await world.clock.sleep(1800)
    await world.fire(DISK)
    await world.act(ActionKind.MERGE, "2", other="1")

    await check_counts(world)


@pytest.mark.looptime
async def test_what_fires_reopens_the_resolved_incident_that_it_is_merged_into(world: AlertWorld) -> None:
    """No incident is closed while its alerts fire, unless a person said so."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(1200)
    await world.fire(DISK)
    done = await world.act(ActionKind.MERGE, "2", other="1")

    assert isinstance(done, Done)
    assert (IncidentState.OPEN, 1) == (done.incident.state, done.incident.firing)
    assert done.incident.notify_at is not None
    assert EntryKind.REOPENED in [line.kind for line in (await world.detail("1")).timeline]


@pytest.mark.looptime
async def test_splitting_off_an_old_episode_leaves_the_new_one_firing(world: AlertWorld) -> None:
    """The same alert twice in one incident: taking out the one that ended does not end the other."""
    await world.fire(LATENCY, ERRORS)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.resolve(ERRORS)
    await world.clock.sleep(60)
    await world.fire(LATENCY)
    ended = next(one for one in (await world.detail()).episodes if one.rule == "HighLatency" and not one.open)
    await world.act(ActionKind.SPLIT, "1", episodes=(ended.uid,))

    kept, split = await world.incidents()
    assert (IncidentState.OPEN, 1) == (kept.state, kept.firing)
    assert IncidentState.RESOLVED == split.state
    await check_counts(world)


@pytest.mark.looptime
async def test_a_resolved_incident_tells_nobody(world: AlertWorld) -> None:
    """Not when it was snoozed, nor when a person closed it while it fires and its alert is told anew."""
    await world.fire(LATENCY)
    await world.act(ActionKind.SNOOZE, "1", seconds=3600.0)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    snoozed = await world.only()
    await world.clock.sleep(7200)
    await world.desk.tick()
    await world.fire(DISK)
    await world.act(ActionKind.RESOLVE, "2", force=True)
    content = alert(DISK, world.clock.now())
    await world.send(body([content | {"annotations": {"summary": "fuller yet"}}]))
    _, forced = await world.incidents()

    assert (IncidentState.RESOLVED, None) == (snoozed.state, snoozed.notify_at)
    assert (IncidentState.RESOLVED, None) == (forced.state, forced.notify_at)


@pytest.mark.looptime
async def test_an_alert_that_starts_anew_reopens_what_a_person_closed(world: AlertWorld) -> None:
    """It ended unseen and came back: that is news, though its episode was open all the time."""
    await world.fire(LATENCY)
    await world.act(ActionKind.RESOLVE, "1", force=True)
    await world.clock.sleep(300)
    await world.fire(LATENCY)
    incident = await world.only()

    assert (IncidentState.OPEN, 1) == (incident.state, incident.reopened)
    assert incident.notify_at is not None


@pytest.mark.looptime
async def test_a_false_positive_that_comes_back_is_none(world: AlertWorld) -> None:
    """What people said of it no longer stands, and they can say it again."""
    await world.fire(LATENCY)
    await world.act(ActionKind.FALSE_POSITIVE, "1", force=True)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(60)
    await world.fire(LATENCY)
    again = await world.only()
    await world.act(ActionKind.FALSE_POSITIVE, "1", force=True)

    assert (IncidentState.OPEN, False) == (again.state, again.false_positive)
    assert IncidentState.RESOLVED == (await world.only()).state


@pytest.mark.looptime
async def test_the_later_of_two_ends_stands(world: AlertWorld) -> None:
    """An HA pair tells two ends: a firing from before the later one is looked up, not believed."""
    await world.fire(LATENCY)
    await world.clock.sleep(200)
    await world.send(body([alert(LATENCY, EPOCH, EPOCH + 100)]))
    await world.send(body([alert(LATENCY, EPOCH, EPOCH + 120)]))
    await world.send(body([alert(LATENCY, EPOCH + 110)]))

    assert 1 == len(world.lookups)
    assert [EPOCH + 120] == [one.ends_at for one in await world.alerts()]
    assert IncidentState.RESOLVED == (await world.only()).state


@pytest.mark.looptime
async def test_a_blip_that_was_never_seen_firing_does_not_hide_where_an_alert_was(world: AlertWorld) -> None:
    """Fired, ended, a resolve of another stretch, fires again: the incident reopens."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(120)
    await world.send(body([alert(LATENCY, EPOCH + 100, EPOCH + 110)]))
    await world.clock.sleep(120)
    await world.fire(LATENCY)

    assert (IncidentState.OPEN, 1) == ((one := await world.only()).state, one.reopened)
    await check_counts(world)


@pytest.mark.looptime
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_blip_does_not_keep_a_flapping_incident_open_for_ever(world: AlertWorld, restarts: bool) -> None:
    """An alert flaps, its last stretch is told by its resolve alone; once it is steady the incident ends."""
    await flap(world, ERRORS)
    during = await world.only()
    start = world.clock.now()
    await world.clock.sleep(60)
    await world.send(body([alert(ERRORS, start, start + 30)]))
    if restarts:
        world = world.restarted()
        await world.begin()
    await world.clock.sleep(4 * 3600)
    await world.desk.tick()

    assert IncidentState.OPEN == during.state
    assert IncidentState.RESOLVED == (await world.only()).state
    await check_counts(world)


@pytest.mark.looptime
async def test_flapping_lasts_as_long_after_a_restart(world: AlertWorld) -> None:
    """It is steady a window after its latest start, not after its first."""
    await flap(world, ERRORS, 20)
    again = world.restarted()
    await again.begin()
    window = world.settings.quality.flapping_window
    await again.clock.sleep(EPOCH + window + 130 - again.clock.now())
    await again.desk.tick()

    assert IncidentState.OPEN == (await again.only()).state


@pytest.mark.looptime
@pytest.mark.parametrize("restarts", [False, True])
async def test_an_alert_of_a_merged_incident_comes_back_to_where_that_went(world: AlertWorld, restarts: bool) -> None:
    """Along a chain of merges too, after a restart or an hour too, while the last one is open."""
    for labels in (LATENCY, DISK, {"alertname": "Mail", "service": "mail", "severity": "warning"}):
        await world.fire(labels)
        await world.clock.sleep(1800)
    await world.resolve(LATENCY)
    await world.act(ActionKind.MERGE, "1", other="2")
    await world.act(ActionKind.MERGE, "2", other="3")
    if restarts:
        world = world.restarted()
        await world.begin()
    else:
        await world.clock.sleep(7200)
        await world.desk.tick()
    await world.fire(LATENCY)

    assert [IncidentState.MERGED, IncidentState.MERGED, IncidentState.OPEN] == [
        one.state for one in await world.incidents()
    ]
    await check_counts(world)


@pytest.mark.looptime
async def test_what_still_fires_after_a_snooze_is_news(world: AlertWorld) -> None:
    """It is told when the snooze ends, not when it began; meanwhile the words name who snoozed it."""
    await world.fire(LATENCY)
    await world.act(ActionKind.ASSIGN, "1", assignee="bob")
    await world.act(ActionKind.SNOOZE, "1", seconds=600.0)
    await world.fire(ERRORS)
    asleep = await world.only()
    await world.clock.sleep(601)
    await world.desk.tick()
    woken = await world.only()
    await world.clock.sleep(60)
    await world.resolve(ERRORS)

    assert "ann" in asleep.notify_reason
    assert EPOCH + 601 == pytest.approx(woken.notify_at, abs=5)
    assert woken.notify_at == (await world.only()).notify_at


@pytest.mark.looptime
async def test_a_merge_of_what_is_over_teaches_too(world: AlertWorld) -> None:
    """People put resolved incidents together afterwards: grouping learns from what was in them."""
    await world.fire(LATENCY)
    await world.clock.sleep(1800)
    await world.fire(DISK)
    await world.resolve(LATENCY)
    await world.resolve(DISK, started=1800)
    await world.act(ActionKind.MERGE, "2", other="1")

    (correction,) = await world.store.corrections()
    assert (1, 1) == (len(correction.left), len(correction.right))


@pytest.mark.looptime
async def test_two_events_of_one_alert_in_one_body(world: AlertWorld) -> None:
    """Firing and resolved together: an incident that opened and ended, and one row."""
    now = world.clock.now()
    await world.send(body([alert(LATENCY, now - 60), alert(LATENCY, now - 60, now)]))

    assert (IncidentState.RESOLVED, 1, 0) == ((one := await world.only()).state, one.alerts, one.firing)
    await check_counts(world)


@pytest.mark.looptime
async def test_the_same_alert_of_two_sources(world: AlertWorld) -> None:
    """Two rows, one incident; it ends with the second."""
    content = body([alert(LATENCY, EPOCH)])
    await world.send(content, "eu1")
    await world.send(content, "eu2")
    await world.clock.sleep(60)
    over = body([alert(LATENCY, EPOCH, EPOCH + 50)])
    await world.send(over, "eu1")
    half = await world.only()
    await world.send(over, "eu2")

    assert (IncidentState.OPEN, 2, 1) == (half.state, half.alerts, half.firing)
    assert IncidentState.RESOLVED == (await world.only()).state


@pytest.mark.looptime
async def test_an_incident_with_doubtful_alerts_stays_open(world: AlertWorld) -> None:
    """Stale and unknown count as firing."""
    await world.fire(LATENCY, ERRORS)
    first, second = await world.alerts()
    await world.desk.repair(
        [Repair(RepairClass.STALE, first.key, "silent"), Repair(RepairClass.UNKNOWN, second.key, "gone")]
    )
    await world.desk.tick()

    assert (IncidentState.OPEN, 2) == ((one := await world.only()).state, one.firing)
    assert {EpisodeState.STALE, EpisodeState.UNKNOWN} == {one.state for one in await world.alerts()}


@pytest.mark.looptime
async def test_whoever_acts_need_not_wait_until_a_large_window_ends(tmp_path: Path) -> None:
    """What maintenance held is looked at again in steps, and people come between them."""
    window = MaintenanceSpec("move", (parse('alertname=~".+"'),), starts_at=0.0, ends_at=EPOCH + 600)
    world = await make_world(tmp_path, quality=QualitySpec(maintenance=(window,)))
    await world.fire(*(LATENCY | {"pod": f"p{number}"} for number in range(1200)))
    await world.clock.sleep(EPOCH + 601 - world.clock.now())
    ended: list[str] = []

    async def note(what: str, done: Awaitable[object]) -> None:
        await done
        ended.append(what)

    await asyncio.gather(note("tick", world.desk.tick()), note("act", world.act(ActionKind.ACK, "1")))
    told = {one.verdict.reason for one in await world.alerts()}
    await world.store.close()

    assert ["act", "tick"] == ended
    assert {VerdictReason.OVER} == told


@pytest.mark.looptime
async def test_an_alert_that_flaps_is_told_once(world: AlertWorld) -> None:
    """New starts of an alert that was told move no notice, and one line says that it flaps."""
    await world.fire(ERRORS)
    first = await world.only()
    for _ in range(8):
        await world.clock.sleep(60)
        await world.fire(ERRORS)
    kinds = [line.kind for line in (await world.detail()).timeline]

    assert first.notify_at == (await world.only()).notify_at
    assert 1 == kinds.count(EntryKind.FLAPPING)
    assert (await world.alerts())[0].flapping


@pytest.mark.looptime
async def test_an_alert_that_flaps_by_episodes_says_so_once(world: AlertWorld) -> None:
    """Each stretch is a row; the line stands once until it is steady."""
    await flap(world, ERRORS, 10)
    kinds = [line.kind for line in (await world.detail()).timeline]

    assert 1 == kinds.count(EntryKind.FLAPPING)
    assert 10 == (await world.only()).alerts


@pytest.mark.looptime
async def test_a_repetition_is_written_once_a_minute(world: AlertWorld) -> None:
    """Expiry is counted from it; what comes sooner costs no write."""
    began = world.clock.now()
    content = body([alert(LATENCY, began)])
    await world.send(content)
    await world.clock.sleep(30)
    await world.send(content)
    soon = (await world.alerts())[0].seen_at
    await world.clock.sleep(40)
    await world.send(content)

    assert began == soon
    assert began + 70 == (await world.alerts())[0].seen_at


@pytest.mark.looptime
async def test_a_reopened_incident_takes_new_alerts(world: AlertWorld) -> None:
    """Grouping knows that it is open again."""
    await world.fire(LATENCY)
    await world.clock.sleep(60)
    await world.resolve(LATENCY)
    await world.clock.sleep(60)
    await world.fire(LATENCY)
    await world.clock.sleep(5)
    await world.fire(ERRORS)

    assert [2] == [len({one.rule for one in (await world.detail()).episodes})]
    assert 1 == len(await world.incidents())


@pytest.mark.looptime
async def test_an_alert_that_links_two_incidents_merges_the_younger_into_the_older(world: AlertWorld) -> None:
    """Everything open goes over, the linking alert too, whichever of the two it fits best."""
    for number in range(4):
        for service in ("warehouse", "checkout"):
            await world.fire(
                {"alertname": f"Slow{number}", "service": service, "pod": f"{service}-{number}", "severity": "warning"}
            )
            await world.clock.sleep(5)
    before = [one.state for one in await world.incidents()]
    await world.fire(
        {"alertname": "UpstreamErrors", "service": "checkout", "peer_service": "warehouse", "severity": "critical"}
    )

    assert [IncidentState.OPEN] * 2 == before
    assert [(IncidentState.OPEN, 9), (IncidentState.MERGED, 0)] == [
        (one.state, one.firing) for one in await world.incidents()
    ]
    await check_counts(world)


@pytest.mark.looptime
async def test_what_a_person_closed_is_followed_until_its_alerts_end(world: AlertWorld) -> None:
    """Hours later too: its counts and its timeline tell the end."""
    await world.fire(LATENCY)
    await world.act(ActionKind.RESOLVE, "1", force=True)
    await world.clock.sleep(3 * 3600)
    await world.desk.tick()
    await world.resolve(LATENCY)

    assert (IncidentState.RESOLVED, 0) == ((one := await world.only()).state, one.firing)
    assert EntryKind.ALERT_RESOLVED in [line.kind for line in (await world.detail()).timeline]


@pytest.mark.looptime
@pytest.mark.parametrize("restarts", [False, True])
async def test_a_flapping_alert_between_two_firings_moves_with_a_merge(world: AlertWorld, restarts: bool) -> None:
    """It counts as firing: the incident that it went to waits until it is steady, and ends then."""
    await world.fire(DISK)
    began = world.clock.now() - EPOCH
    await world.clock.sleep(1800)
    await flap(world, ERRORS)
    await world.act(ActionKind.MERGE, "2", other="1")
    await world.clock.sleep(60)
    await world.resolve(DISK, started=began)
    waits = (await world.incidents())[0].state
    if restarts:
        world = world.restarted()
        await world.begin()
    await world.clock.sleep(4 * 3600)
    await world.desk.tick()

    assert IncidentState.OPEN is waits
    assert [IncidentState.RESOLVED, IncidentState.MERGED] == [one.state for one in await world.incidents()]
    await check_counts(world)


@pytest.mark.looptime
async def test_a_team_whose_alerts_were_split_off_sees_the_incident_no_more(world: AlertWorld) -> None:
    """The team of the first alert always does, and one of which an alert stays."""
    await world.fire(LATENCY, {**ERRORS, "team": "pay"}, {**ERRORS, "team": "pay", "pod": "b"})
    together = await world.only()
    pay = [one.uid for one in await world.alerts() if one.team == "pay"]
    await world.act(ActionKind.SPLIT, "1", episodes=tuple(pay[:1]))
    one_stays = (await world.incidents())[0].teams
    await world.act(ActionKind.SPLIT, "1", episodes=tuple(pay[1:]))
    none_stays = (await world.incidents())[0].teams
    world = world.restarted()
    await world.begin()
    await world.clock.sleep(60)
    await world.fire({**LATENCY, "pod": "c"})

    assert [("pay", "shop"), ("pay", "shop"), ("shop",)] == [together.teams, one_stays, none_stays]
    assert ("shop",) == (await world.incidents())[0].teams
