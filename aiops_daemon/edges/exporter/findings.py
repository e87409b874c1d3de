"""The findings page: columns in, finished bytes out.

Enters: blocks of finished label text and values. Leaves: one `FindingsPage`. Lines are written on the loop in slices of
2,000 samples (about 1 ms each); a large page is joined in a thread, which lets go of the interpreter. Never blocks
the loop, never escapes a label twice, and never compresses: the listener knows whether anybody wants that.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from aiops_daemon.core.model.findingspage import Block, FindingsPage
from aiops_daemon.core.model.metrics import METRICS, MetricSpec

SLICE = 2_000
SMALL = 2_000  # samples of a page that is joined on the spot: a thread would cost more than it saves
_TABLE_ORDER = {spec.name: place for place, spec in enumerate(METRICS)}
_SPECIAL = {math.inf: "+Inf", -math.inf: "-Inf"}

_encoder = msgspec.json.Encoder()


async def render(blocks: Sequence[Block], *, at: float) -> FindingsPage:
    """Write the page of `blocks`, metrics in the order of the table; yields to the loop after every slice.

    Both formats share every line: all are gauges, and OpenMetrics only adds its end mark.
    """
    pieces: list[bytes] = []
    samples = 0
    for metric, group in _grouped(blocks):
        pieces.append(_head(metric))
        for part in _slices(group):
            pieces.append(_lines(part))
            samples += len(part.values)
            await asyncio.sleep(0)
    text = b"".join(pieces) if samples <= SMALL else await asyncio.to_thread(b"".join, pieces)
    return FindingsPage(at=at, samples=samples, text=text)


def _grouped(blocks: Sequence[Block]) -> Iterator[tuple[MetricSpec, list[Block]]]:
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        if len(block.values):
            groups.setdefault(block.metric.name, []).append(block)
    for name in sorted(groups, key=lambda name: _TABLE_ORDER.get(name, len(_TABLE_ORDER))):
        yield groups[name][0].metric, groups[name]


def _head(metric: MetricSpec) -> bytes:
    """Write HELP and TYPE. A double quote becomes a single one: the formats disagree on how to escape it."""
    described = metric.help.replace("\\", "\\\\").replace("\n", "\\n").replace('"', "'")
    return f"# HELP {metric.name} {described}\n# TYPE {metric.name} {metric.type}\n".encode()


def _slices(group: Iterable[Block]) -> Iterator[Block]:
    for block in group:
        for start in range(0, len(block.values), SLICE):
            end = start + SLICE
            yield replace(block, labels=block.labels[start:end], values=block.values[start:end])


def _lines(block: Block) -> bytes:
    """Write samples; lone surrogates, which JSON can smuggle in, become question marks."""
    name = block.metric.name
    text = "".join([f"{name}{{{of}}} {number}\n" for of, number in zip(block.labels, _numbers(block), strict=True)])
    if "" in block.labels:
        text = text.replace(f"{name}{{}} ", f"{name} ")
    return text.encode("utf-8", "replace")


def _numbers(block: Block) -> list[str]:
    """Write every digit that tells a float from its neighbours, by the JSON encoder: ten times repr's speed."""
    values: list[float] = block.values.tolist()
    if not values or not np.isfinite(block.values).all():
        return [_number(value) for value in values]
    return _encoder.encode(values)[1:-1].decode("ascii").split(",")


def _number(value: float) -> str:
    return "NaN" if math.isnan(value) else _SPECIAL.get(value) or repr(value)
