"""A daemon as a process that shares its store, a PostgreSQL, with others.

Enters: a folder of its own, the URL of the database. Leaves: who leads, as the database has it.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
from daemon_process import DaemonProcess


class Replica(DaemonProcess):
    """A daemon that shares its store with others."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder)
        self.database_url = database_url

    def configure(self, config: str) -> None:
        """Write its configuration file; the store is the shared one."""
        storage = f"storage: {{url: '{self.database_url}', directory: '{self.folder / 'state'}'}}"
        (self.folder / "config.yaml").write_text(f"{config}\n{storage}\n")

    def leads(self) -> bool:
        """Say whether it holds the lease, as the database has it."""
        return holder(self.database_url).endswith(f"/{self.pid}")


def holder(url: str) -> str:
    """Return who holds the lease, or held it last."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT holder FROM leases WHERE name = 'desk'").fetchone()
    return str(row[0]) if row else ""
