"""How far the value of an alert rule went while its alerts fired, for thresholds worth proposing.

Enters: past episodes, rules with a threshold, and the Prometheus that has their history. Leaves: by episode, the value
farthest beyond the threshold. It is taken over all series of the rule: where several went beyond at once it is that of
the worst, so that a threshold spares rather more than is promised, never less.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.listing import RuleHistory
from aiops_daemon.core.model.rulequality import RuleDefinition
from aiops_daemon.core.rules.proposals import LEAST_BEFORE
from aiops_daemon.core.rules.threshold import Threshold, threshold_of
from aiops_daemon.errors import SourceError
from aiops_daemon.logs import fields
from aiops_daemon.ports import MetricSource

log = logging.getLogger(__name__)

_STEP = 60.0  # seconds
Rule = tuple[str, str]


async def all_peaks(
    source: MetricSource, histories: Iterable[RuleHistory], definitions: Mapping[str, RuleDefinition], now: float
) -> dict[Rule, dict[str, float]]:
    """Return, by rule and episode, the peaks of rules with a threshold; a rule whose history cannot be had has none."""
    found: dict[Rule, dict[str, float]] = {}
    for history in histories:
        definition = definitions.get(history.rule)
        threshold = threshold_of(definition.expr) if definition is not None else None
        if threshold is None or len(history.episodes) < LEAST_BEFORE:
            continue
        try:
            found[history.team, history.rule] = await peaks(source, threshold, history, now)
        except SourceError as error:
            log.warning("no values of a rule; no threshold is proposed", extra=fields(rule=history.rule, err=error))
    return found


async def peaks(source: MetricSource, threshold: Threshold, history: RuleHistory, now: float) -> dict[str, float]:
    """Return, by episode uid, the value farthest beyond the threshold; raises SourceError."""
    farthest = "max" if threshold.above else "min"
    start = min(one.starts_at for one in history.episodes) - _STEP
    times, values = [np.empty(0)], [np.empty(0)]
    expr = f"{farthest}({threshold.left})"
    async for part in source.history(expr, start=start, end=now, step=_STEP, series=1):
        if len(part.keys):
            times.append(part.times)
            values.append(part.values[0])
    at, value = np.concatenate(times), np.concatenate(values)
    sign = 1.0 if threshold.above else -1.0
    found = {
        one.uid: sign * _most(at, sign * value, one.starts_at - _STEP, now if one.ends_at is None else one.ends_at)
        for one in history.episodes
    }
    return {uid: peak for uid, peak in found.items() if math.isfinite(peak)}


def _most(at: NDArray[np.float64], value: NDArray[np.float64], start: float, end: float) -> float:
    inside = value[(at >= start) & (at <= end) & np.isfinite(value)]
    return float(inside.max()) if len(inside) else math.nan
