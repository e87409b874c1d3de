"""What an expression costs its source, as the source itself counts it.

Enters: the answer to `count(expr)` asked with `stats=all`. Leaves: the samples that were read, or the number of
series where a source (VictoriaMetrics, for one) keeps no such count.
"""

from __future__ import annotations

import msgspec

from aiops_daemon.edges.prometheus.envelope import data_of, malformed


class _Samples(msgspec.Struct):
    totalQueryableSamples: int = 0  # noqa: N815 - the API's own name


class _Stats(msgspec.Struct):
    samples: _Samples = msgspec.field(default_factory=_Samples)


class _Element(msgspec.Struct):
    value: tuple[float, float] = (0.0, 0.0)


class _Counted(msgspec.Struct):
    result: list[_Element]
    stats: _Stats = msgspec.field(default_factory=_Stats)


_counted = msgspec.json.Decoder(_Counted, strict=False)


def counting(expr: str) -> str:
    """Return the expression that counts the series of `expr`; a comment at its end cannot swallow the bracket."""
    return f"count(\n{expr}\n)"


async def samples_read(body: bytearray) -> int:
    """Decode the answer; raises SourceError."""
    data, _, _ = data_of(body)
    try:
        counted = _counted.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise malformed(body) from None
    series = int(counted.result[0].value[1]) if counted.result else 0
    return counted.stats.samples.totalQueryableSamples or series
