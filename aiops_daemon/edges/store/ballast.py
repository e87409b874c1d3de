"""Room kept for a full disk: a file beside the database that is given up when nothing else can be written.

Enters: the database's folder. Leaves: the file, or its room. While it is given up, new alerts are refused (Alertmanager
keeps them and tries again), so that the room serves what is known already: processing it, and deleting what is old.
Synchronous; only the writer's thread calls it.
"""

from __future__ import annotations

import os
from pathlib import Path

from aiops_daemon.errors import StoreError, StoreReason

SIZE = 16 * 1024 * 1024
SHARE = 8  # never more than an eighth of the disk
NAME = "ballast"
_BLOCK = 512  # what st_blocks counts


class Ballast:
    """The file; `None` as folder is a database that keeps its own room."""

    def __init__(self, folder: Path | None) -> None:
        self._path = folder / NAME if folder else None
        self.given_up = False

    def make(self) -> bool:
        """Take the room unless it is taken, and only while as much stays free beside it; say whether it is taken."""
        if self._path is None:
            return True
        try:
            self.given_up = not self._allocate(self._path)
        except OSError:
            self.give_up()
        return not self.given_up

    def give_up(self) -> None:
        """Free the room."""
        if self._path is not None:
            self.given_up = True
            try:
                self._path.unlink(missing_ok=True)
            except OSError:  # the folder is read-only or gone: what is written next says so
                return

    def check(self) -> None:
        """Raise StoreError while the disk is too full to take the room again."""
        if self.given_up and not self.make():
            raise StoreError(
                StoreReason.FULL,
                f"{self._path}: the disk is nearly full and new alerts are refused; free space on that disk, "
                "writing goes on by itself",
            )

    def _allocate(self, path: Path) -> bool:
        disk = os.statvfs(path.parent)
        size = min(SIZE, disk.f_blocks * disk.f_frsize // SHARE)
        taken = path.stat().st_blocks * _BLOCK if path.exists() else 0
        if taken >= size:
            return True
        if disk.f_bavail * disk.f_frsize < 2 * size:
            return False
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)
        return True
