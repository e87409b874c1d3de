"""Learned state survives a restart, and no broken file survives unnoticed."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import tempfile
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from aiops_daemon.edges.store.learned import LearnedState, file_name, load, prune, save
from aiops_daemon.errors import StateFileError

_STREAM = "eu1/checkout_p99"
_NOBODY = 65_534
_TOUCHES_ONE_FOLDER = [HealthCheck.function_scoped_fixture]


def _small() -> LearnedState:
    return LearnedState(
        {"expr": "up", "step": 60, "at": 1.5},
        ['a="x"', 'b="ü"'],
        {
            "level": np.array([1.0, np.nan]),
            "count": np.arange(6, dtype=np.int32).reshape(2, 3),
            "warm": np.array([True]),
        },
    )


def _same(expected: LearnedState, got: LearnedState) -> None:
    assert dict(expected.meta) == dict(got.meta)
    assert expected.texts == got.texts
    assert list(expected.arrays) == list(got.arrays)
    for key, array in expected.arrays.items():
        assert array.dtype.newbyteorder("=") == got.arrays[key].dtype.newbyteorder("=")
        np.testing.assert_array_equal(array, got.arrays[key])


def _written(folder: Path) -> tuple[Path, bytes]:
    save(folder, {_STREAM: _small()})
    path = folder / file_name(_STREAM)
    return path, path.read_bytes()


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    """Every stream comes back, whatever its name; nothing else lies in the folder."""
    names = [_STREAM, "../../etc/passwd", "x" * 300, "", "ü\ud800", "a b\n"]
    save(tmp_path / "deep" / "er", {name: _small() for name in names})
    loaded = load(tmp_path / "deep" / "er")

    assert () == loaded.notes
    assert set(names) == set(loaded.states)
    for state in loaded.states.values():
        _same(_small(), state)
    assert {file_name(name) for name in names} == {path.name for path in (tmp_path / "deep" / "er").iterdir()}
    assert ["deep"] == [path.name for path in tmp_path.iterdir()]


def test_saving_replaces_only_the_streams_named(tmp_path: Path) -> None:
    """A stream that is not saved this time keeps its file."""
    save(tmp_path, {"a": _small(), "b": _small()})
    save(tmp_path, {"b": LearnedState({"new": 1})})
    states = load(tmp_path).states

    assert {"new": 1} == states["b"].meta
    _same(_small(), states["a"])


def test_a_first_start_finds_nothing(tmp_path: Path) -> None:
    """A folder that does not exist is no fault."""
    loaded = load(tmp_path / "none")

    assert ({}, ()) == (loaded.states, loaded.notes)


def test_prune_deletes_other_streams(tmp_path: Path) -> None:
    """Only the streams named stay."""
    save(tmp_path, {"a": _small(), "b": _small()})

    assert (file_name("a"),) == prune(tmp_path, {"b"})
    assert ["b"] == list(load(tmp_path).states)


@given(
    meta=st.dictionaries(st.text(max_size=5), st.text(max_size=5) | st.integers() | st.floats(), max_size=3),
    texts=st.lists(st.text(st.characters(), max_size=8), max_size=5),
    array=arrays.arrays(
        st.sampled_from(["f2", "f4", "f8", "i4", "u8", "bool", ">f4"]),
        arrays.array_shapes(min_dims=0, max_dims=4, min_side=0),
    ),
)
@settings(max_examples=50, deadline=None, suppress_health_check=_TOUCHES_ONE_FOLDER)
def test_any_state_comes_back(tmp_path: Path, meta: dict[str, Any], texts: list[str], array: np.ndarray) -> None:
    """Meta, texts (lone surrogates too) and arrays of any shape and byte order survive."""
    save(tmp_path, {"s": LearnedState(meta, texts, {"whole": array, "turned": array.T})})
    loaded = load(tmp_path)

    assert () == loaded.notes
    got = loaded.states["s"]
    assert texts == got.texts
    assert repr(meta) == repr(dict(got.meta))
    np.testing.assert_array_equal(array, got.arrays["whole"])
    np.testing.assert_array_equal(array.T, got.arrays["turned"])


def test_every_flipped_byte_is_noticed(tmp_path: Path) -> None:
    """Whichever byte of the file changes, the file is set aside with a note that names it."""
    path, whole = _written(tmp_path)
    for index in range(len(whole)):
        path.write_bytes(whole[:index] + bytes([whole[index] ^ (1 << index % 8)]) + whole[index + 1 :])
        loaded = load(tmp_path)

        assert {} == loaded.states
        assert 1 == len(loaded.notes)
        assert loaded.notes[0].startswith(f"{path.name}: ")
        assert not path.exists()


def test_every_truncation_and_addition_is_noticed(tmp_path: Path) -> None:
    """A file cut at any length, or with bytes added, is set aside."""
    path, whole = _written(tmp_path)
    for changed in [*(whole[:length] for length in range(len(whole))), whole + b"\0", whole + whole]:
        path.write_bytes(changed)
        loaded = load(tmp_path)

        assert ({}, 1) == (loaded.states, len(loaded.notes))


@given(junk=st.binary(max_size=200), keep=st.integers(0, 60))
@settings(max_examples=50, deadline=None, suppress_health_check=_TOUCHES_ONE_FOLDER)
def test_junk_is_noticed(tmp_path: Path, junk: bytes, keep: int) -> None:
    """Any bytes after a genuine beginning are set aside."""
    path, whole = _written(tmp_path)
    path.write_bytes(whole[:keep] + junk)
    loaded = load(tmp_path)

    assert ({}, 1) == (loaded.states, len(loaded.notes))


@pytest.mark.parametrize("version", [0, 2, 2**32 - 1])
def test_another_version_is_set_aside(tmp_path: Path, version: int) -> None:
    """An older or newer format is kept under a name that tells its version."""
    path, whole = _written(tmp_path)
    path.write_bytes(whole[:8] + struct.pack("<I", version) + whole[12:])

    aside = f"{path.name}.v{version}-1"
    expected = f"{path.name}: format version {version}, this release reads version 1; set aside as {aside}"

    assert (f"{expected}, its stream learns anew",) == load(tmp_path).notes
    assert whole[12:] == (tmp_path / aside).read_bytes()[12:]


def test_files_set_aside_are_numbered_and_few(tmp_path: Path) -> None:
    """The ninth and later ones share a place, so a fault that repeats cannot fill the disk."""
    path = tmp_path / file_name("s")
    for number in range(12):
        path.write_bytes(b"%d" % number)
        load(tmp_path)

    assert {f"{path.name}.corrupt-{number}" for number in range(1, 10)} == {found.name for found in tmp_path.iterdir()}
    assert b"11" == (tmp_path / f"{path.name}.corrupt-9").read_bytes()


def test_a_file_under_another_streams_name_is_set_aside(tmp_path: Path) -> None:
    """A copied file does not overwrite what another stream learned."""
    path, whole = _written(tmp_path)
    (tmp_path / file_name("other")).write_bytes(whole)
    loaded = load(tmp_path)

    assert [_STREAM] == list(loaded.states)
    assert ["it belongs to stream 'eu1/checkout_p99'"] == [note.split(": ")[1].split(";")[0] for note in loaded.notes]
    assert path.exists()


def _forged(header: bytes, body: bytes = b"") -> bytes:
    content = struct.pack("<8sII", b"AIOPSLRN", 1, len(header)) + header + body
    return content + hashlib.blake2b(content, digest_size=32).digest()


def _fields(**changes: Any) -> bytes:
    fields = {"name": "s", "meta": {}, "rows": 0, "text_bytes": 0, "arrays": []}
    return json.dumps(fields | changes).encode()


@pytest.mark.parametrize(
    "content",
    [
        _forged(_fields(rows=2**62)),
        _forged(_fields(rows=-1)),
        _forged(_fields(rows=True)),
        _forged(_fields(text_bytes=2**40)),
        _forged(_fields(text_bytes=4), b"abcd"),
        _forged(_fields(arrays=[["a", "<f8", [2**61, 2**3]]])),
        _forged(_fields(arrays=[["a", "<f8", [0, 2**40, 2**40]]])),
        _forged(_fields(arrays=[["a", "<f8", [-1]]])),
        _forged(_fields(arrays=[["a", "|O", [0]]])),
        _forged(_fields(arrays=[["a", [], [0]]])),
        _forged(_fields(arrays=[["a", "<f8", [1, 1, 1, 1, 1]]]), b"\0" * 8),
        _forged(_fields(arrays=[["a", "<f8", [0]]] * 300)),
        _forged(_fields(arrays=7)),
        _forged(_fields(meta=[])),
        _forged(_fields(meta={"a": {}})),
        _forged(_fields(name=7)),
        _forged(_fields(rows=1, text_bytes=1), struct.pack("<I", 1) + b"\xff"),
        _forged(b"[" * 900_000),
        _forged(b"[]"),
        _forged(b" " * 1_100_000 + _fields()),
    ],
    ids=lambda content: content[16:70].strip().decode(errors="replace"),
)
def test_hostile_headers_are_set_aside(tmp_path: Path, content: bytes) -> None:
    """A header that lies, with a checksum that holds, takes no memory and crashes nothing."""
    (tmp_path / file_name("s")).write_bytes(content)
    tracemalloc.start()
    loaded = load(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert ({}, 1) == (loaded.states, len(loaded.notes))
    assert peak < 10_000_000


def test_remains_of_an_interrupted_save_are_removed(tmp_path: Path) -> None:
    """The old file is still whole, the half-written one goes."""
    path, _ = _written(tmp_path)
    half = path.with_name(path.name.removesuffix(".state") + ".state.tmp")
    half.write_bytes(b"half")

    _same(_small(), load(tmp_path).states[_STREAM])
    assert [path] == list(tmp_path.iterdir())


def test_an_array_of_objects_is_refused_and_the_old_file_stays(tmp_path: Path) -> None:
    """Nothing is pickled; a failed save leaves what was there."""
    path, whole = _written(tmp_path)
    for array in (np.array([object()]), np.array(["text"]), np.array([1j]), np.zeros((1,) * 5)):
        with pytest.raises(ValueError, match="array 'a'"):
            save(tmp_path, {_STREAM: LearnedState(arrays={"a": array})})

    assert whole == path.read_bytes()
    assert [path] == list(tmp_path.iterdir())


def test_what_the_system_refuses_is_a_state_file_error(tmp_path: Path) -> None:
    """A folder that is a file, and a file that cannot be replaced, are told with their path."""
    (tmp_path / "file").write_bytes(b"")
    blocked = tmp_path / "blocked"
    (blocked / file_name("s")).mkdir(parents=True)

    for action in (
        lambda: save(tmp_path / "file", {"s": _small()}),
        lambda: load(tmp_path / "file" / "below"),
        lambda: save(blocked, {"s": _small()}),
        lambda: save(Path("/proc/none"), {"s": _small()}),
    ):
        with pytest.raises(StateFileError, match=r"file|blocked|proc"):
            action()
    assert {} == load(blocked).states
    assert [file_name("s")] == [path.name for path in blocked.iterdir()]


@contextmanager
def _unprivileged() -> Iterator[None]:
    """Be nobody for a while where the tests run as root, to whom nothing is forbidden."""
    user = os.geteuid()
    os.seteuid(user or _NOBODY)
    try:
        yield
    finally:
        os.seteuid(user)


def test_missing_permissions_are_a_state_file_error() -> None:
    """A file or a folder that may not be read is told, not passed over."""
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders are closed to other users
        folder = Path(name)
        folder.chmod(0o755)
        path, _ = _written(folder)
        path.chmod(0o644)
        with _unprivileged():
            assert [_STREAM] == list(load(folder).states)

        for target in (path, folder):
            target.chmod(0)
            with pytest.raises(StateFileError, match="Permission denied"), _unprivileged():
                load(folder)
            target.chmod(0o755)


def test_large_state_is_not_doubled_in_memory(tmp_path: Path) -> None:
    """Saving and loading take little more than the state itself."""
    rows = 20_000
    state = LearnedState({}, [f'instance="{row}"' for row in range(rows)], {"slots": np.ones((rows, 336), np.float32)})
    own = state.arrays["slots"].nbytes
    tracemalloc.start()
    save(tmp_path, {"s": state})
    saving = tracemalloc.get_traced_memory()[1]
    tracemalloc.reset_peak()
    loaded = load(tmp_path)
    loading = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert saving < own / 2
    assert loading < own * 1.5
    assert rows == len(loaded.states["s"].texts)
