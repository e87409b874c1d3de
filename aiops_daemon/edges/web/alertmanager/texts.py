"""Text and values of strangers, made harmless and bounded.

Enters: whatever JSON can say. Leaves: text that UTF-8 and PostgreSQL can carry (U+FFFD for NUL and half characters),
at most so long, with a mark where something was cut. Never refuses.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

import msgspec

MAX_VALUE_BYTES = 8 * 1024
MAX_EXTRA_BYTES = 8 * 1024
_MARK = "… [cut]"
_HARMFUL = re.compile("[\x00\ud800-\udfff]")
_LONGEST_INTEGER = 300  # digits; Python refuses to print more than 4,300, databases far fewer


def harmless(text: str) -> str:
    """Replace NUL and lone surrogates, which neither UTF-8 nor PostgreSQL can carry."""
    return _HARMFUL.sub("\ufffd", text)


def bounded(text: str, most: int = MAX_VALUE_BYTES) -> str:
    """Make harmless and cut to at most `most` bytes of UTF-8, the mark included."""
    clean = harmless(text)
    if len(clean) * 4 <= most or len(raw := clean.encode()) <= most:
        return clean
    return raw[: most - len(_MARK.encode())].decode("utf-8", "ignore") + _MARK


def lenient(raw: bytes) -> object:
    """Read JSON that msgspec refuses: half characters, numbers of any length. Raises ValueError when it is none."""
    return json.loads(raw.decode("utf-8", "replace"), parse_int=_integer, parse_float=_real)


def read(raw: bytes) -> object:
    """Read JSON of any kind; raises ValueError when it is none."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return lenient(raw)


def extra_text(fields: Mapping[str, object]) -> str:
    """Render unknown fields as a JSON object of at most 8 KiB; what does not fit is named in `truncated_fields`."""
    kept: dict[str, object] = {}
    left_out: list[str] = []
    room = MAX_EXTRA_BYTES - 1024  # the rest is for the names of what was left out
    for name, value in fields.items():
        member = {bounded(name, 128): _clean(value)}
        size = len(msgspec.json.encode(member))
        if size <= room:
            kept |= member
            room -= size
        elif len(left_out) < 7:
            left_out.extend(member)
    if left_out:
        kept["truncated_fields"] = left_out
    return msgspec.json.encode(kept).decode() if kept else ""


def _clean(value: object) -> object:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(str(name)): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return value


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INTEGER else digits


def _real(digits: str) -> float | str:
    number = float(digits)
    return number if math.isfinite(number) else digits
