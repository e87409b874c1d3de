"""The bytes of one state file: magic, version, header, label texts, arrays, checksum.

Enters: a stream's name and its learned state, or an open file. Leaves: the other one. Everything is little
endian; sizes are written down before the bytes, and must add up to the file's size before memory is taken.
Never unpickles, never returns a state whose checksum over the whole file does not hold, and never holds a
second copy of an array: arrays travel in pieces of 4 MiB.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.learned import LearnedState

VERSION = 1
_MAGIC = b"AIOPSLRN"
_PREAMBLE = struct.Struct("<8sII")  # magic, version, header length
_DIGEST = 32
_PIECE = 4 * 1024 * 1024
_ROWS = 8_192  # label texts encoded at a time
_HEADER_MAX = 1024 * 1024
_ARRAYS_MAX = 256
_DIMENSIONS_MAX = 4
_LENGTHS = "<u4"
_DTYPES = frozenset({"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8"})


class BrokenStateError(Exception):
    """The bytes are not a whole state file; the message says what is wrong with them."""


class OtherVersionError(Exception):
    """The file was written by another version of the format, named by `version`."""

    def __init__(self, version: int) -> None:
        super().__init__(f"format version {version}, this release reads version {VERSION}")
        self.version = version


def write(stream: BinaryIO, name: str, state: LearnedState) -> None:
    """Write one state; raises ValueError for an array that is not of plain numbers."""
    lengths = np.fromiter((len(_encode(text)) for text in state.texts), dtype=_LENGTHS, count=len(state.texts))
    header = {
        "name": name,
        "meta": dict(state.meta),
        "rows": len(state.texts),
        "text_bytes": int(lengths.sum(dtype=np.int64)),
        "arrays": [[key, _dtype(key, array), list(array.shape)] for key, array in state.arrays.items()],
    }
    encoded = json.dumps(header).encode()
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for piece in _pieces(encoded, lengths, state):
        digest.update(piece)
        stream.write(piece)
    stream.write(digest.digest())


def _pieces(header: bytes, lengths: NDArray[Any], state: LearnedState) -> Iterator[bytes | memoryview]:
    yield _PREAMBLE.pack(_MAGIC, VERSION, len(header)) + header
    yield from _blocks(lengths)
    for low in range(0, len(state.texts), _ROWS):
        yield _encode("".join(state.texts[low : low + _ROWS]))
    for array in state.arrays.values():
        yield from _blocks(array)


def _blocks(array: NDArray[Any]) -> Iterator[memoryview]:
    """Yield an array's bytes in C order, a few whole rows at a time."""
    if array.size == 0:
        return
    rows = array.reshape(1) if array.ndim == 0 else array
    stride = max(1, _PIECE // max(1, rows[:1].nbytes))
    for low in range(0, len(rows), stride):
        block = np.ascontiguousarray(rows[low : low + stride], dtype=array.dtype.newbyteorder("<"))
        yield _bytes(block)


def _bytes(array: NDArray[Any]) -> memoryview:
    """Look at a contiguous array as bytes, without a copy."""
    return array.reshape(-1).view(np.uint8).data


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON labels may hold lone surrogates


def _dtype(key: str, array: NDArray[Any]) -> str:
    name = array.dtype.newbyteorder("<").str
    if name not in _DTYPES:
        raise ValueError(f"array {key!r} of type {array.dtype} is not of plain numbers")
    if array.ndim > _DIMENSIONS_MAX:
        raise ValueError(f"array {key!r} has {array.ndim} dimensions")
    return name


class _Reader:
    """Reads exact lengths and hashes what it read."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = os.fstat(stream.fileno()).st_size
        self.digest = hashlib.blake2b(digest_size=_DIGEST)

    def take(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        if length > self.size:
            raise BrokenStateError("truncated")
        taken = self._stream.read(length)
        if len(taken) != length:
            raise BrokenStateError("truncated")
        self.digest.update(taken)
        return taken

    def fill(self, array: NDArray[Any]) -> NDArray[Any]:
        """Fill a fresh array with the next bytes."""
        view = _bytes(array)
        for low in range(0, len(view), _PIECE):
            piece = view[low : low + _PIECE]
            if self._stream.readinto(piece) != len(piece):  # type: ignore[attr-defined]
                raise BrokenStateError("truncated")
            self.digest.update(piece)
        return array

    def check_end(self) -> None:
        """Compare the checksum that ends the file."""
        expected = self.digest.digest()
        if self._stream.read(_DIGEST + 1) != expected:
            raise BrokenStateError("checksum does not match")


def read(stream: BinaryIO) -> tuple[str, LearnedState]:
    """Return the stream's name and its state; raises BrokenStateError or OtherVersionError."""
    reader = _Reader(stream)
    magic, version, length = _PREAMBLE.unpack(reader.take(_PREAMBLE.size))
    if magic != _MAGIC:
        raise BrokenStateError("not a state file")
    if version != VERSION:
        raise OtherVersionError(version)
    if length > _HEADER_MAX:
        raise BrokenStateError(f"a header of {length} bytes")
    header = _Header(reader.take(length))
    if _PREAMBLE.size + length + header.body_bytes + _DIGEST != reader.size:
        raise BrokenStateError("the sizes in its header do not add up to the file's")
    lengths = reader.fill(np.empty(header.rows, dtype=_LENGTHS))
    blob = reader.take(header.text_bytes)
    arrays = {key: reader.fill(np.empty(shape, dtype=dtype)) for key, dtype, shape in header.arrays}
    reader.check_end()
    return header.name, LearnedState(header.meta, _texts(lengths, blob), arrays)


def _texts(lengths: NDArray[Any], blob: bytes) -> list[str]:
    ends = np.cumsum(lengths, dtype=np.int64).tolist()
    if (ends[-1] if ends else 0) != len(blob):
        raise BrokenStateError("label texts do not fill their section")
    try:
        return [blob[start:end].decode("utf-8", "surrogatepass") for start, end in pairwise([0, *ends])]
    except UnicodeDecodeError as error:
        raise BrokenStateError("a label text is not UTF-8") from error


class _Header:
    """The header, with every field checked: it is read before the checksum can be."""

    def __init__(self, encoded: bytes) -> None:
        try:
            fields = json.loads(encoded)
            self.name: str = _of(str, fields["name"])
            self.meta: dict[str, str | int | float] = _meta(fields["meta"])
            self.rows: int = _count(fields["rows"])
            self.text_bytes: int = _count(fields["text_bytes"])
            self.arrays: list[tuple[str, str, tuple[int, ...]]] = [_array(entry) for entry in fields["arrays"]]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenStateError("its header cannot be read") from error
        if len(self.arrays) > _ARRAYS_MAX:
            raise BrokenStateError(f"{len(self.arrays)} arrays")

    @property
    def body_bytes(self) -> int:
        """Sum what follows the header, the checksum aside."""
        sizes = (np.dtype(dtype).itemsize * math.prod(shape) for _, dtype, shape in self.arrays)
        return self.rows * np.dtype(_LENGTHS).itemsize + self.text_bytes + sum(sizes)


def _array(entry: Any) -> tuple[str, str, tuple[int, ...]]:
    key, dtype, shape = entry
    lengths = tuple(_count(length) for length in shape)
    if dtype not in _DTYPES or len(lengths) > _DIMENSIONS_MAX or math.prod(max(1, n) for n in lengths) >= 2**48:
        raise ValueError("an array that was never written")
    return _of(str, key), dtype, lengths


def _meta(fields: Any) -> dict[str, str | int | float]:
    if not isinstance(fields, dict) or not all(isinstance(value, str | int | float) for value in fields.values()):
        raise ValueError("meta holds plain values only")
    return fields


def _of(kind: type[str], value: Any) -> str:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{value!r} is no count")
    return value
