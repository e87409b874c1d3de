"""Text and lists as both databases can hold them: the one place where what they cannot hold is replaced.

Enters: any Python string, label set or list of pairs. Leaves: text that both databases take, or compact JSON of it.
U+0000 (PostgreSQL refuses it) and lone surrogates (UTF-8 cannot carry them) become U+FFFD. Never raises for odd text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from aiops_daemon.core.model.labels import Labels

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_Value = TypeVar("_Value")

_encode = msgspec.json.Encoder().encode
_decode_labels = msgspec.json.Decoder(dict[str, str]).decode
_decode_sets = msgspec.json.Decoder(tuple[dict[str, str], ...]).decode
_decode_pairs = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode
_decode_names = msgspec.json.Decoder(tuple[str, ...]).decode


def storable(text: str) -> str:
    """Replace what a text column cannot hold."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub("\ufffd", text)


def labels_text(labels: Labels) -> str:
    """Write a label set as a compact JSON object, in its order."""
    if not labels:
        return "{}"
    text = _json(dict(labels))
    if text is None:
        text = _encode({storable(name): storable(value) for name, value in labels}).decode()
    return text


def labels_of(text: str) -> Labels:
    """Read a label set back."""
    return tuple(_decode_labels(text).items())


def label_sets_text(sets: Iterable[Labels]) -> str:
    """Write several label sets as a JSON list of objects."""
    return f"[{','.join(map(labels_text, sets))}]"


def label_sets_of(text: str) -> tuple[Labels, ...]:
    """Read several label sets back."""
    return tuple(tuple(one.items()) for one in _decode_sets(text))


def pairs_text(pairs: tuple[tuple[str, str], ...]) -> str:
    """Write pairs, which may repeat, as a compact JSON list of lists."""
    if not pairs:
        return "[]"
    return _encode([(storable(left), storable(right)) for left, right in pairs]).decode()


def pairs_of(text: str) -> tuple[tuple[str, str], ...]:
    """Read pairs back."""
    return _decode_pairs(text) if text != "[]" else ()


def names_text(names: Iterable[str]) -> str:
    """Write names as a compact JSON list."""
    return _encode([storable(name) for name in names]).decode()


def names_of(text: str) -> tuple[str, ...]:
    """Read names back."""
    return _decode_names(text)


def string_json(text: str) -> str:
    """Write one string as it stands within stored JSON, quotes included."""
    return _encode(storable(text)).decode()


def _json(value: object) -> str | None:
    """Encode; None when the text holds something that must be replaced first."""
    try:
        text = _encode(value).decode()
    except UnicodeEncodeError:
        return None
    return None if "\\u0000" in text else text
