"""One daemon to a state folder: two would overwrite what the other learned.

Enters: a folder. Leaves: a claim on it that ends with the process at the latest, so that a kill leaves nothing to
clean up. Synchronous: callers use a thread.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, field
from pathlib import Path

from aiops_daemon.errors import StateFileError, StateTakenError

ANOTHER_FOLDER = "stop that one, or give this one a folder of its own: --storage.url=sqlite:////path/to/aiops.db"

_LOCK = "lock"


@dataclass(slots=True)
class Claim:
    """A folder that this process holds; `descriptor` is the open lock file."""

    descriptor: int

    def release(self) -> None:
        """Give the folder up; idempotent."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def claim(directory: Path, *, remedy: str = ANOTHER_FOLDER) -> Claim:
    """Make the folder and hold it; raises StateTakenError, or StateFileError when it cannot be written.

    A file system that knows no locks lets everybody in.
    """
    path = directory / _LOCK
    try:
        directory.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StateFileError(f"{error.filename or path}: {error.strerror or error}") from error
    held = Claim(descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except BlockingIOError as error:
        holder = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
        held.release()
        raise StateTakenError(
            f"{directory.absolute()} is in use by another aiops-daemon (process {holder}); {remedy}"
        ) from error
    except OSError:  # no locks here, or no room for the number: both are told where it matters, when state is saved
        pass
    return held


@dataclass(slots=True)
class Claims:
    """All folders that one daemon holds: a reload may add one."""

    _held: dict[Path, Claim] = field(default_factory=dict)

    def hold(self, directory: Path) -> None:
        """Claim a folder unless it is held already; raises as `claim`."""
        if directory not in self._held:
            self._held[directory] = claim(directory)

    def release(self) -> None:
        """Give every folder up; idempotent."""
        while self._held:
            self._held.popitem()[1].release()
