"""Traps of waiting: intervals with which this daemon hears late, twice, or takes the living for dead."""

from __future__ import annotations

from aiops_daemon.core.alertmanager.lint.model import Met, Rule, Subject, Weight, webhooks
from aiops_daemon.core.model.durations import parse_duration
from aiops_daemon.core.model.durations import prometheus_duration as shown

GROUP_INTERVAL_WANTED = 30.0
REPEAT_INTERVAL_WANTED = 300.0
FLUSH_FLOOR = 10.0
"""Alertmanager gives a flush at least this long, whatever group_interval says."""

_SHORTEST_TIMEOUT = 2.0

GROUP_INTERVAL = Rule(
    "group-interval",
    Weight.WARNING,
    "A route to this daemon waits long before it tells of what joins a group.",
    "Alerts and ends come that much later, and what was lost on the way is tried again that much later.",
    "write `group_interval: 30s` on the route",
)
REPEAT_INTERVAL = Rule(
    "repeat-interval",
    Weight.WARNING,
    "A route to this daemon repeats rarely.",
    "Repetitions are how it learns that an alert still fires when the API of the Alertmanager cannot be asked.",
    "write `repeat_interval: 5m` on the route; repetitions tell nobody twice",
)
WATCHDOG_DEADLINE = Rule(
    "watchdog-deadline",
    Weight.ERROR,
    "A watchdog is repeated more rarely than it is expected.",
    "The living is taken for dead: the daemon opens an incident although all is well.",
    "shorten repeat_interval and group_interval on its route (5m and 30s), or lengthen `within`",
)
WATCHDOG_LOST = Rule(
    "watchdog-lost",
    Weight.WARNING,
    "An expected watchdog is not routed to this daemon.",
    "It counts as missing for ever, or nobody notices when it stops.",
    "route it here too, before the route that drops it",
)
RETENTION = Rule(
    "repeat-over-retention",
    Weight.WARNING,
    "A route repeats more rarely than Alertmanager remembers that it has told.",
    "Notices are repeated earlier than asked, at its --data.retention.",
    "shorten repeat_interval, or lengthen --data.retention",
)
TIMEOUT = Rule(
    "webhook-timeout",
    Weight.WARNING,
    "The webhook's timeout does not fit its route.",
    "A flush has group_interval (10s at least) for all of its tries; one that hangs as long leaves no second.",
    "write a timeout of 5s to half of group_interval, or none",
)


def group_interval(subject: Subject) -> Met:
    """Find routes to us that tell late."""
    for route in subject.our_routes():
        if route.group_interval > GROUP_INTERVAL_WANTED:
            yield route.place, f"group_interval is {shown(route.group_interval)}"


def repeat_interval(subject: Subject) -> Met:
    """Find routes to us that repeat rarely."""
    for route in subject.our_routes():
        if route.repeat_interval > REPEAT_INTERVAL_WANTED:
            yield route.place, f"repeat_interval is {shown(route.repeat_interval)}"


def watchdog_deadline(subject: Subject) -> Met:
    """Compare `within` with repeat_interval + 2 x group_interval: the longest time between two of them."""
    for labels, spec in subject.ours.watchdog_labels():
        routes = [route for route in subject.tree.routes_of(labels) if subject.is_ours(route.receiver)]
        longest = {route.place: route.repeat_interval + 2 * route.group_interval for route in routes}
        best = min(longest, key=lambda place: longest[place], default=None)
        if best is not None and longest[best] > spec.within:
            words = f"may come only every {shown(longest[best])}, and is expected within {shown(spec.within)}"
            yield best, f"{dict(labels).get('alertname', 'the watchdog')} {words}"


def watchdog_lost(subject: Subject) -> Met:
    """Find watchdogs that go elsewhere; without a receiver of ours that is no news."""
    for labels, _ in subject.ours.watchdog_labels() if subject.is_connected() else ():
        routes = subject.tree.routes_of(labels)
        if not any(subject.is_ours(route.receiver) for route in routes):
            yield routes[0].place, f"{dict(labels).get('alertname', 'the watchdog')} goes to {routes[0].receiver!r}"


def retention(subject: Subject) -> Met:
    """Find routes whose repetition outlives Alertmanager's memory."""
    kept = subject.ours.retention_seconds
    for route in subject.tree.root.walk():
        if route.repeat_interval > kept and "repeat_interval" in route.own:
            words = f"repeat_interval is {shown(route.repeat_interval)}, notices are remembered for {shown(kept)}"
            yield f"{route.place}.repeat_interval", words


def timeout(subject: Subject) -> Met:
    """Compare our webhooks' timeout with the time that a flush has."""
    for route in subject.our_routes():
        window = max(route.group_interval, FLUSH_FLOOR)
        index = list(subject.tree.receivers).index(route.receiver)
        for place, hook in webhooks(subject.tree.receivers[route.receiver], f"receivers[{index}]"):
            seconds = _duration(hook.get("timeout"))
            if seconds and not _SHORTEST_TIMEOUT <= seconds < window:
                yield f"{place}.timeout", f"{shown(seconds)}, while a flush of {route.place} has {shown(window)}"


def _duration(written: object) -> float:
    try:
        return parse_duration(str(written)) if written is not None else 0.0
    except ValueError:
        return 0.0


CHECKS = (
    (GROUP_INTERVAL, group_interval),
    (REPEAT_INTERVAL, repeat_interval),
    (WATCHDOG_DEADLINE, watchdog_deadline),
    (WATCHDOG_LOST, watchdog_lost),
    (RETENTION, retention),
    (TIMEOUT, timeout),
)
