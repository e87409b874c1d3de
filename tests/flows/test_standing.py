"""Steps of error-budget policies over cycles, restarts and reloads, and what is exported of them."""

from __future__ import annotations

from dataclasses import replace

import pytest
from slo_kinds import CHECKOUT, LABELS, slo

from aiops_daemon.core.model.slo import DataState, SloStatus
from aiops_daemon.flows.standing import Standings, Told, service_healths, standing_blocks

SPEC = slo("checkout-availability", CHECKOUT, labels=LABELS)
GROUP = (("handler", "/pay"),)


def told(remaining, *, fresh=True, group=(), **changes):
    """Make what a watch says of a budget."""
    status = SloStatus(
        SPEC, 100.0, DataState.OK, budget_remaining_ratio=remaining, source="eu1", group=group, **changes
    )
    text = ",".join(f'{name}="{value}"' for name, value in (*LABELS, *group))
    return Told(status, text, (("cluster", "eu1"),), fresh)


def since(settled):
    """List the steps that hold with their begins."""
    return [(held.step.name, held.since) for held in settled.status.policy]


def samples(blocks):
    """Return what is exported, by metric."""
    return {block.metric.name: dict(zip(block.labels, block.values.tolist(), strict=True)) for block in blocks}


def test_steps_keep_their_begin_from_cycle_to_cycle() -> None:
    """A group has steps of its own."""
    standings = Standings()
    standings.settle([told(0.4), told(0.9, group=GROUP)], 100.0)

    whole, group = standings.settle([told(0.1), told(0.4, group=GROUP)], 200.0)

    assert [("80%", 200.0), ("50%", 100.0)] == since(whole)
    assert [("50%", 200.0)] == since(group)


def test_early_errors_begin_no_step() -> None:
    """Twenty budgets of the first hour are little of a month's."""
    standings = Standings()

    (early,) = standings.settle([told(-19.0, window_spent_ratio=0.03)], 100.0)
    (later,) = standings.settle([told(-19.0, window_spent_ratio=0.5)], 200.0)

    assert ([], [("50%", 200.0)]) == (since(early), since(later))


def test_a_restart_and_a_reload_keep_since_when_a_step_holds() -> None:
    """What was saved is what is known, also before the first poll of an SLO has succeeded."""
    before, restarted, reloaded = Standings(), Standings(), Standings()
    before.settle([told(0.4, group=GROUP)], 100.0)
    restarted.import_state(before.export_state())
    restarted.settle([], 150.0)
    reloaded.succeed(restarted, [SPEC.name])

    (settled,) = reloaded.settle([told(0.4, group=GROUP)], 200.0)

    assert [("50%", 100.0)] == since(settled)
    assert "Look at" in settled.status.policy[0].step.action


def test_an_slo_that_was_removed_is_forgotten_at_reload() -> None:
    """Should it come back, its steps begin anew."""
    old, new = Standings(), Standings()
    old.settle([told(0.4)], 100.0)
    new.succeed(old, [])

    (settled,) = new.settle([told(0.4)], 200.0)

    assert [("50%", 200.0)] == since(settled)


def test_saved_steps_that_do_not_fit_are_refused() -> None:
    """The keeper says so and begins anew."""
    state = Standings()
    state.settle([told(0.4)], 100.0)
    broken = replace(state.export_state(), texts=["a\0b", "c\0d"])

    with pytest.raises(ValueError, match="zip"):
        Standings().import_state(broken)


def test_what_is_exported_is_what_holds() -> None:
    """Two steps, their begins, the return of the budget, and the health of the service."""
    settled = Standings().settle([told(0.1, returns_at=900.0, active=frozenset({"page"}))], 100.0)

    exported = samples(standing_blocks(settled, service_healths(settled)))

    text = 'service="checkout",team="shop"'
    assert {f'{text},aiops_step="80%"': 1.0, f'{text},aiops_step="50%"': 1.0} == exported[
        "aiops_slo_policy_step_active"
    ]
    assert {100.0} == set(exported["aiops_slo_policy_step_since_timestamp_seconds"].values())
    assert {text: 900.0} == exported["aiops_slo_error_budget_return_timestamp_seconds"]
    assert {'cluster="eu1",service="checkout"': 0.05} == exported["aiops_service_health_ratio"]


def test_a_budget_that_was_not_read_lately_is_not_exported_and_changes_nothing() -> None:
    """Old numbers are worse than none; the step goes on."""
    standings = Standings()
    standings.settle([told(0.1)], 100.0)

    settled = standings.settle([told(1.0, fresh=False)], 200.0)

    exported = samples(standing_blocks(settled, service_healths(settled)))
    assert [("80%", 100.0), ("50%", 100.0)] == since(settled[0])
    assert [{}, {}, {}, {}] == list(exported.values())


def test_of_two_sources_with_the_same_labels_the_first_is_shown() -> None:
    """A series stands on the page once."""
    first, second = told(0.1, returns_at=1.0), told(0.9, returns_at=2.0)

    exported = samples(standing_blocks([first, second], ()))

    assert [1.0] == list(exported["aiops_slo_error_budget_return_timestamp_seconds"].values())


def test_a_step_of_the_period_before_does_not_hold_in_the_new_one() -> None:
    """A month begins with a whole budget, also while nothing is known of it; what is spent in it is spent in it."""
    standings = Standings()
    standings.settle([told(-0.2, period=(0.0, 150.0))], 100.0)

    (quiet,) = standings.settle([told(None, period=(150.0, 300.0))], 160.0)
    (burning,) = standings.settle([told(-0.2, period=(150.0, 300.0))], 170.0)

    assert [] == since(quiet)
    assert [("100%", 170.0), ("80%", 170.0), ("50%", 170.0)] == since(burning)
