"""Where a daemon keeps its state: the folder, the database, what is learned; and that no other one is there.

Enters: settings. Leaves: paths, the store's full URL, the name of this replica, held folders. A folder that cannot be
written is told at the start, not when what was learned is lost.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from dataclasses import replace
from pathlib import Path

from aiops_daemon.core.model.settings import Settings, StorageSpec
from aiops_daemon.edges.store.claim import Claims
from aiops_daemon.edges.store.engine import sqlite_path
from aiops_daemon.errors import StateFileError, StateTakenError
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)


def folder(settings: Settings) -> Path:
    """Return the folder of state."""
    return Path(settings.storage_directory).absolute()


def learned_folder(settings: Settings) -> Path:
    """Return where learned state is saved."""
    return folder(settings) / "learned"


def storage(settings: Settings) -> StorageSpec:
    """Return where rows are kept, with a URL: a file in the folder unless another is given."""
    url = settings.storage.url or f"sqlite:///{folder(settings) / 'aiops.db'}"
    return replace(settings.storage, url=url)


def holder(spec: StorageSpec) -> str:
    """Name this replica in the lease. A SQLite file is locked by one process: after a kill the next need not wait."""
    return "the only one" if sqlite_path(spec) is not None else f"{socket.gethostname()}/{os.getpid()}"


async def hold_folder(claims: Claims, settings: Settings) -> None:
    """Hold the folder of state; raises StateTakenError."""
    try:
        await asyncio.to_thread(claims.hold, folder(settings))
    except StateTakenError:
        raise
    except StateFileError as error:
        remedy = "make it writable, or give another: --storage.url=sqlite:////path/to/aiops.db"
        log.warning("what is learned cannot be saved", extra=fields(err=error, remedy=remedy))


async def hold_database(claims: Claims, spec: StorageSpec) -> None:
    """Hold the folder of the database too, where it is another: two daemons must not share one file."""
    path = sqlite_path(spec)
    if path is None:
        return
    try:
        await asyncio.to_thread(claims.hold, path.parent.absolute())
    except StateTakenError:
        raise
    except StateFileError as error:
        log.debug("no lock beside the database", extra=fields(err=error))  # opening it says what is wrong
