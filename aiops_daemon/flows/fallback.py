"""Take the learned bands of queries that are watched without the daemon too, an hour of the week each.

Enters: streams. Leaves: a book of bands for each such query and source, and the sources of which nothing is known yet.
The event loop runs between hours. Never learns, never asks a source.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.hourly import HOURS, BandBook, HourlyBand, hour_of_week
from aiops_daemon.core.model.labels import Labels, legacy_name, text
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

# Centres of the daily profile's quarters and the ends of the hour, seconds: what lies between them is a straight line.
_MOMENTS = (0.0, 450.0, 1350.0, 2250.0, 3150.0, 3600.0)


async def take_books(pollers: Sequence[Poller], most: int, now: float) -> tuple[tuple[BandBook, ...], tuple[str, ...]]:
    """Take the bands of at most `most` series of each query that falls back; and name the sources that wait."""
    books: list[BandBook] = []
    waiting: list[str] = []
    for poller in pollers:
        streams = [stream for stream in poller.streams.values() if stream.spec.falls_back]
        own = [book for stream in streams for book in [await take_book(stream, most, now)] if book.bands]
        books += own
        if streams and not own:
            waiting.append(poller.spec.name)
    return tuple(books), tuple(waiting)


async def take_book(stream: Stream, most: int, now: float) -> BandBook:
    """Take the bands of one stream for the coming week; series younger than a day have none."""
    named = _named(stream)
    rows = np.array(sorted(named, key=lambda row: text(named[row])), dtype=np.intp)
    if len(rows):
        rows = rows[stream.bands.usual(rows, now).ready]
    chosen = rows[:most]
    lower, upper = await _week(stream, chosen, now)
    bands = tuple(
        HourlyBand(named[row], tuple(lower[:, place].tolist()), tuple(upper[:, place].tolist()))
        for place, row in enumerate(chosen.tolist())
    )
    left_out = len(stream.current()) - len(bands)
    if left_out:
        told = fields(query=stream.spec.name, source=stream.source.name, series=len(bands), left_out=left_out)
        log.info(
            "bands written without some series: young, alike but for dropped labels, or beyond the limit", extra=told
        )
    return BandBook(stream.spec, stream.source.name, now, bands, left_out)


def _named(stream: Stream) -> dict[int, Labels]:
    """Name the rows of the last answer as the source does; names that are met twice, or that old servers lack, go."""
    found: dict[Labels, list[int]] = {}
    for row in stream.current().tolist():
        labels = stream.table.raw_labels(row)
        if labels is not None and all(name == legacy_name(name) for name, _ in labels):
            found.setdefault(labels, []).append(row)
    return {rows[0]: labels for labels, rows in found.items() if len(rows) == 1}


async def _week(stream: Stream, rows: Rows, now: float) -> tuple[Floats, Floats]:
    """Return the widest edges of each coming hour, by hour of the UTC week; shape (HOURS, rows)."""
    lower, upper = np.zeros((HOURS, len(rows))), np.zeros((HOURS, len(rows)))
    first = now // HOUR * HOUR
    for hour in range(HOURS if len(rows) else 0):
        begin = first + hour * HOUR
        steps = [stream.bands.usual(rows, begin + moment) for moment in _MOMENTS]
        place = hour_of_week(begin)
        lower[place] = np.min([step.lower for step in steps], axis=0)
        upper[place] = np.max([step.upper for step in steps], axis=0)
        await asyncio.sleep(0)
    return lower, upper
