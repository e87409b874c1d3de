"""Decoding: slices change nothing, odd texts are texts, cut answers are never short answers."""

from __future__ import annotations

import asyncio
import json
import math
from typing import Any

import numpy as np
import pytest
from fake_prometheus import compact
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.edges.prometheus import decode, envelope
from aiops_daemon.errors import SourceError, SourceReason

NASTY = ['},{"metric":{', '"result":[', '1"]}]', '1"]]}]', "\\", '"', ',"+Inf"]', "+Inf", '"value":[1,"2"]', "]}"]
NASTY += ["ü", "\n", "\u2028"]
texts = st.one_of(st.sampled_from(NASTY), st.text(max_size=8), st.lists(st.sampled_from(NASTY)).map("".join))
names = st.one_of(st.sampled_from(["le", "value", "metric", "__name__", "result"]), st.text(min_size=1, max_size=4))
label_sets = st.dictionaries(names, texts, max_size=4)
numbers = st.one_of(st.sampled_from(["+Inf", "-Inf", "NaN", "0", "-0", "1e+300"]), st.floats().map(repr))
numbers = numbers.map(lambda text: {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text))
samples = st.lists(st.tuples(label_sets, numbers), max_size=12)
modest = settings(max_examples=50, deadline=None)


def vector_body(parts: list[tuple[dict[str, str], str]], **frame: Any) -> bytes:
    """Write an instant vector as Prometheus does."""
    result = [{"metric": labels, "value": [1700000000.123, value]} for labels, value in parts]
    return compact({"status": "success", "data": {"resultType": "vector", "result": result}, **frame}).encode(
        errors="surrogatepass"
    )


def matrix_body(series: list[dict[str, Any]]) -> bytes:
    """Write a range vector as Prometheus does."""
    return compact({"status": "success", "data": {"resultType": "matrix", "result": series}}).encode()


def read(body: bytes, slice_bytes: int = 64) -> list[tuple[dict[str, str], float]]:
    """Decode to label sets and values."""
    answer = asyncio.run(decode.instant(bytearray(body), slice_bytes=slice_bytes))
    keys = [json.loads(key) for part in answer.slices for key in part.keys]
    return list(zip(keys, [float(v) for part in answer.slices for v in part.values], strict=True))


def same(left: float, right: float) -> bool:
    """Equal, NaN included."""
    return left == right or (math.isnan(left) and math.isnan(right))


@modest
@given(samples, st.integers(1, 400))
def test_slices_change_nothing(parts: list[tuple[dict[str, str], str]], slice_bytes: int) -> None:
    """Whatever labels hold and wherever cuts fall, labels and values are those that were written."""
    got = read(vector_body(parts), slice_bytes)

    assert [labels for labels, _ in parts] == [labels for labels, _ in got]
    assert all(same(float(text), value) for (_, text), (_, value) in zip(parts, got, strict=True))


@modest
@given(samples)
def test_another_layout_is_read_too(parts: list[tuple[dict[str, str], str]]) -> None:
    """Spaces and line feeds between tokens cost speed, not correctness."""
    spaced = json.dumps(json.loads(vector_body(parts)), indent=1).encode()

    assert [labels for labels, _ in parts] == [labels for labels, _ in read(spaced)]


@modest
@given(samples.filter(bool), st.data())
def test_a_cut_answer_is_never_a_short_answer(parts: list[tuple[dict[str, str], str]], data: st.DataObject) -> None:
    """Every proper prefix of an answer is malformed."""
    body = vector_body(parts)
    with pytest.raises(SourceError) as caught:
        read(body[: data.draw(st.integers(0, len(body) - 1))])

    assert SourceReason.MALFORMED is caught.value.reason


def test_keys_are_the_bytes_that_were_sent() -> None:
    """No unescaping, no sorting: the key is the label object as it stood."""
    element = b'{"metric":{"b":"\\u003c","a":""},"value":[1,"2"]}'
    body = b'{"status":"success","data":{"resultType":"vector","result":[' + element + b"]}}"
    answer = asyncio.run(decode.instant(bytearray(body)))

    assert [b'{"b":"\\u003c","a":""}'] == answer.slices[0].keys


def test_slices_hold_at_most_twenty_thousand() -> None:
    """Short elements make no large slices."""
    answer = asyncio.run(decode.instant(bytearray(vector_body([({}, "1")] * 45_000))))

    assert 45_000 == answer.series
    assert 20_000 >= max(len(part.keys) for part in answer.slices)


async def test_the_loop_turns_between_slices() -> None:
    """Other tasks run while a large body is decoded."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(count())
    body = vector_body([({"instance": f"host-{number}", "job": "node"}, "1.5") for number in range(60_000)])
    await decode.instant(bytearray(body))
    other.cancel()

    assert turns >= len(body) // decode.SLICE_BYTES


def test_large_and_many_labels_are_labels() -> None:
    """Values of 64 KiB and two hundred labels pass through."""
    wide = {f"label_{number}": "x" * 20 for number in range(200)}
    parts = [({"a": "y" * 65_536}, "1"), (wide, "2"), ({}, "3")]

    assert [(labels, float(text)) for labels, text in parts] == read(vector_body(parts))


def test_native_histograms_are_skipped_and_told() -> None:
    """Plain samples beside them are kept, last or first."""
    histogram = {"count": "3", "sum": "2", "buckets": [[0, "0.1", "0.2", "3"]]}
    elements = [
        {"metric": {"a": "1"}, "histogram": [1, histogram]},
        {"metric": {"a": "2"}, "value": [1, "2"]},
    ]
    for result in (elements, elements[::-1]):
        body = compact({"status": "success", "data": {"resultType": "vector", "result": result}})
        answer = asyncio.run(decode.instant(bytearray(body.encode())))

        assert [b'{"a":"2"}'] == answer.slices[0].keys
        assert ("1 native histogram series were skipped",) == answer.warnings


def test_histograms_in_a_matrix_are_skipped_and_told() -> None:
    """A series may hold both kinds; the plain samples stay."""
    histogram = [30, {"count": "3", "sum": "2", "buckets": [[0, "0.1", "0.2", "3"]]}]
    series = [
        {"metric": {"a": "1"}, "values": [[0, "1"]], "histograms": [histogram]},
        {"metric": {"a": "2"}, "histograms": [histogram]},
    ]
    answer = asyncio.run(decode.grid(bytearray(matrix_body(series)), np.array([0.0, 30.0])))

    assert [b'{"a":"1"}'] == answer.keys
    np.testing.assert_array_equal([[1.0, np.nan]], answer.values)
    assert ("2 native histogram series were skipped",) == answer.warnings


@modest
@given(
    st.lists(st.dictionaries(st.integers(0, 9), st.floats(allow_nan=False), min_size=1), max_size=6),
    st.integers(1, 300),
)
def test_a_matrix_lands_on_its_grid(rows: list[dict[int, float]], slice_bytes: int) -> None:
    """Each sample stands at its step, NaN where none was sent, in any order of samples."""
    texts_of = {math.inf: "+Inf", -math.inf: "-Inf"}
    series = [
        {"metric": {"n": str(n)}, "values": [[1000 + 60 * at, texts_of.get(v, repr(v))] for at, v in row.items()]}
        for n, row in enumerate(rows)
    ]
    times = 1000.0 + 60.0 * np.arange(10)
    answer = asyncio.run(decode.grid(bytearray(matrix_body(series)), times, slice_bytes=slice_bytes))
    expected = np.full((len(rows), 10), np.nan)
    for n, row in enumerate(rows):
        for at, value in row.items():
            expected[n, at] = value

    assert [f'{{"n":"{n}"}}'.encode() for n in range(len(rows))] == answer.keys
    assert sum(map(len, rows)) == answer.samples
    np.testing.assert_array_equal(expected, answer.values)


def test_samples_off_the_grid_are_left_out_and_the_later_twin_stands() -> None:
    """Out-of-range samples and duplicates do no harm."""
    values = [[0, "9"], [60, "1"], [60, "2"], [180, "3"], [120, "4"], [999, "9"]]
    body = matrix_body([{"metric": {}, "values": values}])
    answer = asyncio.run(decode.grid(bytearray(body), np.array([60.0, 120.0, 180.0])))

    assert [[2.0, 4.0, 3.0]] == answer.values.tolist()


def test_partial_range_answers_say_so() -> None:
    """VictoriaMetrics marks an answer that lacks a storage node's data."""
    body = b'{"status":"success","isPartial":true,"data":{"resultType":"matrix","result":[]}}'
    answer = asyncio.run(decode.grid(bytearray(body), np.array([0.0])))

    assert ("the source calls its answer partial",) == answer.warnings
    assert (0, 1) == answer.values.shape


def test_the_known_layout_is_cut() -> None:
    """Answers of known servers are located without a whole decode."""
    plain = vector_body([({"a": "b"}, "1")], warnings=["x"])
    quoted = vector_body([({"a": '1"]}]'}, "1")])

    assert [True, True] == [envelope.locate(bytearray(body)) is not None for body in (plain, quoted)]
