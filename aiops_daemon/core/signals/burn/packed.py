"""Budgets in a tenth of their size, for a file that is written every five minutes.

Enters: what budgets export, a row a group. Leaves: the same with buckets as compressed bytes, and back. Sums are
rounded to 24 bits, a part in sixteen million; a second rounding changes nothing. What earlier versions saved is read.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BUCKETS = ("fine", "coarse", "errors_fine", "errors_coarse")
_LEVEL = 1  # the fastest: what is even is bad events, mostly none, and known seconds
_MOST_COLUMNS = 1_000_000
Arrays = Mapping[str, NDArray[Any]]


def packed(exported: Arrays) -> dict[str, NDArray[Any]]:
    """Compress the buckets, shape (groups, 3, 1 + n) with the newest index first; each group by itself."""
    found: dict[str, NDArray[Any]] = {}
    for name, array in exported.items():
        found |= _packed(name, array) if name in _BUCKETS else {name: array}
    return found


def unpacked(saved: Arrays) -> dict[str, NDArray[Any]]:
    """Return what was packed; raises ValueError for bytes that are not."""
    made = {f"{name}_{part}" for name in _BUCKETS for part in ("head", "columns", "sizes", "bytes")}
    found = {name: array for name, array in saved.items() if name not in made}
    try:
        return found | {name: _unpacked(name, saved) for name in _BUCKETS if f"{name}_bytes" in saved}
    except (zlib.error, KeyError) as error:
        raise ValueError(f"saved burn buckets cannot be unpacked: {error}") from error


def _packed(name: str, array: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    pieces = [zlib.compress(_shuffled(group), _LEVEL) for group in array[:, :, 1:]]
    return {
        f"{name}_head": array[:, 0, 0],
        f"{name}_columns": np.full(len(array), array.shape[2] - 1, dtype=np.int64),
        f"{name}_sizes": np.array([len(piece) for piece in pieces], dtype=np.int64),
        f"{name}_bytes": np.frombuffer(b"".join(pieces), dtype=np.uint8),
    }


def _shuffled(group: NDArray[np.float64]) -> bytes:
    """Return the first bytes of all numbers, then the second ones: alike stands beside alike."""
    return np.ascontiguousarray(group, dtype="<f4").reshape(-1).view(np.uint8).reshape(-1, 4).T.tobytes()


def _unpacked(name: str, saved: Arrays) -> NDArray[np.float64]:
    head, columns, sizes = (np.atleast_1d(saved[f"{name}_{part}"]) for part in ("head", "columns", "sizes"))
    every, ends = saved[f"{name}_bytes"].tobytes(), np.cumsum(sizes)
    width = int(columns[0]) if len(columns) else 0
    if not len(head) == len(columns) == len(sizes) or (columns != width).any() or not 0 <= width <= _MOST_COLUMNS:
        raise ValueError("saved burn buckets have the wrong shape")
    found = np.empty((len(head), 3, width + 1))
    found[:, :, 0] = head[:, None]
    for row, (end, size) in enumerate(zip(ends.tolist(), sizes.tolist(), strict=True)):
        reader = zlib.decompressobj()
        plain = reader.decompress(every[end - size : end], 12 * width + 1)
        if len(plain) != 12 * width or not reader.eof:
            raise ValueError("saved burn buckets have the wrong length")
        numbers = np.ascontiguousarray(np.frombuffer(plain, dtype=np.uint8).reshape(4, -1).T).view("<f4")
        found[row, :, 1:] = numbers.reshape(3, width)
    return found
