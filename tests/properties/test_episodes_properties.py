"""Properties of episodes: repetition changes nothing, and any order of the same events ends alike once reconciled.

The model of Alertmanager sends what the real one sends of one alert: firings with startsAt, resolves with endsAt, in
HA pairs both voices. What it shows in the end is the truth that every order must reach: open or ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState, Origin
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair, RepairClass
from aiops_daemon.core.quality.episodes import Transition, TransitionKind, observe, repair

KEY = ("prod", "f1")
LABELS = (("alertname", "A"),)


def firing(starts_at: float) -> AlertEvent:
    """Say that the alert fires."""
    return AlertEvent(*KEY, AlertStatus.FIRING, LABELS, (), starts_at, None, 0.0)


def resolved(starts_at: float, ends_at: float) -> AlertEvent:
    """Say that it ended."""
    return AlertEvent(*KEY, AlertStatus.RESOLVED, LABELS, (), starts_at, ends_at, 0.0)


@dataclass
class Alertmanager:
    """What it sent of one alert, and what `/api/v2/alerts` shows now: the startsAt of the alert while it is active."""

    now: float = 100.0
    active: float | None = None
    sent: list[AlertEvent] = field(default_factory=list)

    def fires(self, after: float) -> None:
        self.now += after
        self.active = self.now
        self.sent.append(firing(self.now))

    def ends(self, after: float) -> None:
        self.now += after
        if self.active is not None:
            self.sent.append(resolved(self.active, self.now))
            self.active = None

    def second_voice(self, later: float) -> None:
        """Let the other Prometheus of an HA pair send the same alert with its own, later startsAt."""
        if self.active is not None:
            self.sent.append(firing(self.active + min(later, self.now - self.active)))

    def one_voice_ends(self, after: float) -> None:
        """Let one Prometheus resolve it while the other still fires: firing(s), resolved(s, e), firing(s)."""
        if self.active is not None:
            self.now += after
            self.sent += [resolved(self.active, self.now), firing(self.active)]

    def repeats(self) -> None:
        if self.active is not None:
            self.sent.append(firing(self.active))


class Receiver:
    """Takes events, one after another, and asks the model where it must."""

    def __init__(self, alertmanager: Alertmanager, lookup: Lookup | None = None) -> None:
        self.alertmanager = alertmanager
        self.lookup = lookup  # None: ask the model
        self.latest: Episode | None = None
        self.opened = 0
        self.at = 0.0

    def hear(self, event: AlertEvent, evaluation: Evaluation = Evaluation.INACTIVE) -> Transition:
        self.at += 1.0
        told = replace(event, received_at=self.at)
        step = observe(self.latest, told, evaluation=evaluation)
        if step.kind is TransitionKind.ASK:
            shown = Lookup.ABSENT if self.alertmanager.active is None else Lookup.ACTIVE
            step = observe(self.latest, told, evaluation=evaluation, lookup=self.lookup or shown)
        assert step.kind is not TransitionKind.ASK
        self.opened += step.kind is TransitionKind.OPENED
        self.latest = step.episode
        return step

    def reconcile(self) -> None:
        """Repair what the model shows otherwise, as reconciliation does with its proof."""
        shown = self.alertmanager.active
        self.at += 1.0
        if shown is not None and (self.latest is None or not self.latest.open):
            seen = replace(firing(shown), received_at=self.at, origin=Origin.RECONCILIATION)
            found = Repair(RepairClass.MISSED_FIRING, KEY, "shown", event=seen, asked_at=self.at)
        elif shown is None and self.latest is not None and self.latest.open:
            found = Repair(RepairClass.MISSED_RESOLVE, KEY, "gone", ends_at=self.alertmanager.now, asked_at=self.at)
        elif self.latest is not None and self.latest.state in (EpisodeState.STALE, EpisodeState.UNKNOWN):
            found = Repair(RepairClass.REVIVED, KEY, "shown", asked_at=self.at)
        else:
            return
        self.latest = repair(self.latest, found).episode


seconds = st.integers(1, 30).map(float)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("fires"), seconds),
        st.tuples(st.just("ends"), seconds),
        st.tuples(st.just("second_voice"), seconds),
        st.tuples(st.just("one_voice_ends"), seconds),
        st.tuples(st.just("repeats")),
    ),
    min_size=1,
    max_size=12,
)


def play(played: list[tuple[object, ...]]) -> Alertmanager:
    """Let the model live through these steps."""
    alertmanager = Alertmanager()
    for name, *arguments in played:
        if name == "fires" and alertmanager.active is not None:
            continue  # an alert that fires does not begin to
        getattr(alertmanager, str(name))(*arguments)
    return alertmanager


@settings(deadline=None)
@given(played=steps, data=st.data())
def test_any_order_and_doubling_ends_the_same_once_reconciled(
    played: list[tuple[object, ...]], data: st.DataObject
) -> None:
    """Open where Alertmanager shows it, ended where it does not; with a stale or unreachable Alertmanager between."""
    alertmanager = play(played)
    doubled = alertmanager.sent + data.draw(st.lists(st.sampled_from(alertmanager.sent or [firing(1.0)]), max_size=4))
    told = data.draw(st.permutations(doubled))
    receiver = Receiver(alertmanager, data.draw(st.sampled_from([None, *Lookup])))
    for event in told:
        receiver.hear(event, data.draw(st.sampled_from(Evaluation)))
    receiver.reconcile()

    assert (alertmanager.active is not None) is (receiver.latest is not None and receiver.latest.open)
    if alertmanager.active is not None:
        assert receiver.latest is not None
        assert receiver.latest.state is EpisodeState.FIRING
        assert receiver.latest.starts_at >= alertmanager.active


@settings(deadline=None)
@given(played=steps)
def test_in_order_no_repair_is_needed(played: list[tuple[object, ...]]) -> None:
    """What Alertmanager sends in order, HA pairs included, leaves nothing to reconcile."""
    alertmanager = Alertmanager()
    receiver = Receiver(alertmanager)
    for name, *arguments in played:
        if name == "fires" and alertmanager.active is not None:
            continue
        before = len(alertmanager.sent)
        getattr(alertmanager, str(name))(*arguments)
        for event in alertmanager.sent[before:]:
            receiver.hear(event)
        assert (alertmanager.active is not None) is (receiver.latest is not None and receiver.latest.open)


@settings(deadline=None)
@given(played=steps, data=st.data())
def test_hearing_the_last_thing_again_changes_nothing(played: list[tuple[object, ...]], data: st.DataObject) -> None:
    """Whatever was heard before."""
    alertmanager = play(played)
    receiver = Receiver(alertmanager, data.draw(st.sampled_from([None, *Lookup])))
    for event in alertmanager.sent:
        receiver.hear(event)
        before = receiver.latest
        again = receiver.hear(event)
        if again.kind is not TransitionKind.REOPENED:  # a resolve and a firing at the very end of it
            assert not again.changed
            assert before is not None
            assert receiver.latest == replace(before, seen_at=receiver.latest.seen_at if receiver.latest else 0.0)


@pytest.mark.parametrize(
    "told",
    [
        [firing(100.0), resolved(100.0, 160.0), firing(100.0)],
        [firing(115.0), resolved(100.0, 160.0)],
        [firing(100.0), firing(115.0), resolved(100.0, 160.0)],
        [resolved(100.0, 160.0), firing(115.0)],
    ],
    ids=["one voice ends", "later voice ends", "both", "end first"],
)
@pytest.mark.parametrize("active", [100.0, None])
def test_the_sequences_of_an_ha_pair(told: list[AlertEvent], active: float | None) -> None:
    """As the real Alertmanager sent them: each ends as `/api/v2/alerts` shows it."""
    receiver = Receiver(Alertmanager(active=active))
    for event in told:
        receiver.hear(event)
    receiver.reconcile()

    assert receiver.latest is not None
    assert (active is not None) is receiver.latest.open
    assert receiver.opened <= 1


class Life(RuleBasedStateMachine):
    """One alert, with webhooks that are delayed, doubled, lost and shuffled, and reconciliation now and then."""

    @initialize()
    def begin(self) -> None:
        self.alertmanager = Alertmanager()
        self.receiver = Receiver(self.alertmanager)
        self.delivered = 0

    @rule(after=seconds)
    def fires(self, after: float) -> None:
        if self.alertmanager.active is None:
            self.alertmanager.fires(after)

    @rule(after=seconds)
    def ends(self, after: float) -> None:
        self.alertmanager.ends(after)

    @rule(after=seconds)
    def one_voice_ends(self, after: float) -> None:
        self.alertmanager.one_voice_ends(after)

    @rule(later=seconds)
    def second_voice(self, later: float) -> None:
        self.alertmanager.second_voice(later)

    @rule(choice=st.integers(0, 1000), evaluation=st.sampled_from(Evaluation))
    def delivers_any(self, choice: int, evaluation: Evaluation) -> None:
        if self.alertmanager.sent:
            self.receiver.hear(self.alertmanager.sent[choice % len(self.alertmanager.sent)], evaluation)

    @rule()
    def reconciles(self) -> None:
        self.receiver.reconcile()
        latest = self.receiver.latest
        assert (self.alertmanager.active is not None) is (latest is not None and latest.open)

    @invariant()
    def an_episode_is_whole(self) -> None:
        latest = self.receiver.latest if hasattr(self, "receiver") else None
        if latest is not None:
            assert latest.first_starts_at <= latest.starts_at
            assert latest.starts >= 1
            assert latest.heard_at <= latest.seen_at
            assert latest.state is not EpisodeState.RESOLVED or latest.ends_at is not None
            assert latest.state is not EpisodeState.FIRING or latest.ends_at is None


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
