"""What must hold between keys of the alert road: names, alternatives, secrets that two entries share.

Enters the tree as written; leaves faults. Never reads a secret's file, never repeats a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from aiops_daemon.config.faults import Fault, Path, did_you_mean, dotted
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.severity import Severity


def check_alerts(tree: Tree) -> Iterator[Fault]:
    """Find what is wrong between keys of the alert road."""
    return chain(
        _once(tree, ("alertmanagers", "[]", "urls", "[]"), "another entry has the same URL", "choose another"),
        _once(tree, ("web", "tokens", "[]", "token"), "another entry has the same token", "give each its own"),
        _once(tree, ("web", "tokens", "[]", "token_file"), "another entry has the same token", "give each its own"),
        _words(tree),
        _calendars(tree),
        _flapping(tree),
        _windows(tree),
    )


def _once(tree: Tree, pattern: tuple[str, ...], message: str, remedy: str) -> Iterator[Fault]:
    """Refuse a text that another entry of the section has; within one entry the field itself refuses it."""
    first: dict[str, Path] = {}
    depth = pattern.index("[]") + 1
    for path, text in tree.find(pattern):
        if isinstance(text, str) and first.setdefault(text.rstrip("/"), path)[:depth] != path[:depth]:
            yield tree.fault(path, message, remedy)


def _words(tree: Tree) -> Iterator[Fault]:
    first: dict[str, Path] = {}
    for severity in Severity:
        for path, word in tree.find(("severities", severity, "[]")):
            if isinstance(word, str) and first.setdefault(word.strip().lower(), path)[:2] != path[:2]:
                words = f"the word stands in {dotted(first[word.strip().lower()][:2])} too"
                yield tree.fault(path, words, "remove one")


def _calendars(tree: Tree) -> Iterator[Fault]:
    known = [name for _, name in tree.find(("time_intervals", "[]", "name")) if isinstance(name, str)]
    for path, name in tree.find(("maintenance", "[]", "time_intervals", "[]")):
        if isinstance(name, str) and name not in known:
            yield tree.fault(path, "no time interval has this name", _known(name, known))


def _known(name: str, known: Iterable[str]) -> str:
    listed = list(known)
    return did_you_mean(name, listed) or (f"known: {', '.join(listed)}" if listed else "add it to time_intervals")


def _flapping(tree: Tree) -> Iterator[Fault]:
    for path, flapping in tree.find(("quality", "flapping")):
        enter, leave = (_whole(flapping, "enter", 4), _whole(flapping, "leave", 1))
        if leave >= enter:
            yield tree.fault((*path, "leave"), "must be below enter", "leave a distance, or it goes to and fro")


def _whole(section: Any, key: str, default: int) -> int:
    value = section.get(key, default) if isinstance(section, dict) else default
    return value if type(value) is int else default


def _windows(tree: Tree) -> Iterator[Fault]:
    """Give a single window both of its ends; that a window has a calendar or a start is checked as an alternative."""
    for path, window in tree.find(("maintenance", "[]")):
        given = set(window) & {"time_intervals", "starts_at", "ends_at"} if isinstance(window, dict) else set()
        if given == {"starts_at"}:
            yield tree.fault(path, "starts_at and ends_at belong together", "add ends_at")
        elif given == {"time_intervals", "ends_at"}:
            yield tree.key_fault((*path, "ends_at"), "has no meaning beside time_intervals", "remove one")
