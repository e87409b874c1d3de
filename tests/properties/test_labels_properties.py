"""Label sets survive every character, and a table does not care about order."""

from __future__ import annotations

import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.series import SeriesTable

names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
label_dicts = st.dictionaries(names, values, max_size=5)


@settings(max_examples=50, deadline=None)
@given(label_dicts)
def test_text_is_read_back_by_prometheus_own_parser(pairs: dict[str, str]) -> None:
    """Quotes, backslashes, line feeds and UTF-8 come back as they went in."""
    text = label_sets.text(label_sets.make(pairs))
    (family,) = text_string_to_metric_families(f"m{{{text}}} 1\n")

    assert {name: value for name, value in pairs.items() if value} == family.samples[0].labels


@settings(max_examples=50, deadline=None)
@given(label_dicts)
def test_parse_is_the_inverse_of_json(pairs: dict[str, str]) -> None:
    """What Prometheus writes as JSON is what we hold, without empty values."""
    parsed = label_sets.parse(json.dumps(pairs).encode())

    assert tuple(sorted((n, v) for n, v in pairs.items() if v)) == parsed


@settings(max_examples=50, deadline=None)
@given(label_dicts, label_dicts)
def test_a_label_of_the_series_wins_over_an_external_one(own: dict[str, str], external: dict[str, str]) -> None:
    """As in Prometheus' remote write and alerts."""
    adapted = dict(label_sets.adapt(label_sets.make(own), add=label_sets.make(external)))

    assert dict(label_sets.make(external)) | dict(label_sets.make(own)) == adapted


@settings(max_examples=50, deadline=None)
@given(st.lists(label_dicts, unique_by=label_sets.make, min_size=1, max_size=20), st.randoms())
def test_permutation_of_a_poll_changes_nothing(sets: list[dict[str, str]], random: object) -> None:
    """Every series finds its row whatever the order of the answer."""
    keys = [json.dumps(one).encode() for one in sets]
    table = SeriesTable(limit=100)
    table.assign(keys, np.arange(len(keys), dtype=np.float64), 0.0)
    order = list(range(len(keys)))
    random.shuffle(order)  # type: ignore[attr-defined]
    again = table.assign([keys[i] for i in order], np.array(order, dtype=np.float64), 60.0)

    assert 0 == len(again.fresh)
    assert again.values.tolist() == table.values[again.rows].tolist()
