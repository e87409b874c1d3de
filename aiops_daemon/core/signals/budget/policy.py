"""Which steps of an error-budget policy hold, and since when.

Enters: the policy of an SLO, what is left of its budget, what is spent of the whole window, and since when which step
held. Leaves: the same for now. Never acts: it says what people agreed to do.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.core.model.budget import HeldStep, PolicyStep

LEEWAY = 0.01  # of the budget: a step ends once so much less is spent, or noise at its edge would end it every minute


def window_spent(ratio: float, budget_ratio: float, known_ratio: float) -> float:
    """Return the share of a whole window's budget that is spent: ratio / b x known, the workbook's burn x W / P.

    `known_ratio` is the part of the window that was observed; the rest is as though it had the same traffic and no
    errors. So the first errors of a young service decide little, and of a window that is known what is spent is spent.
    """
    return ratio / budget_ratio * min(1.0, max(0.0, known_ratio))


def held_steps(
    policy: Sequence[PolicyStep],
    remaining: float | None,
    before: Sequence[HeldStep],
    now: float,
    *,
    of_window: float | None = None,
) -> tuple[HeldStep, ...]:
    """Return the steps that hold, the gravest first.

    A step begins when 1 - remaining, and what is spent of the whole window (None: the same), reach its share, and ends
    when 1 - remaining is below its share less LEEWAY. While the budget is not known everything stays as it was. What is
    no step of the policy any more is forgotten.
    """
    since = {held.step.spent_ratio: held.since for held in before}
    spent = None if remaining is None else 1.0 - remaining
    found = []
    for step in sorted(policy, key=lambda one: -one.spent_ratio):
        began = since.get(step.spent_ratio)
        reached = spent if of_window is None or began is not None or spent is None else min(spent, of_window)
        if _holds(step, reached, held=began is not None):
            found.append(HeldStep(step, now if began is None else min(began, now)))
    return tuple(found)


def _holds(step: PolicyStep, spent: float | None, *, held: bool) -> bool:
    if spent is None:
        return held
    # An amount that is on the edge but for the last bit has reached it: 1 - 0.2 is 0.8.
    return spent >= step.spent_ratio - (LEEWAY if held else 1e-12)
