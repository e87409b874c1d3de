"""Label sets: parsing, adapting to external labels, and the text of the exposition format.

Enters: the raw JSON object of a series as Prometheus wrote it. Leaves: sorted name-value pairs and the
escaped text `a="x",b="y"` that the findings page, the API and the identity of a row all use.
Never decides what a label means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

Labels: TypeAlias = tuple[tuple[str, str], ...]

_NOT_LEGACY = re.compile(r"[^a-zA-Z0-9_]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def make(pairs: Mapping[str, str] | Iterable[tuple[str, str]]) -> Labels:
    """Sort pairs by name and drop empty values, which Prometheus treats as absent."""
    items = pairs.items() if isinstance(pairs, Mapping) else pairs
    return tuple(sorted((name, value) for name, value in items if value != ""))


def parse(raw: bytes) -> Labels:
    """Read the JSON label object of one series; raises ValueError when it is none."""
    decoded = json.loads(raw)
    if not isinstance(decoded, dict):
        raise ValueError("a label set must be a JSON object")
    return make({_whole(str(name)): _whole(str(value)) for name, value in decoded.items()})


def _whole(text: str) -> str:
    """Replace half characters (lone surrogates), which a JSON escape can name but UTF-8 cannot carry."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def adapt(labels: Labels, *, add: Labels = (), drop: frozenset[str] = frozenset()) -> Labels:
    """Remove `drop` (and `__name__`), then add `add` where the series does not say otherwise.

    Prometheus adds external labels the same way: a label of the series wins.
    """
    kept = {name: value for name, value in labels if name not in drop and name != "__name__"}
    return make(dict(add) | kept)


def escape(value: str) -> str:
    r"""Escape a label value for the exposition format: backslash, double quote and line feed."""
    return value.translate(_ESCAPES)


def legacy_name(name: str) -> str:
    """Return a label name that every Prometheus accepts; UTF-8 names become underscores."""
    clean = _NOT_LEGACY.sub("_", name)
    return f"_{clean}" if clean[:1].isdigit() else clean


def text(labels: Labels) -> str:
    """Render `a="x",b="y"`; equal label sets have equal text, so it serves as identity too."""
    return ",".join(f'{legacy_name(name)}="{escape(value)}"' for name, value in labels)


def get(labels: Labels, name: str, default: str = "") -> str:
    """Return the value of one label."""
    for key, value in labels:
        if key == name:
            return value
    return default
