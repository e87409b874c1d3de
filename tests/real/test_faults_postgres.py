"""What PostgreSQL may do to a daemon that pages: it is told, refuses what it cannot keep, and goes on by itself.

Row 32 of the fault table: connections that are ended, none left, a primary that takes no writes, a locked
table, a deadlock. Restarts are in test_paging_replicas.py, failover in test_failover_real.py, idle
transactions in test_store_halted.py.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from chaos_world import PATH, config, posted
from daemon_process import eventually
from paging_world import PagingWorld, webhook
from real_postgres import Postgres
from replica_process import Replica

pytestmark = pytest.mark.real

ROLE = "aiops"  # no superuser: limits hold for it
END_ALL = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{ROLE}'"
TROUBLES = {
    "no connection left": (f"ALTER ROLE {ROLE} CONNECTION LIMIT 0", f"ALTER ROLE {ROLE} CONNECTION LIMIT -1"),
    "no writes": (
        f"ALTER ROLE {ROLE} SET default_transaction_read_only = on",
        f"ALTER ROLE {ROLE} RESET default_transaction_read_only",
    ),
    "nobody may sign in": (f"ALTER ROLE {ROLE} NOLOGIN", f"ALTER ROLE {ROLE} LOGIN"),
}


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server with a role for the daemon."""
    running = Postgres()
    try:
        say(running, f"CREATE ROLE {ROLE} LOGIN")
        yield running
    finally:
        running.remove()


@pytest.fixture
def daemon(tmp_path: Path, world: PagingWorld, server: Postgres) -> Iterator[Replica]:
    """A daemon that signs in as that role."""
    url = server.new_database()
    say(server, f"ALTER DATABASE {url.rpartition('/')[2]} OWNER TO {ROLE}")
    process = Replica(tmp_path, url.replace("postgres@", f"{ROLE}@"))
    try:
        process.configure(config(world))
        process.start()
        yield process
    finally:
        process.end()


def say(server: Postgres, *statements: str) -> None:
    """Do something as its owner."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def takes(daemon: Replica, name: str) -> bool:
    """Send an alert; say whether it was answered 200."""
    return posted(daemon.url + PATH, webhook([name])) == 200


def paged(world: PagingWorld) -> set[str]:
    """Return the names of alerts that PagerDuty shows."""
    return {one.title.split("Down")[1].split()[0] for one in list(world.pagerduty.incidents)}


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
def test_trouble_comes_and_goes(daemon: Replica, world: PagingWorld, server: Postgres, trouble: str) -> None:
    """While nothing can be kept the answer is 503; soon after it is over, alerts are taken and paged."""
    begin, end = TROUBLES[trouble]
    assert takes(daemon, "before")
    eventually(lambda: {"before"} == paged(world), "paged")
    say(server, begin, END_ALL)
    refused = [posted(daemon.url + PATH, webhook([f"lost{number}"])) for number in range(3)]
    eventually(lambda: 503 == daemon.readiness()[0], "not ready")
    say(server, end, END_ALL)
    over_at = time.time()
    eventually(lambda: takes(daemon, "after"), "alerts are taken")
    taken_at = time.time()
    eventually(lambda: "after" in paged(world), "paged again")
    paged_at = time.time()
    eventually(lambda: 200 == daemon.readiness()[0], "ready")

    print(f"\n{trouble}: taken {taken_at - over_at:.1f} s, paged {paged_at - over_at:.1f} s after its end")
    assert {503} == set(refused)
    assert 0 == world.extra()


def test_connections_are_ended_again_and_again(daemon: Replica, world: PagingWorld, server: Postgres) -> None:
    """A pooler that restarts, an administrator: what was answered 200 is paged, each by one key."""
    taken = set()
    for number in range(40):
        if takes(daemon, f"x{number}"):
            taken.add(f"x{number}")
        if number % 2:
            say(server, END_ALL)
    eventually(lambda: taken <= paged(world), "all are paged", 60.0)

    print(f"\n{len(taken)} of 40 answered 200 while connections were ended 20 times")
    assert taken
    assert len(world.pagerduty.incidents) == len({one.dedup_key for one in world.pagerduty.incidents})


def test_a_locked_table_is_waited_for(daemon: Replica, world: PagingWorld) -> None:
    """Somebody locks the outbox, as a migration or a dump would, and lets go: what was taken meanwhile is paged."""
    assert takes(daemon, "before")
    eventually(lambda: {"before"} == paged(world), "paged")
    with psycopg.connect(daemon.database_url) as other:
        other.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        assert takes(daemon, "during")
        eventually(lambda: waits_for_a_lock(daemon), "a step waits")
        locked = other.execute("SELECT count(*) FROM leases WHERE name = 'desk'").fetchone()
    eventually(lambda: {"before", "during"} == paged(world), "paged", 30.0)

    assert (1,) == locked


def test_a_deadlock_is_tried_again(daemon: Replica, world: PagingWorld) -> None:
    """PostgreSQL ends the daemon's transaction of two that wait for each other: it is done again, and once."""
    assert takes(daemon, "before")
    eventually(lambda: {"before"} == paged(world), "paged")
    with psycopg.connect(daemon.database_url.replace(f"{ROLE}@", "postgres@")) as other:
        other.execute("SET LOCAL deadlock_timeout = '1min'")  # who looks first is ended
        other.execute("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE")
        assert takes(daemon, "during")
        eventually(lambda: waits_for_a_lock(daemon), "a step waits")
        other.execute("SELECT token FROM leases WHERE name = 'desk' FOR UPDATE")
        other.rollback()
    eventually(lambda: {"before", "during"} == paged(world), "paged", 30.0)

    assert "deadlock detected" in daemon.said()
    assert 2 == len(world.pagerduty.incidents)


def waits_for_a_lock(daemon: Replica) -> bool:
    """Say whether one of its transactions waits for a lock."""
    asked = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{ROLE}' AND wait_event_type = 'Lock'"
    with psycopg.connect(daemon.database_url, autocommit=True) as connection:
        return connection.execute(asked).fetchone() is not None  # type: ignore[call-overload,unused-ignore]
