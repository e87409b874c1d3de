"""What one statement makes of an episode, case by case."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops_daemon.core.model.alert import AlertEvent, AlertStatus, Episode, EpisodeState, Mute, Origin
from aiops_daemon.core.model.repair import Evaluation, Lookup, Repair, RepairClass
from aiops_daemon.core.quality.episodes import Transition, TransitionKind, observe, repair

LABELS = (("alertname", "DiskFull"), ("cluster", "eu-1"))
KEY = ("prod", "f1")
SILENCE = ((Mute.SILENCED.value, "s-1"),)


def firing(starts_at: float, heard: float | None = None, **fields: object) -> AlertEvent:
    """Say that the alert fires since then."""
    at = starts_at + 1 if heard is None else heard
    event = AlertEvent("prod", "f1", AlertStatus.FIRING, LABELS, (("summary", "full"),), starts_at, None, at)
    return replace(event, **fields)  # type: ignore[arg-type]


def resolved(starts_at: float, ends_at: float | None, heard: float | None = None) -> AlertEvent:
    """Say that the alert ended."""
    at = (ends_at or starts_at) + 1 if heard is None else heard
    return replace(firing(starts_at, at), status=AlertStatus.RESOLVED, ends_at=ends_at)


def told(*events: AlertEvent, lookup: Lookup = Lookup.ABSENT, evaluation: Evaluation = Evaluation.NOT_OURS) -> Episode:
    """Observe events one after another, answering each question alike, and return the last episode."""
    episode: Episode | None = None
    for event in events:
        step = observe(episode, event, evaluation=evaluation)
        if step.kind is TransitionKind.ASK:
            step = observe(episode, event, evaluation=evaluation, lookup=lookup)
        episode = step.episode
    assert episode is not None
    return episode


def then(latest: Episode | None, event: AlertEvent, lookup: Lookup | None = None) -> Transition:
    """Observe one event of an alert that no Prometheus of ours evaluates."""
    return observe(latest, event, evaluation=Evaluation.NOT_OURS, lookup=lookup)


def test_a_firing_of_an_unknown_alert_opens_an_episode_without_uid() -> None:
    """The caller stamps uid, team and severity."""
    step = then(None, firing(100.0, 130.0))

    assert step.kind is TransitionKind.OPENED
    assert step.changed
    assert step.episode is not None
    assert ("", "", "") == (step.episode.uid, step.episode.team, step.episode.severity)
    assert (100.0, 100.0, None) == (step.episode.first_starts_at, step.episode.starts_at, step.episode.ends_at)
    assert (130.0, 130.0) == (step.episode.heard_at, step.episode.seen_at)
    assert "1970-01-01 00:01:40 UTC" in step.text


def test_a_resolve_of_an_alert_never_seen_firing_is_recorded_only() -> None:
    """The tail that max_alerts cut off says its end later."""
    step = then(None, resolved(100.0, 200.0))

    assert step.kind is TransitionKind.RECORDED
    assert step.episode is not None
    assert not step.episode.open
    assert 200.0 == step.episode.ends_at


def test_a_repetition_moves_seen_at_and_nothing_else() -> None:
    """Repeats, HA pairs and `continue: true` say the same twice."""
    latest = told(firing(100.0))
    step = then(latest, firing(100.0, 500.0, receiver="other", external_url="http://peer-2"))

    assert step == Transition(TransitionKind.REPEATED, replace(latest, seen_at=500.0), "", changed=False)


def test_an_older_repetition_changes_nothing_at_all() -> None:
    """The episode is the very same value, and old words do not replace new ones."""
    latest = told(firing(100.0, 500.0))
    step = then(latest, firing(100.0, 400.0, annotations=(("summary", "old"),)))

    assert latest is step.episode
    assert not step.changed


def test_new_annotations_are_a_change() -> None:
    """Text with a value in it changes from notice to notice; the newest is kept."""
    step = then(
        told(firing(100.0)), firing(100.0, 500.0, annotations=(("summary", "95 %"),), generator_url="http://p/g")
    )

    assert step.kind is TransitionKind.REPEATED
    assert step.changed
    assert step.episode is not None
    assert (("summary", "95 %"),) == step.episode.annotations
    assert "http://p/g" == step.episode.generator_url


def test_a_later_start_while_open_is_a_blip_that_nobody_told() -> None:
    """Resolve and refire within group_interval shows as a changed startsAt only."""
    step = then(told(firing(100.0)), firing(160.0))

    assert step.kind is TransitionKind.REFIRED
    assert step.episode is not None
    assert (100.0, 160.0, 2) == (step.episode.first_starts_at, step.episode.starts_at, step.episode.starts)


def test_two_replicas_that_take_turns_count_two_starts_only() -> None:
    """An HA pair that evaluates 15 s apart does not flap."""
    latest = told(*(firing(start, 200.0 + n) for n, start in enumerate([100.0, 115.0] * 5)))

    assert 2 == latest.starts
    assert (100.0, 115.0) == (latest.first_starts_at, latest.starts_at)


def test_the_same_start_told_less_exactly_is_no_other_start() -> None:
    """The API cuts startsAt to milliseconds, webhooks tell nanoseconds."""
    latest = told(firing(100.0748, 200.0), firing(100.074, 300.0), firing(100.0748, 400.0))

    assert 1 == latest.starts


@pytest.mark.parametrize("starts_at", [100.0, 85.0, 115.0])
def test_a_resolve_ends_an_alert_whatever_its_own_start(starts_at: float) -> None:
    """Only its endsAt counts: firing(s+15) then resolved(s) is an end."""
    step = then(told(firing(115.0)), resolved(starts_at, 200.0))

    assert step.kind is TransitionKind.ENDED
    assert step.changed
    assert step.episode is not None
    assert (EpisodeState.RESOLVED, 200.0) == (step.episode.state, step.episode.ends_at)


def test_a_resolve_at_the_very_start_ends_it() -> None:
    """Not before the latest start is enough."""
    assert then(told(firing(100.0)), resolved(90.0, 100.0)).kind is TransitionKind.ENDED


def test_a_resolve_from_before_the_latest_start_is_old_news() -> None:
    """A delayed end of the stretch before does not end this one."""
    latest = told(firing(300.0))
    step = then(latest, resolved(100.0, 200.0))

    assert (TransitionKind.LATE, latest, False) == (step.kind, step.episode, step.changed)


def test_a_resolve_without_an_end_ends_when_it_was_heard() -> None:
    """Other senders than Alertmanager leave endsAt out."""
    assert 900.0 == told(firing(100.0), resolved(100.0, None, 900.0)).ends_at


def test_a_firing_after_the_end_is_a_new_episode() -> None:
    """It has no uid yet and starts its own count."""
    step = then(replace(told(firing(100.0), resolved(100.0, 200.0)), uid="u-1", starts=3), firing(201.0))

    assert step.kind is TransitionKind.OPENED
    assert step.episode is not None
    assert ("", 1) == (step.episode.uid, step.episode.starts)


@pytest.mark.parametrize(
    ("lookup", "kind", "state"),
    [
        (None, TransitionKind.ASK, EpisodeState.RESOLVED),
        (Lookup.ACTIVE, TransitionKind.REOPENED, EpisodeState.FIRING),
        (Lookup.UNREACHABLE, TransitionKind.REOPENED, EpisodeState.FIRING),
        (Lookup.ABSENT, TransitionKind.LATE, EpisodeState.RESOLVED),
    ],
)
@pytest.mark.parametrize("starts_at", [100.0, 200.0])
def test_a_firing_not_after_the_end_is_looked_up(
    starts_at: float, lookup: Lookup | None, kind: TransitionKind, state: EpisodeState
) -> None:
    """Active reopens, absent is late news, unreachable reopens."""
    latest = replace(told(firing(100.0), resolved(100.0, 200.0)), uid="u-1", incident="i-1", muted=SILENCE)
    step = then(latest, firing(starts_at, 300.0), lookup)

    assert kind is step.kind
    assert step.episode is not None
    assert (state, "u-1", "i-1") == (step.episode.state, step.episode.uid, step.episode.incident)
    assert step.changed is (state is EpisodeState.FIRING)


def test_a_reopened_episode_has_no_end_and_no_old_mute() -> None:
    """What held it quiet before its end is found anew."""
    latest = replace(told(firing(100.0), resolved(100.0, 200.0)), muted=SILENCE)
    step = then(latest, firing(100.0, 300.0), Lookup.ACTIVE)

    assert step.episode is not None
    assert (None, (), 1) == (step.episode.ends_at, step.episode.muted, step.episode.starts)


def test_what_is_no_webhook_needs_no_lookup() -> None:
    """Findings and notices about ourselves come in order; reconciliation has just looked."""
    latest = told(firing(100.0), resolved(100.0, 200.0))

    for origin in (Origin.FINDING, Origin.SELF, Origin.RECONCILIATION):
        assert then(latest, firing(100.0, 300.0, origin=origin)).kind is TransitionKind.REOPENED


def test_a_resolve_while_its_prometheus_is_not_evaluating_is_stale_and_open() -> None:
    """A killed Prometheus resolves its alerts, while nothing is known to be well."""
    step = observe(told(firing(100.0)), resolved(100.0, 200.0), evaluation=Evaluation.NOT_EVALUATING)

    assert step.kind is TransitionKind.STALE
    assert step.episode is not None
    assert step.episode.open
    assert 200.0 == step.episode.ends_at

    again = observe(step.episode, resolved(100.0, 200.0, 900.0), evaluation=Evaluation.NOT_EVALUATING)
    assert (TransitionKind.REPEATED, False) == (again.kind, again.changed)

    ended = observe(step.episode, resolved(100.0, 200.0, 900.0), evaluation=Evaluation.INACTIVE)
    assert ended.kind is TransitionKind.ENDED


@pytest.mark.parametrize(
    ("starts_at", "lookup", "kind"),
    [
        (250.0, None, TransitionKind.REVIVED),
        (100.0, None, TransitionKind.ASK),
        (100.0, Lookup.ACTIVE, TransitionKind.REVIVED),
        (100.0, Lookup.ABSENT, TransitionKind.LATE),
    ],
)
def test_a_firing_revives_a_stale_alert(starts_at: float, lookup: Lookup | None, kind: TransitionKind) -> None:
    """A later start at once; the same start is looked up, for it may be a doubled notice."""
    stale = told(firing(100.0), resolved(100.0, 200.0), evaluation=Evaluation.NOT_EVALUATING)

    assert kind is then(stale, firing(starts_at, 300.0), lookup).kind


def test_a_firing_revives_an_unknown_alert() -> None:
    """It has no end that could be newer."""
    unknown = repair(told(firing(100.0)), Repair(RepairClass.UNKNOWN, KEY, "gone")).episode
    step = then(unknown, firing(100.0, 300.0))

    assert step.kind is TransitionKind.REVIVED
    assert step.episode is not None
    assert step.episode.state is EpisodeState.FIRING


def test_of_two_ends_the_later_holds() -> None:
    """Both voices of an HA pair say an end; their order does not matter."""
    one, other = resolved(100.0, 200.0, 300.0), resolved(115.0, 210.0, 301.0)

    assert 210.0 == told(firing(100.0), one, other).ends_at
    assert 210.0 == told(firing(100.0), other, one).ends_at


def test_an_end_told_while_stale_is_not_moved_back() -> None:
    """The later of the two, whichever ends it."""
    stale = told(firing(100.0), resolved(100.0, 300.0), evaluation=Evaluation.NOT_EVALUATING)

    assert 300.0 == told_after(stale, resolved(100.0, 200.0, 400.0)).ends_at
    assert 350.0 == told_after(stale, resolved(100.0, 350.0, 400.0)).ends_at


def told_after(latest: Episode, event: AlertEvent) -> Episode:
    """Observe one event more."""
    episode = then(latest, event).episode
    assert episode is not None
    return episode


def test_a_resolve_of_a_later_stretch_never_seen_is_an_episode_of_its_own() -> None:
    """It fired and ended while its firing was not told."""
    step = then(told(firing(100.0), resolved(100.0, 200.0)), resolved(300.0, 400.0))

    assert step.kind is TransitionKind.RECORDED
    assert step.episode is not None
    assert 300.0 == step.episode.first_starts_at


def test_an_earlier_start_moves_the_beginning() -> None:
    """Alertmanager merges an HA pair's alerts to the earlier startsAt."""
    step = then(told(firing(115.0)), firing(100.0, 200.0))

    assert (TransitionKind.REPEATED, True) == (step.kind, step.changed)
    assert step.episode is not None
    assert (100.0, 115.0, 2) == (step.episode.first_starts_at, step.episode.starts_at, step.episode.starts)


@pytest.mark.parametrize(
    ("kind", "transition", "state"),
    [
        (RepairClass.MISSED_RESOLVE, TransitionKind.ENDED, EpisodeState.RESOLVED),
        (RepairClass.STALE, TransitionKind.STALE, EpisodeState.STALE),
        (RepairClass.UNKNOWN, TransitionKind.UNKNOWN, EpisodeState.UNKNOWN),
        (RepairClass.REVIVED, TransitionKind.REPEATED, EpisodeState.FIRING),
    ],
)
def test_a_repair_moves_an_open_episode(kind: RepairClass, transition: TransitionKind, state: EpisodeState) -> None:
    """Once; the second time it says nothing new."""
    step = repair(told(firing(100.0)), Repair(kind, KEY, "why"))

    assert transition is step.kind
    assert step.episode is not None
    assert state is step.episode.state
    assert not repair(step.episode, Repair(kind, KEY, "why")).changed


def test_a_repair_revives_what_is_stale() -> None:
    """The end it was told is forgotten."""
    stale = told(firing(100.0), resolved(100.0, 200.0), evaluation=Evaluation.NOT_EVALUATING)
    step = repair(stale, Repair(RepairClass.REVIVED, KEY, "fires"))

    assert (TransitionKind.REVIVED, "fires") == (step.kind, step.text)
    assert step.episode is not None
    assert (EpisodeState.FIRING, None) == (step.episode.state, step.episode.ends_at)


def test_an_end_found_is_never_before_the_start() -> None:
    """Given, told while stale, or last seen, in this order."""
    latest = told(firing(100.0, 150.0))
    stale = told(firing(100.0), resolved(100.0, 200.0), evaluation=Evaluation.NOT_EVALUATING)

    assert 300.0 == _ended(latest, 300.0).ends_at
    assert 100.0 == _ended(latest, 50.0).ends_at
    assert 150.0 == _ended(latest, None).ends_at
    assert 200.0 == _ended(stale, None).ends_at


def _ended(latest: Episode, ends_at: float | None) -> Episode:
    episode = repair(latest, Repair(RepairClass.MISSED_RESOLVE, KEY, "gone", ends_at=ends_at)).episode
    assert episode is not None
    return episode


def test_news_heard_since_the_answer_win_over_the_repair() -> None:
    """A webhook that came while Alertmanager was being asked is newer than what it said."""
    latest = told(firing(100.0, 500.0))
    found = Repair(RepairClass.MISSED_RESOLVE, KEY, "gone", ends_at=450.0, asked_at=499.0)

    assert repair(latest, found).kind is TransitionKind.LATE
    assert repair(latest, replace(found, asked_at=501.0)).kind is TransitionKind.ENDED

    ended = told(firing(100.0), resolved(100.0, 200.0, 500.0))
    seen = firing(100.0, 499.0, origin=Origin.RECONCILIATION)
    assert repair(ended, Repair(RepairClass.MISSED_FIRING, KEY, "active", event=seen)).kind is TransitionKind.LATE


def test_mutes_come_and_go() -> None:
    """All that hold now are given each time; the same again is no change."""
    muted = repair(told(firing(100.0)), Repair(RepairClass.MUTED, KEY, "silenced", muted=SILENCE))
    again = repair(muted.episode, Repair(RepairClass.MUTED, KEY, "silenced", muted=SILENCE))
    over = repair(muted.episode, Repair(RepairClass.UNMUTED, KEY, "over"))

    assert [TransitionKind.MUTED, TransitionKind.REPEATED, TransitionKind.UNMUTED] == [
        muted.kind,
        again.kind,
        over.kind,
    ]
    assert muted.episode is not None
    assert SILENCE == muted.episode.muted
    assert over.episode is not None
    assert () == over.episode.muted


def test_a_missed_firing_opens_and_a_missed_episode_is_recorded() -> None:
    """Both carry the event that nobody told."""
    open_one = repair(None, Repair(RepairClass.MISSED_FIRING, KEY, "active", event=firing(100.0)))
    past = repair(None, Repair(RepairClass.MISSED_EPISODE, KEY, "past", event=resolved(100.0, 200.0)))

    assert (TransitionKind.OPENED, "active") == (open_one.kind, open_one.text)
    assert (TransitionKind.RECORDED, "past") == (past.kind, past.text)


@pytest.mark.parametrize("kind", [RepairClass.MISSED_RESOLVE, RepairClass.STALE, RepairClass.MUTED])
def test_nothing_to_repair_is_said_so(kind: RepairClass) -> None:
    """No episode, or one that has ended meanwhile."""
    ended = told(firing(100.0), resolved(100.0, 200.0))

    assert Transition(TransitionKind.LATE, None, "There is no open episode to repair.") == repair(
        None, Repair(kind, KEY, "why")
    )
    assert repair(ended, Repair(kind, KEY, "why")).episode is ended


@pytest.mark.parametrize(
    ("stretch", "kind"),
    [
        ((500.0, 600.0), TransitionKind.RECORDED),
        ((10.0, 20.0), TransitionKind.RECORDED),
        ((90.0, 210.0), TransitionKind.LATE),
        ((250.0, 300.0), TransitionKind.LATE),
        ((20.0, 50.0), TransitionKind.LATE),
    ],
)
def test_history_records_only_stretches_that_are_not_known(stretch: tuple[float, float], kind: TransitionKind) -> None:
    """Samples miss beginning and end by up to a minute; a known stretch neither ends nor grows by it."""
    latest = told(firing(100.0), resolved(100.0, 200.0))
    step = repair(latest, Repair(RepairClass.MISSED_EPISODE, KEY, "past", event=resolved(*stretch)))

    assert kind is step.kind
    assert step.changed is (kind is TransitionKind.RECORDED)


def test_history_never_touches_what_is_open() -> None:
    """`ALERTS` confirms; what is open is Alertmanager's to tell."""
    latest = told(firing(1000.0))

    for stretch in ((990.0, 1200.0), (100.0, 200.0)):
        step = repair(latest, Repair(RepairClass.MISSED_EPISODE, KEY, "past", event=resolved(*stretch)))
        assert (TransitionKind.LATE, latest) == (step.kind, step.episode)
