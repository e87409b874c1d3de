"""The judge: who is told when, with which reason, in which words."""

from __future__ import annotations

from dataclasses import replace

import pytest
from quality_world import MINUTE, NOON, ended, episode, flapping_spec, lived, muted

from aiops_daemon.core.model.alert import EpisodeState, Mute, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.alertmanager import MaintenanceSpec, QualitySpec
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.quality.judge import Judge


def test_a_new_alert_is_told_at_once() -> None:
    """Nothing known of it delays it, and the score says its parts."""
    verdict = Judge(QualitySpec()).verdict(episode(), NOON)

    assert (VerdictKind.NOTIFY, VerdictReason.NEW, NOON) == (verdict.kind, verdict.reason, verdict.notify_at)
    assert "new; nothing is known of how long such alerts last" == verdict.sentence
    assert (("severity", 0.3), ("acted_on", 0.125)) == verdict.parts
    assert 0.425 == verdict.score


def test_an_alert_that_usually_ends_soon_is_held_and_says_the_numbers() -> None:
    """Eight of nine ended within the hold: told when the hold is over, counted from its start."""
    judge = Judge(QualitySpec())
    lived(judge, [30, 60, 90, 119, 120, 45, 600, 20, 10])
    verdict = judge.verdict(episode(NOON, heard=NOON + 10), NOON + 10)

    assert (VerdictKind.DELAY, VerdictReason.TRANSIENT) == (verdict.kind, verdict.reason)
    assert NOON + 120 == verdict.notify_at
    assert "8 of the last 9 ended within 2m; held until 12:02:00 UTC" == verdict.sentence


@pytest.mark.parametrize(
    ("lives", "sentence"),
    [
        ([10, 10, 10, 10], "new; 4 of the last 4 ended within 2m: waiting takes 80% of at least 5"),
        ([10, 10, 10, 600, 600], "new; 3 of the last 5 ended within 2m: waiting takes 80% of at least 5"),
    ],
    ids=["too few", "too often longer"],
)
def test_too_little_past_holds_nothing(lives: list[float], sentence: str) -> None:
    """Too few episodes, or too small a share: told at once, and the sentence says what was missing."""
    judge = Judge(QualitySpec())
    lived(judge, lives)
    verdict = judge.verdict(episode(), NOON)

    assert (VerdictKind.NOTIFY, VerdictReason.NEW, NOON) == (verdict.kind, verdict.reason, verdict.notify_at)
    assert sentence == verdict.sentence


def test_an_alert_that_outlived_its_hold_is_told_at_once() -> None:
    """Heard of late, or judged again: no second wait."""
    judge = Judge(QualitySpec())
    lived(judge, [10] * 6)
    verdict = judge.verdict(episode(NOON, heard=NOON + 150), NOON + 150)

    assert (VerdictKind.NOTIFY, VerdictReason.NEW, NOON + 150) == (verdict.kind, verdict.reason, verdict.notify_at)
    assert "6 of the last 6 ended within 2m, but this one did not" == verdict.sentence


def test_many_alerts_of_one_fault_teach_once() -> None:
    """Fifty pods that blink together are one trial, and the longest of them counts."""
    judge = Judge(QualitySpec())
    for pod in range(50):
        alert = episode(NOON - 600, pod=f"checkout-{pod}")
        judge.ended(ended(alert, 10 + pod), NOON - 500)
    verdict = judge.verdict(episode(), NOON)

    assert "new; 1 of the last 1 ended within 2m: waiting takes 80% of at least 5" == verdict.sentence


@pytest.mark.parametrize("severity", ["critical", "unheard of"])
def test_critical_is_never_held_by_what_was_learned(severity: str) -> None:
    """However often it ended by itself; a severity that is none of ours counts as critical."""
    judge = Judge(QualitySpec())
    lived(judge, [10] * 20, severity=severity)
    verdict = judge.verdict(episode(severity=severity), NOON)

    assert (VerdictKind.NOTIFY, VerdictReason.CRITICAL, NOON) == (verdict.kind, verdict.reason, verdict.notify_at)


def test_critical_is_held_when_the_configuration_says_so() -> None:
    """`transient_critical` is a choice of people."""
    judge = Judge(QualitySpec(transient_critical=True))
    lived(judge, [10] * 20, severity="critical")
    verdict = judge.verdict(episode(severity="critical"), NOON)

    assert (VerdictKind.DELAY, NOON + 120) == (verdict.kind, verdict.notify_at)


@pytest.mark.parametrize(
    ("mute", "reason", "sentence"),
    [
        (Mute.SILENCED, VerdictReason.SILENCED, "silenced in Alertmanager by 4f3a"),
        (Mute.INHIBITED, VerdictReason.INHIBITED, "inhibited in Alertmanager by 4f3a"),
    ],
)
def test_what_alertmanager_mutes_tells_nobody_even_when_critical(
    mute: Mute, reason: VerdictReason, sentence: str
) -> None:
    """A silence or inhibition is a choice of people."""
    verdict = Judge(QualitySpec()).verdict(muted(episode(severity="critical"), mute, "4f3a"), NOON)

    assert (VerdictKind.SUPPRESS, reason, None, sentence) == (
        verdict.kind,
        verdict.reason,
        verdict.notify_at,
        verdict.sentence,
    )


def test_when_what_held_it_ends_what_still_fires_is_told() -> None:
    """The reason is `over`, and the sentence says what it was."""
    judge = Judge(QualitySpec())
    lived(judge, [10] * 20)
    quiet = muted(episode(), Mute.SILENCED, "4f3a")
    held = replace(quiet, verdict=judge.verdict(quiet, NOON))
    verdict = judge.verdict(replace(held, muted=()), NOON + MINUTE)

    assert (VerdictKind.NOTIFY, VerdictReason.OVER, NOON + 60) == (verdict.kind, verdict.reason, verdict.notify_at)
    assert "still fires, and no longer held (silenced in Alertmanager by 4f3a)" == verdict.sentence


def test_a_held_alert_that_is_asked_for_again_gets_the_very_same_verdict() -> None:
    """So the desk sees without comparing that there is nothing to write; another silence is another verdict."""
    judge = Judge(QualitySpec())
    quiet = muted(episode(), Mute.SILENCED, "4f3a")
    first = judge.verdict(quiet, NOON)
    again = judge.verdict(replace(quiet, verdict=first), NOON + MINUTE)
    other = judge.verdict(replace(muted(quiet, Mute.SILENCED, "77aa"), verdict=first), NOON + MINUTE)

    assert first is again
    assert "silenced in Alertmanager by 77aa" == other.sentence


def test_severity_none_and_what_ended_already_are_recorded() -> None:
    """Neither opens an incident, silenced or not."""
    judge = Judge(QualitySpec())
    none = judge.verdict(muted(episode(severity="none"), Mute.SILENCED, "x"), NOON)
    late = judge.verdict(ended(episode(severity="critical"), 60), NOON + 600)

    assert (VerdictKind.RECORD, VerdictReason.SEVERITY_NONE, None) == (none.kind, none.reason, none.notify_at)
    assert (VerdictKind.RECORD, VerdictReason.LATE, None) == (late.kind, late.reason, late.notify_at)
    assert "ended at 12:01:00 UTC, before anybody had to be told" == late.sentence


def test_one_notice_says_that_an_alert_flaps_and_the_next_starts_wait() -> None:
    """The start with which it began to flap is told at once; the following wait as long as they may."""
    judge = Judge(flapping_spec())
    alerts = [episode(NOON + turn * 5 * MINUTE) for turn in range(5)]
    flaps = [judge.started(alert, alert.starts_at) for alert in alerts[:4]]
    first = judge.verdict(alerts[3], NOON + 15 * MINUTE)
    judge.started(alerts[4], NOON + 20 * MINUTE)
    later = judge.verdict(alerts[4], NOON + 20 * MINUTE)
    lasting = judge.verdict(alerts[4], NOON + 25 * MINUTE)

    assert [False, False, False, True] == flaps
    assert (VerdictKind.NOTIFY, VerdictReason.FLAPPING) == (first.kind, first.reason)
    assert "flaps: 4 starts in the last 1h; counts as firing" == first.sentence
    assert (VerdictKind.DELAY, VerdictReason.FLAPPING, NOON + 25 * MINUTE) == (
        later.kind,
        later.reason,
        later.notify_at,
    )
    assert (
        "flaps: 5 starts in the last 1h; counts as firing; told so at 12:15:00 UTC; held until 12:25:00 UTC"
        == later.sentence
    )
    assert (VerdictKind.NOTIFY, VerdictReason.FLAPPING) == (lasting.kind, lasting.reason)


def test_a_critical_alert_that_flaps_is_told_at_each_start() -> None:
    """Flapping is learned, and nothing learned delays what is critical."""
    judge = Judge(flapping_spec())
    alerts = [episode(NOON + turn * 5 * MINUTE, severity="critical") for turn in range(6)]
    for alert in alerts:
        judge.started(alert, alert.starts_at)
    verdict = judge.verdict(alerts[-1], NOON + 25 * MINUTE)

    assert (VerdictKind.NOTIFY, VerdictReason.CRITICAL, NOON + 25 * MINUTE) == (
        verdict.kind,
        verdict.reason,
        verdict.notify_at,
    )
    assert "critical is told at once; flaps: 6 starts in the last 1h; counts as firing" == verdict.sentence


def test_corroboration_raises_the_score_and_is_shown() -> None:
    """Findings and burn share what they give together; the parts add up to the score."""
    evidence = [("finding:p99", 0.5), ("slo:checkout", 1.0)]
    verdict = Judge(QualitySpec()).verdict(episode(severity="critical"), NOON, corroboration=evidence)

    assert ["severity", "acted_on", "finding:p99", "slo:checkout"] == [name for name, _ in verdict.parts]
    assert 0.5 + 0.125 + 0.25 == pytest.approx(verdict.score)
    assert sum(part for _, part in verdict.parts) == pytest.approx(verdict.score)


def test_a_rule_on_which_people_act_scores_higher() -> None:
    """Acted on each time: near the whole part; never: near nothing."""
    valued, ignored = Judge(QualitySpec()), Judge(QualitySpec())
    for judge in (valued, ignored):
        for turn in range(8):
            alert = replace(episode(NOON - turn * 3600), incident=f"i{turn}")
            judge.ended(ended(alert, 900), NOON)
    for _ in range(8):
        valued.acted(("default", "SlowCheckout"), NOON)

    assert 0.225 == pytest.approx(dict(valued.verdict(episode(), NOON).parts)["acted_on"])
    assert 0.025 == pytest.approx(dict(ignored.verdict(episode(), NOON).parts)["acted_on"])


def test_what_was_learned_survives_a_restart() -> None:
    """Exported and given to a new judge, it leads to the same verdict; the number of changes stands meanwhile."""
    judge = Judge(QualitySpec())
    lived(judge, [10] * 9)
    changes = judge.changes
    again = Judge(QualitySpec(), judge.export())

    assert judge.verdict(episode(), NOON) == again.verdict(episode(), NOON)
    assert (9, 9) == (changes, judge.changes)
    assert again.remembered


@pytest.mark.parametrize("memory", [b"\xff", b"[]", b'{"form":2,"rules":[]}', b'{"form":1,"rules":[["a"]]}'])
def test_memory_that_cannot_be_read_is_learned_anew(memory: bytes) -> None:
    """A pager starts all the same, and says so."""
    judge = Judge(QualitySpec(), memory)

    assert not judge.remembered
    assert VerdictKind.NOTIFY is judge.verdict(episode(), NOON).kind


def test_after_a_restart_an_alert_that_flapped_still_flaps_until_a_window_after_its_last_start() -> None:
    """Then it is named once."""
    judge = Judge(flapping_spec())
    alert = replace(episode(), flapping=True, starts=9)
    judge.resume([alert], NOON + 10)
    during = judge.verdict(alert, NOON + 10)
    settled = [judge.settle(NOON + 3599), judge.settle(NOON + 3600), judge.settle(NOON + 3601)]

    assert VerdictReason.FLAPPING is during.reason
    assert [[], [alert.key], []] == settled


def test_an_alert_whose_end_is_not_known_is_judged_like_one_that_fires() -> None:
    """Stale and unknown are open."""
    judge = Judge(QualitySpec())

    for state in (EpisodeState.STALE, EpisodeState.UNKNOWN):
        assert VerdictKind.NOTIFY is judge.verdict(replace(episode(), state=state), NOON).kind


def test_a_maintenance_window_holds_until_its_end_and_a_reload_can_take_it_away() -> None:
    """`until` is the end of the window; without it the alert is told."""
    window = MaintenanceSpec("database move", parse_all('{alertname="SlowCheckout"}'), (), NOON - 60, NOON + 3600)
    judge = Judge(QualitySpec(maintenance=(window,)))
    alert = episode(severity="critical")
    held = judge.verdict(alert, NOON)
    judge.reconfigure(QualitySpec(), [alert])
    told = judge.verdict(replace(alert, verdict=held), NOON + 5)

    assert (VerdictKind.SUPPRESS, VerdictReason.MAINTENANCE) == (held.kind, held.reason)
    assert (None, NOON + 3600) == (held.notify_at, held.until)
    assert 'in maintenance window "database move", which ends 2026-11-21 13:00 UTC' == held.sentence
    assert (VerdictReason.OVER, NOON + 5) == (told.reason, told.notify_at)


def test_the_default_verdict_is_not_taken_for_one_that_was_held() -> None:
    """An episode that was never judged is new, not over."""
    assert Verdict() == episode().verdict
    assert VerdictReason.NEW is Judge(QualitySpec()).verdict(episode(), NOON).reason
