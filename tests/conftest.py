"""Fixtures that every test may use: real servers and tools.

What starts a real server lives in real_servers.py; fakes live beside the tests that use them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import real_servers


@pytest.fixture(scope="session", autouse=True)
def no_loop_outside_tests() -> None:
    """Set no loop on the main thread: looptime asks for one in every sync test, and nobody would close it."""
    asyncio.set_event_loop(None)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Take back what a command configured of logging, so that no test hears another's."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    quiet = {name: logging.getLogger(name).level for name in ("aiohttp.access", "asyncio")}
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
def amtool() -> Path:
    """Path of amtool."""
    return real_servers.binary("amtool")


@pytest.fixture(scope="session")
def helm() -> Path:
    """Path of helm."""
    return real_servers.binary("helm")
