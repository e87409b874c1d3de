"""The book of findings: once opened, once closed, moved with their series, quiet in a storm."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

import numpy as np
import pytest
from flow_world import AT, FINDING, answer, stream
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.flows.detect import SENTENCES_PER_TURN, settle
from aiops_daemon.flows.findings import FindingBook, Place
from aiops_daemon.meter import Meter

OWNER = ("q", "main")


def at_row(row: int) -> Place:
    return Place(OWNER, FindingKind.ANOMALY, row)


def book_of(rows: list[int]) -> FindingBook:
    book = FindingBook(Meter())
    for row in rows:
        book.put(at_row(row), replace(FINDING, uid=str(row)))
    return book


@settings(max_examples=50, deadline=None)
@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_findings_move_with_their_series_whatever_the_order(new_rows: list[int], gone: set[int]) -> None:
    """Every finding keeps its id at its new row; those without a row close; nothing is counted again."""
    meter = Meter()
    book = FindingBook(meter)
    for row in range(6):
        book.put(at_row(row), replace(FINDING, uid=str(row)))
    book.rehouse(OWNER, lambda p: None if p.row in gone else p._replace(row=new_rows[p.row]), AT, "moved")

    expected = {at_row(new_rows[row]): str(row) for row in range(6) if row not in gone}
    assert expected == {place: finding.uid for place, finding in book.open_places().items()}
    assert sorted(map(str, gone)) == sorted(finding.uid for finding in book.recent())
    assert 6 == meter.value("aiops_findings_total", kind="anomaly", severity="info")
    for place in book.places(OWNER):
        book.close(place, AT, "over")
    assert () == book.open()


def test_what_is_remembered_of_a_finding_is_its_worst_moment() -> None:
    """A finding closes when it is mild again; people want to know how bad it was."""
    book = book_of([1])
    book.put(at_row(1), replace(FINDING, score=9.0, value=50.0))
    book.put(at_row(1), replace(FINDING, score=1.1, value=3.0))
    book.close(at_row(1), AT + 60, "over")

    (closed,) = book.recent()
    assert (50.0, AT + 60) == (closed.value, closed.updated_at)


def test_closing_twice_tells_once(caplog: pytest.LogCaptureFixture) -> None:
    """A second close is nothing."""
    book = book_of([1])
    with caplog.at_level(logging.INFO, "aiops_daemon.flows.findings"):
        book.close(at_row(1), AT, "over")
        book.close(at_row(1), AT, "over")

    assert ["finding closed"] == [record.getMessage() for record in caplog.records]


def test_a_storm_is_logged_as_a_number(caplog: pytest.LogCaptureFixture) -> None:
    """The first two hundred one by one, then how many more; counters tell all."""
    with caplog.at_level(logging.INFO, "aiops_daemon.flows.findings"):
        book = book_of(list(range(1000)))
        book.measure()

    assert 201 == len(caplog.records)
    assert {"changes": 800} == caplog.records[-1].fields  # type: ignore[attr-defined]
    assert 1000 == len(book.open())


def test_the_first_finding_is_an_increase() -> None:
    """Counter and gauge stand at 0 before anything is found."""
    meter = Meter()
    book = FindingBook(meter)
    book.expect(FindingKind.ANOMALY, "page")
    book.measure()

    labels = {"kind": "anomaly", "severity": "page"}
    assert 0 == meter.registry.get_sample_value("aiops_findings_total", labels)
    assert 0 == meter.registry.get_sample_value("aiops_findings_open", labels)


async def test_a_storm_gives_the_loop_back() -> None:
    """A thousand findings on one stream are written in many turns of the event loop."""
    one = stream(series=1000)
    one.onsets.open[:1000] = True
    one.onsets.since[:1000] = AT
    for name in ("expected", "lower", "upper", "score", "confidence"):
        getattr(one.columns, name)[:1000] = 1.0
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    book = FindingBook(Meter())
    await settle(one, AT, book)
    task.cancel()

    assert 1000 == len(book.open())
    assert turns >= 1000 // SENTENCES_PER_TURN


def test_silence_is_counted_by_complete_answers_only() -> None:
    """Hours without any answer are no silence of the series."""
    one = stream(series=2)
    rows = one.table.live()
    one.place(answer({"s0": 1.0}).slices[0], AT + 7200)
    one.table.age_out(AT + 7200, after=3600)

    assert [0, 0] == one.table.silent_for(rows, AT + 7200).tolist()
    one.place(answer({"s0": float("nan")}).slices[0], AT + 7260)
    one.table.age_out(AT + 7260, after=3600)
    assert [0, 60] == one.table.silent_for(rows, AT + 7260).tolist()
    one.place(answer({"s0": np.inf}).slices[0], AT + 7320)
    one.table.age_out(AT + 7320, after=3600)
    assert [60, 120] == one.table.silent_for(rows, AT + 7320).tolist()
    one.place(answer({"s0": 2.0, "s1": 2.0}).slices[0], AT + 7380)
    one.table.age_out(AT + 7380, after=3600)
    assert [0, 0] == one.table.silent_for(rows, AT + 7380).tolist()


def test_a_clock_set_back_leaves_no_series_in_the_future() -> None:
    """Rows that went before the clock was set back are absent after it, and go in time."""
    one = stream(series=2)
    back = AT - 7200
    one.place(answer({"s0": 1.0}).slices[0], back)
    one.health.last_success = back
    one.table.age_out(back, after=600)

    assert [0] == one.current().tolist()
    one.place(answer({"s0": 1.0}).slices[0], back + 600)
    assert [1] == one.table.age_out(back + 600, after=600).tolist()


def test_labels_that_churn_under_a_dropped_name_do_not_fill_memory() -> None:
    """A thousand pods behind one dropped label: the row remembers the latest of them only."""
    source = replace(stream().source, drop_labels=frozenset({"pod"}))
    one = stream(source=source)
    for number in range(1000):
        one.place(answer({f"app=a,pod=p{number}": 1.0}).slices[0], AT + number)

    assert 1 == len(one.table)
    assert len(one.table._row_of_raw) <= 64
