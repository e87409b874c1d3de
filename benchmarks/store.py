"""Time what people and the desk ask of a large SQLite store; the peer Keep needs 10 s for its list.

Builds 10,000 open incidents and 100,000 resolved ones, 5 alerts each, in a temporary folder (about a minute), then
prints the middle and the longest of 15 runs of each call in milliseconds. An empty PostgreSQL can be given instead.
Run: python benchmarks/store.py [--small] [postgresql+psycopg://user@host/database]
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event

from aiops_daemon.core.model.alert import Episode, EpisodeState
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState, Priority
from aiops_daemon.core.model.listing import AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.settings import RetentionSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store import (
    alerts_read,
    changes,
    desk,
    incident_read,
    incidents_read,
    quality,
    retention,
    schema,
    timeline,
)
from aiops_daemon.ports.store import Changes

T0 = 1_790_000_000.0
ALERTS = 5
RUNS = 15
OPEN = (IncidentState.OPEN, IncidentState.ACKNOWLEDGED, IncidentState.INVESTIGATING, IncidentState.MITIGATED)
SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def incident(number: int, resolved: int) -> Incident:
    """Make an incident; the first `resolved` numbers are resolved."""
    closed, team, at = number <= resolved, f"team-{number % 12}", T0 + number * 60.0
    return Incident(
        uid=f"019a0000-0000-7000-8000-{number:012x}",
        number=number,
        team=team,
        teams=(team,) if number % 10 else (team, f"team-{number % 7}-b"),
        title=f"HighLatency and 4 more on service-{number % 200}",
        state=IncidentState.RESOLVED if closed else OPEN[number % 4],
        severity=SEVERITIES[number % 3],
        priority=tuple(Priority)[number % 4],
        priority_reason="a warning, and no budget of an SLO is touched",
        opened_at=at,
        updated_at=at + 300.0,
        service=f"service-{number % 200}",
        labels=(("cluster", f"eu-{number % 3}"), ("service", f"service-{number % 200}")),
        resolved_at=at + 300.0 if closed else None,
        alerts=ALERTS,
        firing=0 if closed else ALERTS,
    )


def episodes(of: Incident, first: int, many: int = ALERTS) -> Iterator[Episode]:
    """Make the alerts of an incident."""
    for number in range(first, first + many):
        labels = (
            ("alertname", f"Alert{number % 80}"),
            *of.labels,
            ("instance", f"10.{number % 200}.{number % 250}.7:9100"),
            ("namespace", f"namespace-{number % 40}"),
            ("pod", f"service-{of.number % 200}-{number:08x}-abcde"),
            ("severity", of.severity.value),
        )
        yield Episode(
            uid=f"019a0000-0000-7000-9000-{number:012x}",
            team=of.team,
            source="main",
            fingerprint=f"{number:016x}",
            labels=tuple(sorted(labels)),
            annotations=(("description", "The 99th percentile is over 2 s " * 3), ("summary", "Latency is high")),
            severity=of.severity.value,
            state=EpisodeState.RESOLVED if of.state.closed else EpisodeState.FIRING,
            first_starts_at=of.opened_at,
            starts_at=of.opened_at,
            ends_at=of.resolved_at,
            heard_at=of.opened_at + number % 5,
            seen_at=of.updated_at,
            incident=of.uid,
            joined_reason="0.71: same service, 12 s after the last alert, gap usually 40 s",
            generator_url="http://prometheus:9090/graph?g0.expr=latency",
            receiver="aiops",
            external_url="http://alertmanager:9093",
        )


def entries(of: Incident, first: int, many: int = ALERTS) -> Iterator[Entry]:
    """Make the timeline of an incident."""
    for number in range(first, first + many):
        kind = EntryKind.OPENED if number == first else EntryKind.JOINED
        uid = f"019a0000-0000-7000-a000-{number:012x}"
        yield Entry(uid, of.uid, of.team, of.opened_at, kind, "aiops-daemon", "webhook", "joined: same service")


def step(numbers: range, resolved: int) -> Changes:
    """Make incidents with all that belongs to them."""
    made = tuple(incident(number, resolved) for number in numbers)
    return Changes(
        incidents=made,
        episodes=tuple(one for of in made for one in episodes(of, of.number * ALERTS)),
        entries=tuple(one for of in made for one in entries(of, of.number * ALERTS)),
    )


def engine(url: str) -> Engine:
    """Open a database, a file with the settings of the daemon."""
    made = create_engine(url)

    @event.listens_for(made, "connect")
    def settings(connection: object, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL") if url.startswith("sqlite") else ():
            connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    schema.metadata.create_all(made)
    return made


def fill(store: Engine, resolved: int, open_: int) -> None:
    """Write everything."""
    started = time.perf_counter()
    for first in range(1, resolved + open_ + 1, 500):
        with store.begin() as conn:
            changes.write_changes(conn, step(range(first, min(first + 500, resolved + open_ + 1)), resolved))
    seconds = time.perf_counter() - started
    print(f"filled with {resolved} resolved and {open_} open incidents, {ALERTS} alerts each, in {seconds:.0f} s")


def report(name: str, conn: Connection, call: Callable[[Connection, int], object], runs: int = RUNS) -> None:
    """Print how long a call takes."""
    took = []
    for run in range(runs):
        started = time.perf_counter()
        call(conn, run)
        conn.commit()
        took.append(1000.0 * (time.perf_counter() - started))
    print(f"{name:62} {statistics.median(took):8.1f} ms, longest {max(took):8.1f} ms")


def reads(conn: Connection, total: int) -> None:
    """Time what people ask."""
    some, states = Scope("x", frozenset({"team-1", "team-2"})), tuple(state.value for state in OPEN)
    facets, only_open = IncidentQuery(facets=True), IncidentQuery(facets=True, states=states)
    lists = {
        "open, first page, facets": (only_open, DAEMON),
        "all, first page, facets": (facets, DAEMON),
        "open, words, facets": (replace(only_open, words="service-17 alert42"), DAEMON),
        "all, words, facets": (replace(facets, words="service-17 alert42"), DAEMON),
        "open, label, facets": (replace(only_open, label=(("namespace", "namespace-7"),)), DAEMON),
        "open, two teams only, facets": (only_open, some),
        "all, two teams only, facets": (facets, some),
        "open, by priority, facets": (replace(only_open, sort=IncidentSort.PRIORITY), DAEMON),
        "all, by last change, facets": (replace(facets, sort=IncidentSort.UPDATED), DAEMON),
    }
    for name, (query, scope) in lists.items():
        report(f"incidents: {name}", conn, lambda conn, _, q=query, s=scope: incidents_read.find_incidents(conn, q, s))
    report("one incident", conn, lambda conn, run: incident_read.find_incident(conn, f"INC-{total - run}", DAEMON))
    for name, query in {"firing": AlertQuery(states=("firing",)), "all": AlertQuery()}.items():
        report(f"alerts: {name}", conn, lambda conn, _, q=query: alerts_read.find_alerts(conn, q, DAEMON))
    words = AlertQuery(states=("firing",), words="service-17")
    report("alerts: firing, words", conn, lambda conn, _: alerts_read.find_alerts(conn, words, DAEMON))
    report("timeline after", conn, lambda conn, _: timeline.entries_after(conn, timeline.last_entry(conn), 100, DAEMON))
    report("counts", conn, lambda conn, _: quality.counts(conn))
    since = T0 + (total - 10_000) * 60.0
    report("rule histories (50,000 episodes)", conn, lambda conn, _: quality.rule_histories(conn, since, DAEMON), 3)
    report("load desk", conn, lambda conn, _: desk.load_desk(conn, T0 * 2), 3)


def writes(conn: Connection, total: int) -> None:
    """Time what the desk writes."""

    def acknowledge(conn: Connection, run: int) -> None:
        one = replace(incident(total - run, 0), state=IncidentState.ACKNOWLEDGED)
        line = Entry(f"act-{run}", one.uid, one.team, T0, EntryKind.ACKNOWLEDGED, "ann", "page", "acknowledged")
        changes.write_changes(conn, Changes(incidents=(one,), entries=(line,)))

    def burst(conn: Connection, run: int) -> None:
        first = total + 1 + run * 50
        of = [incident(number, 0) for number in range(first, first + 50)]
        new = tuple(one for each in of for one in episodes(each, each.number * 10, 10))
        lines = tuple(one for each in of for one in entries(each, each.number * 11, 11))
        changes.write_changes(conn, Changes(incidents=tuple(of), episodes=new, entries=lines))

    def known(conn: Connection, run: int) -> None:
        keys = [("main", f"{number:016x}") for number in range(run * 500, run * 500 + 500)]
        desk.latest_episodes(conn, keys)

    report("one state change, committed", conn, acknowledge)
    report("500 episodes, 50 incidents, 550 entries, committed", conn, burst)
    report("latest episodes of 500 keys", conn, known)
    report("retention, 500 rows", conn, lambda conn, _: retention.expire(conn, T0 * 2, RetentionSpec(1.0, 1.0)))


def main() -> None:
    """Fill a store and time it."""
    resolved, open_ = (10_000, 1_000) if "--small" in sys.argv else (100_000, 10_000)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aiops.db"
        store = engine(next((word for word in sys.argv if word.startswith("postgresql")), f"sqlite:///{path}"))
        fill(store, resolved, open_)
        with store.connect() as conn:
            reads(conn, resolved + open_)
            writes(conn, resolved + open_)
        store.dispose()
        if path.exists():
            print(f"file: {path.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
