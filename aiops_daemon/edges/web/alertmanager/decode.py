"""An accepted webhook body as events, in slices.

Enters: a row of the inbox. Leaves: slices of at most 250 alerts or half a megabyte, some of them empty so that the
loop can turn while a large body is walked over; each takes well under 20 ms. Never raises, whatever the body holds,
and never decodes a large body whole: what cannot be an event is in `rejected` with its place and its raw JSON. A packed
body is whole in memory only while its alerts are looked for; then it is inflated a second time, piece by piece.
"""

from __future__ import annotations

import zlib
from array import array
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from io import BytesIO

import msgspec

from aiops_daemon.core.model.alert import AlertEvent
from aiops_daemon.core.model.inbox import InboxRow, Quarantined, QuarantineReason, Slice, Slices
from aiops_daemon.edges.web.alertmanager.alert import AlertReader
from aiops_daemon.edges.web.alertmanager.envelope import Envelope, read_envelope
from aiops_daemon.edges.web.alertmanager.scan import MalformedError, Range, elements, members, space
from aiops_daemon.edges.web.alertmanager.sniff import BOM
from aiops_daemon.edges.web.alertmanager.texts import read

MAX_ALERTS = 250
MAX_BYTES = 512 * 1024
MOST_ALERTS = 200_000  # in one body; 32 MiB hold some 75,000 real ones
KEPT_BYTES = 64 * 1024
_LARGEST_ALERT = 1024 * 1024  # 64 labels and as many annotations of 8 KiB each
_SMALL_BYTES = 128 * 1024
_MOST_MEMBERS = 256  # of a body that are kept, of so many that are looked at:
_MOST_WALKED = 10_000
_BODY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ALERTS = msgspec.json.Decoder(list[msgspec.Raw])

_Elements = Iterator[bytes | None]
"""Raw alerts; None where the loop should turn."""


def decode(row: InboxRow) -> Slices:
    """Decode a body; `row.skip` alerts at its start are done already."""
    try:
        yield from _decode(row)
    except (MalformedError, RecursionError) as error:
        yield Slice((), (_rejected(row, QuarantineReason.NOT_JSON, str(error), row.start(KEPT_BYTES)),))
    except zlib.error as error:
        detail = f"its compressed form on disk is broken: {error}"
        yield Slice((), (_rejected(row, QuarantineReason.NOT_JSON, detail, row.body),))


def _decode(row: InboxRow) -> Slices:
    small = not row.packed and len(row.body) <= _SMALL_BYTES
    envelope, raws = _quickly(row.body) if small else (None, None)
    if envelope is None:
        envelope, raws = yield from (_unpacked(row) if row.packed else _outlined(row.body))
    if raws is None:
        rejected = _rejected(row, QuarantineReason.NO_ALERTS, "alerts: must be an array", row.start(KEPT_BYTES))
        yield Slice((), (rejected,), envelope.truncated)
        return
    yield from _slices(row, AlertReader(row, envelope), raws)


def _quickly(body: bytes) -> tuple[Envelope | None, _Elements | None]:
    """Split a small body in one go; no envelope when that needs a closer look."""
    try:
        found = _BODY.decode(body)
        raws = _ALERTS.decode(found["alerts"]) if "alerts" in found else None
        envelope = read_envelope({name: bytes(raw) for name, raw in found.items()})
    except (ValueError, RecursionError):
        return None, None
    return envelope, None if raws is None else iter([bytes(raw) for raw in raws])


def _unpacked(row: InboxRow) -> Generator[Slice, None, tuple[Envelope, _Elements | None]]:
    """Outline a packed body and note where its alerts lie; let it go, and leave the second reading to the caller."""
    whole = BytesIO()
    for piece in row.pieces():
        whole.write(piece)
        yield Slice((), ())
    envelope, at = yield from _outline(whole.getvalue())
    if at is None:
        return envelope, None
    begins, ends = array("Q"), array("Q")
    for place in elements(whole.getvalue(), at):
        if place is not None:
            begins.append(place[0])
            ends.append(place[1])
        if place is None or len(begins) % MAX_ALERTS == 0:
            yield Slice((), ())
    return envelope, _cut(row.pieces(), begins, ends)


def _cut(pieces: Iterator[bytes], begins: array[int], ends: array[int]) -> _Elements:
    """Cut the alerts out of a text that comes in pieces; holds the one at hand and the piece it ends in."""
    text, first = bytearray(), 0  # what is held, and where in the whole it begins
    for begin, end in zip(begins, ends, strict=True):
        while first + len(text) < end:
            text += next(pieces)
            passed = min(begin - first, len(text))
            del text[:passed]
            first += passed
            yield None
        del text[: begin - first]
        first = begin
        yield bytes(text[: end - begin])


def _outlined(body: bytes) -> Generator[Slice, None, tuple[Envelope, _Elements | None]]:
    """Outline a body; the walk over its alerts is left to the caller."""
    envelope, at = yield from _outline(body)
    return envelope, None if at is None else _walked(body, at)


def _outline(body: bytes) -> Generator[Slice, None, tuple[Envelope, int | None]]:
    """Walk over the body once to find its members and where its alerts begin; None when they are no array."""
    start = yield from _paused(space(body, len(BOM) if body.startswith(BOM) else 0))
    if body[start : start + 1] != b"{":
        raise MalformedError(start, "no JSON object")
    found: dict[str, Range] = {}
    walked = 0
    for member in members(body, start):
        if member is None:
            yield Slice((), ())
            continue
        walked += 1
        if walked % 1000 == 0:
            yield Slice((), ())
        if walked <= _MOST_MEMBERS or member[0] == b'"alerts"':
            found[str(read(member[0]))] = member[1]
        if walked == _MOST_WALKED:
            break
    place = found.pop("alerts", None)
    named = {name: body[begin : min(end, begin + KEPT_BYTES)] for name, (begin, end) in found.items()}
    if place is None or body[place[0] : place[0] + 1] != b"[":
        return read_envelope(named), None
    return read_envelope(named), place[0]


def _paused(walk: Generator[None, None, int]) -> Generator[Slice, None, int]:
    """Turn the pauses of a walk into empty slices."""
    while True:
        try:
            next(walk)
        except StopIteration as stop:
            return int(stop.value)
        yield Slice((), ())


def _walked(body: bytes, at: int) -> _Elements:
    for place in elements(body, at):
        yield None if place is None else body[place[0] : place[1]]


def _slices(row: InboxRow, reader: AlertReader, raws: _Elements) -> Slices:
    batch = _Batch(row, reader, reader.envelope.truncated)
    seen = 0
    for raw in raws:
        if raw is None:
            yield batch.take()
            continue
        seen += 1
        if seen > MOST_ALERTS:
            yield batch.take()
            detail = f"alerts: more than {MOST_ALERTS}; the others were not read"
            yield Slice((), (_rejected(row, QuarantineReason.BAD_ALERT, detail, raw),), truncated=1)
            return
        if seen > row.skip:
            batch.add(seen - 1, raw)
        if batch.full or (seen <= row.skip and seen % MAX_ALERTS == 0):
            yield batch.take()
    yield batch.take()


@dataclass(slots=True)
class _Batch:
    """What the next slice will hold."""

    row: InboxRow
    reader: AlertReader
    truncated: int
    events: list[AlertEvent] = field(default_factory=list)
    rejected: list[Quarantined] = field(default_factory=list)
    size: int = 0

    @property
    def full(self) -> bool:
        """Say whether no more alerts should join."""
        return self.size >= MAX_BYTES or len(self.events) + len(self.rejected) >= MAX_ALERTS

    def add(self, index: int, raw: bytes) -> None:
        """Decode one alert, or note why it cannot be one."""
        self.size += len(raw)
        if len(raw) > _LARGEST_ALERT:
            self._reject(index, f": larger than {_LARGEST_ALERT} bytes", raw)
            return
        try:
            self.events.append(self.reader.read(raw))
        except ValueError as error:
            self._reject(index, str(error), raw)

    def _reject(self, index: int, why: str, raw: bytes) -> None:
        self.rejected.append(_rejected(self.row, QuarantineReason.BAD_ALERT, f"alerts[{index}]{why}", raw))

    def take(self) -> Slice:
        """Hand over what was gathered; only the first slice tells of truncation."""
        taken = Slice(tuple(self.events), tuple(self.rejected), self.truncated, len(self.events) + len(self.rejected))
        self.events, self.rejected, self.size, self.truncated = [], [], 0, 0
        return taken


def _rejected(row: InboxRow, reason: QuarantineReason, detail: str, body: bytes) -> Quarantined:
    return Quarantined(row.received_at, row.source, row.team, reason, detail, body[:KEPT_BYTES], row.id)
