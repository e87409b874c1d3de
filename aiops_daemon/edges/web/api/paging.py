"""Parameters and pages of a list.

Enters: query parameters, and all items that fit them in a total order. Leaves: one page and the cursor of the
next. A cursor names the last item served, so items that come and go neither repeat nor hide others.
Never ignores a parameter that it does not know.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

import msgspec
from multidict import MultiMapping

from aiops_daemon.edges.web.problem import ProblemError

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000

Item = TypeVar("Item")
Key = tuple[float | str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Checked parameters: filters by name, how many, and after which item."""

    filters: Mapping[str, str]
    limit: int
    after: Key | None


def read(given: MultiMapping[str], choices: Mapping[str, tuple[str, ...]], key: tuple[type, ...]) -> Asked:
    """Check parameters; `choices` names the filters and their values (none: any text), `key` the cursor's types.

    Raises a 400 ProblemError that lists every fault.
    """
    known = [*choices, "limit", "cursor"]
    faults = [*unknown(given, known), *repeated(given, known), *_not_chosen(given, choices)]
    limit = whole_number(given.get("limit", str(DEFAULT_LIMIT)), MAX_LIMIT)
    if limit is None:
        faults.append(f"limit must be a whole number from 1 to {MAX_LIMIT}")
    after = _decode(given["cursor"], key) if "cursor" in given else None
    if "cursor" in given and after is None:
        faults.append("cursor is not one that this list gave out")
    if faults or limit is None:
        raise ProblemError(400, "The request has parameters that do not fit.", faults)
    return Asked({name: given[name] for name in choices if name in given}, limit, after)


def page(items: Sequence[Item], key: Callable[[Item], Key], asked: Asked) -> tuple[list[Item], str | None]:
    """Cut the page after the cursor from `items`, which this sorts by `key`; keys are unique."""
    ordered = sorted(items, key=key)
    rest = ordered if asked.after is None else [item for item in ordered if key(item) > asked.after]
    chosen = rest[: asked.limit]
    return chosen, _encode(key(chosen[-1])) if len(rest) > asked.limit else None


def unknown(given: MultiMapping[str], known: Sequence[str]) -> list[str]:
    """Name every parameter that nobody knows, with the one that may have been meant."""
    faults = []
    for name in dict.fromkeys(given):
        if name not in known:
            close = get_close_matches(name, known, 1)
            faults.append(f"{name}: unknown parameter; " + (f"did you mean {close[0]}?" if close else _known(known)))
    return faults


def repeated(given: MultiMapping[str], once: Sequence[str]) -> list[str]:
    """Name every parameter that may be given once and is given more often."""
    return [f"{name} is given more than once" for name in once if len(given.getall(name, ())) > 1]


def whole_number(text: str, most: int) -> int | None:
    """Read a whole number from 1 to `most`; None when it is none."""
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        return None
    return int(text) if 1 <= int(text) <= most else None


def _known(known: Sequence[str]) -> str:
    return f"known are {', '.join(known)}"


def _not_chosen(given: MultiMapping[str], choices: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [
        f"{name} must be one of {', '.join(values)}"
        for name, values in choices.items()
        if values and name in given and given[name] not in values
    ]


def _encode(key: Key) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).rstrip(b"=").decode()


def _decode(cursor: str, types: tuple[type, ...]) -> Key | None:
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        decoded: Key = msgspec.json.decode(raw, type=tuple[types])  # type: ignore[valid-type]
    except (msgspec.DecodeError, binascii.Error, UnicodeError):
        return None
    return decoded
