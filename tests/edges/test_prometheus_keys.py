"""Keys of remote read are the raw label objects of the query API, whatever external labels the server adds."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.edges.prometheus.keys import KeyRing, render

names = st.sampled_from(["a", "b", "c", "cluster", "replica"])
label_sets = st.dictionaries(names, st.sampled_from(["1", "2", "eu1", "<&>"]), min_size=1, max_size=4)
external = st.dictionaries(st.sampled_from(["cluster", "replica"]), st.just("eu1"), max_size=2)


def keys(known: list[dict[str, str]], asked: list[dict[str, str]]) -> list[bytes]:
    """Ask a ring that knows some series for the keys of others."""

    async def run() -> list[bytes]:
        ring = KeyRing()
        await ring.learn([render(frozenset(labels.items())) for labels in known])
        return await ring.keys([tuple(sorted(labels.items())) for labels in asked])

    return asyncio.run(run())


@settings(max_examples=50, deadline=None)
@given(st.lists(label_sets, min_size=1, max_size=6), external)
def test_external_labels_are_taken_off(drawn: list[dict[str, str]], outer: dict[str, str]) -> None:
    """Each scraped series gets its own key back; a label of the series wins over an external one, as in Prometheus."""
    known = [labels | {"instance": str(number)} for number, labels in enumerate(drawn)]

    assert [render(frozenset(labels.items())) for labels in known] == keys(known, [outer | one for one in known])


def test_external_labels_are_told_from_own_ones_of_the_same_name() -> None:
    """Aggregates may lack every common label; the names that all series have decide."""
    known = [{"a": "1"}, {"cluster": "eu1"}]
    asked = [{"a": "1", "cluster": "eu1"}, {"cluster": "eu1"}]

    assert [b'{"a":"1"}', b'{"cluster":"eu1"}'] == keys(known, asked)


def test_a_series_that_just_began_gets_its_own_key() -> None:
    """External labels learned from others are taken off it too."""
    known = [{"a": "1"}, {"a": "2"}]
    asked = [{"a": "1", "cluster": "eu1"}, {"a": "3", "cluster": "eu1"}]

    assert [b'{"a":"1"}', b'{"a":"3"}'] == keys(known, asked)


def test_comparisons_are_bounded() -> None:
    """A thousand unknown series are no thousand walks; each still gets a key."""
    asked = [{"other": str(number)} for number in range(1000)]

    assert [render(frozenset(labels.items())) for labels in asked] == keys([{"a": "1"}], asked)


def test_rendering_is_gos() -> None:
    """Sorted names, no spaces, HTML characters escaped, other text as it is."""
    assert b'{"A":"\\u003c\\u0026\\u003e","b":"\xc3\xbc\\"\\n"}' == render(frozenset({("b", 'ü"\n'), ("A", "<&>")}))
