"""An Alertmanager's configuration as sections of ours: route, time_intervals, receivers.

Enters: a configuration as plain values, and the keys that our receivers know. Leaves: the sections as plain values, and
everything that was not carried over, with place and reason; never a value of what was left. Raises ValueError with the
place for what Alertmanager itself refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.alertmanager.channels import Keys, Left, channel, unused_globals
from aiops_daemon.core.alertmanager.names import Names
from aiops_daemon.core.alertmanager.reading import mapping, sequence, text
from aiops_daemon.core.alertmanager.tree import Route, read_tree
from aiops_daemon.core.model.matcher import Matcher

_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_GROUPING = ("group_by", "group_wait", "group_interval", "repeat_interval")
_GROUPED = "alerts are grouped into incidents, told once an incident (sections grouping and escalations)"
_SECTIONS = {
    "templates": "messages have templates of their own",
    "inhibit_rules": "Alertmanager goes on inhibiting, and this daemon asks it what is inhibited",
    "tracing": "this daemon has no tracing",
}
_CARRIED = ("global", "route", "receivers", "time_intervals", "mute_time_intervals", *_SECTIONS)


@dataclass(frozen=True, slots=True)
class Translation:
    """Sections of our configuration, and what is not in them."""

    values: dict[str, Any]
    left: tuple[Left, ...]


def translate(config: Mapping[str, Any], known: Keys) -> Translation:
    """Translate a whole configuration; `known` are the paths of keys below a receiver of ours."""
    tree = read_tree(config)
    left: list[Left] = [
        Left(key, _SECTIONS.get(key, "this daemon has no such section"))
        for key in config
        if config[key] and (key in _SECTIONS or key not in _CARRIED)
    ]
    kinds = [kind for one in tree.receivers.values() for kind in one if one[kind] and kind != "name"]
    left += unused_globals(mapping(config.get("global"), "global"), kinds, known)
    receivers, calendars = Names(), Names()
    intervals = list(_intervals(config, calendars, left))
    shown = [_receiver(one, f"receivers[{index}]", config, known, receivers, left)
             for index, one in enumerate(tree.receivers.values())]  # fmt: skip
    values: dict[str, Any] = {"route": _route(tree.root, receivers, calendars, left)}
    if intervals:
        values["time_intervals"] = intervals
    values["receivers"] = shown
    left += [
        Left(f"{section}.{there}", f"is called {here} here")
        for section, names in (("receivers", receivers), ("time_intervals", calendars))
        for there, here in names.renamed()
    ]
    return Translation(values, tuple(left))


def _intervals(config: Mapping[str, Any], names: Names, left: list[Left]) -> Iterator[dict[str, Any]]:
    """Copy calendars: they are written alike, save that one of ours must hold something."""
    for key in ("mute_time_intervals", "time_intervals"):
        for index, item in enumerate(sequence(config.get(key), key)):
            named = mapping(item, key)
            entries = [_plain(one) for one in sequence(named.get("time_intervals"), key)]
            name = names.add(text(named.get("name"), key))
            if not entries:
                left.append(Left(f"{key}[{index}]", "never holds; here it would have to name a time"))
                entries = [{"years": ["1970"]}]
            yield {"name": name, "time_intervals": entries}


def _plain(value: Any) -> Any:
    """Copy lists, mappings and words, leaving out what is empty, which means the same as nothing."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items() if inner not in (None, "", [])}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return str(value)


def _receiver(
    written: Mapping[str, Any], place: str, config: Mapping[str, Any], known: Keys, names: Names, left: list[Left]
) -> dict[str, Any]:
    made: dict[str, Any] = {"name": names.add(text(written.get("name"), place))}
    defaults = mapping(config.get("global"), "global")
    for key, entries in written.items():
        if key == "name":
            continue
        for index, entry in enumerate(sequence(entries, f"{place}.{key}")):
            at = f"{place}.{key}[{index}]"
            found = channel(key, mapping(entry, at), defaults, known, at)
            left += found.left
            if found.values is not None:
                made.setdefault(found.key, []).append(found.values)
    if len(made) == 1 and any(entries for key, entries in written.items() if key != "name"):
        left.append(Left(place, f"has no channel left: nobody is told of what goes to {made['name']}"))
    return made


def _route(route: Route, receivers: Names, calendars: Names, left: list[Left]) -> dict[str, Any]:
    own = [key for key in _GROUPING if route.own.get(key) is not None]
    if own:
        left.append(Left(f"{route.place}: {', '.join(own)}", _GROUPED))
    made: dict[str, Any] = {}
    if route.matchers:
        made["matchers"] = [_matcher(each) for each in route.matchers]
    if route.own.get("receiver"):
        made["receiver"] = receivers.add(route.receiver)
    if route.goes_on:
        made["continue"] = True
    for key in ("active_time_intervals", "mute_time_intervals"):
        names = getattr(route, key)
        if names:
            made[key] = [calendars.add(name) for name in dict.fromkeys(names)]
    below = [_route(child, receivers, calendars, left) for child in _reached(route.routes, left)]
    if below:
        made["routes"] = below
    return made


def _matcher(each: Matcher) -> str:
    """Write a matcher; a name that older Prometheus would refuse stands in quotes."""
    written = str(each)
    return written if _LABEL.fullmatch(each.name) else f'"{each.name}"{written.removeprefix(each.name)}'


def _reached(routes: Iterable[Route], left: list[Left]) -> Iterator[Route]:
    """Yield routes up to the first that takes every alert and does not go on; those after it were dead."""
    ended = ""
    for route in routes:
        if ended:
            left.append(Left(route.place, f"was never reached: {ended} takes every alert before it"))
            continue
        yield route
        if not route.matchers and not route.goes_on:
            ended = route.place
