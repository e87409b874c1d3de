"""Properties of reconciliation: whatever is shown and said, nothing ends without proof and nothing quiet opens."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.reconcile import SETTLED, Comparison, Memory, Poll
from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState
from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.posted import ClusterAnswer, PeerAnswer, PostedAlert
from aiops_daemon.core.model.repair import Evaluation, Repair, RepairClass
from aiops_daemon.core.quality import episodes
from aiops_daemon.core.quality.episodes import TransitionKind

NOW = 1_700_000_000.0
CONFIG = {
    "route": {"receiver": "aiops", "group_wait": "10s", "group_interval": "30s", "repeat_interval": "1h"},
    "receivers": [{"name": "aiops"}],
}
TREE = read_tree(CONFIG)
SPEC = AlertmanagerSpec("prod", ("a", "b"))
LABELS = [make({"alertname": name}) for name in "ABC"]


def shown(labels: Labels, state: str, age: float) -> PostedAlert:
    """One alert as the API shows it."""
    quiet = ("s-1",) if state == "suppressed" else ()
    return PostedAlert(fingerprint(labels), labels, (), NOW - age, NOW, NOW, state, ("aiops",), quiet)


alerts = st.builds(
    shown,
    st.sampled_from(LABELS),
    st.sampled_from(["active", "suppressed", "unprocessed"]),
    st.sampled_from([0.0, 39.0, 41.0, 5000.0]),
)
peers = st.builds(
    lambda age, found: (age, tuple({alert.fingerprint: alert for alert in found}.values())),
    st.sampled_from([10.0, SETTLED, 301.0, 9999.0]),
    st.lists(alerts, max_size=3),
)
polls = st.tuples(
    st.lists(peers, max_size=2), st.booleans(), st.dictionaries(st.sampled_from(LABELS), st.sampled_from(Evaluation))
)


def opened(labels: Labels, state: EpisodeState) -> Episode:
    """An open episode, heard long ago."""
    event = AlertEvent("prod", fingerprint(labels), AlertStatus.FIRING, labels, (), NOW - 9000, None, NOW - 9000)
    made = episodes.observe(None, event, evaluation=Evaluation.NOT_OURS).episode
    assert made is not None
    return replace(made, state=state)


open_sets = st.dictionaries(
    st.sampled_from(LABELS),
    st.sampled_from([EpisodeState.FIRING, EpisodeState.STALE, EpisodeState.UNKNOWN]),
)


def _proven(repair: Repair, past: list[tuple[Poll, dict[Labels, Evaluation]]], labels: Labels) -> bool:
    """Check an end against the polls by the words of the issue."""
    poll, said = past[-1]
    settled = poll.answer.complete and all(poll.asked_at - peer.up_since > SETTLED for peer in poll.answer.peers)
    absent = all(alert.labels != labels for peer in poll.answer.peers for alert in peer.alerts)
    verdict = said.get(labels, Evaluation.NOT_OURS)
    twice = len(past) > 1 and past[-2][1].get(labels) is Evaluation.INACTIVE
    return settled and absent and ((verdict is Evaluation.INACTIVE and twice) or verdict is Evaluation.NOT_OURS)


@settings(deadline=None, max_examples=150)
@given(played=st.lists(polls, min_size=1, max_size=8), started=open_sets)
def test_ends_are_proven_and_openings_are_wanted(played: list[tuple], started: dict[Labels, EpisodeState]) -> None:  # type: ignore[type-arg]
    """Over any polls, with repairs applied between them; what is repaired once needs it no more."""
    latest = {("prod", fingerprint(labels)): opened(labels, state) for labels, state in started.items()}
    labels_of = {("prod", fingerprint(labels)): labels for labels in LABELS}
    memory, past = Memory(), []
    for number, (found, failed, said) in enumerate(played):
        at = NOW + 60.0 * number
        answers = tuple(PeerAnswer(str(n), NOW - age, "", seen, CONFIG) for n, (age, seen) in enumerate(found))
        answer = ClusterAnswer(answers, (("x", "down"),) if failed else ())
        poll = Poll(at, answer, TREE, lambda labels, said=said: said.get(labels, Evaluation.NOT_OURS))
        past.append((poll, said))
        open_ = [episode for episode in latest.values() if episode.open]
        for repair in filter(None, Comparison(SPEC, poll, open_, memory)):
            labels = labels_of[repair.key]
            states = [alert.state for peer in answers for alert in peer.alerts if alert.labels == labels]
            if repair.kind is RepairClass.MISSED_RESOLVE:
                assert _proven(repair, past, labels)
            if repair.kind is RepairClass.MISSED_FIRING:
                assert "active" in states
                assert "suppressed" not in states
            step = episodes.repair(latest.get(repair.key), repair)
            assert step.changed
            assert step.kind is not TransitionKind.LATE
            if step.episode is not None:
                latest[repair.key] = step.episode
