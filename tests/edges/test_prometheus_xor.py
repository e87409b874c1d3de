"""XOR chunks: lock step over any mix of chunks gives back what was encoded, and broken chunks are refused."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xor_encoder import Sample, encode, float_bits

from aiops_daemon.edges.prometheus import xor

STALE = 0x7FF0000000000002
edges = [0, 1, -1, 8192, 8193, -8191, -8192, 65536, 65537, -65535, -65536, 524288, 524289, -524287, -524288, 1 << 40]
deltas = st.one_of(st.sampled_from([60_000, 15_000]), st.integers(0, 100_000), st.sampled_from(edges))
values = st.one_of(
    st.integers(0, (1 << 64) - 1),
    st.floats().map(float_bits),
    st.sampled_from([float_bits(1.0), float_bits(float("inf")), STALE, 0, 1, 1 << 63, (1 << 64) - 1]),
)


@st.composite
def chunks(draw: st.DrawFn) -> list[Sample]:
    """A run of samples: irregular times, any value, repeats."""
    time = draw(st.integers(-(1 << 40), 1 << 44))
    run = []
    for delta, value, repeat in draw(st.lists(st.tuples(deltas, values, st.integers(1, 4)), max_size=12)):
        for _ in range(repeat):
            time += delta
            run.append((time, value))
    return run


def finish(steps: Generator[None, None, xor.Samples]) -> xor.Samples:
    """Run a decoder to its end."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value


@settings(max_examples=50, deadline=None)
@given(st.lists(chunks(), max_size=6))
def test_round_trip(runs: list[list[Sample]]) -> None:
    """Every chunk comes back bit for bit, whatever its neighbours in the batch."""
    samples = finish(xor.decode([memoryview(encode(run)) for run in runs]))

    assert [len(run) for run in runs] == samples.counts.tolist()
    assert [pair for run in runs for pair in run] == list(
        zip(samples.times.tolist(), samples.bits.tolist(), strict=True)
    )


@settings(max_examples=50, deadline=None)
@given(chunks().filter(lambda run: len(run) > 2), st.data())
def test_a_cut_chunk_is_refused(run: list[Sample], data: st.DataObject) -> None:
    """A chunk that ends before its last sample is no chunk, alone or before others."""
    whole = encode(run)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with pytest.raises(ValueError, match="XOR chunk"):
        finish(xor.decode([memoryview(cut), memoryview(encode([(0, 0)]))]))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_noise_never_crashes(noise: list[bytes]) -> None:
    """Any bytes either decode or are refused."""
    with suppress(ValueError):
        finish(xor.decode([memoryview(one) for one in noise]))


def test_long_chunks_give_way() -> None:
    """The decoder pauses now and then."""
    steps = xor.decode([memoryview(encode([(60_000 * at, float_bits(float(at))) for at in range(120)]))])

    assert len(list(steps)) > 5
