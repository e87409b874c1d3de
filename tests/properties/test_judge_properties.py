"""Whatever an alert's past, a verdict neither hides it nor makes people wait for longer than it may."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from quality_world import NOON, ended, episode

from aiops_daemon.core.model.alert import VerdictKind, VerdictReason
from aiops_daemon.core.model.alertmanager import QualitySpec
from aiops_daemon.core.quality.flapping import Flapping
from aiops_daemon.core.quality.judge import Judge
from aiops_daemon.core.quality.memory import MOST_LIVES, Memory

severities = st.sampled_from(["critical", "warning", "info", "page me"])
lives = st.lists(st.floats(0, 1000), max_size=12)
specs = st.builds(
    QualitySpec,
    flapping_window=st.floats(60, 7200),
    flapping_enter=st.integers(1, 6),
    flapping_leave=st.integers(0, 8),
    transient_hold=st.floats(0, 3600),
    transient_share=st.floats(0, 1),
    transient_episodes=st.integers(0, 8),
    max_delay=st.floats(0, 300),
)
times = st.floats(-4000, 4000)
steps = st.lists(st.tuples(times, lives, st.booleans()), min_size=1, max_size=8)


def experienced(spec: QualitySpec, severity: str, past: list[tuple[float, list[float], bool]]) -> Judge:
    """Return a judge that has seen starts and ends at all times, in any order."""
    judge = Judge(spec)
    for at, ends, starts in past:
        for life in ends:
            judge.ended(ended(episode(NOON + at, severity=severity), life), NOON)
        if starts:
            judge.started(episode(NOON + at, severity=severity), NOON)
    return judge


@settings(max_examples=200, deadline=None)
@given(specs, severities, steps, times, st.floats(0, 600))
def test_what_was_learned_delays_by_at_most_the_limit_and_never_what_is_critical(
    spec: QualitySpec, severity: str, past: list[tuple[float, list[float], bool]], starts: float, later: float
) -> None:
    """`notify_at` lies in [now, heard + max_delay] or is now; critical (and the unknown) is told now."""
    judge = experienced(spec, severity, past)
    alert = episode(NOON + starts, severity=severity, heard=NOON)
    now = NOON + later
    verdict = judge.verdict(alert, now)

    assert verdict.notify_at is not None
    assert now <= verdict.notify_at <= max(now, NOON + spec.max_delay)
    assert verdict.kind is (VerdictKind.DELAY if verdict.notify_at > now else VerdictKind.NOTIFY)
    if severity in ("critical", "page me"):
        assert (VerdictKind.NOTIFY, VerdictReason.CRITICAL, now) == (verdict.kind, verdict.reason, verdict.notify_at)


@settings(max_examples=100, deadline=None)
@given(specs, severities, steps, times)
def test_asked_again_and_again_an_alert_is_told_in_the_end(
    spec: QualitySpec, severity: str, past: list[tuple[float, list[float], bool]], starts: float
) -> None:
    """A verdict asked for at the moment it named says: now."""
    judge = experienced(spec, severity, past)
    alert = episode(NOON + starts, severity=severity, heard=NOON)
    first = judge.verdict(alert, NOON)
    assert first.notify_at is not None
    second = judge.verdict(replace(alert, verdict=first), first.notify_at)

    assert (VerdictKind.NOTIFY, first.notify_at) == (second.kind, second.notify_at)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 3600), unique=True, max_size=10), st.randoms(use_true_random=False))
def test_the_order_in_which_starts_are_told_changes_nothing(starts: list[int], chance: st.DataObject) -> None:
    """Who flaps depends on which starts lie in the window, not on how news of them travelled; doubling is nothing."""
    shuffled = list(starts) * 2
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = Flapping(QualitySpec()), Flapping(QualitySpec())
    for at in starts:
        one.started(("main", "a"), NOON - at, "u", NOON)
    for at in shuffled:
        other.started(("main", "a"), NOON - at, "u", NOON)

    within = [at for at in starts if at < 3600]
    assert (len(within) >= 4) == one.flaps(("main", "a")) == other.flaps(("main", "a"))
    assert one.settle(NOON + 600) == other.settle(NOON + 600)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 2000), min_size=1, max_size=60), st.integers(2, 6), st.integers(0, 6))
def test_an_alert_enters_and_leaves_flapping_only_at_its_edges(gaps: list[float], enter: int, leave: int) -> None:
    """Against a count by hand: flaps from `enter` starts in the window until `leave`, and not between."""
    spec = QualitySpec(flapping_enter=enter, flapping_leave=leave, flapping_window=3600)
    flapping, told, flaps, now = Flapping(spec), [], False, NOON
    for gap in gaps:
        now += gap
        edges = sorted({at + 3600 for at in told if now - gap < at + 3600 <= now})
        flaps = flaps and all(_count(told, edge) > min(leave, enter - 1) for edge in edges)
        told.append(now)
        flaps = flaps or _count(told, now) >= enter

        assert flaps == flapping.started(("main", "a"), now, "u", now)


def _count(starts: list[float], now: float) -> int:
    """Count the different starts in the window (now - 3600, now]."""
    return len({at for at in starts if now - 3600 < at <= now})


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(-1e9, 1e9), st.floats(0, 1e9), st.text(max_size=3))))
def test_memory_survives_export_and_load(past: list[tuple[str, float, float, str]]) -> None:
    """What comes back is what went out, and it is bounded."""
    memory, again = Memory(), Memory()
    for name, at, life, incident in past:
        memory.ended(("default", name), at, life, incident)

    assert again.load(memory.export())
    assert [memory.get(rule) for rule in memory] == [again.get(rule) for rule in again]
    assert all(len(memory.get(rule).lives) <= MOST_LIVES for rule in memory)  # type: ignore[union-attr]
