"""What the search over incidents finds, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, select
from store_rows import ENGINES, engine_for, entry, episode, incident, write

from aiops_daemon.core.model.incident import EntryKind
from aiops_daemon.core.model.listing import IncidentQuery
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.incidents_read import find_incidents
from aiops_daemon.edges.store.words import MAX_CHARACTERS, MAX_OF_ALERTS

OPEN = ("open",)


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables, on each engine."""
    yield from engine_for(request)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to an empty store."""
    with engine.connect() as connection:
        yield connection


def found(conn: Connection, words: str, states: tuple[str, ...] = ()) -> list[int]:
    """Return the numbers of the incidents that a search finds, both ways of walking through them agreeing."""
    pages = [find_incidents(conn, IncidentQuery(words=words, states=each), DAEMON) for each in (states, OPEN)]
    numbers = [[one.number for one in page.incidents] for page in pages]
    assert numbers[0] == numbers[1]
    return numbers[0]


def text_of(conn: Connection, number: int) -> str:
    """Return what is searched of an incident."""
    statement = select(schema.words.c.text).where(schema.words.c.incident == incident(number).uid)
    return str(conn.execute(statement).scalar())


@pytest.mark.parametrize(
    "words",
    [
        "inc-1",
        "kernel",
        "KERNEL panic",
        "eu-west",
        "HighLatency",
        "node-7",
        "straße",
        "STRASSE",
        "reboot inc-1",
        "50%_",
        "cause: Index missing",
        "rebuilt",
    ],
)
def test_an_incident_is_found_by_all_that_people_know_of_it(conn: Connection, words: str) -> None:
    """Number, title, labels, alerts and notes; in any case, in any order, as parts of words."""
    one, other = incident(1, title="Kernel panic", labels=(("region", "eu-west"),)), incident(2, title="Disk")
    note = entry(1, one.uid, kind=EntryKind.NOTE, text="Reboot it in the Straße, 50%_ done")
    told = entry(2, one.uid, kind=EntryKind.OUTCOME, text="cause: index missing; done: index rebuilt; it helped")
    write(conn, incidents=(one, other), episodes=(episode(7, one.uid),), entries=(note, told))

    assert [1] == found(conn, words)


@pytest.mark.parametrize("words", ["kernel disk", "%", "_", "\\", "inc-1 inc-2", "joined", "checkouts", "panic\0", "/"])
def test_words_that_are_not_there_find_nothing(conn: Connection, words: str) -> None:
    """All words must occur; signs of a pattern stand for themselves; other lines of the timeline are not searched."""
    write(
        conn,
        incidents=(incident(1, title="Kernel panic", service=""), incident(2, title="Disk", service="")),
        entries=(entry(1, incident(1).uid, text="joined"),),
    )

    assert [] == found(conn, words)


def test_no_words_find_everything(conn: Connection) -> None:
    """Blanks are no words."""
    write(conn, incidents=(incident(1), incident(2)))

    assert [2, 1] == found(conn, "  ")


def test_a_word_does_not_reach_from_one_text_into_the_next(conn: Connection) -> None:
    """What is searched is kept apart, line by line."""
    write(
        conn,
        incidents=(incident(1, title="disk"),),
        entries=(entry(1, incident(1).uid, kind=EntryKind.NOTE, text="full"),),
    )

    assert ([], [1]) == (found(conn, "diskfull"), found(conn, "disk full"))


def test_what_is_known_is_not_written_again(conn: Connection) -> None:
    """A second step with the same alerts leaves the text as it was; a new title is added."""
    write(conn, incidents=(incident(1, title="one"),), episodes=(episode(7, incident(1).uid),))
    before = text_of(conn, 1)
    write(conn, incidents=(incident(1, title="one"),), episodes=(episode(7, incident(1).uid),))
    same = text_of(conn, 1)
    write(conn, incidents=(incident(1, title="Two"),))

    assert before == same
    assert f"{before}\ntwo" == text_of(conn, 1)


def test_a_storm_leaves_room_for_what_people_write(conn: Connection) -> None:
    """Alerts fill three quarters of the text at most, everything together all of it."""
    storm = tuple(episode(number, incident(1).uid) for number in range(2_000))
    write(conn, incidents=(incident(1),), episodes=storm)
    full = text_of(conn, 1)
    notes = ("bigfix " + "x" * 100, "y" * 10_000, "nowhere")
    write(
        conn,
        entries=tuple(entry(at, incident(1).uid, kind=EntryKind.NOTE, text=text) for at, text in enumerate(notes)),
    )

    assert MAX_OF_ALERTS == len(full)
    assert MAX_CHARACTERS == len(text_of(conn, 1))
    assert ([1], []) == (found(conn, "bigfix"), found(conn, "nowhere"))


def test_words_longer_than_any_text_find_nothing(conn: Connection) -> None:
    """No limit of a database is met."""
    write(conn, incidents=(incident(1, title="x" * 20_000),))

    assert ([1], []) == (found(conn, "x" * 5_000), found(conn, "x" * 100_000))
