"""Rows hold what values say, whatever is in them; the stored label text answers like the label set itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, literal, select
from store_rows import in_memory, write

from aiops_daemon.core.model.alert import Episode, Verdict
from aiops_daemon.core.model.incident import Correction, Entry, Incident, LinkedFinding, Outcome
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.edges.store import desk, incident_read, schema
from aiops_daemon.edges.store.rows import MAX_INDEXED
from aiops_daemon.edges.store.storable import labels_of, labels_text, storable
from aiops_daemon.edges.store.textsearch import holds_labels

odd = st.text(st.characters(exclude_categories=[]), max_size=12)
texts = odd.filter(lambda text: text == storable(text))
floats = st.floats(allow_nan=False, allow_infinity=False)
sets = st.dictionaries(texts, texts, max_size=4).map(make)
parts = st.lists(st.tuples(texts, floats), max_size=3).map(tuple)
pairs = st.lists(st.tuples(texts, texts), max_size=3).map(tuple)


def whole(kind: type[Any], **known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Make values of a class: text and numbers of any sort in the fields that are not known."""
    hints = {field.name: field.type for field in dataclasses.fields(kind)}
    made = {name: _of(hint) for name, hint in hints.items() if name not in known}
    return st.builds(kind, **{name: made_of for name, made_of in made.items() if made_of is not None}, **known)


def _of(hint: Any) -> st.SearchStrategy[Any] | None:
    named: dict[Any, st.SearchStrategy[Any]] = {
        "str": texts,
        "float": floats,
        "float | None": st.none() | floats,
        "Labels": sets,
        "int": st.integers(0, (1 << 31) - 1),
        "bool": st.booleans(),
        "bool | None": st.none() | st.booleans(),
        "tuple[str, ...]": st.lists(texts, max_size=3, unique=True).map(tuple),
        "tuple[Labels, ...]": st.lists(sets, max_size=3).map(tuple),
        "tuple[tuple[str, str], ...]": pairs,
    }
    return named.get(hint)


@pytest.fixture(scope="module")
def conn() -> Iterator[Connection]:
    """A connection to an empty store in memory."""
    with in_memory() as connection:
        yield connection


@settings(max_examples=60, deadline=None)
@given(
    whole(Episode, incident=st.just("i"), verdict=whole(Verdict, parts=parts)),
    whole(Incident, uid=st.just("i"), service=texts),
)
def test_episodes_and_incidents_come_back_equal(conn: Connection, episode: Episode, incident: Incident) -> None:
    """Odd characters, great and small numbers, empty sets."""
    conn.rollback()
    write(conn, episodes=(episode,), incidents=(incident,))
    found = desk.episodes_of(conn, "i")

    assert [episode] == found
    assert MAX_INDEXED >= len(incident.service)


@settings(max_examples=60, deadline=None)
@given(
    whole(Incident, uid=st.just("i")),
    st.lists(whole(Entry, incident=st.just("i"), at=st.just(0.0)), max_size=3, unique_by=lambda entry: entry.uid),
    whole(LinkedFinding, incident=st.just("i")),
    whole(Outcome, incident=st.just("i")),
    whole(Correction),
)
def test_what_belongs_to_an_incident_comes_back_equal(
    conn: Connection,
    incident: Incident,
    entries: list[Entry],
    finding: LinkedFinding,
    outcome: Outcome,
    correction: Correction,
) -> None:
    """In the order in which it was written."""
    conn.rollback()
    write(
        conn,
        incidents=(incident,),
        entries=tuple(entries),
        findings=(finding,),
        outcomes=(outcome,),
        corrections=(correction,),
    )
    detail = incident_read.find_incident(conn, "i", DAEMON)
    corrections = desk.corrections(conn)

    assert detail is not None
    assert (incident, tuple(entries)) == (detail.incident, detail.timeline)
    assert ((finding,), (outcome,), [correction]) == (detail.findings, detail.outcomes, corrections)


@settings(max_examples=200, deadline=None)
@given(odd, st.dictionaries(odd, odd, max_size=4))
def test_stored_text_is_what_both_databases_can_hold(text: str, labels: dict[str, str]) -> None:
    """Nothing but U+0000 and lone surrogates changes, and doing it again changes nothing."""
    stored = storable(text)

    assert "\0" not in stored
    assert len(text) == len(stored.encode().decode())
    assert all(old == new or new == "\ufffd" for old, new in zip(text, stored, strict=True))
    assert stored == storable(stored)
    kept = {storable(name): storable(value) for name, value in labels.items()}
    assert tuple(kept.items()) == labels_of(labels_text(tuple(labels.items())))


tricky = st.text(st.sampled_from('ab",:{}\\%_\n\u00e4'), max_size=6)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(tricky, tricky, max_size=3), st.dictionaries(tricky, tricky, min_size=1, max_size=2), st.data())
def test_a_label_is_found_in_stored_text_when_it_is_there_and_only_then(
    conn: Connection, labels: dict[str, str], others: dict[str, str], data: st.DataObject
) -> None:
    """Quotes, commas and backslashes in values never look like another label."""
    asked = data.draw(st.sampled_from([*others.items(), *labels.items()]))
    text = labels_text(tuple(labels.items()))
    found = conn.execute(select(holds_labels(literal(text), (asked,)))).scalar_one()

    assert (asked in labels.items()) is bool(found)


@pytest.mark.parametrize(
    ("kind", "table", "derived"),
    [
        (Episode, schema.episodes, {"rule", "verdict_reason", "verdict_detail"}),
        (Incident, schema.incidents, {"severity_rank"}),
        (Entry, schema.timeline, {"id"}),
        (LinkedFinding, schema.linked_findings, set()),
        (Outcome, schema.outcomes, {"id"}),
        (Correction, schema.corrections, set()),
    ],
)
def test_no_field_is_left_out_of_a_table(kind: type[Any], table: Table, derived: set[str]) -> None:
    """A field that is added to a value needs a column."""
    fields = {field.name for field in dataclasses.fields(kind)}

    assert fields == {column.name for column in table.columns} - derived
