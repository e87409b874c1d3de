"""What goes on the findings page: whose choice counts, when the sum is too large, and who wins a tie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flow_world import AT, SOURCE, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.query import Export
from aiops_daemon.core.model.settings import ExportSpec
from aiops_daemon.flows.exports import exported_rows, fresh_streams, selection

EXPORTS = [Export.AUTO, Export.ALL, Export.ANOMALOUS, Export.NONE]


@pytest.mark.parametrize(
    ("own", "everywhere", "limit", "chosen"),
    [
        (Export.AUTO, "auto", 10, Export.ALL),
        (Export.AUTO, "auto", 9, Export.ANOMALOUS),
        (Export.ALL, "none", 0, Export.ALL),
        (Export.NONE, "all", 10, Export.NONE),
        (Export.AUTO, "none", 10, Export.NONE),
        (Export.AUTO, "all", 0, Export.ALL),
        (Export.AUTO, "anomalous", 10, Export.ANOMALOUS),
    ],
)
def test_a_querys_own_choice_comes_first_then_the_global_one_then_the_sum(
    own: Export, everywhere: str, limit: int, chosen: Export
) -> None:
    """Ten series against a limit."""
    one = stream(series=10, export=own)

    assert {one.key: chosen} == selection([one], ExportSpec(everywhere, limit))


def test_what_is_exported_anyway_counts_against_the_limit_of_the_others() -> None:
    """A query that exports all takes room; one that exports nothing takes none."""
    auto, full, silent = stream("a", series=5), stream("b", series=5, export=Export.ALL), stream("c", series=50)
    silent.spec = replace(silent.spec, export=Export.NONE)

    assert Export.ALL is selection([auto, full, silent], ExportSpec("auto", 10))[auto.key]
    assert Export.ANOMALOUS is selection([auto, full, silent], ExportSpec("auto", 9))[auto.key]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from(EXPORTS)), min_size=1, max_size=4), st.integers(0, 20))
def test_the_limit_holds_for_all_that_is_left_to_us(sizes: list[tuple[int, Export]], limit: int) -> None:
    """Calm series that only `auto` exports never take the page over its limit."""
    streams = [stream(f"q{n}", series=size, export=own) for n, (size, own) in enumerate(sizes)]
    rows = exported_rows(streams, ExportSpec("auto", limit))
    asked_for = sum(len(one.table) for one in streams if one.spec.export is Export.ALL)

    assert sum(len(part) for part in rows.values()) <= max(limit, asked_for)


def test_only_what_strikes_is_exported_when_so_chosen() -> None:
    """Open findings and scores above the edge, of series that are there."""
    one = stream(series=4, export=Export.ANOMALOUS)
    one.onsets.open[1] = True
    one.columns.score[:4] = [0.5, 0.1, 1.2, np.nan]

    assert [1, 2] == exported_rows([one], ExportSpec())[one.key].tolist()


def test_series_that_left_are_not_exported() -> None:
    """The page shows what the last complete answer had."""
    one = stream(series=2)
    one.table.seen_at[1] = AT - 60

    assert [0] == exported_rows([one], ExportSpec())[one.key].tolist()


def test_the_first_source_wins_where_two_have_the_same_series() -> None:
    """A label set of a query stands on the page once."""
    first, second = stream(series=2), stream(series=3, source=replace(SOURCE, name="other"))
    rows = exported_rows([first, second], ExportSpec())

    assert [2, 1] == [len(rows[one.key]) for one in (first, second)]


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (180, True), (181, False), (-7200, True)])
def test_a_stream_is_fresh_for_three_intervals(age: float, fresh: bool) -> None:
    """Stale numbers are worse than none; a clock set back makes nothing stale."""
    one = stream(series=1)

    assert fresh is bool(fresh_streams([one, stream("never")], AT + age))
