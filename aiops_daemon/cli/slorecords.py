"""SLOs by the records of generated rules: for people who run the rules and no daemon.

Enters: SLOs, a Prometheus that evaluates their native rules. Leaves: rows as a daemon gives them. Only records,
under our names or Sloth's, and Prometheus' own ALERTS are read, never the raw series.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.labels import Labels, get, make, parse
from aiops_daemon.core.model.periods import period_of
from aiops_daemon.core.model.selector import LabelMatch, Selector
from aiops_daemon.core.model.slo import Calendar, SloSpec, SloStatus
from aiops_daemon.core.reports.records import Recorded, status
from aiops_daemon.core.reports.status import StatusRow, row_of
from aiops_daemon.core.reports.steps import Answer, Floats
from aiops_daemon.core.rules.slo.plan import BAD, TOTAL, Plan, plan
from aiops_daemon.core.signals.budget.health import Stand, healths
from aiops_daemon.core.signals.burn.windows import BASE
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.prometheus.ranges import read_range

_GROUPS = 20  # expected of an SLO, for the size of a request


async def read_records(
    client: PrometheusClient, slos: Sequence[SloSpec], now: float, *, like_sloth: bool = False
) -> tuple[list[StatusRow], tuple[Health, ...]]:
    """Read how SLOs stand, and what follows for services; raises SourceError."""
    at = float(round(now))
    statuses = [one for slo in slos for one in await _statuses(client, plan(slo, like_sloth=like_sloth), at)]
    return [row_of(one) for one in statuses], healths(_stand(one) for one in statuses if _service(one))


async def _statuses(client: PrometheusClient, planned: Plan, at: float) -> list[SloStatus]:
    """Read the budgets of one SLO; one that nothing was recorded of is gone."""
    windows = {planned.name(seconds): planned.ratio(seconds) for seconds in planned.windows}
    windows[planned.spec.window_name] = planned.select(planned.period_record)
    ratios = {name: await _now(client, planned, record, at) for name, record in windows.items()}
    totals, errors = [await _by_long(client, planned, record, at) for record in (TOTAL, BAD)]
    remaining = await _now(client, planned, planned.select(planned.style.remaining), at)
    pulse = await _now(client, planned, planned.pulse, at)
    firing = await _firing(client, planned, at)
    past = await _past(client, planned, at)
    left = await _grid(client, planned, planned.select(planned.style.remaining), at, HOUR)
    groups = sorted({*ratios[planned.spec.window_name], *remaining, *pulse}) or [()]
    moments = _moments(planned, at, HOUR)
    return [
        status(
            planned,
            group,
            Recorded(
                present=group in pulse,
                ratios={window: found[group] for window, found in ratios.items() if group in found},
                totals={window: found[group] for window, found in totals.items() if group in found},
                errors={window: found[group] for window, found in errors.items() if group in found},
                remaining=remaining.get(group),
                firing=firing.get(group, {}),
                bad=past[0].get(group, np.empty(0)),
                total=past[1].get(group, np.empty(0)),
                left=_pairs(moments, left.get(group)),
            ),
            at,
        )
        for group in groups
    ]


async def _past(client: PrometheusClient, planned: Plan, at: float) -> tuple[Answer, Answer]:
    """Read events of each five minutes of the window; of what has no events the ratio, each step weighing the same."""
    if planned.guarded and not planned.slices:
        events = [
            await _grid(client, planned, planned.select(f"{name}{planned.name(BASE)}"), at, BASE)
            for name in (BAD, TOTAL)
        ]
        bad, total = ({group: rates * BASE for group, rates in found.items()} for found in events)
        return bad, total
    shares = await _grid(client, planned, planned.ratio(BASE), at, BASE)
    return shares, {group: np.where(np.isnan(values), np.nan, 1.0) for group, values in shares.items()}


async def _firing(client: PrometheusClient, planned: Plan, at: float) -> dict[Labels, dict[str, float | None]]:
    """Return which alerts fire, by group, and since when Prometheus counts them."""
    slo = planned.style.identity[0]
    asked = (LabelMatch(slo[0], "=", slo[1]), LabelMatch(planned.style.severity, "=~", "page|ticket"))
    found: dict[Labels, dict[str, float | None]] = {}
    alerts = await client.instant(str(Selector("ALERTS", (*asked, LabelMatch("alertstate", "=", "firing")))), at)
    since = await client.instant(str(Selector("ALERTS_FOR_STATE", asked)), at)
    for answer, known in ((alerts, False), (since, True)):
        for part in answer.slices:
            for raw, value in zip(part.keys, part.values.tolist(), strict=True):
                labels = parse(raw)
                group, severity = _group(planned, labels), get(labels, planned.style.severity)
                if not known:
                    found.setdefault(group, {}).setdefault(severity, None)
                elif severity in found.get(group, {}):
                    found[group][severity] = float(value)
    return found


async def _by_long(client: PrometheusClient, planned: Plan, record: str, at: float) -> dict[str, dict[Labels, float]]:
    """Read a record of every long window, where the guard asks for it."""
    longs = planned.longs if planned.guarded and not planned.slices else ()
    names = [planned.name(seconds) for seconds in longs]
    return {name: await _now(client, planned, planned.select(f"{record}{name}"), at) for name in names}


async def _now(client: PrometheusClient, planned: Plan, expr: str, at: float) -> dict[Labels, float]:
    answer = await client.instant(expr, at)
    return {
        _group(planned, parse(raw)): float(value)
        for part in answer.slices
        for raw, value in zip(part.keys, part.values.tolist(), strict=True)
        if not np.isnan(value)
    }


async def _grid(client: PrometheusClient, planned: Plan, expr: str, at: float, step: float) -> dict[Labels, Floats]:
    times = _moments(planned, at, step)
    found = await read_range(client, expr, times, series=_GROUPS)
    return {_group(planned, labels): values for labels, values in found.items()}


def _moments(planned: Plan, at: float, step: float) -> Floats:
    """Return the grid of the window that ends now; a calendar window is as long as it runs."""
    window = planned.spec.window
    length = at - period_of(window, at)[0] if isinstance(window, Calendar) else window.seconds
    steps = max(1, round(length / step))
    return at - step * np.arange(steps - 1, -1, -1, dtype=np.float64)


def _pairs(moments: Floats, left: Floats | None) -> list[tuple[float, float]]:
    if left is None:
        return []
    return [(at, value) for at, value in zip(moments.tolist(), left.tolist(), strict=True) if not np.isnan(value)]


def _group(planned: Plan, labels: Labels) -> Labels:
    return make((name, value) for name, value in labels if name in planned.spec.grouping)


def _service(one: SloStatus) -> str:
    return get(one.spec.labels, "service")


def _stand(one: SloStatus) -> Stand:
    remaining = one.budget_remaining_ratio
    return Stand((("service", _service(one)),), one.spec.name, one.group, one.state, remaining, one.active)
