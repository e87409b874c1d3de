"""Time intervals of an Alertmanager configuration: `time_intervals` and the older `mute_time_intervals`.

Enters: the two lists as YAML gave them. Leaves: named intervals that say whether a moment lies inside. Raises
ValueError with the place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from aiops_daemon.core.alertmanager.reading import mapping, sequence, text
from aiops_daemon.core.model import ranges
from aiops_daemon.core.model.timeinterval import NamedIntervals, Range, TimeInterval


def read_intervals(config: Mapping[str, Any]) -> dict[str, NamedIntervals]:
    """Read both lists; a name stands for what is said of it once."""
    found: dict[str, NamedIntervals] = {}
    for key in ("mute_time_intervals", "time_intervals"):
        for index, item in enumerate(sequence(config.get(key), key)):
            named = _named(mapping(item, f"{key}[{index}]"), f"{key}[{index}]")
            if named.name in found:
                raise ValueError(f"{key}[{index}].name: two time intervals are called {named.name!r}")
            found[named.name] = named
    return found


def _named(item: Mapping[str, Any], place: str) -> NamedIntervals:
    name = text(item.get("name"), f"{place}.name")
    if not name:
        raise ValueError(f"{place}.name: a time interval must have a name")
    entries = sequence(item.get("time_intervals"), f"{place}.time_intervals")
    places = [f"{place}.time_intervals[{index}]" for index in range(len(entries))]
    return NamedIntervals(name, tuple(_interval(mapping(*pair), pair[1]) for pair in zip(entries, places, strict=True)))


def _interval(item: Mapping[str, Any], place: str) -> TimeInterval:
    return TimeInterval(
        times=tuple(_times(mapping(at, f"{place}.times"), place) for at in sequence(item.get("times"), place)),
        weekdays=_ranges(item, "weekdays", place, ranges.weekdays),
        days_of_month=_ranges(item, "days_of_month", place, ranges.days_of_month),
        months=_ranges(item, "months", place, ranges.months),
        years=_ranges(item, "years", place, ranges.years),
        location=_location(text(item.get("location"), f"{place}.location"), place),
    )


def _times(item: Mapping[str, Any], place: str) -> Range:
    try:
        return ranges.times(text(item.get("start_time"), place), text(item.get("end_time"), place))
    except ValueError as error:
        raise ValueError(f"{place}.times: {error}") from None


def _ranges(item: Mapping[str, Any], key: str, place: str, read: Callable[[str], Range]) -> tuple[Range, ...]:
    at = f"{place}.{key}"
    try:
        return tuple(read(text(each, at)) for each in sequence(item.get(key), at))
    except ValueError as error:
        raise ValueError(f"{at}: {str(error).removeprefix(f'{at}: ')}") from None


def _location(name: str, place: str) -> str:
    """Check the name of a time zone; `Local` is the zone of Alertmanager's machine, which nobody tells us."""
    try:
        ZoneInfo(name or "UTC")
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        why = (
            "is the zone of Alertmanager's machine: write its name" if name == "Local" else "is no time zone known here"
        )
        raise ValueError(f"{place}.location: {name!r} {why}") from None
    return name or "UTC"
