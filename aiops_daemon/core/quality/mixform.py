"""What alerts were made of, as bytes and back.

Enters: bins by source. Leaves: one line of JSON of a fixed form. What cannot be read is counted
anew.
"""

from __future__ import annotations

import json
import zlib
from collections import deque

import numpy as np

from aiops_daemon.core.quality.mix import MOST_SOURCES, WINDOW, Bin, Pasts

_FORM = 1
_WHOLE = np.dtype("<i4")
_MOST = 2**31 - 1
_MOST_BYTES = WINDOW * len(Bin._fields) * _WHOLE.itemsize


def export(pasts: Pasts) -> bytes:
    """Return all bins as bytes: per source six little-endian numbers a bin, packed by zlib, in hex."""
    sources = {source: _packed(past) for source, past in pasts.items()}
    return json.dumps({"form": _FORM, "sources": sources}, separators=(",", ":")).encode()


def load(written: bytes) -> Pasts | None:
    """Read what was exported; None when it cannot be read."""
    try:
        read = json.loads(written)
        if read["form"] != _FORM:
            return None
        return {str(source): _unpacked(packed) for source, packed in [*read["sources"].items()][:MOST_SOURCES]}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, zlib.error):
        return None


def _packed(past: deque[Bin]) -> str:
    rows = np.minimum(np.array([*past], dtype=np.int64), _MOST)
    return zlib.compress(rows.astype(_WHOLE).tobytes(), 1).hex()


def _unpacked(packed: str) -> deque[Bin]:
    numbers = zlib.decompressobj().decompress(bytes.fromhex(packed), _MOST_BYTES)
    rows = np.frombuffer(numbers, dtype=_WHOLE).reshape(-1, len(Bin._fields))
    if rows.size and (rows.min() < 0 or np.any(np.diff(rows[:, 0]) <= 0)):
        raise ValueError("bins come in order and count nothing below 0")
    return deque((Bin(*row) for row in rows.tolist()), maxlen=WINDOW)
