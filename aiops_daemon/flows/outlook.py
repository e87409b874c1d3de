"""Look ahead: fit forecasts now and then, predict every cycle, open findings for expected breaches.

Enters: what the forecaster of a stream observed. Leaves: the stream's last prediction and breach findings in
the book. Fitting goes in small blocks with the loop given back between them.
"""

from __future__ import annotations

import asyncio

import numpy as np

from aiops_daemon.core.model.finding import Finding, FindingKind, uid_of
from aiops_daemon.core.model.query import Threshold
from aiops_daemon.core.model.series import Rows
from aiops_daemon.core.signals.findings.sentence import breach_sentence
from aiops_daemon.core.signals.forecast.forecaster import ForecastStep
from aiops_daemon.flows.detect import SENTENCES_PER_TURN
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.flows.stream import Outlook, Stream

FIT_EVERY = 1800.0  # seconds between choices of method
FIT_ROWS = 150  # rows fitted in one go
PREDICT_ROWS = 2000
EVEN_ODDS = 0.5  # probability above which a breach is expected


async def look_ahead(stream: Stream, at: float, book: FindingBook) -> None:
    """Predict every current series of a stream that asks for forecasts, and settle its breach findings."""
    outlook = stream.outlook
    if outlook is None or not stream.learned:
        return
    rows = stream.current()
    if outlook.fitted_at is None or at - outlook.fitted_at >= FIT_EVERY or at < outlook.fitted_at:
        await _fit(outlook, rows, at)
    parts = []
    for block in _blocks(rows, PREDICT_ROWS):
        parts.append(outlook.forecaster.predict(block, at))
        await asyncio.sleep(0)
    outlook.rows, outlook.step = rows, _joined(parts)
    for index, threshold in enumerate(stream.spec.thresholds):
        await _settle(stream, outlook, index, threshold, at, book)


async def _fit(outlook: Outlook, rows: Rows, at: float) -> None:
    for block in _blocks(rows, FIT_ROWS):
        outlook.forecaster.fit(block, at)
        await asyncio.sleep(0)
    outlook.fitted_at = at


def _blocks(rows: Rows, size: int) -> list[Rows]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _joined(parts: list[ForecastStep]) -> ForecastStep | None:
    if not parts:
        return None
    names = ForecastStep.__dataclass_fields__
    return ForecastStep(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


async def _settle(
    stream: Stream, outlook: Outlook, index: int, threshold: Threshold, at: float, book: FindingBook
) -> None:
    onsets, step, rows = outlook.breaches[index], outlook.step, outlook.rows
    if step is None:
        return
    likely = np.nan_to_num(np.max(step.probability[:, index, :], axis=1, initial=0.0))
    dated = np.isfinite(step.breach_at[:, index])
    onsets.step(rows, np.where(dated, likely / EVEN_ODDS, 0.0), at)
    for place in book.places(stream.key, FindingKind.FORECAST_BREACH):
        if place.detail == threshold.name and not onsets.open[place.row]:
            book.close(place, at, "no longer expected to cross the threshold")
    for number, position in enumerate(np.flatnonzero(onsets.open[rows] & dated).tolist()):
        if number % SENTENCES_PER_TURN == SENTENCES_PER_TURN - 1:
            await asyncio.sleep(0)
        row = int(rows[position])
        finding = _breach(stream, step, position, index, since=float(onsets.since[row]), at=at)
        book.put(Place(stream.key, FindingKind.FORECAST_BREACH, row, threshold.name), finding)


def _breach(stream: Stream, step: ForecastStep, position: int, index: int, *, since: float, at: float) -> Finding:
    outlook, spec = stream.outlook, stream.spec
    if outlook is None:
        raise ValueError("a stream without forecasts has no breach")
    threshold, row = spec.thresholds[index], int(outlook.rows[position])
    labels = stream.labels(row)
    value = float(stream.table.values[row])
    breach_at = float(step.breach_at[position, index])
    probability = float(np.nanmax(step.probability[position, index]))
    sentence = breach_sentence(
        spec,
        labels,
        threshold,
        value=value,
        breach_at=breach_at,
        probability=probability,
        slope_per_second=float(step.slope_per_second[position]),
        now=at,
    )
    return Finding(
        uid=uid_of(FindingKind.FORECAST_BREACH, f"{'@'.join(stream.key)}/{threshold.name}", labels, since),
        kind=FindingKind.FORECAST_BREACH,
        query=spec.name,
        source=stream.source.name,
        labels=labels,
        severity=threshold.name,
        value=value,
        unit=spec.unit,
        lower=None if threshold.above else threshold.value,
        upper=threshold.value if threshold.above else None,
        score=probability / EVEN_ODDS,
        confidence_ratio=probability,
        since=since,
        updated_at=at,
        sentence=sentence,
        threshold=threshold.name,
        breach_at=breach_at,
        slope_per_second=float(step.slope_per_second[position]),
        acceleration=float(step.acceleration[position]),
    )
