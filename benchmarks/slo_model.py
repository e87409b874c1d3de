"""The alerts of slo_rules.py reckoned in numpy, a minute a step, for what promtool is too slow to be asked.

Enters: events and errors of each minute, as counters scraped at the minute would give them. Leaves: at which minutes an
alert fires. tests/real/test_slo_model_real.py shows that these are promtool's minutes. Ours is made from the plan of
the SLO, so that a change of windows or thresholds is followed; the shape of the condition is written here again.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from slo_rules import BUDGET, PYRRA_TIERS, SLO, SLOTH_BUDGET

from aiops_daemon.core.model.slo import PAGE
from aiops_daemon.core.rules.slo.alerts import level
from aiops_daemon.core.rules.slo.plan import BASE, RAW_UP_TO, plan
from aiops_daemon.core.rules.slo.story import came_back

Minutes: TypeAlias = NDArray[np.float64]
Holds: TypeAlias = NDArray[np.bool_]

_Z = 1.645
_SLOTH = {"page": ((5, 60, 14.4), (30, 360, 6.0)), "ticket": ((120, 1440, 3.0), (360, 4320, 1.0))}


def over(values: Minutes, minutes: int) -> Minutes:
    """Add up the last minutes at each."""
    summed = np.concatenate([np.zeros(minutes), np.cumsum(values)])
    return np.asarray(summed[minutes:] - summed[:-minutes])


class Counts:
    """Events over windows, as increase() tells them and as the chained records do.

    `gap` is how many minutes of a range no two scrapes span: 0 where scrapes fall on evaluations, 1 at one a minute
    elsewhere; increase() extrapolates over it. A chained window adds up 5-minute records at both its ends.
    """

    def __init__(self, bad: Minutes, total: Minutes, gap: int = 0) -> None:
        self.bad, self.total, self.gap = bad, total, gap

    def raw(self, values: Minutes, minutes: int) -> Minutes:
        seen = minutes - self.gap
        return over(values, seen) * (minutes / seen)

    def chained(self, values: Minutes, minutes: int) -> Minutes:
        return over(self.raw(values, 5), minutes + 1) / 5

    def both(self, minutes: int, *, chained: bool) -> tuple[Minutes, Minutes]:
        """Return errors and events."""
        count = self.chained if chained else self.raw
        return count(self.bad, minutes), count(self.total, minutes)


def ours(counts: Counts, severity: str) -> Holds:
    """Say when our alert fires."""
    planned = plan(SLO)
    held = np.zeros(len(counts.bad), dtype=bool)
    for pair in planned.pairs:
        if pair.severity != severity:
            continue
        least = level(planned, pair)
        bad, total = counts.both(round(pair.long / 60), chained=pair.long > RAW_UP_TO)
        holds = (_share(bad, total) > least) & (wilson(bad, total) > least) & (bad >= 1.5)
        holds &= _share(*counts.both(round(pair.short / 60), chained=pair.short > RAW_UP_TO)) > least
        if severity == PAGE and pair.short != BASE:
            errors, events = counts.both(round(BASE / 60), chained=False)
            lately = np.where(events > 0, _share(errors, events), np.nan)
            with np.errstate(invalid="ignore"):
                holds &= (lately > least) | came_back(lately, least, round(2 * pair.short / 60))
        held |= holds
    return held


def sloth(counts: Counts, severity: str) -> Holds:
    """Say when Sloth's alert fires: the workbook's rules as they are."""
    held = np.zeros(len(counts.bad), dtype=bool)
    for short, long, factor in _SLOTH[severity]:
        shares = [_share(*counts.both(minutes, chained=False)) for minutes in (short, long)]
        held |= (shares[0] > factor * SLOTH_BUDGET) & (shares[1] > factor * SLOTH_BUDGET)
    return held


def pyrra(counts: Counts, severity: str) -> Holds:
    """Say when Pyrra's alerts fire: critical as page, warning as ticket."""
    tiers = PYRRA_TIERS[:2] if severity == "page" else PYRRA_TIERS[2:]
    held = np.zeros(len(counts.bad), dtype=bool)
    for factor, short, long, hold in tiers:
        shares = [_share(*counts.both(minutes, chained=False)) for minutes in (short, long)]
        holds = (shares[0] > factor * BUDGET) & (shares[1] > factor * BUDGET)
        held |= over(holds.astype(float), hold + 1) > hold + 0.5
    return held


PEERS = {"aiops-daemon": ours, "Sloth": sloth, "Pyrra": pyrra}


def wilson(bad: Minutes, total: Minutes) -> Minutes:
    """Return Wilson's lower bound as the rules write it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(np.clip(bad * (1 - bad / total), 0, None) + 0.676506)
        return np.asarray((bad + 1.353012 - _Z * root) / (total + 2.706025))


def starts(held: Holds) -> list[int]:
    """Return the minutes at which an alert begins to fire."""
    return np.flatnonzero(held & ~np.concatenate([[False], held[:-1]])).tolist()


def keep_firing(held: Holds, minutes: int) -> Holds:
    """Hold an alert on for so many minutes after its condition."""
    return np.asarray(over(held.astype(float), minutes + 1) > 0.5)


def _share(bad: Minutes, total: Minutes) -> Minutes:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0.5, bad / total, 0.0))
