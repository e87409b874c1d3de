"""No bytes surprise the webhook: it agrees with Python's JSON reader and never fails."""

from __future__ import annotations

import json

from hypothesis import example, given, settings
from hypothesis import strategies as st
from webhook_oracle import check, drive, ends, read_strictly, walk

from aiops_daemon.core.alertmanager.timestamp import parse
from aiops_daemon.edges.web.alertmanager import sniff
from aiops_daemon.edges.web.alertmanager.scan import elements, members

texts = st.text(st.characters(), max_size=12)  # half characters and NUL, too
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4), max_leaves=15
)
alerts = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["firing", "resolved", "x"]) | json_values,
        "labels": st.dictionaries(texts, texts, max_size=4) | json_values,
        "annotations": st.dictionaries(texts, texts, max_size=4) | json_values,
        "startsAt": st.sampled_from(["0001-01-01T00:00:00Z", "2026-11-21T03:00:00.5+01:00"]) | json_values,
        "endsAt": st.sampled_from(["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]) | json_values,
        "fingerprint": texts | json_values,
        "generatorURL": texts | json_values,
        "novel": json_values,
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "alerts": st.lists(alerts | json_values, max_size=5) | json_values,
        "receiver": json_values,
        "truncatedAlerts": st.integers() | json_values,
        "novel": json_values,
    },
)
spaces = st.text(" \t\n\r", max_size=3)


@st.composite
def written(draw: st.DrawFn, what: st.SearchStrategy[object]) -> bytes:
    """Write a value as JSON in one of many ways."""
    value = draw(what)
    plain = draw(st.booleans())
    separators = tuple(draw(spaces) + mark + draw(spaces) for mark in (",", ":"))
    text = json.dumps(value, ensure_ascii=plain, indent=draw(st.none() | st.integers(0, 3)), separators=separators)
    return (draw(spaces) + text + draw(spaces)).encode("utf-8", "surrogatepass")


@settings(max_examples=200, deadline=None)
@given(written(bodies))
def test_arbitrary_json_bodies_never_raise_and_lose_no_alert(raw: bytes) -> None:
    """Each element of `alerts` is an event or is set aside, and both ways of decoding agree."""
    check(raw)


@settings(max_examples=300, deadline=None)
@given(written(json_values), st.integers(0, 200), st.integers(0, 200), st.binary(max_size=3))
def test_broken_json_is_told_from_whole(raw: bytes, begin: int, end: int, put: bytes) -> None:
    """Cut a piece out, put some bytes in: the oracle and we agree on what is left."""
    begin, end = sorted((begin % (len(raw) + 1), end % (len(raw) + 1)))

    check(raw[:begin] + put + raw[end:])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=40))
@example(b'{"a":1e5}')
@example(b'{"a":[1,]}')
@example(b"{,}")
def test_arbitrary_bytes_never_raise(raw: bytes) -> None:
    """Whatever they are."""
    check(raw)


@settings(max_examples=200, deadline=None)
@given(written(json_values.filter(lambda value: isinstance(value, dict | list))))
def test_the_splitter_agrees_with_the_oracle(raw: bytes) -> None:
    """Members and elements have the ranges that hold their values."""
    raw = raw.strip()
    try:
        whole = read_strictly(raw)
    except ValueError:  # half characters, written raw
        return

    if isinstance(whole, dict):
        found, end = walk(members(raw, 0))
        assert whole == {read_strictly(name): read_strictly(raw[a:b]) for name, (a, b) in found}
    else:
        places, end = walk(elements(raw, 0))
        assert whole == [read_strictly(raw[a:b]) for a, b in places]
    assert len(raw) == end == ends(raw)


@settings(max_examples=50, deadline=None)
@given(written(bodies), st.sampled_from([0, 70_000, 300_000]), st.binary(max_size=2))
def test_large_and_small_bodies_are_judged_alike(raw: bytes, pad: int, tail: bytes) -> None:
    """White space beyond every window changes nothing."""
    small, large = (drive(sniff.is_object(raw + b" " * size + tail)) for size in (0, pad))

    assert (small is None) == (large is None)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(timezones=st.timezones()).filter(lambda moment: moment.year > 1))
def test_times_are_read_as_the_standard_library_reads_them(moment) -> None:  # type: ignore[no-untyped-def]
    """To the microsecond, in any zone whose offset is whole minutes."""
    offset = moment.utcoffset()
    if offset.microseconds or offset.seconds % 60:
        return

    assert abs(moment.timestamp() - (parse(moment.isoformat()) or 0.0)) < 1e-4
