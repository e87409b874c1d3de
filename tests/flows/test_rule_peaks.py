"""Peaks of past episodes, read from the history of a rule's left side."""

from __future__ import annotations

import numpy as np
from fakes import Fault, FaultySource, record
from rule_past import history, past

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.listing import RuleEpisode
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.core.rules.threshold import Threshold
from aiops_daemon.edges.prometheus.recorded import RecordedSource
from aiops_daemon.flows.alerts.peaks import all_peaks, peaks
from aiops_daemon.flows.alerts.quality import summed_up

START = 1_795_262_400.0
HOUR = 3600.0


def source(expr: str) -> RecordedSource:
    """A value that peaks at 0.6 in each of the first eight hours and at 0.9 after."""

    def shape(times: np.ndarray) -> np.ndarray:
        hours = (times - START) / HOUR
        high = np.where(hours < 8, 0.6123, 0.9123)
        return np.where(hours % 1 < 0.5, high, 0.1)

    return RecordedSource("main", {expr: record({"a": shape}, start=START - HOUR, end=START + 11 * HOUR)})


def fired(hour: int) -> RuleEpisode:
    at = START + hour * HOUR
    return past(at + 120, 1500.0, acted=at + 600 if hour >= 8 else None)


EPISODES = history(*(fired(hour) for hour in range(10)))


async def test_the_peak_of_each_episode_is_the_farthest_value_while_it_fired() -> None:
    """Asked for as one series, the worst of all; an episode without values has none."""
    late = past(START + 30 * HOUR, 60.0)
    found = await peaks(
        source("max(latency)"), Threshold("latency", ">", 0.5), history(*EPISODES.episodes, late), START + 11 * HOUR
    )

    assert [0.6123] * 8 + [0.9123] * 2 == [round(found[one.uid], 4) for one in EPISODES.episodes]
    assert late.uid not in found


async def test_below_a_threshold_the_least_is_the_peak() -> None:
    """For `<` the minimum is asked for."""
    found = await peaks(source("min(free)"), Threshold("free", "<", 0.2), EPISODES, START + 11 * HOUR)

    assert {0.6123, 0.9123, 0.1} >= {round(value, 4) for value in found.values()}
    assert 10 == len(found)


async def test_a_threshold_is_proposed_from_peaks() -> None:
    """Eight episodes below 0.91 on which nobody acted."""
    rule = RuleDefinition("SlowCheckout", "latency > 0.5")
    found = await all_peaks(source("max(latency)"), [EPISODES], {"SlowCheckout": rule}, START + 11 * HOUR)
    (quality,) = summed_up([EPISODES], {"SlowCheckout": rule}, found)

    assert [("threshold", "0.91", 10, 2)] == [
        (each.change, each.value, each.before, each.after) for each in quality.proposals
    ]


async def test_a_source_that_is_down_costs_the_threshold_only() -> None:
    """No peaks, and a warning."""
    down = FaultySource(source("max(latency)"), SystemClock(), (Fault(0.0, 1e12, "down"),))
    rule = RuleDefinition("SlowCheckout", "latency > 0.5")

    assert {} == await all_peaks(down, [EPISODES], {"SlowCheckout": rule}, START)
