"""What the desk writes and reads back, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, select
from store_rows import ENGINES, T0, engine_for, entry, episode, incident, uid, write

from aiops_daemon.core.model.alert import EpisodeState, Mute, Origin, Verdict, VerdictKind, VerdictReason
from aiops_daemon.core.model.inbox import Quarantined, QuarantineReason
from aiops_daemon.core.model.incident import (
    Correction,
    EntryKind,
    IncidentState,
    LinkedFinding,
    Outcome,
    Priority,
)
from aiops_daemon.core.model.scope import DAEMON
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store import desk, incident_read, schema, timeline

FULL_EPISODE = episode(
    7,
    uid("incident", 3),
    team="shop",
    state=EpisodeState.STALE,
    ends_at=T0 + 90.5,
    joined_reason="0.71: same service",
    muted=((Mute.SILENCED.value, "silence-1"), (Mute.SILENCED.value, "silence-2")),
    starts=4,
    flapping=True,
    verdict=Verdict(
        VerdictKind.DELAY, VerdictReason.TRANSIENT, "ends by itself", T0 + 300.25, None, 0.625, (("severity", 0.5),)
    ),
    generator_url="http://prometheus/graph?g0.expr=up",
    receiver="aiops",
    external_url="http://alertmanager",
    origin=Origin.RECONCILIATION,
    extra='{"new":1}',
)
FULL_INCIDENT = incident(
    3,
    team="shop",
    teams=("infra", "shop"),
    state=IncidentState.RESOLVED,
    severity=Severity.CRITICAL,
    priority=Priority.P1,
    labels=(("cluster", "eu"), ("service", "checkout")),
    acknowledged_at=T0 + 1.5,
    acknowledged_by="ann",
    resolved_at=T0 + 2.5,
    resolved_by="bob",
    assignee="ann",
    snoozed_until=T0 + 9.5,
    notify_at=T0 + 3.5,
    notify_reason="at once",
    alerts=3,
    firing=2,
    muted=1,
    reopened=1,
    false_positive=True,
    digest=True,
)
FINDING = LinkedFinding(
    "finding-1",
    FULL_INCIDENT.uid,
    "shop",
    "latency",
    "breach",
    (("pod", "a"),),
    "warning",
    T0,
    None,
    "grows",
    "same pod",
)
OUTCOME = Outcome(FULL_INCIDENT.uid, "shop", T0, "ann", "disk full", "cleaned", helped=None)
CORRECTION = Correction("correction-1", T0, "ann", "split", "shop", ((("a", "1"),), (("b", "2"),)), ())


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Tables, on each engine."""
    yield from engine_for(request)


@pytest.fixture
def conn(engine: Engine) -> Iterator[Connection]:
    """A connection to an empty store."""
    with engine.connect() as connection:
        yield connection


def test_all_of_an_incident_comes_back_as_it_was_written(conn: Connection) -> None:
    """Every field of every value survives."""
    line = entry(1, FULL_INCIDENT.uid, before="open", after="resolved", episode=FULL_EPISODE.uid, reason="new")
    merged = incident(4, state=IncidentState.MERGED, merged_into=FULL_INCIDENT.uid)
    write(
        conn,
        episodes=(FULL_EPISODE,),
        incidents=(FULL_INCIDENT, merged),
        entries=(line,),
        findings=(FINDING,),
        outcomes=(OUTCOME,),
        corrections=(CORRECTION,),
    )
    detail = incident_read.find_incident(conn, "INC-3", DAEMON)

    assert detail is not None
    assert FULL_INCIDENT == detail.incident
    assert (FULL_EPISODE,) == detail.episodes
    assert (line,) == detail.timeline
    assert (FINDING,) == detail.findings
    assert (OUTCOME,) == detail.outcomes
    assert (merged,) == detail.merged
    assert [CORRECTION] == desk.corrections(conn)


def test_a_row_is_replaced_whole_by_its_uid(conn: Connection) -> None:
    """The second writing stands, every field of it, within one step too."""
    write(conn, episodes=(FULL_EPISODE,), incidents=(FULL_INCIDENT,), findings=(FINDING,), knowledge=(("gap", b"1"),))
    bare, open_again = episode(7, FULL_INCIDENT.uid), incident(3)
    closed = replace(FINDING, closed_at=T0 + 5.0)
    write(
        conn,
        episodes=(replace(bare, starts=9), bare),
        incidents=(FULL_INCIDENT, open_again),
        findings=(closed,),
        knowledge=(("gap", b"\x00\xff"), ("rarity", b"2")),
    )
    detail = incident_read.find_incident(conn, FULL_INCIDENT.uid, DAEMON)

    assert detail is not None
    assert (open_again, (bare,), (closed,)) == (detail.incident, detail.episodes, detail.findings)
    assert {"gap": b"\x00\xff", "rarity": b"2"} == desk.knowledge(conn)


def test_what_a_database_cannot_hold_is_replaced(conn: Connection) -> None:
    """U+0000 and lone surrogates become U+FFFD wherever text of others goes; all else stays."""
    odd, kept = "a\0b\ud800c\\u0000\u2028\U0001f525", "a\ufffdb\ufffdc\\u0000\u2028\U0001f525"
    labels = (("alertname", odd), ("x", "\\u0000"))
    one = episode(1, uid("incident", 1), labels=labels, annotations=(("summary", odd),), receiver=odd, extra=odd)
    of = incident(1, title=odd, labels=labels, assignee=odd, teams=("default", odd))
    write(conn, episodes=(one,), incidents=(of,), entries=(entry(1, of.uid, text=odd),))
    detail = incident_read.find_incident(conn, "1", DAEMON)

    stored = (("alertname", kept), ("x", "\\u0000"))
    assert detail is not None
    assert (stored, (("summary", kept),)) == (detail.episodes[0].labels, detail.episodes[0].annotations)
    assert (kept, kept) == (detail.episodes[0].receiver, detail.episodes[0].extra)
    assert (kept, stored, kept) == (detail.incident.title, detail.incident.labels, detail.incident.assignee)
    assert ("default", kept) == detail.incident.teams
    assert kept == detail.timeline[0].text


def test_very_long_names_fit_into_the_indexes(conn: Connection) -> None:
    """An alert name or a service of a megabyte is no reason to lose the alert."""
    long = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(100_000))
    one = episode(1, labels=(("alertname", long),))
    write(conn, episodes=(one,), incidents=(incident(1, service=long),))

    assert {one.key: one} == desk.latest_episodes(conn, [one.key])
    assert long[:256] == desk.incidents_by_uid(conn, [uid("incident", 1)])[uid("incident", 1)].service


def test_the_latest_episode_of_an_alert_is_the_one_that_started_last(conn: Connection) -> None:
    """By starts_at, then heard_at; alerts of another source with the same fingerprint are others."""
    first = episode(1, fingerprint="f", starts_at=T0, heard_at=T0 + 9)
    second = episode(2, fingerprint="f", starts_at=T0 + 5, heard_at=T0 + 5)
    third = episode(3, fingerprint="f", starts_at=T0 + 5, heard_at=T0 + 6)
    elsewhere = episode(4, fingerprint="f", source="other", starts_at=T0 - 5)
    write(conn, episodes=(third, first, second, elsewhere))
    found = desk.latest_episodes(conn, [("main", "f"), ("other", "f"), ("main", "nobody"), ("main", "f")])

    assert {("main", "f"): third, ("other", "f"): elsewhere} == found


def test_latest_episodes_of_more_alerts_than_one_statement_takes(conn: Connection) -> None:
    """Long lists are read in parts."""
    many = tuple(episode(number) for number in range(1_203))
    write(conn, episodes=many)

    assert {one.key: one for one in many} == desk.latest_episodes(conn, [one.key for one in many])


def test_the_desk_starts_from_what_is_open_or_may_reopen(conn: Connection) -> None:
    """Open incidents, those resolved since, all their episodes, and open episodes on their own; nothing merged."""
    states = [state for state in IncidentState if not state.closed]
    standing = tuple(incident(number, state=state) for number, state in enumerate(states, start=1))
    late = incident(8, state=IncidentState.RESOLVED, resolved_at=T0 + 100.0)
    early = incident(9, state=IncidentState.RESOLVED, resolved_at=T0 + 99.0)
    merged = incident(10, state=IncidentState.MERGED, merged_into=late.uid, resolved_at=T0 + 200.0)
    mine = (
        episode(1, standing[0].uid, state=EpisodeState.RESOLVED),
        episode(2, late.uid),
        episode(3, "", state=EpisodeState.UNKNOWN),
    )
    others = (episode(4, early.uid), episode(5, merged.uid), episode(6, "", state=EpisodeState.RESOLVED))
    write(conn, incidents=(*standing, late, early, merged), episodes=(*mine, *others))
    state = desk.load_desk(conn, reopen_since=T0 + 100.0)

    assert (*standing, late) == state.incidents
    assert set(mine) == set(state.episodes)
    assert (11, None) == (state.next_number, state.first_started_at)


def test_an_empty_store_is_where_everything_starts(conn: Connection) -> None:
    """The first incident has number 1; when the store was first used is read once it is known."""
    empty = desk.load_desk(conn, 0.0)
    conn.execute(schema.installation.insert(), [{"name": schema.FIRST_STARTED_AT, "value": repr(T0)}])

    assert ((), (), 1, None) == (empty.incidents, empty.episodes, empty.next_number, empty.first_started_at)
    assert T0 == desk.load_desk(conn, 0.0).first_started_at


def test_incidents_and_episodes_by_uid(conn: Connection) -> None:
    """What is not there is left out; episodes come first heard first."""
    of = incident(1)
    late, early = episode(1, of.uid, heard_at=T0 + 9), episode(2, of.uid, heard_at=T0)
    write(conn, incidents=(of,), episodes=(late, early, episode(3, "other")))

    assert {of.uid: of} == desk.incidents_by_uid(conn, [of.uid, "nobody", of.uid])
    assert [early, late] == desk.episodes_of(conn, of.uid)


def test_a_team_that_owns_no_alert_any_more_leaves_the_incident(conn: Connection) -> None:
    """The teams of an incident are those of its latest writing."""
    write(conn, incidents=(incident(1, teams=("a", "b")), incident(2, teams=("a",))))
    write(conn, incidents=(incident(1, teams=("b", "c")), incident(1, teams=("c", "d"))))

    kept = conn.execute(select(schema.incident_teams).order_by("incident", "team")).all()
    assert [(uid("incident", 1), "c"), (uid("incident", 1), "d"), (uid("incident", 2), "a")] == kept


def test_the_inbox_forgets_what_is_done_and_notes_how_far_the_rest_is(conn: Connection) -> None:
    """Rows that are done go, unfinished ones say how many alerts to skip."""
    row = {"team": "default", "source": "am", "received_at": T0, "body": b"{}", "encoding": ""}
    conn.execute(schema.inbox.insert(), [row, row, row])
    first, second, third = conn.execute(select(schema.inbox.c.id).order_by(schema.inbox.c.id)).scalars()
    write(conn, done=(first, third), progress=((second, 500),))

    assert [(second, 500)] == conn.execute(select(schema.inbox.c.id, schema.inbox.c.skip)).all()


def test_what_is_set_aside_is_kept_as_it_came(conn: Connection) -> None:
    """Bytes that are no text stay bytes."""
    rejected = Quarantined(T0, "am\0", "shop", QuarantineReason.BAD_ALERT, "alerts[3]", b"\x00\xff{", 9)
    write(conn, quarantined=(rejected,))

    row = conn.execute(select(schema.quarantine)).one()
    assert ("shop", "am\ufffd", T0, "bad_alert", "alerts[3]", b"\x00\xff{", 9) == (*row[1:6], bytes(row[6]), row[7])


def test_the_timeline_is_read_on_in_the_order_of_commits(conn: Connection) -> None:
    """From the first, after a line, after a line that is gone, and after the last."""
    lines = tuple(entry(number, "incident", kind=EntryKind.NOTE) for number in (1, 2, 4, 5))
    write(conn, entries=lines[:3])
    write(conn, entries=lines[3:])

    assert list(lines) == timeline.entries_after(conn, "", 10, DAEMON)
    assert list(lines[2:]) == timeline.entries_after(conn, lines[1].uid, 10, DAEMON)
    assert [lines[2]] == timeline.entries_after(conn, uid("entry", 3), 1, DAEMON)
    assert [] == timeline.entries_after(conn, lines[3].uid, 10, DAEMON)
    assert lines[3].uid == timeline.last_entry(conn)


def test_an_empty_timeline_has_no_last_line(conn: Connection) -> None:
    """The stream starts from nothing."""
    assert ("", []) == (timeline.last_entry(conn), timeline.entries_after(conn, "x", 10, DAEMON))
