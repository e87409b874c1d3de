"""How an incident lives, as values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops_daemon.core.incidents.acts import act, merged
from aiops_daemon.core.incidents.describe import priority, title
from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.incidents.lifecycle import awake, followed, opened, reopened
from aiops_daemon.core.model.action import Action, ActionKind, Refusal, RefusalReason
from aiops_daemon.core.model.incident import EntryKind, Incident, IncidentState, Priority
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.severity import Severity

NOW = 1_700_000_000.0
ANN = Scope("ann", None, Role.RESPONDER, "api")
FIRING = Facts(alerts=1, firing=1, worst=Severity.WARNING, rules=(("HighLatency", 1),), teams=("shop",))
QUIET = replace(FIRING, firing=0, worst=Severity.NONE)


def incident(facts: Facts = FIRING, uid: str = "u1", number: int = 1) -> Incident:
    return opened(uid, number, "shop", facts, NOW, why="opened by HighLatency")[0]


def do(kind: ActionKind, before: Incident, facts: Facts = FIRING, **given: object) -> tuple[Incident, list[EntryKind]]:
    step = act(before, Action(kind, before.name, **given), facts, ANN, NOW + 60)  # type: ignore[arg-type]
    assert not isinstance(step, Refusal), step
    return step[0], [entry.kind for entry in step[1]]


def refused(kind: ActionKind, before: Incident, facts: Facts = FIRING, **given: object) -> Refusal:
    step = act(before, Action(kind, before.name, **given), facts, ANN, NOW + 60)  # type: ignore[arg-type]
    assert isinstance(step, Refusal)
    return step


def test_an_incident_opens_with_what_its_first_alert_is() -> None:
    """Number, team, severity and the reason stand from the first moment."""
    after, entries = opened("u1", 42, "shop", FIRING, NOW, why="opened by HighLatency")

    assert after.name == "INC-42"
    assert (IncidentState.OPEN, Severity.WARNING, "shop") == (after.state, after.severity, after.team)
    assert [(EntryKind.OPENED, "opened by HighLatency")] == [(one.kind, one.text) for one in entries]


def test_severity_rises_and_never_falls_while_open() -> None:
    """A milder alert that remains does not make the incident milder."""
    worse, entries = followed(incident(), replace(FIRING, worst=Severity.CRITICAL), NOW + 1)
    milder, more = followed(worse, replace(FIRING, worst=Severity.INFO), NOW + 2)

    assert Severity.CRITICAL == worse.severity
    assert [EntryKind.SEVERITY, EntryKind.PRIORITY] == [one.kind for one in entries]
    assert Severity.CRITICAL == milder.severity
    assert [] == more


def test_it_resolves_by_itself_when_all_is_quiet() -> None:
    """Nothing fires and nothing flaps: it ends, with a line that says so."""
    after, entries = followed(incident(), QUIET, NOW + 60)

    assert (IncidentState.RESOLVED, NOW + 60, "aiops-daemon") == (after.state, after.resolved_at, after.resolved_by)
    assert ["resolved: all 1 alert ended"] == [one.text for one in entries]


def test_a_flapping_alert_keeps_it_open() -> None:
    """Between two firings of an alert that flaps, it counts as firing."""
    after, _ = followed(incident(), replace(QUIET, flapping=1), NOW + 60)

    assert IncidentState.OPEN == after.state


def test_an_incident_with_a_firing_alert_is_not_closed_unnoticed() -> None:
    """Resolving is refused in words that name the alert; with force it is done, and the line says so."""
    refusal = refused(ActionKind.RESOLVE, incident())
    after, kinds = do(ActionKind.RESOLVE, incident(), force=True)
    text = act(incident(), Action(ActionKind.RESOLVE, "1", force=True), FIRING, ANN, NOW)

    assert RefusalReason.CONFLICT == refusal.reason
    assert " has not ended (HighLatency); silence it, or resolve with force" in refusal.text
    assert (IncidentState.RESOLVED, [EntryKind.RESOLVED]) == (after.state, kinds)
    assert not isinstance(text, Refusal)
    assert text[1][0].text == "resolved by ann although 1 alert fired"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (ActionKind.ACK, IncidentState.ACKNOWLEDGED),
        (ActionKind.INVESTIGATE, IncidentState.INVESTIGATING),
        (ActionKind.MITIGATE, IncidentState.MITIGATED),
    ],
)
def test_whoever_takes_it_up_owns_it(kind: ActionKind, state: IncidentState) -> None:
    """Any of the three acknowledges; doing it twice changes nothing."""
    after, kinds = do(kind, incident())
    again, none = do(kind, after)

    assert (state, "ann", "ann", NOW + 60) == (
        after.state,
        after.acknowledged_by,
        after.assignee,
        after.acknowledged_at,
    )
    assert 1 == len(kinds)
    assert (after, []) == (again, none)


def test_taking_an_acknowledgement_back_opens_it() -> None:
    """Unack leaves nobody in charge of the clock."""
    acked, _ = do(ActionKind.ACK, incident())
    after, kinds = do(ActionKind.UNACK, acked)

    assert (IncidentState.OPEN, None, "") == (after.state, after.acknowledged_at, after.acknowledged_by)
    assert [EntryKind.UNACKNOWLEDGED] == kinds


@pytest.mark.parametrize(("expected", "seconds"), [("10m", 600.0), ("1h 30m", 5400.0), ("2d", 172_800.0)])
def test_a_snooze_says_for_how_long(expected: str, seconds: float) -> None:
    """In the units that people use."""
    step = act(incident(), Action(ActionKind.SNOOZE, "1", seconds=seconds), FIRING, ANN, NOW)

    assert not isinstance(step, Refusal)
    assert f"snoozed by ann for {expected}" == step[1][0].text


def test_a_snooze_moves_the_notice_and_ends_by_itself() -> None:
    """While snoozed the notice stands at its end; then what fires is looked at as new."""
    snoozed, _ = do(ActionKind.SNOOZE, incident(), seconds=600)
    kept, _ = followed(snoozed, replace(FIRING, notify_at=NOW), NOW + 70)
    early, nothing = awake(kept, NOW + 100)
    woken, entries = awake(kept, NOW + 660)
    told, _ = followed(woken, replace(FIRING, notify_at=NOW), NOW + 660)

    assert NOW + 660 == kept.notify_at
    assert (kept, []) == (early, nothing)
    assert [EntryKind.SNOOZE_ENDED] == [one.kind for one in entries]
    assert NOW + 660 == told.notify_at


@pytest.mark.parametrize("seconds", [0.0, -5.0, 8 * 86_400.0])
def test_a_snooze_has_bounds(seconds: float) -> None:
    """Not for nothing, and not for more than a week."""
    assert RefusalReason.INVALID == refused(ActionKind.SNOOZE, incident(), seconds=seconds).reason


@pytest.mark.parametrize("kind", [ActionKind.INVESTIGATE, ActionKind.MITIGATE])
def test_an_acknowledgement_of_what_is_worked_on_says_nothing_new(kind: ActionKind) -> None:
    """It comes back from PagerDuty, say, later than somebody said more here."""
    worked_on, _ = do(kind, incident())

    assert (worked_on, []) == do(ActionKind.ACK, worked_on)


@pytest.mark.parametrize("kind", [ActionKind.ACK, ActionKind.UNACK, ActionKind.MITIGATE, ActionKind.SNOOZE])
def test_a_resolved_incident_wants_to_be_reopened_first(kind: ActionKind) -> None:
    """The refusal says what helps."""
    closed, _ = do(ActionKind.RESOLVE, incident(QUIET), QUIET)

    assert "reopen" in refused(kind, closed, QUIET, seconds=60.0).text


def test_a_false_positive_ends_it_and_is_remembered() -> None:
    """The mark and the end come together, and reopening takes both away."""
    after, kinds = do(ActionKind.FALSE_POSITIVE, incident(), force=True)
    back, _ = do(ActionKind.REOPEN, after)

    assert (True, IncidentState.RESOLVED) == (after.false_positive, after.state)
    assert [EntryKind.FALSE_POSITIVE, EntryKind.RESOLVED] == kinds
    assert (False, IncidentState.OPEN, 1) == (back.false_positive, back.state, back.reopened)


def test_a_note_goes_with_any_action() -> None:
    """Words given with an acknowledgement are a line of their own; an empty note is refused."""
    _, kinds = do(ActionKind.ACK, incident(), text="looking")

    assert [EntryKind.ACKNOWLEDGED, EntryKind.NOTE] == kinds
    assert RefusalReason.INVALID == refused(ActionKind.NOTE, incident(), text="  ").reason


def test_a_merge_leaves_a_line_on_both_sides() -> None:
    """The loser points to the winner and takes no more acts."""
    steps = merged(incident(uid="u2", number=2), incident(), ANN, NOW + 5, "same cause")
    assert not isinstance(steps, Refusal)
    (lost, lost_lines), (kept, kept_lines) = steps

    assert (IncidentState.MERGED, "u1") == (lost.state, lost.merged_into)
    assert ["merged into INC-1: same cause"] == [one.text for one in lost_lines]
    assert ["INC-2 was merged into this one: same cause"] == [one.text for one in kept_lines]
    assert RefusalReason.CONFLICT == refused(ActionKind.ACK, lost).reason
    assert isinstance(merged(lost, kept, ANN, NOW, "again"), Refusal)
    assert isinstance(merged(kept, kept, ANN, NOW, "self"), Refusal)


def test_reopening_forgets_who_acknowledged() -> None:
    """What people did about the first time does not stand for the second."""
    acked, _ = do(ActionKind.ACK, incident())
    after, _ = reopened(acked, NOW + 9, "came back")

    assert (IncidentState.OPEN, None, 1, None) == (
        after.state,
        after.acknowledged_at,
        after.reopened,
        after.resolved_at,
    )


def test_titles_name_the_commonest_alert_and_place() -> None:
    """One rule and one service are named; more are counted."""
    facts = replace(FIRING, rules=(("HighLatency", 3), ("Errors", 1)), services=(("checkout", 3), ("cart", 1)))

    assert title(facts) == "HighLatency and 1 more rule on checkout and 1 more service"
    assert title(replace(FIRING, labels=(("instance", "n1"),))) == "HighLatency on instance n1"


@pytest.mark.parametrize(
    ("severity", "more", "expected"),
    [
        (Severity.CRITICAL, {}, Priority.P2),
        (Severity.WARNING, {}, Priority.P3),
        (Severity.INFO, {}, Priority.P4),
        (Severity.CRITICAL, {"burning": "budget burns 14 times too fast"}, Priority.P1),
        (Severity.WARNING, {"services": (("a", 1), ("b", 1), ("c", 1))}, Priority.P2),
        (Severity.INFO, {"services": (("a", 1), ("b", 1), ("c", 1))}, Priority.P4),
        (Severity.WARNING, {"breach_at": NOW + 3600}, Priority.P2),
        (Severity.CRITICAL, {"burning": "x", "breach_at": NOW}, Priority.P1),
    ],
)
def test_priority_says_why(severity: Severity, more: dict[str, object], expected: Priority) -> None:
    """Severity first; budget, breadth and a near breach raise it, each named in the reason."""
    urgency, reason = priority(replace(FIRING, **more), severity, NOW)  # type: ignore[arg-type]

    assert expected == urgency
    assert f"severity {severity}" in reason


def test_a_digest_is_not_wide() -> None:
    """What fired before the daemon first looked has nothing to do with each other."""
    services = tuple((name, 1) for name in ("checkout", "mail", "search"))
    facts = replace(FIRING, worst=Severity.WARNING, services=services)
    found = {}
    for digest in (False, True):
        incident, _ = opened("u", 1, "shop", replace(facts, services=()), NOW, why="x", digest=digest)
        found[digest] = followed(incident, facts, NOW + 1)[0].priority

    assert {False: Priority.P2, True: Priority.P3} == found
