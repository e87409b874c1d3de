"""What one poll makes of what is open: nothing ends without proof, nothing opens that Alertmanager keeps quiet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.reconcile import Comparison, Memory, Poll, without_api
from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState, Mute, Origin
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.posted import ClusterAnswer, PeerAnswer, PostedAlert
from aiops_daemon.core.model.repair import Evaluation, Repair, RepairClass
from aiops_daemon.core.quality.episodes import observe

NOW = 1_700_000_000.0  # a Tuesday, 22:13:20 UTC
LABELS = make({"alertname": "DiskFull"})
FINGERPRINT = fingerprint(LABELS)
SPEC = AlertmanagerSpec("prod", ("http://am-1", "http://am-2"))
CONFIG: dict[str, Any] = {
    "route": {
        "receiver": "other",
        "routes": [
            {"receiver": "aiops", "matchers": ["night=yes"], "mute_time_intervals": ["evening"]},
            {"receiver": "aiops", "group_wait": "10s", "group_interval": "1m", "repeat_interval": "1h"},
        ],
    },
    "receivers": [{"name": "other"}, {"name": "aiops"}],
    "time_intervals": [
        {"name": "evening", "time_intervals": [{"times": [{"start_time": "22:00", "end_time": "23:00"}]}]}
    ],
}
TREE = read_tree(CONFIG)
INACTIVE, NOT_OURS, SILENT, ACTIVE = (
    Evaluation.INACTIVE,
    Evaluation.NOT_OURS,
    Evaluation.NOT_EVALUATING,
    Evaluation.FIRING,
)


def posted(age: float = 600.0, **fields: object) -> PostedAlert:
    """One alert that the API shows, active with our receiver."""
    alert = PostedAlert(FINGERPRINT, LABELS, (), NOW - age, NOW + 300, NOW, "active", ("aiops",))
    return replace(alert, **fields)  # type: ignore[arg-type]


def episode(state: EpisodeState = EpisodeState.FIRING, **fields: object) -> Episode:
    """An open one that was heard ten minutes ago."""
    event = AlertEvent("prod", FINGERPRINT, AlertStatus.FIRING, LABELS, (), NOW - 600, None, NOW - 600)
    made = observe(None, event, evaluation=NOT_OURS).episode
    assert made is not None
    return replace(made, uid="u-1", state=state, **fields)  # type: ignore[arg-type]


class World:
    """Polls of one Alertmanager with two peers, half a minute apart."""

    def __init__(self, evaluation: Evaluation = INACTIVE) -> None:
        self.memory = Memory()
        self.now = NOW
        self.up_since = [NOW - 3600.0, NOW - 3600.0]
        self.failed: tuple[tuple[str, str], ...] = ()
        self.evaluation = evaluation
        self.tree: Any = TREE

    def poll(self, alerts: tuple[PostedAlert, ...], *open_: Episode, after: float = 30.0) -> list[Repair]:
        """Compare once; time goes on afterwards."""
        urls = SPEC.urls[: len(SPEC.urls) - len(self.failed)]
        peers = tuple(
            PeerAnswer(url, up, "0.25.0", alerts, CONFIG) for url, up in zip(urls, self.up_since, strict=False)
        )
        answer = ClusterAnswer(peers, self.failed)
        poll = Poll(self.now, answer, self.tree, lambda _: self.evaluation)
        found = [repair for repair in Comparison(SPEC, poll, open_, self.memory) if repair is not None]
        self.now += after
        return found

    def kinds(self, *open_: Episode, polls: int, after: float = 30.0) -> list[RepairClass]:
        """Poll several times while Alertmanager shows nothing."""
        return [repair.kind for _ in range(polls) for repair in self.poll((), *open_, after=after)]


def test_an_active_alert_that_nobody_told_is_a_missed_firing() -> None:
    """With an event that opens it, as Alertmanager shows it."""
    (found,) = World().poll((posted(annotations=(("summary", "full"),), generator_url="http://p"),))

    assert (RepairClass.MISSED_FIRING, ("prod", FINGERPRINT)) == (found.kind, found.key)
    assert NOW == found.asked_at
    assert "Alertmanager shows it active for aiops for 10m, and no webhook told." == found.text
    assert found.event is not None
    assert (AlertStatus.FIRING, Origin.RECONCILIATION) == (found.event.status, found.event.origin)
    assert (NOW - 600, None, NOW) == (found.event.starts_at, found.event.ends_at, found.event.received_at)
    assert (LABELS, (("summary", "full"),), "aiops") == (
        found.event.labels,
        found.event.annotations,
        found.event.receiver,
    )


NIGHT = make({"alertname": "DiskFull", "night": "yes"})


@pytest.mark.parametrize(
    "alert",
    [
        posted(70.0),  # group_wait + group_interval have not passed
        posted(state="suppressed", silenced_by=("s-1",)),
        posted(state="unprocessed"),
        posted(muted_by=("evening",)),
        posted(receivers=("other",)),
        posted(labels=NIGHT, fingerprint=fingerprint(NIGHT), age=6000.0),
    ],
    ids=["young", "silenced", "unprocessed", "muted", "not our receiver", "time-muted route"],
)
def test_what_alertmanager_keeps_quiet_opens_nothing(alert: PostedAlert) -> None:
    """0.25 shows an alert on a muted route as active."""
    assert [] == World().poll((alert,))


def test_without_routes_nothing_opens() -> None:
    """Its configuration cannot be read, so nobody knows what is time-muted."""
    world = World()
    world.tree = None

    assert [] == world.poll((posted(),))


def test_when_a_silence_ended_alertmanager_gets_its_time_to_tell() -> None:
    """The webhook comes with the next flush of its group."""
    world = World()
    assert [] == world.poll((posted(state="suppressed", silenced_by=("s-1",)),))
    found = [world.poll((posted(),)) for _ in range(4)]

    assert [0, 0, 1, 1] == [len(each) for each in found]


def test_a_told_alert_that_is_shown_needs_no_repair() -> None:
    """Whatever Prometheus says: Alertmanager still has it."""
    for evaluation in Evaluation:
        assert [] == World(evaluation).poll((posted(),), episode())


def test_what_keeps_an_alert_quiet_is_told_once() -> None:
    """All that holds it, silences first, and when it ends."""
    world = World()
    quiet = posted(state="suppressed", silenced_by=("s-2", "s-1"), inhibited_by=("f9",))
    (muted,) = world.poll((quiet,), episode())
    held = ((Mute.SILENCED, "s-1"), (Mute.SILENCED, "s-2"), (Mute.INHIBITED, "f9"))

    assert (RepairClass.MUTED, held) == (muted.kind, muted.muted)
    assert "silenced by silence s-1" in muted.text
    assert [] == world.poll((quiet,), episode(muted=held))

    (over,) = world.poll((posted(),), episode(muted=held))
    assert (RepairClass.UNMUTED, ()) == (over.kind, over.muted)
    assert [] == world.poll((posted(state="unprocessed"),), episode(muted=held))


def test_one_peer_that_silences_is_enough() -> None:
    """Peers gossip silences; until then the quiet one is believed."""
    peers = (
        PeerAnswer("a", NOW - 3600, "", (posted(),), CONFIG),
        PeerAnswer("b", NOW - 3600, "", (posted(state="suppressed", silenced_by=("s",)),), CONFIG),
    )
    poll = Poll(NOW, ClusterAnswer(peers), TREE, lambda _: INACTIVE)

    assert {None} == set(Comparison(SPEC, poll, (), Memory()))


@pytest.mark.parametrize("state", [EpisodeState.STALE, EpisodeState.UNKNOWN])
def test_what_is_shown_again_fires_after_all(state: EpisodeState) -> None:
    """Stale or unknown, and Alertmanager has it."""
    assert [RepairClass.REVIVED] == [repair.kind for repair in World(SILENT).poll((posted(),), episode(state))]


def test_absent_and_inactive_ends_when_its_notice_had_its_time() -> None:
    """A group_interval after it vanished; the end is when it vanished."""
    world = World()
    found = [world.poll((), episode()) for _ in range(3)]

    assert [0, 0, 1] == [len(each) for each in found]
    assert (RepairClass.MISSED_RESOLVE, NOW) == (found[2][0].kind, found[2][0].ends_at)
    assert "inactive in 3 polls" in found[2][0].text


def test_what_was_told_resolved_ends_at_the_second_poll() -> None:
    """Its Prometheus is back and shows it inactive."""
    world = World()
    stale = episode(EpisodeState.STALE, ends_at=NOW - 100)

    assert [] == world.poll((), stale)
    (found,) = world.poll((), stale)
    assert (RepairClass.MISSED_RESOLVE, NOW - 100) == (found.kind, found.ends_at)


def test_inactive_must_be_seen_in_polls_one_after_another() -> None:
    """In between it was active, or Alertmanager showed it."""
    world = World()
    stale = episode(EpisodeState.STALE, ends_at=NOW - 100)
    for evaluation in (INACTIVE, ACTIVE, INACTIVE, SILENT, INACTIVE):
        world.evaluation = evaluation
        assert [] == world.poll((), stale)

    world.poll((posted(),), stale)
    assert [] == world.poll((), stale)


def test_a_poll_without_a_whole_answer_stands_between_two_inactive_ones() -> None:
    """What could not be looked at counts for nothing."""
    world = World()
    stale = episode(EpisodeState.STALE, ends_at=NOW - 100)
    assert [] == world.poll((), stale)
    world.failed = (("http://am-2", "cannot connect"),)
    assert [] == world.poll((), stale)
    world.failed = ()
    assert [] == world.poll((), stale)

    assert [RepairClass.MISSED_RESOLVE] == [repair.kind for repair in world.poll((), stale)]


def _one_peer_young(world: World) -> None:
    world.up_since[1] = NOW - 10.0


def _one_peer_failed(world: World) -> None:
    world.failed = (("http://am-2", "cannot connect"),)


def _prometheus_fires(world: World) -> None:
    world.evaluation = ACTIVE


def _prometheus_silent(world: World) -> None:
    world.evaluation = SILENT


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (_one_peer_young, {RepairClass.UNKNOWN}),
        (_one_peer_failed, set()),
        (_prometheus_fires, set()),
        (_prometheus_silent, {RepairClass.STALE}),
    ],
)
def test_absence_without_proof_ends_nothing(trouble: Callable[[World], None], expected: set[RepairClass]) -> None:
    """Peers that just began know nothing; one that fails may know it; Prometheus may be silent."""
    world = World()
    trouble(world)

    assert expected == set(world.kinds(episode(), polls=9))
    assert expected - {RepairClass.UNKNOWN} == set(world.kinds(episode(EpisodeState.UNKNOWN), polls=1))


def test_absence_is_proof_again_five_minutes_after_a_restart() -> None:
    """Two polls and the time of a notice later."""
    world = World()
    world.up_since[1] = NOW - 10.0
    found = world.kinds(episode(EpisodeState.UNKNOWN), polls=12)

    assert [RepairClass.MISSED_RESOLVE, RepairClass.MISSED_RESOLVE] == found


def test_stale_and_unknown_are_said_once() -> None:
    """What is so already needs no repair."""
    assert [] == World(SILENT).poll((), episode(EpisodeState.STALE))
    assert [] == World(NOT_OURS).kinds(episode(EpisodeState.UNKNOWN), polls=5)


def test_where_no_prometheus_of_ours_evaluates_it_expires() -> None:
    """After 2 x (1 h + 1 m) without news: neither a webhook nor Alertmanager's list."""
    world = World(NOT_OURS)
    world.poll((posted(),), episode())
    kinds = world.kinds(episode(), polls=122, after=60.0)
    assert {RepairClass.UNKNOWN} == set(kinds)

    (found,) = world.poll((), episode())
    assert RepairClass.MISSED_RESOLVE is found.kind
    assert "no Prometheus of ours" in found.text


def test_expiry_needs_settled_peers_and_routes() -> None:
    """Without routes nobody knows when news was due."""
    old = episode(EpisodeState.UNKNOWN, seen_at=NOW - 86_400)
    world = World(NOT_OURS)
    world.tree = None
    assert [] == world.poll((), old)

    world = World(NOT_OURS)
    world.up_since[0] = NOW - 10
    assert [] == world.poll((), old)

    assert [RepairClass.MISSED_RESOLVE] == [repair.kind for repair in World(NOT_OURS).poll((), old)]


def test_memory_holds_only_what_is_open_or_shown() -> None:
    """It does not grow with the past."""
    world = World()
    world.poll((posted(),), episode())
    world.poll((), episode())
    world.poll(())

    assert Memory() == world.memory


def test_without_an_api_prometheus_alone_ends_an_alert() -> None:
    """Inactive in two polls, and nothing heard for five minutes."""
    memory = Memory()
    heard = episode(seen_at=NOW - 200)
    found = [without_api(heard, INACTIVE, memory, NOW + n * 60, 30_000) for n in range(3)]

    assert [None, None] == found[:2]
    assert found[2] is not None
    assert (RepairClass.MISSED_RESOLVE, NOW) == (found[2].kind, found[2].ends_at)


@pytest.mark.parametrize(
    ("state", "evaluation", "age", "kind"),
    [
        (EpisodeState.FIRING, SILENT, 90_000, None),
        (EpisodeState.FIRING, ACTIVE, 90_000, None),
        (EpisodeState.FIRING, NOT_OURS, 20_000, None),
        (EpisodeState.FIRING, NOT_OURS, 31_000, RepairClass.UNKNOWN),
        (EpisodeState.UNKNOWN, NOT_OURS, 90_000, None),
        (EpisodeState.STALE, ACTIVE, 100, RepairClass.REVIVED),
    ],
)
def test_without_an_api_nothing_else_ends_it(
    state: EpisodeState, evaluation: Evaluation, age: float, kind: RepairClass | None
) -> None:
    """Where nobody can be asked it is unknown after a long silence, and open."""
    found = [without_api(episode(state, seen_at=NOW - age), evaluation, Memory(), NOW, 30_000) for _ in range(2)]

    assert [kind, kind] == [repair and repair.kind for repair in found]
