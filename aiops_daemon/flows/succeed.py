"""One configuration takes over from another: nothing learned is lost, nothing unwatched stays.

Enters: the stopped generation and the one that follows. Leaves: streams, packs, SLOs and open findings carried
over; findings closed and metrics dropped where nobody watches any more. Goes through the same form in which
learned state is saved, in small parts with the loop given back between them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

_PART = 2_000  # rows carried over between two turns of the event loop
_REMOVED = "nobody watches it any more: the configuration changed"
_ANEW = "its query changed in the configuration and is learned anew"


async def adopt_streams(old: Iterable[Stream], new: Iterable[Stream], book: FindingBook, now: float) -> None:
    """Give every stream what its twin learned, and its open findings the rows where their series are now."""
    twins = {stream.key: stream for stream in old}
    for stream in new:
        twin = twins.get(stream.key)
        if twin is None:
            continue
        await _adopt(twin, stream)
        _rehouse(twin, stream, book, now)
        await asyncio.sleep(0)


async def _adopt(twin: Stream, stream: Stream) -> None:
    if not twin.learned_until or twin.learns_from != stream.learns_from:
        return
    rows = twin.table.live()
    stream.reserve(len(rows))
    try:
        for start in range(0, len(rows), _PART):
            texts, state = twin.export_state(rows[start : start + _PART])
            stream.import_state(texts, state, twin.learned_until)
            await asyncio.sleep(0)
    except ValueError as error:
        log.warning("learned state does not fit; learning anew", extra=fields(query=stream.spec.name, err=error))
        stream.begin()


def _rehouse(twin: Stream, stream: Stream, book: FindingBook, now: float) -> None:
    thresholds = {threshold.name for threshold in stream.spec.thresholds if stream.outlook}

    def house(place: Place) -> Place | None:
        if place.kind is FindingKind.BURN:
            return place
        row = stream.table.row_of(twin.table.texts[place.row])
        known = place.kind is FindingKind.ANOMALY or place.detail in thresholds
        return place._replace(row=row) if row >= 0 and known else None

    book.rehouse(stream.key, house, now, _ANEW)


async def adopt_slos(old: Iterable[SloWatch], new: Iterable[SloWatch]) -> None:
    """Give every SLO what was counted of its events: under its own name first, else under one that is left over."""
    left = {watch.name: watch for watch in old}
    heirless = []
    for watch in new:
        if watch.name in left and watch.counts_like(left[watch.name]):
            await watch.succeed(left.pop(watch.name))
        else:
            heirless.append(watch)
    for watch in heirless:
        twin = next((one for one in left.values() if watch.counts_like(one)), None)
        if twin is not None:
            await watch.succeed(left.pop(twin.name))


def forget(old: Iterable[Poller], new: Iterable[Poller], book: FindingBook, meter: Meter, now: float) -> None:
    """Close findings and drop metrics of what is no longer watched."""
    before, after = list(old), list(new)
    queries, slos = _queries(after), _slos(after)
    for owner in _queries(before) - queries:
        _close(book, owner, now, burn=False)
    for owner in _slos(before) - slos:
        _close(book, owner, now, burn=True)
    for query, source in (_queries(before) | _slos(before)) - queries - slos:
        meter.forget(query=query, source=source)
    for source in {poller.spec.name for poller in before} - {poller.spec.name for poller in after}:
        meter.forget(source=source)


def _close(book: FindingBook, owner: tuple[str, str], now: float, *, burn: bool) -> None:
    for place in book.places(owner):
        if (place.kind is FindingKind.BURN) is burn:
            book.close(place, now, _REMOVED)


def _queries(pollers: Iterable[Poller]) -> set[tuple[str, str]]:
    return {stream.key for poller in pollers for stream in poller.streams.values()}


def _slos(pollers: Iterable[Poller]) -> set[tuple[str, str]]:
    return {(watch.spec.name, poller.spec.name) for poller in pollers for watch in poller.slos}
