"""Steps of an error-budget policy, and the health of a service."""

from __future__ import annotations

import pytest

from aiops_daemon.core.model.budget import DEFAULT_POLICY, HeldStep
from aiops_daemon.core.model.slo import DataState
from aiops_daemon.core.signals.budget.health import Stand, healths
from aiops_daemon.core.signals.budget.policy import held_steps, window_spent

HALF, EIGHTY, ALL = DEFAULT_POLICY
CHECKOUT = (("service", "checkout"),)


def stand(slo="availability", service=CHECKOUT, remaining=1.0, active=(), state=DataState.OK):
    """Make how an SLO stands."""
    return Stand(service, slo, (), state, remaining, frozenset(active))


def test_a_step_begins_when_its_share_is_spent() -> None:
    """At 79.9 % the first of three steps holds, at 80 % the second does too, and it stands first."""
    before = held_steps(DEFAULT_POLICY, 0.201, (), 100.0)

    after = held_steps(DEFAULT_POLICY, 0.2, before, 200.0)

    assert (HeldStep(HALF, 100.0),) == before
    assert (HeldStep(EIGHTY, 200.0), HeldStep(HALF, 100.0)) == after


def test_noise_at_the_edge_does_not_end_a_step() -> None:
    """A hundredth of the budget is the leeway."""
    begun = held_steps(DEFAULT_POLICY, 0.5, (), 100.0)

    assert begun == held_steps(DEFAULT_POLICY, 0.509, begun, 200.0)
    assert () == held_steps(DEFAULT_POLICY, 0.511, begun, 200.0)


def test_what_is_not_known_changes_nothing() -> None:
    """A Prometheus that is down neither begins nor ends a freeze of releases."""
    begun = held_steps(DEFAULT_POLICY, -0.3, (), 100.0)

    assert begun == held_steps(DEFAULT_POLICY, None, begun, 200.0)
    assert () == held_steps(DEFAULT_POLICY, None, (), 200.0)


def test_a_step_that_was_taken_out_of_the_policy_is_forgotten() -> None:
    """Another configuration, another policy; what is in both goes on."""
    begun = held_steps(DEFAULT_POLICY, -0.3, (), 100.0)

    assert (HeldStep(ALL, 100.0),) == held_steps((ALL,), -0.3, begun, 200.0)


def test_a_service_is_as_well_as_its_worst_promise() -> None:
    """Nine tenths of one budget do not hide that another is spent."""
    (health,) = healths([stand(remaining=0.9), stand("latency", remaining=-0.2)])

    assert health.ratio == 0.0
    assert [("latency", 0.0, "its budget is spent"), ("availability", 0.9, "90 % of its budget is left")] == [
        (part.slo, part.ratio, part.reason) for part in health.parts
    ]


@pytest.mark.parametrize(
    ("active", "ratio", "words"),
    [
        ((), 0.8, "80 % of its budget is left"),
        (("ticket",), 0.64, "80 % of its budget is left, times 0.8 while its ticket holds"),
        (("page", "ticket"), 0.4, "80 % of its budget is left, halved while its page alert holds"),
    ],
)
def test_alerts_take_from_the_health(active, ratio, words) -> None:
    """A page halves it, a ticket takes a fifth."""
    (health,) = healths([stand(remaining=0.8, active=active)])

    assert ratio == pytest.approx(health.ratio)
    assert words == health.parts[0].reason


def test_an_slo_that_cannot_be_judged_does_not_count() -> None:
    """Gone series are no good health and no bad one; the part says so, last."""
    (known,) = healths([stand(remaining=0.7), stand("batch", remaining=0.1, state=DataState.GONE)])
    (unknown,) = healths([stand(remaining=None, state=DataState.IDLE)])

    assert known.ratio == 0.7
    assert known.parts[1].reason == "cannot be judged: its series are gone"
    assert unknown.ratio is None


def test_services_come_worst_first() -> None:
    """The list begins with what is wrong; a service that nothing is known of ends it."""
    search, batch = (("service", "search"),), (("service", "batch"),)

    told = healths([stand(remaining=0.9), stand(service=batch, remaining=None), stand(service=search, remaining=0.1)])

    assert [search, CHECKOUT, batch] == [one.labels for one in told]


@pytest.mark.parametrize(
    ("ratio", "known", "spent"),
    [
        (0.02, 1 / 720, 20 / 720),  # one of fifty requests in the first hour of 30 days: twenty budgets of that hour
        (0.1, 7.2 / 720, 1.0),  # a tenth fails for the seven hours that the workbook gives it
        (1.0, 5 / 43200, 5 / 43.2),  # five bad minutes are five of 43
        (0.001, 1.0, 1.0),  # the whole window is known: what is spent is spent
        (0.001, 1.01, 1.0),
    ],
)
def test_what_is_spent_of_a_whole_window(ratio: float, known: float, spent: float) -> None:
    """At the traffic so far; the rest of the window is as though it had no errors."""
    assert spent == pytest.approx(window_spent(ratio, 0.001, known))


def test_a_step_begins_when_its_share_of_the_window_is_spent_and_then_goes_on() -> None:
    """An early error spends twenty budgets on paper; what held does not end because less is known."""
    early = held_steps(DEFAULT_POLICY, -19.0, (), 100.0, of_window=0.03)
    begun = held_steps(DEFAULT_POLICY, -19.0, (), 200.0, of_window=0.6)

    assert () == early
    assert (HeldStep(HALF, 200.0),) == begun
    assert begun == held_steps(DEFAULT_POLICY, 0.1, begun, 300.0, of_window=0.1)
    assert () == held_steps(DEFAULT_POLICY, 0.9, begun, 300.0, of_window=0.1)
