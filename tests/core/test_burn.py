"""Burn rates: detection times of the workbook, guards, what is unknown, and the words for people."""

from dataclasses import replace

import numpy as np
import pytest

from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Calendar, CalendarUnit, DataState, Rolling, SloSpec, SloStatus
from aiops_daemon.core.signals.burn.guard import wilson_lower
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.core.signals.burn.ring import Sums
from aiops_daemon.core.signals.burn.sentence import burn_sentence
from aiops_daemon.core.signals.burn.windows import pairs_of

DAY = 86400.0
START = 1_800_000_000.0
MANY = 1_000_000.0  # events a minute: so many that the lower bound of a ratio is the ratio


def spec(objective: float = 0.999, days: float = 30, name: str = "checkout") -> SloSpec:
    """Build an SLO whose selectors do not matter here."""
    return SloSpec(name, EventsSli("t", bad="b"), objective, Rolling(days * DAY))


def run(
    ledger: BurnLedger, minutes: int, *, bad: float, total: float, at: float = START, present: bool = True
) -> list[SloStatus]:
    """Feed one increment a minute; the first add is a minute after `at`."""
    seen = []
    for minute in range(1, minutes + 1):
        ledger.add(at + 60 * minute, bad, total)
        seen.append(ledger.status(at + 60 * minute, present=present))
    return seen


def warmed(objective: float = 0.999, *, rate: float = 6000.0, days: int = 4) -> BurnLedger:
    """Build a ledger that saw clean traffic until START."""
    ledger = BurnLedger(spec(objective))
    times = START - DAY * days + 300 * np.arange(1, days * 288 + 1)
    ledger.backfill(times, np.zeros(len(times)), np.full(len(times), rate * 5))
    ledger.add(START, 0, 0)
    return ledger


@pytest.mark.parametrize(
    ("severity", "ratio", "formula"),
    [
        ("page", 1.0, 0.9),
        ("page", 0.1, 8.6),
        ("page", 0.02, 43.2),
        ("page", 0.01, 216),
        ("ticket", 1.0, 4.3),
        ("ticket", 0.1, 43.2),
        ("ticket", 0.02, 216),
        ("ticket", 0.01, 432),
    ],
)
def test_alerts_come_when_the_workbook_says(severity: str, ratio: float, formula: float) -> None:
    """Detection takes L * B * b / e minutes of steady errors, plus the poll and the confidence bound."""
    ledger = warmed()

    seen = run(ledger, 480, bad=6000 * ratio, total=6000)

    first = next(minute for minute, status in enumerate(seen, start=1) if severity in status.active)
    assert formula <= first <= formula * 1.05 + 2


@pytest.mark.parametrize("ratio", [0.0004, 0.004])
def test_slow_burns_neither_page_nor_ticket_in_eight_hours(ratio: float) -> None:
    """0.4 % errors spend 10 % of the budget in three days, not in hours."""
    seen = run(warmed(), 480, bad=6000 * ratio, total=6000)

    assert not any(status.active for status in seen)


def test_a_page_ends_soon_after_the_incident_and_keeps_its_onset() -> None:
    """`since` is the first moment of an unbroken hold; a page asks for five minutes too, where 30m would keep it."""
    ledger = warmed()
    during = run(ledger, 240, bad=600, total=6000)
    onset = next(status.at for status in during if "page" in status.active)

    after = run(ledger, 60, bad=0, total=6000, at=START + 240 * 60)

    assert {onset} == {status.since["page"] for status in during if "page" in status.active}
    last = [minute for minute, status in enumerate(after, start=1) if "page" in status.active][-1]
    assert 3 <= last <= 5


def test_one_error_in_a_quiet_hour_never_pages() -> None:
    """At 10 requests an hour one error is a burn rate of 100 and still no page."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    seen = []
    for minute in range(1, 181):
        ledger.add(START + 60 * minute, float(minute == 90), float(minute % 6 == 0))
        seen.append(ledger.status(START + 60 * minute, present=True))

    assert max(status.burn_rate["1h"] or 0 for status in seen) > 90
    assert not any("page" in status.active for status in seen)


def test_half_of_little_traffic_failing_does_page() -> None:
    """Two errors suffice where the ratio is far above the level: an outage is found with ten requests an hour."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    active = False
    for minute in range(1, 61):
        ledger.add(START + 60 * minute, float(minute % 6 == 0) / 2, float(minute % 6 == 0))
        active = active or "page" in ledger.status(START + 60 * minute, present=True).active

    assert active


def test_budget_may_be_overspent() -> None:
    """One day of 10 % errors in ten days of equal traffic is 1 %: ten budgets at 99.9 %."""
    ledger = BurnLedger(spec())
    times = START - DAY * 10 + 300 * np.arange(1, 2881)
    ledger.backfill(times, np.where(np.arange(2880) < 288, 10.0, 0.0), np.full(2880, 100.0))

    status = ledger.status(START, present=True)

    assert status.budget_remaining_ratio == pytest.approx(-9.0)
    assert status.error_ratio["30d"] == pytest.approx(0.01)
    assert START == status.exhaustion_at


def test_the_budget_is_traffic_weighted() -> None:
    """Sum over sum, not a mean of ratios: a bad night with little traffic costs little."""
    ledger = BurnLedger(spec(0.99, days=1))
    times = START - DAY + 300 * np.arange(1, 289)
    night = np.arange(288) < 96
    ledger.backfill(times, np.where(night, 1.0, 0.0), np.where(night, 10.0, 1000.0))

    assert ledger.status(START, present=True).error_ratio["1d"] == pytest.approx(96 / (960 + 192_000))


@pytest.mark.parametrize(("ratio", "days_left"), [(0.002, 30 / 2), (0.01, 30 / 10)])
def test_exhaustion_of_a_full_budget_is_the_window_over_the_burn_rate(ratio: float, days_left: float) -> None:
    """T = r * P / B where nothing bad ages out: with a whole clean window behind, old traffic leaves as new comes."""
    ledger = warmed(days=31)
    seen = run(ledger, 60, bad=6000 * ratio, total=6000)

    assert seen[-1].exhaustion_at is not None
    assert (seen[-1].exhaustion_at - START) / DAY == pytest.approx(days_left, rel=0.02)


def test_errors_that_age_out_give_budget_back() -> None:
    """A burn of 1.2 right after an old incident leaves the window: the straight line would say it ends."""
    ledger = BurnLedger(spec(0.99, days=30))
    times = START - DAY * 30 + 300 * np.arange(1, 30 * 288 + 1)
    old = np.arange(30 * 288) < 2 * 288  # two days, a month ago: 75 % of the budget
    bad = np.where(old, 112.5, 0.0)
    bad[-12:] = 11.0  # a burn of 1.1 for the last hour
    ledger.backfill(times, bad, np.full(len(times), 1000.0))

    status = ledger.status(START, present=True)

    assert status.budget_remaining_ratio == pytest.approx(0.25, abs=0.01)
    straight = 0.25 * 30 / 1.1
    assert status.exhaustion_at is not None
    assert (status.exhaustion_at - START) / DAY > 3 * straight


def test_a_burn_below_one_never_ends_the_budget() -> None:
    """None means: not in sight."""
    assert run(warmed(days=30), 120, bad=3, total=6000)[-1].exhaustion_at is None


def test_idle_is_not_gone() -> None:
    """Series without traffic are idle; without series the state is gone; neither has a ratio."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    idle = run(ledger, 90, bad=0, total=0)[-1]
    gone = ledger.status(START + 5400, present=False)
    busy = run(ledger, 1, bad=0, total=5, at=START + 5400)[-1]

    assert [DataState.IDLE, DataState.GONE, DataState.OK] == [idle.state, gone.state, busy.state]
    assert {None} == set(idle.error_ratio.values())
    assert idle.budget_remaining_ratio is None


def test_a_page_holds_while_the_source_does_not_answer() -> None:
    """Nothing observed in the short window is not good news; the long window decides until it is clean."""
    ledger = warmed()
    run(ledger, 30, bad=3000, total=6000)

    silent = [ledger.status(START + 60 * minute, present=True) for minute in range(31, 60)]

    assert all("page" in status.active for status in silent)


def test_an_idle_service_does_not_burn() -> None:
    """Series that are there and do not move end the alert with the short windows."""
    ledger = warmed()
    run(ledger, 30, bad=3000, total=6000)

    after = run(ledger, 60, bad=0, total=0, at=START + 1800)

    assert "page" not in after[-1].active


def test_a_young_daemon_judges_what_it_knows() -> None:
    """Windows longer than the observed span equal the span's ratio."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    status = run(ledger, 10, bad=1, total=100)[-1]

    assert {"5m": 0.01, "6h": 0.01, "30d": 0.01} == {
        name: pytest.approx(status.error_ratio[name]) for name in ("5m", "6h", "30d")
    }


def test_history_read_twice_counts_once() -> None:
    """Backfill fills only what is unknown, also where live increments came first."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    run(ledger, 60, bad=1, total=100)
    times = START - DAY + 300 * np.arange(1, 301)
    for _ in range(2):
        ledger.backfill(times, np.full(300, 5.0), np.full(300, 500.0))

    status = ledger.status(START + 3600, present=True)

    assert status.error_ratio["30d"] == pytest.approx(0.01)
    assert ledger._judged.coarse.window(START + 3600, 30 * DAY).total == pytest.approx(25 * 60 * 100)


def test_state_survives_a_restart() -> None:
    """Ratios, active alerts and their onset are the same after export and import."""
    ledger = warmed()
    before = run(ledger, 30, bad=3000, total=6000)[-1]
    restored = BurnLedger(spec())
    restored.import_state(ledger.export_state())

    after = restored.status(before.at, present=True)

    assert before == after


def test_state_of_another_window_keeps_what_fits() -> None:
    """A changed SLO window does not throw away the past."""
    ledger = warmed(days=4)
    run(ledger, 30, bad=60, total=6000)
    shorter = BurnLedger(spec(days=3))
    shorter.import_state(ledger.export_state())

    assert shorter.status(START + 1800, present=True).error_ratio["1h"] == pytest.approx(0.005)


@pytest.mark.parametrize(
    "broken",
    [
        {"fine": np.zeros((2, 5))},
        {"coarse": np.full((3, 9), np.nan)},
        {"since": np.zeros(9)},
    ],
)
def test_broken_state_is_refused(broken: dict[str, np.ndarray]) -> None:
    """A wrong shape is a ValueError, so that the file can be set aside."""
    ledger = BurnLedger(spec())

    with pytest.raises(ValueError, match="saved burn"):
        ledger.import_state(ledger.export_state() | broken)


def test_lacking_state_is_refused() -> None:
    """Missing arrays are named."""
    with pytest.raises(ValueError, match="lacks coarse, fine"):
        BurnLedger(spec()).import_state({"since": np.zeros(3), "holding": np.zeros(4)})


def test_a_clock_far_ahead_and_back_begins_anew() -> None:
    """A wrong clock costs the past, never a wrong or endless sum."""
    ledger = warmed()
    ledger.add(START + 400 * DAY, 5, 10)
    ledger.add(START + 60, 1, 100)
    ledger.add(START + 120, 1, 100)

    assert ledger.status(START + 120, present=True).error_ratio["1h"] == pytest.approx(0.01)


def test_momentary_negative_bad_leaves_no_bias() -> None:
    """bad = total - good may dip below zero between two reads; the sums stay right."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    for minute in range(1, 61):
        ledger.add(START + 60 * minute, 3.0 if minute % 2 else -3.0, 100)

    assert ledger.status(START + 3600, present=True).error_ratio["1h"] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("expected", "bad", "total"),
    [(0.0, 0, 0), (0.0, 0, 100), (0.0217, 5, 100), (0.2698, 1, 1), (0.9737, 100, 100)],
)
def test_wilson_lower_bound(expected: float, bad: float, total: float) -> None:
    """Values of Wilson's formula at z = 1.645, computed apart."""
    assert wilson_lower(bad, total) == pytest.approx(expected, abs=3e-3)


def test_the_sentence_has_the_numbers() -> None:
    """What burns, how fast, over which windows, what is left and until when."""
    seen = run(warmed(days=30), 60, bad=120, total=6000)

    sentence = burn_sentence(seen[-1], "page")

    assert (
        "SLO checkout burns its error budget 20 times as fast as it may: 2 % of events failed in the last 1h "
        "(2 % in the last 5m), 0.1 % may. 97.2 % of the 30d budget is left; at this rate it ends in 1d 11h."
    ) == sentence


def test_pairs_hold_for_every_objective() -> None:
    """At 99.9 % the four workbook pairs apply with their factors."""
    assert [14.4, 6.0, 3.0, 1.0] == [pytest.approx(pair.factor) for pair in pairs_of(spec())]


def asked_over_five_minutes(ledger: BurnLedger, ratio: float, incident: int, minutes: int) -> list[bool]:
    """Feed what a source says of the last five minutes, once a minute; say when it pages."""
    seen = []
    for minute in range(1, minutes + 1):
        failing = sum(0 < one <= incident for one in range(minute - 4, minute + 1))  # of the last five minutes
        rate, at = MANY * ratio * failing / 5, START + 60 * minute
        ledger.add(at, rate, MANY, since=at - 60, lately=Sums(5 * rate, 5 * MANY, 300.0))
        seen.append("page" in ledger.status(at, present=True).active)
    return seen


@pytest.mark.parametrize(("ratio", "latest"), [(1.0, 3), (0.1, 11), (0.02, 46), (0.01, 219)])
def test_rates_page_as_soon_as_chained_rules_do(ratio: float, latest: int) -> None:
    """What is asked over five minutes lags by two, as rules do that are chained from five minutes."""
    seen = asked_over_five_minutes(warmed(rate=MANY), ratio, 480, 240)

    assert seen.index(True) + 1 <= latest


def test_a_page_on_rates_ends_within_minutes_of_recovery() -> None:
    """Errors of eight hours keep no page for half an hour: the source is asked for the last five minutes."""
    seen = asked_over_five_minutes(warmed(rate=MANY), 0.1, 480, 520)

    assert seen[479]
    assert not any(seen[480 + 7 :])


@pytest.mark.parametrize(
    ("minutes", "bad", "of_window"),
    [(60, 0.0, 0.0), (60, 1.0, 0.0), (60, 2.0, 2 / 60 / 0.001 / 720), (600, 2.0, 2 / 600 / 0.001 / 72)],
)
def test_an_early_error_is_little_of_what_the_window_allows(minutes: int, bad: float, of_window: float) -> None:
    """A service that is an hour old, with a request a minute: one error is nobody's policy, two are two of 43."""
    ledger = BurnLedger(spec())
    ledger.add(START, 0, 0)
    run(ledger, minutes - 1, bad=0, total=1)
    (status,) = run(ledger, 1, bad=bad, total=1, at=START + 60 * (minutes - 1))

    assert of_window == pytest.approx(status.window_spent_ratio, rel=0.02)
    assert 1 - bad / minutes / 0.001 == pytest.approx(status.budget_remaining_ratio)


def test_of_a_calendar_period_the_whole_counts() -> None:
    """On the second day of a month two days of it are known, whatever of them."""
    month = replace(spec(), window=Calendar(CalendarUnit.MONTH))
    begin = 1_801_440_000.0  # 2027-02-01 00:00 UTC
    ledger = BurnLedger(month)
    ledger.add(begin, 0, 0)
    run(ledger, 60, bad=0, total=100, at=begin)
    (status,) = run(ledger, 1, bad=12, total=100, at=begin + 3600)

    assert 12 / 6100 / 0.001 * 61 / (28 * 1440) == pytest.approx(status.window_spent_ratio, rel=0.02)
