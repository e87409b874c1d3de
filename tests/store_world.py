"""Stores for tests: opened, closed, and small values to put into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from aiops_daemon.clock import Clock, SystemClock
from aiops_daemon.core.model.inbox import Delivery, Quarantined, QuarantineReason
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.engine import PATIENCE, Patience
from aiops_daemon.edges.store.store import SqlStore, open_store


def sqlite_spec(folder: Path, *, backups: int = 3) -> StorageSpec:
    """Name a SQLite store in a folder."""
    return StorageSpec(url=f"sqlite:///{folder / 'aiops.db'}", backups=backups)


@asynccontextmanager
async def opened(
    spec: StorageSpec, clock: Clock | None = None, patience: Patience = PATIENCE
) -> AsyncIterator[SqlStore]:
    """Open a store and close it at the end."""
    store = await open_store(spec, clock or SystemClock(), patience=patience)
    try:
        yield store
    finally:
        await store.close()


def sqlite_store(folder: Path, clock: Clock | None = None) -> AbstractAsyncContextManager[SqlStore]:
    """Open a SQLite store in a folder: `async with sqlite_store(tmp_path) as store`."""
    return opened(sqlite_spec(folder), clock)


def delivery(body: bytes | str = b'{"alerts": []}', *, at: float = 1_000.0, source: str = "am") -> Delivery:
    """Make a delivery."""
    return Delivery(source, body.encode() if isinstance(body, str) else body, at)


def refused(detail: str = "no JSON", *, body: bytes = b"{", at: float = 1_000.0) -> Quarantined:
    """Make something that was set aside."""
    return Quarantined(at, "am", "default", QuarantineReason.NOT_JSON, detail, body)
