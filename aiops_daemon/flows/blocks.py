"""Turn columns, forecasts, SLO states and open findings into blocks of the findings page.

Enters: streams whose state is fresh. Leaves: blocks of finished label text and values, without NaN: absent
means none.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model import metrics
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.findingspage import Block
from aiops_daemon.core.model.metrics import MetricSpec
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.model.slo import DataState, SloStatus
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.exports import STALE_INTERVALS
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.stream import Stream


def stream_blocks(stream: Stream, rows: Rows) -> list[Block]:
    """Return value, band, score and forecasts of a stream's exported rows."""
    texts = [stream.table.texts[row] for row in rows.tolist()]
    columns = stream.columns
    pairs: tuple[tuple[MetricSpec, Floats], ...] = (
        (metrics.VALUE, stream.table.values),
        (metrics.EXPECTED, columns.expected),
        (metrics.EXPECTED_LOWER, columns.lower),
        (metrics.EXPECTED_UPPER, columns.upper),
        (metrics.ANOMALY_SCORE, columns.score),
        (metrics.ANOMALY_CONFIDENCE, columns.confidence),
    )
    blocks = [_known(metric, texts, column[rows]) for metric, column in pairs]
    return blocks + (list(_forecast_blocks(stream, rows)) if stream.outlook else [])


def _forecast_blocks(stream: Stream, rows: Rows) -> Iterator[Block]:
    outlook = stream.outlook
    if outlook is None or outlook.step is None:
        return
    chosen = np.isin(outlook.rows, rows)
    texts = [stream.table.texts[row] for row in outlook.rows[chosen].tolist()]
    step = outlook.step
    for index, seconds in enumerate(stream.spec.horizons):
        own = [f'{text},aiops_horizon="{prometheus_duration(seconds)}"' for text in texts]
        if stream.spec.forecast_linear:
            yield _known(metrics.FORECAST_VALUE, own, step.linear[chosen, index])
            continue
        yield _known(metrics.FORECAST_VALUE, own, step.value[chosen, index])
        yield _known(metrics.FORECAST_LOWER, own, step.lower[chosen, index])
        yield _known(metrics.FORECAST_UPPER, own, step.upper[chosen, index])
    for number, threshold in enumerate(stream.spec.thresholds):
        named = [f'{text},aiops_threshold="{label_sets.escape(threshold.name)}"' for text in texts]
        yield _known(metrics.BREACH_TIMESTAMP, named, step.breach_at[chosen, number])
        for index, seconds in enumerate(stream.spec.horizons):
            own = [f'{text},aiops_horizon="{prometheus_duration(seconds)}"' for text in named]
            yield _known(metrics.BREACH_PROBABILITY, own, step.probability[chosen, number, index])


def _known(metric: MetricSpec, texts: Sequence[str], values: Floats) -> Block:
    known = ~np.isnan(values)
    if known.all():
        return Block(metric, texts, values)
    kept = np.flatnonzero(known).tolist()
    return Block(metric, [texts[index] for index in kept], values[known])


def finding_block(book: FindingBook, fresh: Iterable[Stream]) -> list[Block]:
    """Return `aiops_anomaly_active` for every open anomaly and breach on a fresh stream."""
    streams = {stream.key: stream for stream in fresh}
    texts: dict[str, None] = {}
    for place, finding in book.open_places().items():
        stream = streams.get(place.owner)
        if stream is not None and finding.kind is not FindingKind.BURN:
            texts[f'{stream.table.texts[place.row]},aiops_kind="{finding.kind}"'] = None
    return [Block(metrics.ANOMALY_ACTIVE, list(texts), np.ones(len(texts)))]


def slo_blocks(watch: SloWatch, now: float, told: set[str]) -> list[Block]:
    """Return how an SLO's budgets stand; nothing while it has not been read for three intervals.

    `told` holds the label texts that are on the page already: two sources without external labels have the same ones.
    """
    if not read_lately(watch, now):
        return []
    blocks: list[Block] = []
    for status in watch.statuses:
        base = watch.text_of(status)
        blocks += [] if base in told else _budget_blocks(status, base)
        told.add(base)
    return blocks


def _budget_blocks(status: SloStatus, base: str) -> Iterator[Block]:
    yield _one(metrics.SLO_OBJECTIVE, base, status.spec.objective_ratio)
    yield _one(metrics.SLO_BUDGET, base, status.budget_remaining_ratio)
    yield _one(metrics.SLO_EXHAUSTION, base, status.exhaustion_at)
    by_window = (
        (metrics.SLO_ERROR_RATIO, status.error_ratio),
        (metrics.SLO_ERROR_RATIO_LOWER, status.error_ratio_lower),
        (metrics.SLO_ERROR_RATIO_UPPER, status.error_ratio_upper),
        (metrics.SLO_BURN_RATE, status.burn_rate),
    )
    for metric, ratios in by_window:
        known = {window: ratio for window, ratio in ratios.items() if ratio is not None}
        texts = [f'{base},aiops_window="{window}"' for window in known]
        yield Block(metric, texts, np.array(list(known.values()), dtype=np.float64))
    for metric, names in ((metrics.SLO_ALERT, status.active), (metrics.SLO_GUARD, status.guard)):
        texts = [f'{base},aiops_severity="{name}"' for name in sorted(names)]
        yield Block(metric, texts, np.ones(len(texts)))
    states = [f'{base},state="{state}"' for state in DataState]
    yield Block(metrics.SLO_DATA_STATE, states, np.array([float(state is status.state) for state in DataState]))


def read_lately(watch: SloWatch, now: float) -> bool:
    """Say whether an SLO was read within three intervals."""
    return watch.last_success is not None and now - watch.last_success <= STALE_INTERVALS * watch.interval


def _one(metric: MetricSpec, text: str, value: float | None) -> Block:
    if value is None or math.isnan(value):
        return Block(metric, [], np.empty(0))
    return Block(metric, [text], np.array([value]))
