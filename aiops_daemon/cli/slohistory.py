"""What SLOs counted over a month, read from one Prometheus.

Enters: a server, SLOs, a month. Leaves: events of each step, from the longest window before the month on, so that what
held when it began is known; and notes on what the server does not keep.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.durations import DAY, prometheus_duration
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.reports.month import Month
from aiops_daemon.core.reports.questions import questions
from aiops_daemon.core.reports.steps import Answer, Floats, Steps, put_together
from aiops_daemon.core.rules.slo.plan import Plan, plan
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.prometheus.ranges import read_range

_GROUPS = 20  # expected of an SLO, for the size of a request


@dataclass(frozen=True, slots=True)
class Past:
    """What one SLO counted, by group; `until`: the last moment that was asked for."""

    plan: Plan
    source: str
    until: float
    steps: tuple[Steps, ...]
    notes: tuple[str, ...]


async def read_past(spec: SourceSpec, slos: Sequence[SloSpec], month: Month, now: float) -> list[Past]:
    """Read SLOs from one server; raises SourceError."""
    client = PrometheusClient(spec)
    try:
        kept = await client.retention_seconds() if slos else None
        notes = _notes(spec.name, kept, month, now)
        return [await _past(client, plan(slo), month, now, notes) for slo in slos]
    finally:
        await client.close()


def _notes(name: str, kept: float | None, month: Month, now: float) -> tuple[str, ...]:
    if kept is None or now - kept <= month.start:
        return ()
    return (f"{name} keeps samples for {prometheus_duration(kept)}, which does not reach back to the month's begin.",)


async def _past(client: PrometheusClient, planned: Plan, month: Month, now: float, notes: tuple[str, ...]) -> Past:
    asked = questions(planned)
    times = _grid(planned, asked.step, month, now)
    bad = await _read(client, planned, asked.bad, times)
    total = None if asked.total is None else await _read(client, planned, asked.total, times)
    present = await _read(client, planned, asked.present, times) if total is None else total
    steps = put_together(times, asked.step, bad, total, present)
    until = float(times[-1]) if len(times) else month.start
    return Past(planned, client.name, until, tuple(steps), notes)


def _grid(planned: Plan, step: float, month: Month, now: float) -> Floats:
    """Return the ends of the steps: of the month as far as it has passed, and of its longest window before."""
    before = math.ceil(max((pair.long for pair in planned.pairs), default=0.0) / step)
    within = math.floor((min(month.end, now) - month.start) / step)
    return month.start + step * np.arange(1 - before, within + 1, dtype=np.float64)


async def _read(client: PrometheusClient, planned: Plan, expr: str, times: Floats) -> Answer:
    """Read by group, a day at a time: raw series are long."""
    found: dict[Labels, Floats] = {}
    width = max(1, round(DAY / (times[1] - times[0]))) if len(times) > 1 else 1
    for at in range(0, len(times), width):
        part = await read_range(client, expr, times[at : at + width], series=_GROUPS)
        for labels, values in part.items():
            group = make((name, value) for name, value in labels if name in planned.spec.grouping)
            found.setdefault(group, np.full(len(times), np.nan))[at : at + len(values)] = values
    return found
