"""Plain values of an Alertmanager configuration, read with the place in every error.

Enters: a value as YAML gave it (numbers and booleans may be words) and where it stands. Leaves: the value that is
meant. Raises ValueError as `route.routes[2].group_wait: no duration; ...`. Never repeats a value that may be secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiops_daemon.core.model.durations import parse_duration

_TRUE = frozenset({"true", "yes", "on", "y"})
_FALSE = frozenset({"false", "no", "off", "n", ""})


def mapping(value: object, place: str) -> Mapping[str, Any]:
    """Read a mapping; nothing at all is an empty one."""
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        raise ValueError(f"{place}: must be a mapping")
    return {str(key): inner for key, inner in value.items()}


def sequence(value: object, place: str) -> list[Any]:
    """Read a list; nothing at all is an empty one."""
    if value is None or value == "":
        return []
    if not isinstance(value, list | tuple):
        raise ValueError(f"{place}: must be a list")
    return list(value)


def text(value: object, place: str) -> str:
    """Read a scalar as the text that Alertmanager takes it for."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"{place}: must be text")


def texts(value: object, place: str) -> tuple[str, ...]:
    """Read a list of texts."""
    return tuple(text(item, f"{place}[{index}]") for index, item in enumerate(sequence(value, place)))


def flag(value: object, place: str) -> bool:
    """Read a boolean."""
    word = text(value, place).lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{place}: must be true or false")
    return word in _TRUE


def seconds(value: object, place: str) -> float:
    """Read a duration."""
    try:
        return parse_duration(text(value, place))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
