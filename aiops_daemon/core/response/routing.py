"""Which routes take an alert, and which policies run for it.

Enters: the tree of routes, and the labels of alerts twice: as they came, and with what we made of them. Leaves: the
routes that take the alert, each with the sentence why, and the policies that they name. Matches as Alertmanager's
dispatcher does: children in order, the first that matches wins unless it says `continue`, and a route takes an alert
itself only when no child does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec, Track
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import Matchers
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals

_MOST_REMEMBERED = 10_000

_MODES = (Mode.MUTED, Mode.SHADOW, Mode.LIVE)
"""From the weakest to the strongest."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A route that takes an alert, and why: `route.routes[0]: severity="critical"`."""

    route: RouteSpec
    why: str


def made(labels: Labels, **ours: str) -> Labels:
    """Return labels with what we made of them, such as `severity="critical", team="shop"`; "" changes nothing."""
    given = {name: value for name, value in ours.items() if value}
    return tuple({**dict(labels), **given}.items())


class Router:
    """Matches alerts, remembering its answers by the values of those labels that some matcher names."""

    def __init__(self, root: RouteSpec) -> None:
        self._root = root
        self._names = tuple(sorted({each.name for route in walk(root) for each in route.matchers}))
        self._known: dict[tuple[tuple[str, ...], tuple[str, ...]], tuple[Matched, ...]] = {}

    def match(self, labels: Labels, ours: Labels) -> tuple[Matched, ...]:
        """Return the routes that take an alert; a route's matchers must all hold for one of the two label sets."""
        own, also = dict(labels), dict(ours)
        key = (self._values(own), self._values(also))
        found = self._known.get(key)
        if found is None:
            found = tuple(_take(self._root, (own, also), ()))
            if len(self._known) >= _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return found

    def _values(self, labels: dict[str, str]) -> tuple[str, ...]:
        return tuple([labels.get(name, "") for name in self._names])


def walk(route: RouteSpec) -> Iterator[RouteSpec]:
    """Yield a route and all below it, in the order of the configuration."""
    yield route
    for child in route.routes:
        yield from walk(child)


def tracks(
    matched: Iterable[Matched], escalations: Iterable[EscalationSpec], silent: frozenset[str] = frozenset()
) -> tuple[Track, ...]:
    """Return the policies that routes name, each once; a receiver is a policy of one step, `receiver/NAME`.

    A receiver among `silent` has no channel on purpose, as Alertmanager's `null`: no policy, and nobody is missed.
    Raises KeyError for an escalation that is not defined, which the configuration's check excludes.
    """
    known = {one.name: one for one in escalations}
    found: dict[str, Track] = {}
    for each in matched:
        for policy in _policies(each.route, known, silent):
            route = each.route
            track = Track(policy, route.mode, each.why, route.active_time_intervals, route.mute_time_intervals)
            before = found.get(policy.name)
            found[policy.name] = track if before is None else _both(before, track)
    return tuple(found.values())


def _take(route: RouteSpec, sets: tuple[dict[str, str], ...], above: Matchers) -> list[Matched]:
    """Return the routes from here on down that take an alert; none when this one does not match."""
    if not any(all(each.matches(labels) for each in route.matchers) for labels in sets):
        return []
    path = above + route.matchers
    taken: list[Matched] = []
    for child in route.routes:
        below = _take(child, sets, path)
        taken += below
        if below and not child.continues:
            break
    return taken or [Matched(route, _why(route, path))]


def _why(route: RouteSpec, path: Matchers) -> str:
    if path:
        return f"{route.path}: {', '.join(map(str, path))}"
    return f"{route.path}: takes what no other route takes"


def _policies(route: RouteSpec, known: dict[str, EscalationSpec], silent: frozenset[str]) -> Iterator[EscalationSpec]:
    if route.receiver and route.receiver not in silent:
        target = f"receiver/{route.receiver}"
        yield EscalationSpec(target, (StepSpec((target,)),))
    if route.escalation:
        yield known[route.escalation]


def _both(first: Track, second: Track) -> Track:
    """Join what two routes say of one policy: the stronger mode, and every time in which either would tell.

    What lies between two calendars that cannot be joined exactly is told: better a page too many than one lost.
    """
    if first.mode is not second.mode:
        return max(first, second, key=lambda track: _MODES.index(track.mode))
    active = _union(first.active, second.active) if first.active and second.active else ()
    muted = tuple(one for one in first.muted if one in second.muted)
    return replace(first, active=active, muted=muted)


def _union(first: tuple[NamedIntervals, ...], second: tuple[NamedIntervals, ...]) -> tuple[NamedIntervals, ...]:
    return first + tuple(one for one in second if one not in first)
