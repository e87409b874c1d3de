"""Values for tests of the store's rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine

from aiops_daemon.core.model.alert import Episode, EpisodeState
from aiops_daemon.core.model.incident import Entry, EntryKind, Incident, IncidentState, Priority
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.store import schema
from aiops_daemon.edges.store.changes import write_changes
from aiops_daemon.ports.store import Changes

T0 = 1_790_000_000.0
ENGINES = ("sqlite", "postgresql")


def uid(kind: str, number: int) -> str:
    """Return an id that rises with its number."""
    return f"{kind}-{number:08d}"


def episode(number: int, incident: str = "", **changes: Any) -> Episode:
    """Return a firing episode."""
    labels = (("alertname", "HighLatency"), ("instance", f"node-{number}"), ("service", "checkout"))
    base = Episode(
        uid=uid("episode", number),
        team="default",
        source="main",
        fingerprint=f"{number:016x}",
        labels=labels,
        annotations=(("summary", "Latency is high"),),
        severity="warning",
        state=EpisodeState.FIRING,
        first_starts_at=T0 + number,
        starts_at=T0 + number,
        ends_at=None,
        heard_at=T0 + number,
        seen_at=T0 + number,
        incident=incident,
    )
    return dataclasses.replace(base, **changes)


def incident(number: int, **changes: Any) -> Incident:
    """Return an open incident."""
    base = Incident(
        uid=uid("incident", number),
        number=number,
        team="default",
        teams=("default",),
        title=f"HighLatency on service {number}",
        state=IncidentState.OPEN,
        severity=Severity.WARNING,
        priority=Priority.P3,
        priority_reason="a warning",
        opened_at=T0 + number,
        updated_at=T0 + number,
        service="checkout",
    )
    return dataclasses.replace(base, **changes)


def entry(number: int, of: str, **changes: Any) -> Entry:
    """Return a line of a timeline."""
    base = Entry(
        uid=uid("entry", number),
        incident=of,
        team="default",
        at=T0 + number,
        kind=EntryKind.JOINED,
        actor="aiops-daemon",
        origin="webhook",
        text="joined",
    )
    return dataclasses.replace(base, **changes)


def engine_for(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Make the tables on the engine that the fixture's parameter names; tests roll back what they write."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    engine = create_engine(server.new_database() if server else "sqlite://")
    schema.metadata.create_all(engine)
    try:
        yield engine
    finally:
        url = engine.url.render_as_string(hide_password=False)
        engine.dispose()
        if server:
            server.drop(url)


@contextmanager
def in_memory() -> Iterator[Connection]:
    """Give a connection to an empty store in memory."""
    engine = create_engine("sqlite://")
    schema.metadata.create_all(engine)
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def write(conn: Connection, **changes: tuple[Any, ...]) -> None:
    """Write what changed in one step."""
    write_changes(conn, Changes(**changes))
