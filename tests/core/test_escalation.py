"""The state machine of escalations: one behaviour a test."""

from __future__ import annotations

from dataclasses import replace

import pytest
from response_world import ACKED, CLOSED, OPEN, TEN, Quiet, Run, policy, reach, track

from aiops_daemon.core.model.escalation import Phase, TimerKind
from aiops_daemon.core.model.incident import Priority
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.standing import Page, Remark, Unacknowledge
from aiops_daemon.core.response.stepping import fall_back
from aiops_daemon.core.response.timers import over, timers


def waits(run: Run) -> list[tuple[TimerKind, float]]:
    """Return what is waited for, in seconds after the beginning."""
    assert run.state is not None
    return [(one.kind, one.due_at - TEN) for one in timers(run.state, run.incident)]


def test_the_first_step_is_taken_at_once_and_the_next_is_waited_for() -> None:
    """Once each; asked again, nothing is asked for."""
    run = Run()

    assert ["ann"] == run.pages(0)
    assert [] == run.pages(1)
    assert [(TimerKind.STEP, 600.0)] == waits(run)
    assert ["bo"] == run.pages(600)
    assert [] == waits(run)
    assert run.state is not None
    assert over(run.state)


def test_what_quality_holds_back_waits_for_its_time() -> None:
    """notify_at in five minutes; none at all is waited for without a timer."""
    run = Run(notify_at=TEN + 300)

    assert [] == run.pages(0)
    assert [(TimerKind.START, 300.0)] == waits(run)
    assert [] == run.pages(1, notify_at=None)
    assert [] == waits(run)
    assert ["ann"] == run.pages(20, notify_at=TEN + 20)


def test_once_begun_it_is_not_held_again() -> None:
    """A window that opens later changes nothing."""
    run = Run()
    run.turn(0)

    assert ["bo"] == run.pages(600, notify_at=None)


def test_an_acknowledgement_stops_every_timer_but_its_own() -> None:
    """And is told to whoever was told of the beginning."""
    run = Run()
    run.turn(0)

    assert [("ann", "acknowledge")] == run.told(60, **ACKED, acknowledged_at=TEN + 60)
    assert [(TimerKind.ACK_EXPIRES, 1860.0)] == waits(run)
    assert [] == run.pages(1800)


def test_an_acknowledgement_expires_and_it_goes_on_with_whoever_was_told_last() -> None:
    """By the next generation of the key; then the steps go on."""
    run = Run()
    run.turn(0)
    run.turn(600)
    run.turn(660, **ACKED, acknowledged_at=TEN + 660)
    asked = run.turn(2460)

    assert ["the acknowledgement expired and alerts still fire, so it is told anew"] == [
        one.why for one in asked if isinstance(one, Unacknowledge)
    ]
    assert [("person/bo/sms", 2)] == [(one.destination, one.generation) for one in asked if isinstance(one, Page)]


def test_an_acknowledgement_that_is_taken_back_goes_on_too() -> None:
    """By a person: Ann, who was told last, is told again at once."""
    run = Run()
    run.turn(0)
    run.turn(60, **ACKED, acknowledged_at=TEN + 60)

    assert ["ann"] == run.pages(120, **OPEN)
    assert ["bo"] == run.pages(720)


def test_a_policy_without_expiry_waits_for_ever() -> None:
    """ack_timeout none."""
    run = Run(track(policy("person/ann", ack_timeout=None)))
    run.turn(0)
    run.turn(60, **ACKED, acknowledged_at=TEN + 60)

    assert [] == waits(run)
    assert [] == run.pages(1_000_000)


def test_a_snooze_ends_and_it_begins_anew() -> None:
    """By the next generation, although somebody had acknowledged before."""
    run = Run()
    run.turn(0)
    run.turn(60, **ACKED, acknowledged_at=TEN + 60)
    run.turn(90, snoozed_until=TEN + 3690)

    assert [(TimerKind.SNOOZE_ENDS, 3690.0)] == waits(run)
    asked = run.turn(3690, snoozed_until=None)
    assert [("person/ann/sms", 2)] == [(one.destination, one.generation) for one in asked if isinstance(one, Page)]
    assert any(isinstance(one, Unacknowledge) for one in asked)


def test_the_end_is_told_to_whoever_was_told_of_the_beginning() -> None:
    """Once."""
    run = Run()
    run.turn(0)

    assert [("ann", "resolve")] == run.told(60, **CLOSED)
    assert [] == run.told(61)
    assert [] == waits(run)


def test_what_nobody_was_told_of_ends_in_silence() -> None:
    """Resolved while it was held."""
    run = Run(notify_at=TEN + 300)
    run.turn(0)

    assert [] == run.turn(60, **CLOSED)


def test_a_reopened_incident_begins_anew_by_the_same_key() -> None:
    """PagerDuty makes a new incident of a trigger after a resolve."""
    run = Run()
    run.turn(0)
    run.turn(60, **CLOSED)
    asked = run.turn(120, **OPEN, notify_at=TEN + 120, firing=1)

    assert [("person/ann/sms", 1)] == [(one.destination, one.generation) for one in asked if isinstance(one, Page)]


def test_an_edit_does_not_change_what_runs() -> None:
    """Another policy under the same name is for the next incident."""
    run = Run()
    run.turn(0)
    run.tracks = (track(policy("person/cy", "person/cy")),)

    assert ["bo"] == run.pages(600)


def test_a_policy_that_joins_begins_at_its_first_step() -> None:
    """The other goes on where it is."""
    run = Run()
    run.turn(0)
    run.tracks = (*run.tracks, track(policy("receiver/chat", name="receiver/chat")))

    assert ["chat"] == run.pages(60)
    assert ["bo"] == run.pages(600)


@pytest.mark.parametrize("change", [{"severity": Severity.CRITICAL}, {"priority": Priority.P1}])
@pytest.mark.parametrize("answered", [True, False])
def test_a_rise_begins_at_the_first_step(change: dict[str, object], answered: bool) -> None:
    """Although somebody answered, and then by a key that sounds."""
    run = Run(severity=Severity.WARNING, priority=Priority.P3)
    run.turn(0)
    if answered:
        run.turn(60, **ACKED, acknowledged_at=TEN + 60)
    asked = run.turn(120, **change)

    pages = [(one.destination, one.generation) for one in asked if isinstance(one, Page)]
    assert [("person/ann/sms", 2 if answered else 1)] == pages
    assert answered == any(isinstance(one, Unacknowledge) for one in asked)


@pytest.mark.parametrize(("answered_at", "stands"), [(TEN + 90, False), (TEN + 120, True), (TEN + 150, True)])
def test_an_answer_heard_of_after_a_rise_stands_if_given_after_it(answered_at: float, stands: bool) -> None:
    """One that was given before begins at the first step, by a key that sounds; a snooze stands as always."""
    run = Run(severity=Severity.WARNING, priority=Priority.P3)
    run.turn(0)
    run.turn(120, severity=Severity.CRITICAL)
    asked = run.turn(180, **ACKED, acknowledged_at=answered_at)

    assert ([] if stands else [2]) == [one.generation for one in asked if isinstance(one, Page)]
    assert stands != any(isinstance(one, Unacknowledge) for one in asked)


def test_a_rise_within_a_minute_of_the_beginning_is_an_update() -> None:
    """The page is on its way; a second one would say little more."""
    run = Run(severity=Severity.WARNING)
    run.turn(0)
    asked = run.turn(30, severity=Severity.CRITICAL)

    assert [] == [one for one in asked if isinstance(one, Page)]
    assert [("ann", "update")] == [(one.destination.split("/")[1], str(one.event)) for one in asked]


@pytest.mark.parametrize("steps", [("person/ann",), ("person/zoe", "person/ann", "person/bo")])
def test_a_rise_pages_at_once_whoever_was_passed_over(steps: tuple[str, ...]) -> None:
    """Ann had quiet hours for a warning; the fallback, or the next step, was told instead."""
    awake = Quiet("ann")
    run = Run(track(policy(*steps, fallback="receiver/chat")), severity=Severity.WARNING)
    run.reach = awake
    first = run.pages(0)
    awake.sleeper = ""

    assert ["chat" if len(steps) == 1 else "bo"] == first
    assert ["ann"] == run.pages(30, severity=Severity.CRITICAL)
    assert [] == run.pages(31)


def test_it_waits_while_all_that_fires_is_silenced() -> None:
    """And then for what was left."""
    run = Run()
    run.turn(0)
    run.turn(120, muted=1)

    assert [] == waits(run)
    assert [] == run.pages(5000)
    run.turn(5000, muted=0)
    assert [(TimerKind.STEP, 5480.0)] == waits(run)


def test_what_is_silenced_from_the_start_begins_when_it_no_longer_is() -> None:
    """Its time came while it was silenced."""
    run = Run(muted=1)

    assert [] == run.pages(0)
    assert ["ann"] == run.pages(100, muted=0)


def test_a_step_that_reaches_nobody_gives_way_at_once() -> None:
    """With a line that says why; nobody waits ten minutes for an empty slot."""
    run = Run(track(policy("schedule/empty", "person/bo")))
    asked = run.turn(0)

    assert ["person/bo/sms"] == [one.destination for one in asked if isinstance(one, Page)]
    assert ["step 1 of shop: schedule/empty is nobody"] == [one.text for one in asked if isinstance(one, Remark)]


def test_when_no_step_reaches_anybody_the_fallback_is_told() -> None:
    """And when that fails too, it is said that nobody was."""
    reached = Run(track(policy("person/zoe", fallback="receiver/chat")))
    lost = Run(track(policy("person/zoe", fallback="schedule/empty")))

    assert ["chat"] == reached.pages(0)
    assert [True] == [one.unheard for one in lost.turn(0) if isinstance(one, Remark) and one.unheard]


def test_rounds_repeat_and_end_with_the_fallback() -> None:
    """Two rounds, the second a quarter of an hour after the last step, the fallback as long after that."""
    run = Run(track(policy("person/ann", "person/bo", repeat=1, fallback="receiver/chat")))
    seen = [(at, name) for at in range(0, 6000, 60) for name in run.pages(at)]

    assert [(0, "ann"), (600, "bo"), (1500, "ann"), (2100, "bo"), (3000, "chat")] == seen


def test_an_overdue_step_fires_once_and_the_next_counts_from_then() -> None:
    """A daemon that was down for a day."""
    run = Run(track(policy("person/ann", "person/bo", "person/cy")))
    run.turn(0)

    assert ["bo"] == run.pages(86_400)
    assert [(TimerKind.STEP, 87_000.0)] == waits(run)


def test_outside_its_time_intervals_a_route_waits() -> None:
    """Muted for the present hour; the step is due when that ends."""
    hour = int(TEN % 86_400 // 60)
    now = NamedIntervals("now", (TimeInterval(times=((hour, hour + 10),)),))
    run = Run(track(muted=(now,)))

    assert [] == run.pages(0)
    (kind, at) = waits(run)[0]
    assert TimerKind.STEP is kind
    assert 0 < at <= 600
    assert ["ann"] == run.pages(at)


def test_shadow_pages_are_asked_for_as_such() -> None:
    """Whoever writes them does not send them."""
    run = Run(track(mode=Mode.SHADOW))

    assert [Mode.SHADOW] == [one.mode for one in run.turn(0) if isinstance(one, Page)]


def test_on_the_way_to_live_it_begins_at_the_first_step() -> None:
    """From shadow, and from the kill switch; the same generation, for nobody answered."""
    run = Run(track(mode=Mode.SHADOW))
    run.turn(0)
    run.turn(600)
    run.tracks = (track(mode=Mode.LIVE),)

    assert ["ann"] == run.pages(700)
    run.muted = True
    assert [] == run.pages(701)
    run.muted = False
    assert ["ann"] == run.pages(702)


def test_acknowledged_incidents_stay_so_on_the_way_to_live() -> None:
    """Somebody has it."""
    run = Run(track(mode=Mode.SHADOW))
    run.turn(0)
    run.turn(60, **ACKED, acknowledged_at=TEN + 60)
    run.tracks = (track(mode=Mode.LIVE),)

    assert [] == run.pages(70)


def test_an_answer_to_what_was_only_recorded_expires_into_the_first_step() -> None:
    """Nobody heard of the steps that were taken in shadow, so none is the last one; a live one is."""
    run = Run(track(mode=Mode.SHADOW))
    run.turn(0)
    run.turn(600)
    run.turn(660, **ACKED, acknowledged_at=TEN + 660)
    run.tracks = (track(mode=Mode.LIVE),)
    run.turn(700)
    told = Run()
    told.turn(0)
    told.turn(600)
    told.turn(660, **ACKED, acknowledged_at=TEN + 660)
    told.muted = True
    told.turn(700)
    told.muted = False
    told.turn(710)

    assert (["ann"], ["bo"]) == (run.pages(2460), told.pages(2460))


def test_what_did_not_arrive_is_told_to_the_fallback() -> None:
    """At once, and of its own policy alone."""
    run = Run(track(policy("person/ann", fallback="receiver/chat")), track(policy("person/bo", name="other")))
    run.turn(0)
    assert run.state is not None
    _, asked = fall_back(run.state, "shop", TEN + 60, reach, "it did not arrive")

    assert ["receiver/chat/sms"] == [one.destination for one in asked if isinstance(one, Page)]


def test_the_fallback_is_told_once_of_a_step_however_much_did_not_arrive() -> None:
    """Of the next step it is told again; so it is where nobody knows the step, as of a storm page."""
    run = Run(track(policy("person/ann", fallback="receiver/chat")))
    run.turn(0)
    assert run.state is not None
    first, told = fall_back(run.state, "shop", TEN + 60, reach, "one did not arrive", step="1/0/0")
    again, skipped = fall_back(first, "shop", TEN + 61, reach, "another did not arrive", step="1/0/0")
    _, later = fall_back(again, "shop", TEN + 400, reach, "a third did not arrive", step="1/0/1")
    _, storm = fall_back(again, "shop", TEN + 401, reach, "a storm page did not arrive")

    assert [1, 0, 1, 1] == [sum(isinstance(one, Page) for one in each) for each in (told, skipped, later, storm)]
    assert ["another did not arrive; the fallback was asked in that step already"] == [str(one.text) for one in skipped]


def test_a_rise_within_a_minute_pages_nobody_anew_whom_a_storm_page_told() -> None:
    """Who was told in one message with others was told."""
    run = Run(severity=Severity.WARNING)
    run.turn(0)
    assert run.state is not None
    run.state = replace(run.state, told=(), folded=("person/ann/sms",))

    assert [] == run.pages(30, severity=Severity.CRITICAL)
    assert ["ann"] == run.pages(90, priority=Priority.P1)


def test_two_policies_tell_one_destination_once() -> None:
    """Both name the chat."""
    run = Run(track(policy("receiver/chat", name="a")), track(policy("receiver/chat", name="b")))

    assert ["chat"] == run.pages(0)


def test_no_route_means_nobody_and_no_timer() -> None:
    """And that is no fault of ours."""
    run = Run()
    run.tracks = ()
    run.turn(0)

    assert run.state is not None
    assert (Phase.RUNNING, True, []) == (run.state.phase, over(run.state), waits(run))


def test_a_merged_incident_ends_like_a_resolved_one() -> None:
    """Its page resolves; the winner's goes on by itself."""
    run = Run()
    run.turn(0)
    state = replace(run.incident, merged_into="u2").state

    assert state is run.incident.state
    assert [("ann", "resolve")] == run.told(60, **CLOSED | {"merged_into": "u2"})
