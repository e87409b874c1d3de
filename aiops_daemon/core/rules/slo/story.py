"""Traffic of a unit test, minute by minute, and when it must make an SLO's alerts fire.

Enters: how many events a minute brings and how many of them fail. Leaves: counters and records in promtool's notation,
and the minute at which each alert's condition first holds, reckoned from the counts by the same definition that the
rules have: both windows above the factor, two errors or more, the lower bound of the ratio above it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.slo import Budgeting
from aiops_daemon.core.rules.slo.alerts import level
from aiops_daemon.core.rules.slo.plan import RAW_UP_TO, Plan
from aiops_daemon.core.signals.burn.guard import wilson_lower
from aiops_daemon.core.signals.burn.turns import TURNS
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair

Minutes: TypeAlias = NDArray[np.float64]
Holds: TypeAlias = NDArray[np.bool_]

_MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Story:
    """Events and errors of each minute; the first minute is 0 and brings none, for a counter needs two values."""

    total: Minutes
    bad: Minutes

    @property
    def minutes(self) -> int:
        """Return the last minute."""
        return len(self.total) - 1


def steady(parts: Sequence[tuple[int, float, float]]) -> Story:
    """Tell of stretches, each with its minutes, events a minute and share of errors, spread as evenly as whole events
    can be."""
    total = np.concatenate([np.zeros(1), *(np.full(minutes, events) for minutes, events, _ in parts)])
    shares = np.concatenate([np.zeros(1), *(np.full(minutes, share) for minutes, _, share in parts)])
    due = np.floor(np.cumsum(total * shares) + 1e-6)
    return Story(total, np.diff(due, prepend=0.0))


def over(values: Minutes, seconds: float) -> Minutes:
    """Add up the last `seconds` at every minute."""
    summed, width = np.cumsum(values), max(1, round(seconds / _MINUTE))
    earlier: Minutes = np.concatenate([np.zeros(width), summed])[: len(summed)]
    return np.asarray(summed - earlier, dtype=np.float64)


def ratio(story: Story, seconds: float) -> Minutes:
    """Return the share of errors in the last `seconds` at every minute; NaN without events."""
    total = over(story.total, seconds)
    shares = np.divide(over(story.bad, seconds), total, out=np.full(len(total), np.nan), where=total > 0)
    return np.asarray(shares, dtype=np.float64)


def sliced(plan: Plan, story: Story) -> Story:
    """Return the story as time slices tell it: one slice a minute, bad or good, or with its share of errors."""
    shares = np.nan_to_num(ratio(story, plan.spec.budget.slice_seconds))
    known = (over(story.total, plan.spec.budget.slice_seconds) > 0).astype(float)
    target = plan.spec.budget.slice_target_ratio
    if plan.spec.budget.method is Budgeting.TIME_SLICES and target is not None:
        shares = (shares > 1.0 - target + 1e-12).astype(float)
    return Story(known, shares)


def came_back(shares: Minutes, least: float, width: int) -> Holds:
    """Say for every step whether shares, of shape (n,), rose above a level, fell and rose again.

    As changes() counts: from one value that is there to the next, where both lie in the last `width` steps.
    """
    there = np.flatnonzero(~np.isnan(shares))
    above = shares[there] > least
    turns = np.flatnonzero(above[1:] != above[:-1])
    before, after = there[turns], there[turns + 1]
    within = after <= before + width
    counted = np.zeros(len(shares) + width + 2)
    np.add.at(counted, after[within], 1)
    np.add.at(counted, before[within] + width + 1, -1)
    held: Holds = np.cumsum(counted)[: len(shares)] >= TURNS
    return held


def fires(plan: Plan, story: Story, severity: str, *, like_sloth: bool = False) -> Holds:
    """Say for every minute whether an alert's condition holds."""
    seen = sliced(plan, story) if plan.slices else story
    pairs = [pair for pair in plan.pairs if pair.severity == severity]
    held = [_pair(plan, story, seen, pair, like_sloth=like_sloth) for pair in pairs]
    return np.any(held, axis=0) if held else np.zeros(len(story.total), dtype=bool)


def chained(plan: Plan, severity: str) -> bool:
    """Say whether any window of an alert is chained, which may delay it by up to three minutes."""
    pairs = [pair for pair in plan.pairs if pair.severity == severity]
    return plan.slices or any(pair.long > RAW_UP_TO for pair in pairs)


def _pair(plan: Plan, story: Story, seen: Story, pair: WindowPair, *, like_sloth: bool) -> Holds:
    least = level(plan, pair)
    lately = ratio(seen, BASE)
    with np.errstate(invalid="ignore"):
        held: Holds = np.all([ratio(seen, seconds) > least for seconds in (pair.long, pair.short)], axis=0)
        if pair.ends_early and not like_sloth:
            held &= (lately > least) | came_back(lately, least, round(2 * pair.short / _MINUTE))
    bad, total = over(story.bad, pair.long), over(story.total, pair.long)
    if plan.slices and plan.spec.budget.method is not Budgeting.RATIO_TIME_SLICES:
        needed = 1.5 * max(1.0, plan.spec.budget.slice_seconds / _MINUTE)
        held &= over(seen.bad, pair.long) >= needed
    elif plan.guarded:
        held &= bad >= 2
    if plan.guarded and not plan.slices:
        bounds = [wilson_lower(k, n) for k, n in zip(bad.tolist(), total.tolist(), strict=True)]
        held &= np.array(bounds) > least
    return held


def notation(values: Sequence[float | None]) -> str:
    """Write values a minute apart as promtool wants them: `0x60 0+20x9 _x5`; None is no sample."""
    words: list[str] = []
    position = 0
    while position < len(values):
        length, word = _stretch(values, position)
        words.append(word)
        position += length
    return " ".join(words)


def _stretch(values: Sequence[float | None], start: int) -> tuple[int, str]:
    """Take as many values as rise evenly."""
    first = values[start]
    end = start + 1
    if first is None:
        while end < len(values) and values[end] is None:
            end += 1
        return end - start, f"_x{end - start}"
    following = values[end] if end < len(values) else None
    if following is None:
        return 1, _text(first)
    step = following - first
    while end < len(values) and _rises(values[end - 1], values[end], step):
        end += 1
    if end - start == 1:
        return 1, _text(first)
    sign = "-" if step < 0 else "+"
    return end - start, f"{_text(first)}{sign}{_text(abs(step))}x{end - start - 1}"


def _rises(before: float | None, after: float | None, step: float) -> bool:
    return before is not None and after is not None and abs(after - before - step) <= 1e-12 * max(1.0, abs(after))


def _text(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
