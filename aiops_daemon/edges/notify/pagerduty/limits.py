"""PagerDuty's limits: beyond them it answers 400, and the page is lost.

Enters: a text, or an event with its details. Leaves: the same, cut to what is taken; what was left out is told in its
place. Never halves a character.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from typing import Any, TypeAlias

SUMMARY_UNITS = 1024  # characters, counted as UTF-16 does: the strictest reading
BODY_BYTES = 512_000  # 512 KB, in the stricter of its two readings
LEFT_OUT = "left out"
_KEY_BYTES = 100  # the routing key and its quotes, which the client adds
_TOLD_BYTES = 2_000  # what is said of what was left out
_CUT = "…"

Details: TypeAlias = dict[str, "str | int | list[str] | dict[str, str]"]


def cut(text: str, units: int) -> str:
    """Shorten a text to so many UTF-16 units, and mark the cut; a character is never halved."""
    if _units(text) <= units:
        return text
    room, kept = units - _units(_CUT), 0
    for end, character in enumerate(text):
        kept += _units(character)
        if kept > room:
            return text[:end] + _CUT
    return text


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def clean(text: str) -> str:
    """Replace what no JSON may carry as UTF-8: lone surrogates."""
    return text.encode("utf-8", "replace").decode("utf-8")


def fit(event: dict[str, Any], details: Details) -> None:
    """Put the details in, without the longest ones when the body would be too large; and say which these were."""
    payload = event["payload"]
    payload["custom_details"] = details
    over = _size(event) + _KEY_BYTES - BODY_BYTES
    if over <= 0:
        return
    parts = [(-_size(text), place) for place, text in _parts(details)]
    heapq.heapify(parts)
    dropped: dict[str, set[int | str]] = {}
    over += _TOLD_BYTES
    while over > 0 and parts:
        negative, (name, inner) = heapq.heappop(parts)
        over += negative
        dropped.setdefault(name, set()).add(inner)
    kept = {name: _without(value, dropped.get(name, set())) for name, value in details.items()}
    left_out = ", ".join(_told(name, inner, details[name]) for name, inner in dropped.items())
    payload["custom_details"] = {LEFT_OUT: cut(f"too long for PagerDuty: {left_out}", 500)} | {
        name: value for name, value in kept.items() if value is not None
    }


def _parts(details: Details) -> Iterator[tuple[tuple[str, int | str], str]]:
    """Yield every single text with its place."""
    for name, value in details.items():
        if isinstance(value, str):
            yield (name, ""), value
        elif isinstance(value, list):
            yield from (((name, index), text) for index, text in enumerate(value))
        elif isinstance(value, dict):
            yield from (((name, label), label + text) for label, text in value.items())


def _without(value: Any, dropped: set[int | str]) -> Any:
    if not dropped:
        return value
    if isinstance(value, list):
        return [text for index, text in enumerate(value) if index not in dropped] or None
    if isinstance(value, dict):
        return {label: text for label, text in value.items() if label not in dropped} or None
    return None


def _told(name: str, dropped: set[int | str], value: Any) -> str:
    return f"{name} ({len(dropped)} of {len(value)})" if isinstance(value, list | dict) else name


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
