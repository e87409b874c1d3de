"""Fixtures that every test may use: real servers and tools.

What starts a real server lives in real_servers.py; fakes live beside the tests that use them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import real_postgres
import real_servers
import store_world
from hypothesis import settings

from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.store import SqlStore

settings.register_profile("patient", deadline=None)  # a busy machine is no failure
settings.load_profile("patient")


@pytest.fixture(scope="session", autouse=True)
def ids_of_their_own(request: pytest.FixtureRequest) -> None:
    """Refuse ids that several tests share: workers run a single one of them and say nothing."""
    times = Counter(item.nodeid for item in request.session.items)
    shared = [nodeid for nodeid, each in times.items() if each > 1]
    if shared and hasattr(request.config, "workerinput"):
        pytest.fail(f"only one test of each id would run; mark them `alone`: {', '.join(shared)}")


@pytest.fixture(scope="session", autouse=True)
def no_loop_outside_tests() -> None:
    """Set no loop on the main thread: looptime asks for one in every sync test, and nobody would close it."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a command configured of logging, so that no test hears another's."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    chatty = ("aiohttp.access", "alembic", "asyncio", "httpx2", "httpcore2")
    quiet = {name: logging.getLogger(name).level for name in chatty}
    yield
    root.setLevel(level)
    root.handlers[:] = handlers
    for name, before in quiet.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[real_servers.Servers]:
    """Start real servers for one test; all are stopped at its end."""
    pool = real_servers.Servers(tmp_path / "servers")
    try:
        yield pool
    finally:
        pool.stop()


@pytest.fixture(scope="module")
def module_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[real_servers.Servers]:
    """Start real servers that all tests of a module share."""
    pool = real_servers.Servers(tmp_path_factory.mktemp("servers"))
    try:
        yield pool
    finally:
        pool.stop()


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Path of promtool."""
    return real_servers.binary("promtool")


@pytest.fixture(scope="session")
def promtool3() -> Path:
    """Path of the promtool of Prometheus 3; `make test-slow` builds it."""
    return real_servers.binary("promtool3")


@pytest.fixture(scope="session")
def amtool() -> Path:
    """Path of amtool."""
    return real_servers.binary("amtool")


@pytest.fixture(scope="session")
def helm() -> Path:
    """Path of helm."""
    return real_servers.binary("helm")


@pytest.fixture(scope="session")
def postgres() -> Iterator[real_postgres.Postgres]:
    """One PostgreSQL for all tests; make a database in it for each."""
    server = real_postgres.Postgres()
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
def postgres_url(postgres: real_postgres.Postgres) -> Iterator[str]:
    """An empty database."""
    url = postgres.new_database()
    yield url
    postgres.drop(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> StorageSpec:
    """Where an empty store may be made, on each engine."""
    if request.param == "sqlite":
        return StorageSpec(url=f"sqlite:///{tmp_path / 'aiops.db'}", backups=3)
    return StorageSpec(url=request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(storage: StorageSpec) -> AsyncIterator[SqlStore]:
    """An empty store, on each engine."""
    async with store_world.opened(storage) as opened:
        yield opened
