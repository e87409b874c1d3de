"""Errors that come and go: one page stays, live as in the generated rules."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import PAGE, Rolling, SloSpec
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.core.rules.slo.story import Story, fires
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.core.signals.burn.turns import Turns

SPEC = SloSpec("checkout", EventsSli("requests", bad="errors"), 0.999, Rolling(30 * DAY))
EPOCH = 1_700_006_400.0
MINUTES = 2 * 1440


def begins(held: np.ndarray) -> int:
    """Count how often something begins."""
    return int(np.sum(held[1:] & ~held[:-1])) + int(held[0])


def bursts() -> Story:
    """Return a day in peace, then bursts of two minutes every twenty minutes for eight hours."""
    minutes = np.arange(MINUTES)
    within = (minutes >= 1440) & (minutes < 1440 + 480) & (minutes % 20 < 2)
    return Story(np.full(MINUTES, 600.0), np.where(within, 300.0, 0.0))


def live(story: Story) -> np.ndarray:
    """Return whether the daemon pages, minute by minute."""
    ledger = BurnLedger(SPEC)
    ledger.add(EPOCH, 0.0, 0.0)
    held = []
    for minute in range(MINUTES):
        at = EPOCH + 60.0 * (minute + 1)
        ledger.add(at, float(story.bad[minute]), float(story.total[minute]))
        held.append(PAGE in ledger.status(at, present=True).active)
    return np.array(held)


def test_bursts_are_few_pages_live_as_in_the_rules() -> None:
    """Twenty-four bursts page four times at most, and both ways judge every minute alike but for a few at the edges."""
    story = bursts()
    held, ruled = live(story), fires(plan(SPEC), story, PAGE)

    assert 1 <= begins(held) <= 4
    assert begins(held) == begins(ruled)
    assert np.mean(held != ruled) < 0.01


def test_a_turn_needs_all_three_steps_in_time() -> None:
    """Above, below and above within the time; what is unknown between is no turn."""
    turns = Turns(600.0)
    for at, above in ((0.0, False), (60.0, True), (120.0, None), (180.0, False), (240.0, None)):
        turns.note(at, above)
        assert not turns.came_back(at)
    turns.note(300.0, True)

    assert turns.came_back(300.0)
    assert turns.came_back(659.0)
    assert not turns.came_back(660.0)


@pytest.mark.parametrize("saved", [True, False], ids=["restored", "read back"])
def test_a_restart_between_two_bursts_ends_no_page(saved: bool) -> None:
    """What came and went is known from the minutes that are kept, or from the source: nobody is paged anew."""
    ledger, restarted, at = BurnLedger(SPEC), BurnLedger(SPEC), EPOCH
    ledger.add(at, 0.0, 0.0)
    past = []
    for minute in range(1, 3 * 60 + 12):
        at = EPOCH + 60.0 * minute
        bad = 300.0 if minute % 15 < 5 else 0.0
        ledger.add(at, bad, 600.0)
        past.append((at, bad))
        status = ledger.status(at, present=True)
    if saved:
        restarted.import_state(ledger.export_state())
    else:
        times, bad = np.array(past).T
        restarted.backfill(times, bad, np.full(len(times), 600.0), length=60.0)

    again = restarted.status(at, present=True)

    assert 0.0 == status.error_ratio["5m"]
    assert "page" in status.active
    assert "page" in again.active
    assert not saved or status.since["page"] == again.since["page"]
