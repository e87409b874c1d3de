"""The routing tree of an Alertmanager configuration, with what each route inherits, and which routes take an alert.

Enters: a configuration as plain values (YAML read by an edge). Leaves: a frozen tree that matches as Alertmanager's
dispatcher does: children in order, the first that matches wins unless it says `continue`, and a route takes an
alert itself only when no child does (so once a child matches, the root's receiver is left out). Raises ValueError
with the place for what Alertmanager refuses. Never repeats what stands inside receivers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiops_daemon.core.alertmanager.intervals import read_intervals
from aiops_daemon.core.alertmanager.reading import flag, mapping, seconds, sequence, text, texts
from aiops_daemon.core.model import matcher
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import Matchers, MatchOp
from aiops_daemon.core.model.timeinterval import NamedIntervals

ALL_LABELS = "..."
"""The one entry of `group_by` that gives every alert a group of its own."""

GROUP_WAIT, GROUP_INTERVAL, REPEAT_INTERVAL = 30.0, 300.0, 14400.0
"""Alertmanager's defaults (dispatch/route.go), in seconds."""


@dataclass(frozen=True, slots=True)
class Route:
    """One node with everything inherited filled in; durations in seconds. `own` is the node as written."""

    place: str  # route, route.routes[0], ...
    receiver: str
    matchers: Matchers = ()
    group_by: tuple[str, ...] = ()
    group_wait: float = GROUP_WAIT
    group_interval: float = GROUP_INTERVAL
    repeat_interval: float = REPEAT_INTERVAL
    goes_on: bool = False  # `continue`
    mute_time_intervals: tuple[str, ...] = ()  # these two are not inherited
    active_time_intervals: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    own: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def walk(self) -> Iterator[Route]:
        """Yield this route and all below it, in the order of the file."""
        yield self
        for child in self.routes:
            yield from child.walk()

    def take(self, values: dict[str, str]) -> tuple[Route, ...]:
        """Return the routes from here on down that take an alert; none when this one does not match."""
        for each in self.matchers:
            if not each.matches(values):
                return ()
        taken: tuple[Route, ...] = ()
        for child in self.routes:
            below = child.take(values)
            taken += below
            if below and not child.goes_on:
                break
        return taken or (self,)


@dataclass(frozen=True, slots=True)
class RoutingTree:
    """Routes, time intervals, and the receivers as written, by name."""

    root: Route
    intervals: Mapping[str, NamedIntervals] = field(default_factory=dict)
    receivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    def routes_of(self, labels: Labels) -> tuple[Route, ...]:
        """Return the routes that take an alert, as Alertmanager's dispatcher does."""
        return self.root.take(dict(labels))

    def routes_to(self, receiver: str, labels: Labels) -> tuple[Route, ...]:
        """Return those of them that lead to this receiver."""
        return tuple(route for route in self.routes_of(labels) if route.receiver == receiver)

    def time_muted(self, route: Route, now: float) -> bool:
        """Say whether the route's intervals keep it quiet now: in a muted one, or outside of all active ones."""
        if any(self.intervals[name].holds(now) for name in route.mute_time_intervals):
            return True
        active = route.active_time_intervals
        return bool(active) and not any(self.intervals[name].holds(now) for name in active)


def read_tree(config: Mapping[str, Any]) -> RoutingTree:
    """Read a whole configuration; raises ValueError with the place."""
    receivers = _receivers(config)
    intervals = read_intervals(config)
    raw = mapping(config.get("route"), "route")
    if not raw:
        raise ValueError("route: there is none")
    _check_root(raw)
    try:
        root = _route(raw, Route("route", ""), "route")
    except RecursionError:
        raise ValueError("route: nested too deeply") from None
    for route in root.walk():
        _check(route, receivers, intervals)
    return RoutingTree(root, intervals, receivers)


def _receivers(config: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    found: dict[str, Mapping[str, Any]] = {}
    for index, item in enumerate(sequence(config.get("receivers"), "receivers")):
        place = f"receivers[{index}]"
        receiver = mapping(item, place)
        name = text(receiver.get("name"), f"{place}.name")
        if not name or name in found:
            raise ValueError(f"{place}.name: every receiver must have a name of its own")
        found[name] = receiver
    return found


def _check_root(raw: Mapping[str, Any]) -> None:
    if not text(raw.get("receiver"), "route.receiver"):
        raise ValueError("route.receiver: the root route must name a receiver")
    for key in ("match", "match_re", "matchers", "mute_time_intervals", "active_time_intervals"):
        if raw.get(key):
            raise ValueError(f"route.{key}: the root route must not have any")
    if flag(raw.get("continue"), "route.continue"):
        raise ValueError("route.continue: the root route must not have it")


def _check(route: Route, receivers: Mapping[str, object], intervals: Mapping[str, object]) -> None:
    if route.receiver not in receivers:
        raise ValueError(f"{route.place}.receiver: no receiver is called {route.receiver!r}")
    for name in (*route.mute_time_intervals, *route.active_time_intervals):
        if name not in intervals:
            raise ValueError(f"{route.place}: no time interval is called {name!r}")


def _route(raw: Mapping[str, Any], parent: Route, place: str) -> Route:
    """Fill in what is inherited, then read the children."""
    route = Route(
        place=place,
        receiver=text(raw.get("receiver"), f"{place}.receiver") or parent.receiver,
        matchers=_matchers(raw, place),
        group_by=_group_by(raw, parent, place),
        group_wait=_duration(raw, "group_wait", parent.group_wait, place),
        group_interval=_positive(raw, "group_interval", parent.group_interval, place),
        repeat_interval=_positive(raw, "repeat_interval", parent.repeat_interval, place),
        goes_on=flag(raw.get("continue"), f"{place}.continue"),
        mute_time_intervals=texts(raw.get("mute_time_intervals"), f"{place}.mute_time_intervals"),
        active_time_intervals=texts(raw.get("active_time_intervals"), f"{place}.active_time_intervals"),
        own=raw,
    )
    children = enumerate(sequence(raw.get("routes"), f"{place}.routes"))
    below = ((f"{place}.routes[{index}]", child) for index, child in children)
    return replace(route, routes=tuple(_route(mapping(child, at), route, at) for at, child in below))


def _group_by(raw: Mapping[str, Any], parent: Route, place: str) -> tuple[str, ...]:
    """Read the labels; an empty list inherits the parent's, it does not mean one group."""
    at = f"{place}.group_by"
    names = texts(raw.get("group_by"), at)
    if len(set(names)) < len(names):
        raise ValueError(f"{at}: a label stands in it twice")
    if ALL_LABELS in names and len(names) > 1:
        raise ValueError(f"{at}: {ALL_LABELS!r} must stand alone")
    return names or parent.group_by


def _duration(raw: Mapping[str, Any], key: str, inherited: float, place: str) -> float:
    return inherited if raw.get(key) is None else seconds(raw[key], f"{place}.{key}")


def _positive(raw: Mapping[str, Any], key: str, inherited: float, place: str) -> float:
    value = _duration(raw, key, inherited, place)
    if value <= 0:
        raise ValueError(f"{place}.{key}: must be more than zero")
    return value


def _matchers(raw: Mapping[str, Any], place: str) -> Matchers:
    """Read `matchers` and the older `match` and `match_re`."""
    found = [
        _pair(name, op, text(value, f"{place}.{key}.{name}"), f"{place}.{key}.{name}")
        for key, op in (("match", MatchOp.EQUAL), ("match_re", MatchOp.REGEX))
        for name, value in sorted(mapping(raw.get(key), f"{place}.{key}").items())
    ]
    for index, written in enumerate(texts(raw.get("matchers"), f"{place}.matchers")):
        try:
            found += matcher.parse_all(written)
        except ValueError as error:
            raise ValueError(f"{place}.matchers[{index}]: {error}") from None
    return tuple(found)


def _pair(name: str, op: MatchOp, value: str, place: str) -> matcher.Matcher:
    try:
        return matcher.make(name, op, value)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
