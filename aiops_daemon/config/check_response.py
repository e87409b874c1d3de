"""What must hold between keys of paging: names that exist, a root that tells somebody, routes that can match.

Enters the tree as written, and the valid document where a check needs what was built; leaves faults. Never repeats a
value but the names that are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from pathlib import Path as FilePath
from typing import Any

from aiops_daemon.config.faults import Fault, Path, did_you_mean, dotted
from aiops_daemon.config.model import Document
from aiops_daemon.config.receivers import CHANNELS, Channels
from aiops_daemon.config.routes import TARGETS
from aiops_daemon.config.tree import Tree

_SECTIONS = {"receiver": "receivers", "schedule": "schedules", "person": "people", "team": "teams"}
_WORDS = {
    "receivers": "no receiver",
    "schedules": "no schedule",
    "people": "nobody",
    "teams": "no team",
    "escalations": "no escalation",
    "time_intervals": "no time interval",
}
_CALENDARS = "active_time_intervals", "mute_time_intervals"
_REFERENCES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("schedules", "[]", "rotations", "[]", "people", "[]"), "people"),
    (("schedules", "[]", "rotations", "[]", "active_time_intervals", "[]"), "time_intervals"),
    (("schedules", "[]", "overrides", "[]", "person"), "people"),
    (("people", "[]", "quiet_hours", "[]"), "time_intervals"),
)
_ADDRESSES = ("phone", "slack", "email", "pagerduty_id")


def check_response(tree: Tree) -> Iterator[Fault]:
    """Find what is wrong between keys of paging."""
    return chain(
        *(_references(tree, tree.find(pattern), section) for pattern, section in _REFERENCES),
        _targets(tree, tree.find(("escalations", "[]", "steps", "[]", "notify", "[]"))),
        _targets(tree, tree.find(("escalations", "[]", "fallback"))),
        _people(tree),
        _root(tree),
        *(_route(tree, path, node) for path, node in walk_routes(tree)),
    )


def check_channels(document: Document, tree: Tree, folder: FilePath, channels: Channels = CHANNELS) -> Iterator[Fault]:
    """Refuse a second channel without a destination of one kind: which one would carry people's addresses?"""
    first: dict[str, Path] = {}
    for index, receiver in enumerate(document.receivers):
        for key, build in channels:
            for number, section in enumerate(getattr(receiver, key)):
                channel = build(section, folder)
                path = ("receivers", index, key, number)
                if not channel.destination and first.setdefault(channel.integration, path) != path:
                    words = f"{dotted(first[channel.integration])} has no destination of its own either"
                    yield tree.fault(
                        path, words, "one of them carries people's addresses: give the other a destination"
                    )


def walk_routes(tree: Tree) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the root and every route below it that is a mapping, in the order of the file."""
    ahead: list[tuple[Path, Any]] = [(("route",), tree.root.get("route"))]
    while ahead:
        path, node = ahead.pop()
        if isinstance(node, dict):
            yield path, node
            ahead += [((*path, "routes", index), child) for index, child in reversed(_children(node))]


def _children(node: dict[str, Any]) -> list[tuple[int, Any]]:
    children = node.get("routes")
    return list(enumerate(children)) if isinstance(children, list) else []


def _known(tree: Tree, section: str) -> list[str]:
    return [name for _, name in tree.find((section, "[]", "name")) if isinstance(name, str)]


def _references(tree: Tree, found: Iterator[tuple[Path, Any]], section: str) -> Iterator[Fault]:
    known = _known(tree, section)
    for path, name in found:
        if isinstance(name, str) and name and name not in known:
            yield tree.fault(path, f"{_WORDS[section]} has this name", _remedy(name, known, section))


def _remedy(name: str, known: Sequence[str], section: str) -> str:
    return did_you_mean(name, known) or (f"known: {', '.join(known)}" if known else f"add it to {section}")


def _targets(tree: Tree, found: Iterator[tuple[Path, Any]]) -> Iterator[Fault]:
    for path, target in found:
        kind, _, name = target.partition("/") if isinstance(target, str) else ("", "", "")
        if kind in TARGETS and name:
            yield from _references(tree, iter([(path, name)]), _SECTIONS[kind])


def _people(tree: Tree) -> Iterator[Fault]:
    for path, person in tree.find(("people", "[]")):
        if isinstance(person, dict) and not any(key in person for key in _ADDRESSES):
            yield tree.fault(path, "cannot be reached: there is no address", "add phone, email or slack")


def _root(tree: Tree) -> Iterator[Fault]:
    root = tree.root.get("route")
    if isinstance(root, dict) and "receiver" not in root and "escalation" not in root:
        yield tree.fault(("route",), "the root route tells nobody", "give it a receiver or an escalation")


def _route(tree: Tree, path: Path, node: dict[str, Any]) -> Iterator[Fault]:
    for key in ("receiver", "escalation"):
        if key in node:
            yield from _references(tree, iter([((*path, key), node[key])]), f"{key}s")
    for key in _CALENDARS:
        names = node.get(key)
        listed = enumerate(names) if isinstance(names, list) else ()
        yield from _references(tree, (((*path, key, index), name) for index, name in listed), "time_intervals")
    yield from _unreachable(tree, path, node)


def _unreachable(tree: Tree, path: Path, node: dict[str, Any]) -> Iterator[Fault]:
    """Find the first route behind one that takes everything and does not go on; those after it share its fate."""
    children = _children(node)
    for (index, child), (following, _) in pairwise(children):
        if isinstance(child, dict) and not child.get("matchers") and child.get("continue") is not True:
            place = (*path, "routes", following)
            words = f"never reached: {dotted((*path, 'routes', index))} takes every alert before it"
            yield tree.fault(place, words, "give that one matchers or `continue: true`, or put it last")
            return
