"""The table that maps label bytes to rows."""

from __future__ import annotations

import json

import numpy as np

from aiops_daemon.core.model.series import SeriesTable


def key(**labels: str) -> bytes:
    return json.dumps(labels).encode()


def assign(table: SeriesTable, *keys: bytes, at: float = 0.0) -> list[int]:
    return table.assign(list(keys), np.arange(len(keys), dtype=np.float64), at).rows.tolist()


def test_a_series_keeps_its_row_from_poll_to_poll() -> None:
    """The same raw labels find the same row; only the first sight is fresh."""
    table = SeriesTable(limit=10)
    first = table.assign([key(a="1"), key(a="2")], np.array([1.0, 2.0]), 0.0)
    second = table.assign([key(a="2"), key(a="1")], np.array([3.0, 4.0]), 60.0)

    assert 2 == len(first.fresh)
    assert 0 == len(second.fresh)
    assert first.rows.tolist() == second.rows.tolist()[::-1]
    assert [4.0, 3.0] == table.values[first.rows].tolist()


def test_labels_in_another_order_are_the_same_series() -> None:
    """A source may write labels in any order; identity is the label set."""
    table = SeriesTable(limit=10)
    first = assign(table, b'{"a":"1","b":"2"}')
    second = assign(table, b'{"b":"2","a":"1"}')

    assert first == second
    assert 1 == len(table)


def test_external_labels_are_added_and_replica_labels_removed() -> None:
    """Findings and alerts of one cluster must match, so labels follow what alerts carry."""
    table = SeriesTable(
        limit=10, add=(("cluster", "eu1"),), drop=frozenset({"replica"}), own=(("aiops_query", "q"), ("team", "shop"))
    )
    (row,) = assign(table, key(__name__="up", job="x", replica="0", team="ours"))

    assert 'aiops_query="q",cluster="eu1",job="x",team="shop"' == table.texts[row]


def test_two_series_made_one_by_dropped_labels_count_as_duplicate() -> None:
    """The first sample wins; the second is counted, not mixed in."""
    table = SeriesTable(limit=10, drop=frozenset({"replica"}))
    assigned = table.assign([key(job="x", replica="0"), key(job="x", replica="1")], np.array([1.0, 2.0]), 0.0)

    assert [1.0] == assigned.values.tolist()
    assert 1 == table.dropped["duplicate"]


def test_our_own_label_names_on_a_series_are_renamed() -> None:
    """Watching our own metrics must not make two labels of one name."""
    table = SeriesTable(limit=10, own=(("aiops_query", "q"),))
    (row,) = assign(table, key(aiops_query="other", aiops_kind="anomaly"))

    assert 'aiops_query="q",exported_aiops_kind="anomaly",exported_aiops_query="other"' == table.texts[row]


def test_the_limit_drops_new_series_and_counts_them() -> None:
    """Known series go on; the cap refuses only new ones."""
    table = SeriesTable(limit=2)
    assign(table, key(a="1"), key(a="2"), key(a="3"))

    assert 2 == len(table)
    assert 1 == table.dropped["limit"]
    assert 2 == len(assign(table, key(a="1"), key(a="2")))


def test_rows_are_freed_only_after_complete_polls_lacked_them() -> None:
    """A vanished series keeps its row for a while, then the row is recycled and fresh."""
    table = SeriesTable(limit=10)
    (gone,) = assign(table, key(a="gone"), at=0.0)
    assign(table, key(a="here"), at=60.0)

    assert [] == table.age_out(60.0, after=120.0).tolist()
    assign(table, key(a="here"), at=180.0)
    assert [gone] == table.age_out(180.0, after=120.0).tolist()
    assert 1 == len(table)
    fresh = table.assign([key(a="next")], np.array([1.0]), 240.0).fresh.tolist()
    assert [gone] == fresh


def test_an_outage_ages_nothing_out() -> None:
    """Time without complete answers does not count as absence."""
    table = SeriesTable(limit=10)
    assign(table, key(a="1"), key(a="2"), at=0.0)
    assign(table, key(a="1"), at=10_000.0)

    assert [] == table.age_out(10_000.0, after=3600.0).tolist()
    assert 2 == len(table)


def test_values_that_are_not_finite_are_seen_but_not_learned() -> None:
    """NaN and infinity keep the series alive; learners never get them."""
    table = SeriesTable(limit=10)
    assigned = table.assign([key(a="1"), key(a="2"), key(a="3")], np.array([np.nan, np.inf, 1.0]), 5.0)

    assert [1.0] == assigned.values.tolist()
    assert 3 == len(table.live())


def test_what_is_no_label_object_is_dropped_and_counted() -> None:
    """Malformed labels never take a row."""
    table = SeriesTable(limit=10)

    assert [] == assign(table, b"[]", b"{broken")
    assert 2 == table.dropped["malformed"]


def test_a_table_grows_and_keeps_its_rows() -> None:
    """Growing moves nothing."""
    table = SeriesTable(limit=1000)
    rows = assign(table, *(key(a=str(n)) for n in range(300)))

    assert 300 == len(set(rows))
    assert table.capacity >= 300
    assert rows == assign(table, *(key(a=str(n)) for n in range(300)))


def test_restored_rows_wait_for_their_raw_labels() -> None:
    """A restart knows label texts only; the next poll finds the same rows, and they are not fresh."""
    table = SeriesTable(limit=10, own=(("aiops_query", "q"),))
    rows = table.restore(['a="1",aiops_query="q"'], 50.0)
    assigned = table.assign([key(a="1")], np.array([7.0]), 60.0)

    assert rows.tolist() == assigned.rows.tolist()
    assert 0 == len(assigned.fresh)
    assert (("a", "1"), ("aiops_query", "q")) == table.labels(int(rows[0]))
