"""When the mix of a source's alerts is odd though their number is not, and the words for it.

Enters: bins, and how odd a forest finds them. Leaves: an Odd, new, renewed or over. Two odd bins in a row are needed,
odder than those of all but the worst day of the past; few alerts are never odd, and what the counts tell is not told
twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from aiops_daemon.core.quality.counts import BIN, BINS_A_DAY
from aiops_daemon.core.quality.forest import Grown, Numbers, Trees
from aiops_daemon.core.quality.mix import Bin

WARM_DAYS = 14
LEAST_BINS = 256  # the sample that a tree is grown from
LEAST = 8  # alerts in ten minutes below which no mix is odd
CALM = 3  # bins in a row that are no longer odd
_MARGIN = 0.1  # of the way from the usual score to that of the second worst day
_NAMED = 2
_WORDS = {
    "alerts": "{count} alerts in 5 minutes",
    "rules": "{count} rules at once",
    "services": "{count} services at once",
    "critical": "{count} of {alerts} alerts are critical",
    "fresh": "{count} of {alerts} alerts are new",
}


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual for a source: scores, and the median and 99th percentile of each count."""

    trees: Trees
    middle: float  # median score
    limit: float  # beyond it two bins in a row are odd
    calm: float  # up to it a bin is no longer odd
    medians: tuple[float, ...]  # in the order of _WORDS
    uppers: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Odd:
    """An odd mix that lasts; `since` is in unix seconds."""

    since: float
    score: float
    norm: Norm
    sentence: str
    calm: int = 0

    @property
    def over(self) -> bool:
        """Say whether all is usual again."""
        return self.calm >= CALM


@dataclass(frozen=True, slots=True)
class Scored:
    """A bin and how odd it is."""

    bin: Bin
    score: float


def ripe(past: Sequence[Bin]) -> bool:
    """Say whether enough is known to grow a forest."""
    return len(past) >= LEAST_BINS and past[-1].number - past[0].number >= WARM_DAYS * BINS_A_DAY


def norm_of(past: Sequence[Bin], grown: Grown) -> Norm:
    """Return what is usual: the limit is a tenth beyond the second worst day's oddest two bins in a row."""
    middle, high = (float(value) for value in np.quantile(grown.scores, (0.5, 0.99)))
    counts = np.array([*past], dtype=np.float64)
    second = float(np.sort(_worst_by_day(counts, grown.scores))[-2:][0])
    limit = max(high, second + _MARGIN * (second - middle))
    medians, uppers = (tuple(row) for row in np.quantile(counts[:, 1:], (0.5, 0.99), axis=0).tolist())
    return Norm(grown.trees, middle, limit, high, medians, uppers)


def found(norm: Norm, before: Scored, now: Scored) -> Odd | None:
    """Return what two bins show, None when they are not both odd."""
    score = _pair(before, now)
    if score <= norm.limit:
        return None
    return Odd(before.bin.number * BIN, score, norm, _sentence(norm, now.bin))


def renewed(was: Odd, norm: Norm, before: Scored, now: Scored) -> Odd:
    """Return an Odd after one more bin."""
    again = found(norm, before, now)
    if again is not None:
        return replace(again, since=was.since)
    return replace(was, calm=was.calm + 1 if now.score <= norm.calm else 0)


def _worst_by_day(counts: Numbers, scores: Numbers) -> Numbers:
    """Return each day's largest score of two bins in a row, as `_pair` has it."""
    number, alerts = counts[:, 0], counts[:, 1]
    counts_as_pair = (np.diff(number) == 1) & (alerts[1:] + alerts[:-1] >= LEAST)
    pairs = np.where(counts_as_pair, np.minimum(scores[1:], scores[:-1]), 0.0)
    days, which = np.unique(number[1:] // BINS_A_DAY, return_inverse=True)
    worst = np.zeros(len(days))
    np.maximum.at(worst, which, pairs)
    return worst


def _pair(before: Scored, now: Scored) -> float:
    """Return the lesser score of two bins in a row; 0 when they are not, or hold too few alerts."""
    in_a_row = now.bin.number == before.bin.number + 1
    return min(before.score, now.score) if in_a_row and before.bin.alerts + now.bin.alerts >= LEAST else 0.0


def _sentence(norm: Norm, now: Bin) -> str:
    counts = zip(_WORDS.values(), now[1:], norm.medians, norm.uppers, strict=True)
    ranked = sorted(counts, key=lambda one: -_standing_out(*one[1:]))[:_NAMED]
    return ", ".join(_named(*one, now.alerts) for one in ranked)


def _standing_out(count: int, median: float, upper: float) -> float:
    """Return how far a count is off, in the widths of what is usual; on a logarithm, as counts spread with size."""
    usual, most = np.log1p(median), np.log1p(max(upper, median + 1))
    return float((np.log1p(count) - usual) / (most - usual))


def _named(words: str, count: int, median: float, upper: float, alerts: int) -> str:
    usual = f"usually at most {upper:.0f}" if count > upper else f"usually {median:.0f}"
    return f"{words.format(count=count, alerts=alerts)} ({usual})"
