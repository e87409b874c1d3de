"""Learned state on disk: one file a stream, replaced atomically.

Enters: states by stream name. Leaves: the same after a restart, and a note for every file that could not be
used; such a file is set aside under another name, never deleted and never a crash. What the operating system
refuses (permissions, a full disk) is a StateFileError. Synchronous: flows call it in a thread.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from aiops_daemon.core.model.learned import LearnedState, Loaded
from aiops_daemon.edges.durable import sync_directory
from aiops_daemon.edges.store import stateformat
from aiops_daemon.errors import StateFileError

__all__ = ["LearnedState", "Loaded", "file_name", "load", "prune", "save"]

_SUFFIX = ".state"
_UNFINISHED = ".state.tmp"
_UNSAFE = re.compile(r"[^a-zA-Z0-9_-]+")
_ASIDE_MAX = 9  # files set aside per name; the last one is overwritten, so a fault cannot fill the disk


def file_name(stream: str) -> str:
    """Name the file of a stream: a readable prefix and a hash, safe whatever the stream is called."""
    digest = hashlib.blake2b(stream.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{_UNSAFE.sub('_', stream)[:40]}-{digest}{_SUFFIX}"


def save(directory: Path, states: Mapping[str, LearnedState]) -> None:
    """Write each stream's file, whole or not at all; other streams' files stay. Raises StateFileError."""
    with _refusals_mapped(directory):
        directory.mkdir(parents=True, exist_ok=True)
        for name, state in states.items():
            _replace(directory / file_name(name), name, state)
        sync_directory(directory)


def load(directory: Path) -> Loaded:
    """Read every state file; a folder that does not exist yet holds none. Raises StateFileError."""
    states: dict[str, LearnedState] = {}
    notes: list[str] = []
    with _refusals_mapped(directory):
        _remove(directory, _UNFINISHED)
        for path in _files(directory, _SUFFIX):
            _load_one(path, states, notes)
    return Loaded(states, tuple(notes))


def prune(directory: Path, keep: set[str]) -> tuple[str, ...]:
    """Delete the files of all streams but `keep`; return the deleted files' names. Raises StateFileError."""
    wanted = {file_name(stream) for stream in keep}
    with _refusals_mapped(directory):
        return _remove(directory, _SUFFIX, but=wanted)


def _files(directory: Path, suffix: str) -> list[Path]:
    """List files in order of name; unlike glob, let the system's refusals be heard."""
    try:
        paths = sorted(directory.iterdir())
    except FileNotFoundError:
        return []
    return [path for path in paths if path.name.endswith(suffix) and path.is_file()]


def _remove(directory: Path, suffix: str, but: Collection[str] = ()) -> tuple[str, ...]:
    gone = [path for path in _files(directory, suffix) if path.name not in but]
    for path in gone:
        path.unlink()
    return tuple(path.name for path in gone)


def _replace(path: Path, name: str, state: LearnedState) -> None:
    # Named for its thread: a save that a stop has given up still writes when the last save begins.
    unfinished = path.with_name(f"{path.name.removesuffix(_SUFFIX)}-{threading.get_ident()}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as stream:
            stateformat.write(stream, name, state)
            stream.flush()
            os.fsync(stream.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _load_one(path: Path, states: dict[str, LearnedState], notes: list[str]) -> None:
    try:
        with path.open("rb") as stream:
            name, state = stateformat.read(stream)
    except stateformat.OtherVersionError as error:
        notes.append(_set_aside(path, f"v{error.version}", str(error)))
    except stateformat.BrokenStateError as error:
        notes.append(_set_aside(path, "corrupt", str(error)))
    else:
        if path.name == file_name(name):
            states[name] = state
        else:
            notes.append(_set_aside(path, "corrupt", f"it belongs to stream {name!r}"))


def _set_aside(path: Path, kind: str, reason: str) -> str:
    """Rename a file that cannot be used and say so; its stream learns anew."""
    candidates = [path.with_name(f"{path.name}.{kind}-{number}") for number in range(1, _ASIDE_MAX + 1)]
    target = next((candidate for candidate in candidates if not candidate.exists()), candidates[-1])
    path.replace(target)
    return f"{path.name}: {reason}; set aside as {target.name}, its stream learns anew"


@contextmanager
def _refusals_mapped(directory: Path) -> Iterator[None]:
    """Turn what the operating system refuses into this edge's error."""
    try:
        yield
    except OSError as error:
        raise StateFileError(f"{error.filename or directory}: {error.strerror or error}") from error
