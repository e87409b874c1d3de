"""Traps in the routing tree: alerts that go where nobody meant them to go, or nowhere."""

from __future__ import annotations

from collections.abc import Iterator

from aiops_daemon.core.alertmanager.lint.model import OWN_HEALTH, Met, Rule, Subject, Weight
from aiops_daemon.core.alertmanager.tree import Route
from aiops_daemon.core.model.matcher import Matchers, MatchOp

COPY_STOPS_ROOT = Rule(
    "copy-stops-root",
    Weight.ERROR,
    "A route copies alerts to this daemon with `continue: true`, and nothing after it takes them back to the parent.",
    "Once any child matches, the parent's own receiver is skipped: paging ends silently.",
    "add a last route without matchers that repeats the parent's receiver",
)
CONTINUE_STOPS_PARENT = Rule(
    "continue-stops-parent",
    Weight.WARNING,
    "A route says `continue: true`, but no later sibling takes every alert that it takes.",
    "Those that no sibling takes do not go on to the parent's receiver, although `continue` reads like it.",
    "add a last route without matchers that repeats the parent's receiver",
)
UNREACHABLE = Rule(
    "route-unreachable",
    Weight.ERROR,
    "A route can never take an alert.",
    "An earlier sibling without `continue` takes all of them, or its matchers contradict each other.",
    "move it up, add `continue: true` to the sibling, or correct the matchers",
)
GROUP_BY_EMPTY = Rule(
    "group-by-empty",
    Weight.WARNING,
    "`group_by: []` inherits the parent's labels; it does not mean one group.",
    "Alerts are split into many notices where one was meant, or the other way round.",
    "remove it to inherit, or group by a label that all of them share",
)
UNUSED = Rule(
    "receiver-unused",
    Weight.WARNING,
    "No route leads to a receiver.",
    "Whoever relies on it hears nothing.",
    "add a route, or remove the receiver",
)
TIME_MUTED = Rule(
    "time-muted",
    Weight.WARNING,
    "A route to this daemon is muted at times.",
    "It hears of alerts late or never, and cannot tell a mute from silence.",
    "route everything to it, and write maintenance windows into its own configuration",
)
OWN_HEALTH_LOST = Rule(
    "own-health",
    Weight.ERROR,
    "The alerts that this daemon is down are told to nobody but itself.",
    "When it is down, nobody learns of it.",
    "route them to people first: `matchers: ['alertname=~\"AiopsDaemon.+|AiopsLoopStalled|AiopsInboxBacklog|"
    "AiopsStoreFailing|AiopsWatchdogMissing|AiopsWebhookRefused|AiopsNotifications.+|AiopsEscalationsStandStill\"']`",
)


def copy_stops_root(subject: Subject) -> Met:
    """Find copies to us that end their parent's receiver."""
    for parent, child in _loose_ends(subject):
        if subject.is_ours(child.receiver):
            yield child.place, f"alerts that it takes no longer reach {parent.receiver!r}, the receiver of its parent"


def continue_stops_parent(subject: Subject) -> Met:
    """Find the same with other receivers."""
    for parent, child in _loose_ends(subject):
        if not subject.is_ours(child.receiver):
            yield child.place, f"what no later route takes ends here and does not reach {parent.receiver!r}"


def unreachable(subject: Subject) -> Met:
    """Find routes that can never take an alert; those below one are not told again."""
    yield from _unreachable(subject.tree.root, ())


def group_by_empty(subject: Subject) -> Met:
    """Find empty lists that inherit something."""
    for route in subject.tree.root.walk():
        if route.own.get("group_by") in ([], ()) and route.group_by:
            yield f"{route.place}.group_by", f"inherits {', '.join(route.group_by)}"


def unused(subject: Subject) -> Met:
    """Find receivers without a route."""
    used = {route.receiver for route in subject.tree.root.walk()}
    for index, name in enumerate(subject.tree.receivers):
        if name not in used:
            yield f"receivers[{index}]", f"no route leads to {name!r}"


def time_muted(subject: Subject) -> Met:
    """Find routes to us that are quiet at times."""
    for route in subject.our_routes():
        for key in ("mute_time_intervals", "active_time_intervals"):
            names = getattr(route, key)
            if names:
                yield f"{route.place}.{key}", f"while {', '.join(names)} say so, nothing is sent"


def own_health(subject: Subject) -> Met:
    """Find that our own death would be told only to us, or to nobody; once for each place."""
    lost: dict[str, tuple[list[str], set[str]]] = {}
    for labels in OWN_HEALTH if subject.is_connected() else ():
        routes = subject.tree.routes_of(labels)
        if all(subject.is_ours(route.receiver) or subject.is_silent(route.receiver) for route in routes):
            names, receivers = lost.setdefault(routes[0].place, ([], set()))
            names.append(dict(labels)["alertname"])
            receivers.update(repr(route.receiver) for route in routes)
    for place, (names, receivers) in lost.items():
        yield place, f"{', '.join(names)} reach only {' and '.join(sorted(receivers))}"


def covers(earlier: Matchers, later: Matchers) -> bool:
    """Say whether whatever holds for `later` surely holds for `earlier`."""
    return all(
        any(
            have == wanted
            or (have.name == wanted.name and have.op is MatchOp.EQUAL and wanted.matches({have.name: have.value}))
            for have in later
        )
        for wanted in earlier
    )


def contradictory(matchers: Matchers) -> bool:
    """Say whether an equality and another matcher of the same label can never hold together."""
    return any(
        one.op is MatchOp.EQUAL and one.name == other.name and not other.matches({one.name: one.value})
        for one in matchers
        for other in matchers
    )


def _loose_ends(subject: Subject) -> Iterator[tuple[Route, Route]]:
    """Yield parent and child where `continue` leads to no sibling that surely takes the alert as well."""
    for parent in subject.tree.root.walk():
        for index, child in enumerate(parent.routes):
            later = parent.routes[index + 1 :]
            caught = any(covers(each.matchers, child.matchers) for each in later)
            tells = parent.receiver != child.receiver and not subject.is_silent(parent.receiver)
            if child.goes_on and not caught and tells:
                yield parent, child


def _unreachable(route: Route, above: Matchers) -> Met:
    for index, child in enumerate(route.routes):
        conditions = (*above, *child.matchers)
        taker = next((each for each in route.routes[:index] if _takes_all(each, conditions)), None)
        if taker:
            yield child.place, f"{taker.place} takes every alert that it could take"
        elif contradictory(conditions):
            yield child.place, "no alert can match all of its matchers and those above it"
        else:
            yield from _unreachable(child, conditions)


def _takes_all(sibling: Route, conditions: Matchers) -> bool:
    return not sibling.goes_on and covers(sibling.matchers, conditions)


CHECKS = (
    (COPY_STOPS_ROOT, copy_stops_root),
    (CONTINUE_STOPS_PARENT, continue_stops_parent),
    (UNREACHABLE, unreachable),
    (GROUP_BY_EMPTY, group_by_empty),
    (UNUSED, unused),
    (TIME_MUTED, time_muted),
    (OWN_HEALTH_LOST, own_health),
)
