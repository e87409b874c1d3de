"""Answers of the query API become columns.

Enters: the body of an instant or range query. Leaves: raw label objects as keys, float64 values. Bodies are
decoded in slices of about a megabyte, the event loop runs between them. Never builds a dict per series, never
mistakes a truncated answer for a short one: that is SourceError(MALFORMED).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from itertools import chain
from typing import TypeAlias, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from aiops_daemon.edges.prometheus.envelope import Frame, cuts, data_of, frame_around, frame_of, locate, malformed
from aiops_daemon.edges.prometheus.resample import check_size
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.ports import HistoryAnswer, InstantAnswer, VectorSlice

Floats: TypeAlias = NDArray[np.float64]
T = TypeVar("T")

SLICE_BYTES = 1 << 20
_SLICE_ELEMENTS = 20_000
# strict=False reads "NaN", "-Inf" and "Inf" as floats, but not "+Inf". As the last of an array it is a sample's
# value; as a label (le="+Inf") it is followed by a comma or a brace, and inside a string its quotes are escaped.
_PLUS_INF, _INF = b',"+Inf"]', b',"Inf"]'
_SPACED_PLUS_INF = re.compile(rb'(,\s*)"\+Inf"(\s*\])')


class _Sample(msgspec.Struct, gc=False):
    metric: msgspec.Raw
    value: tuple[float, float] | None = None


class _Series(msgspec.Struct, gc=False):
    metric: msgspec.Raw
    values: list[tuple[float, float]] = []
    histograms: msgspec.Raw = msgspec.Raw(b"")


_samples = msgspec.json.Decoder(list[_Sample], strict=False)
_series = msgspec.json.Decoder(list[_Series], strict=False)
_scalar = msgspec.json.Decoder(tuple[float, str], strict=False)
_names = msgspec.json.Decoder(list[str])


async def instant(body: bytearray, *, slice_bytes: int = SLICE_BYTES) -> InstantAnswer:
    """Decode an instant vector (or a scalar, as one series without labels); raises SourceError."""
    frame, parts = _open(body, slice_bytes)
    if frame.kind == "scalar":
        return InstantAnswer((_scalar_slice(frame.result),), frame.warnings, frame.partial)
    _expect(frame, "vector")
    slices: list[VectorSlice] = []
    histograms = 0
    async for part in parts:
        decoded = _read(_samples, part)
        plain = [sample for sample in decoded if sample.value is not None]
        histograms += len(decoded) - len(plain)
        slices += [_columns(plain[at : at + _SLICE_ELEMENTS]) for at in range(0, len(plain), _SLICE_ELEMENTS)]
    return InstantAnswer(tuple(slices), frame.warnings + _skipped(histograms), frame.partial)


async def grid(body: bytearray, times: Floats, *, slice_bytes: int = SLICE_BYTES) -> HistoryAnswer:
    """Decode a range vector onto the grid `times` (evenly spaced unix seconds); raises SourceError.

    Samples off the grid's range are ignored, of two at one moment the later in the answer stands. TOO_LARGE when
    series times points are more than a part of history may hold.
    """
    frame, parts = _open(body, slice_bytes)
    _expect(frame, "matrix")
    keys: list[bytes] = []
    blocks: list[Floats] = []
    samples = histograms = 0
    async for part in parts:
        decoded = _read(_series, part)
        histograms += sum(bool(bytes(series.histograms)) for series in decoded)
        plain = [series for series in decoded if series.values]
        keys += [bytes(series.metric) for series in plain]
        check_size(len(keys), len(times))
        counts = np.array([len(series.values) for series in plain], dtype=np.intp)
        blocks.append(_place(plain, counts, times))
        samples += int(counts.sum())
    values = np.concatenate(blocks) if blocks else np.empty((0, len(times)))
    partial = ("the source calls its answer partial",) if frame.partial else ()
    return HistoryAnswer(keys, times, values, samples, frame.warnings + partial + _skipped(histograms))


async def names(body: bytearray) -> frozenset[str]:
    """Decode a list of label values; raises SourceError."""
    data, _, _ = data_of(body)
    try:
        return frozenset(_names.decode(data))
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None


async def label_sets(body: bytearray) -> list[bytes]:
    """Decode the answer of the series endpoint to raw label objects; raises SourceError."""
    data, _, _ = data_of(body)
    try:
        return [bytes(raw) for raw in msgspec.json.decode(data, type=list[msgspec.Raw])]
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None


def _open(body: bytearray, slice_bytes: int) -> tuple[Frame, AsyncIterator[bytes]]:
    """Return the frame and the elements in cuts, or in one piece where the layout is not the known one."""
    span = locate(body)
    if span is not None:
        try:
            frame = frame_around(body, span)
        except SourceError:
            span = None
    if span is None:
        frame = frame_of(body)
        return frame, _yielding(iter([frame.result]))
    return frame, _yielding(cuts(body, span, slice_bytes))


async def _yielding(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part
        await asyncio.sleep(0)


def _read(decoder: msgspec.json.Decoder[list[T]], part: bytes) -> list[T]:
    try:
        return decoder.decode(part.replace(_PLUS_INF, _INF))
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        return decoder.decode(_SPACED_PLUS_INF.sub(rb'\1"Inf"\2', part))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SourceError(SourceReason.MALFORMED, f"an element of the answer cannot be read: {error}") from None


def _columns(samples: list[_Sample]) -> VectorSlice:
    keys = [bytes(sample.metric) for sample in samples]
    values = np.fromiter((sample.value[1] for sample in samples if sample.value), np.float64, len(samples))
    return VectorSlice(keys, values)


def _place(series: list[_Series], counts: NDArray[np.intp], times: Floats) -> Floats:
    """Put the samples of each series on the nearest point of the grid: shape (series, steps)."""
    values = np.full((len(series), len(times)), np.nan)
    flat = chain.from_iterable(chain.from_iterable(each.values for each in series))
    pairs = np.fromiter(flat, np.float64, 2 * int(counts.sum())).reshape(-1, 2)
    step = times[1] - times[0] if len(times) > 1 else 1.0
    columns = np.rint((pairs[:, 0] - times[0]) / step)
    inside = (columns >= 0) & (columns < len(times))
    rows = np.repeat(np.arange(len(series)), counts)
    values[rows[inside], columns[inside].astype(np.intp)] = pairs[inside, 1]
    return values


def _scalar_slice(raw: bytes) -> VectorSlice:
    try:
        value = float(_scalar.decode(raw)[1])
    except (msgspec.DecodeError, ValueError):
        raise SourceError(SourceReason.MALFORMED, "the scalar of the answer cannot be read") from None
    return VectorSlice([b"{}"], np.array([value]))


def _expect(frame: Frame, kind: str) -> None:
    if frame.kind != kind:
        raise SourceError(SourceReason.QUERY_ERROR, f"the expression gives a {frame.kind}, not a {kind}")


def _skipped(histograms: int) -> tuple[str, ...]:
    return (f"{histograms} native histogram series were skipped",) if histograms else ()
