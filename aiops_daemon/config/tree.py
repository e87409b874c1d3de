"""A parsed configuration file as plain values, with the place of every one of them.

The tree is what is left of YAML: dicts, lists, text, numbers. Everything later speaks of paths and asks the tree
where they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiops_daemon.config.faults import Fault, Path, dotted


class EnvText(str):
    """Text that came from `${NAME}`: number fields may still read a number in it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place; line 0 means that it is in no file but on the command line (`file` is then the flag)."""

    file: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Tree:
    """Values by path, and where each key and each value begins."""

    file: str
    root: dict[str, Any] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    values: dict[Path, Mark] = field(default_factory=dict)
    unread: set[Path] = field(default_factory=set)
    """Values that could not be read: what they should have been is not known, so nothing follows from them."""

    def place(self, path: Path) -> Mark:
        """Return where a value begins; of what is not there, where the nearest thing around it begins."""
        for length in range(len(path), 0, -1):
            mark = self.values.get(path[:length])
            if mark is not None:
                return mark
        return self.values.get((), Mark(self.file, 1, 1) if self.file else Mark(""))

    def fault(self, path: Path, message: str, remedy: str = "") -> Fault:
        """Make a fault at a value."""
        return _fault(self.place(path), path, message, remedy)

    def key_fault(self, path: Path, message: str, remedy: str = "") -> Fault:
        """Make a fault at a key."""
        return _fault(self.keys.get(path) or self.place(path), path, message, remedy)

    def below(self, path: Path) -> Tree:
        """Return what stands at a path as a tree of its own; places stay those of the file."""
        root: Any = self.root
        for step in path:
            root = root[step]
        size = len(path)
        keys, values = (
            {at[size:]: mark for at, mark in marks.items() if at[:size] == path} for marks in (self.keys, self.values)
        )
        return Tree(self.file, root, keys, values, {at[size:] for at in self.unread if at[:size] == path})

    def put(self, path: tuple[str, ...], value: Any, flag: str) -> None:
        """Set a value that a command line flag gives, over what the file says."""
        parent = self.root
        for step in path[:-1]:
            if not isinstance(parent.get(step), dict):
                parent[step] = {}
            parent = parent[step]
        parent[path[-1]] = value
        self.values[path] = Mark(flag)

    def append(self, section: str, item: Any, flag: str) -> None:
        """Add an item that a command line flag gives to a list of the file."""
        items = self.root.setdefault(section, [])
        if isinstance(items, list):
            self.values[section, len(items)] = Mark(flag)
            items.append(item)

    def find(self, pattern: tuple[str, ...]) -> Iterator[tuple[Path, Any]]:
        """Yield what matches: `[]` stands for every item of a list, `*` for every key of a mapping."""
        found: list[tuple[Path, Any]] = [((), self.root)]
        for step in pattern:
            found = [pair for path, value in found for pair in _children(path, value, step)]
        yield from found


def _children(path: Path, value: Any, step: str) -> list[tuple[Path, Any]]:
    if step == "[]":
        return [((*path, index), item) for index, item in enumerate(value)] if isinstance(value, list) else []
    if not isinstance(value, dict):
        return []
    names = list(value) if step == "*" else [step] if step in value else []
    return [((*path, name), value[name]) for name in names]


def _fault(mark: Mark, path: Path, message: str, remedy: str) -> Fault:
    return Fault(dotted(path), mark.line, mark.column, message, remedy, mark.file)
