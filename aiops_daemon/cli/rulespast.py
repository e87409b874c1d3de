"""What rules would have done on a server's past: shared by `rules backtest` and `rules lint`.

Enters: rule files, a server, a stretch of time. Leaves: what came of every alert. An expression is read once over the
stretch, on the grid of its group's evaluations.
"""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.backtest.episodes import Bools, Episode, Floats, clipped, episodes
from aiops_daemon.core.rules.backtest.report import Outcome, by_series
from aiops_daemon.core.rules.backtest.substitute import Recording, recordings_of, substitute
from aiops_daemon.core.rules.lint.live import by_exact_name
from aiops_daemon.core.rules.written import WrittenFile, WrittenGroup, WrittenRule
from aiops_daemon.edges.prometheus.apihistory import ApiHistory
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason

DEFAULT_INTERVAL = 60.0  # seconds, Prometheus' own
_MOST_STEP = 300.0  # seconds
_REFUSED = frozenset({SourceReason.QUERY_ERROR, SourceReason.TOO_LARGE, SourceReason.TIMEOUT})


@dataclass(frozen=True, slots=True)
class Span:
    """The stretch that is told of; `step` None: as often as each group is evaluated, or more seldom where `coarse`."""

    start: float
    end: float
    step: float | None = None
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """An alerting rule with where it stands."""

    path: str
    group: WrittenGroup
    rule: WrittenRule


def alerts_of(files: Sequence[WrittenFile]) -> Iterator[Alert]:
    """Yield the alerting rules."""
    for file in files:
        for group in file.groups:
            yield from (Alert(file.path, group, rule) for rule in group.rules if rule.alert)


async def number(client: PrometheusClient, expr: str, at: float) -> float | None:
    """Ask for one number; None where there is no result. Raises SourceError."""
    answer = await client.instant(expr, at)
    values = [float(value) for part in answer.slices for value in part.values]
    return values[0] if values else None


async def lacking(client: PrometheusClient, recorded: dict[str, tuple[Recording, ...]], span: Span) -> frozenset[str]:
    """Name the recorded metrics that the server does not have at both ends of the stretch; raises SourceError."""
    moments = (min(span.start + 3600, span.end), span.end)
    found = set()
    for name in recorded:
        asked = f"count(last_over_time({by_exact_name(name)}[1h]))"
        if not all([await number(client, asked, moment) for moment in moments]):
            found.add(name)
    return frozenset(found)


def step_of(interval: float, hold: float) -> float:
    """Return how seldom an alert may be looked at: a fifth of its `for` and 5m at most, in whole evaluations."""
    return interval * max(1, math.floor(min(hold / 5, _MOST_STEP) / interval))


def step_in(alert: Alert, span: Span) -> float:
    """Return the seconds between two evaluations of an alert."""
    return span.step or alert.group.interval or DEFAULT_INTERVAL


async def replay(
    client: PrometheusClient,
    past: ApiHistory,
    files: Sequence[WrittenFile],
    span: Span,
    tell: Callable[[str], None],
    wanted: Sequence[Alert] | None = None,
) -> AsyncGenerator[Outcome]:
    """Yield what came of each alert of the files, or of those `wanted`; raises SourceError when none can be asked."""
    recorded = recordings_of(files, DEFAULT_INTERVAL)
    missing = await lacking(client, recorded, span)
    names = frozenset(alert.rule.name for alert in alerts_of(files))
    for alert in alerts_of(files) if wanted is None else wanted:
        tell(alert.rule.name)
        rule = alert.rule
        try:
            put = substitute(parse(rule.expr), recorded, missing, names)
        except PromqlError as error:
            yield Outcome(rule.name, alert.path, rule.line, refused=f"no expression: {error}")
            continue
        if put.expr is None:
            yield Outcome(rule.name, alert.path, rule.line, refused=put.refused)
            continue
        # What is written anew loses its comments and layout; what nothing was put into is asked as it stands.
        text = write(put.expr) if put.put_in else rule.expr
        yield await _tested(past, alert, text, tuple(sorted(put.put_in)), span)


async def _tested(past: ApiHistory, alert: Alert, expr: str, put_in: tuple[str, ...], span: Span) -> Outcome:
    rule = alert.rule
    step = step_in(alert, span)
    if span.coarse:
        step = step_of(step, rule.hold)
    try:
        found = await _episodes(past, rule, expr, step, span)
    except SourceError as error:
        if error.reason not in _REFUSED:
            raise
        return Outcome(
            rule.name, alert.path, rule.line, refused=f"the server refused: {error}", put_in=put_in, step=step
        )
    return Outcome(rule.name, alert.path, rule.line, by_series(found), put_in=put_in, step=step)


async def _episodes(
    past: ApiHistory, rule: WrittenRule, expr: str, step: float, span: Span
) -> dict[Labels, tuple[Episode, ...]]:
    # Earlier by `for` and `keep_firing_for`: what fires at the start began before it.
    times = grid(span.start - math.ceil((rule.hold + rule.keep) / step + 1) * step, span.end, step)
    rows: dict[Labels, Bools] = {}
    at = 0
    async for part in past.read(expr, times):
        for labels, present in part.present.items():
            told = alert_labels(labels, rule)
            row = rows.setdefault(told, np.zeros(len(times), dtype=np.bool_))
            row[at : at + len(part.times)] |= present
        at += len(part.times)
    found = {labels: clipped(episodes(times, row, rule.hold, rule.keep), span.start) for labels, row in rows.items()}
    return {labels: each for labels, each in found.items() if each}


def grid(start: float, end: float, step: float) -> Floats:
    """Return evaluations at multiples of the step, whole seconds, from `start` or just before it to `end`."""
    width = max(1, round(step))
    return np.arange(math.floor(start / width) * width, end + 1e-6, width, dtype=np.float64)


def alert_labels(labels: Labels, rule: WrittenRule) -> Labels:
    """Return the labels of an alert: those of the series without its name, and those of the rule over them."""
    return make({name: value for name, value in labels if name != "__name__"} | dict(rule.labels))
