"""An Alertmanager configuration file: read with the place of everything in it, and written back.

Enters: YAML. Leaves: plain values, words as they stand (`5m`, `true`, `no`), which a RoutingTree can be read
from, with line and column by dotted path. Written back, every word keeps its quotes; comments are lost. Raises
InputError for what is no YAML; never repeats the file's text in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from aiops_daemon.errors import InputError

_MOST_PLACES = 200_000
_DEEPEST = 64


@dataclass(frozen=True, slots=True)
class Document:
    """A file's content; `places` are line and column, counted from 1."""

    values: Mapping[str, Any]
    places: Mapping[str, tuple[int, int]] = field(default_factory=dict, repr=False)

    def where(self, place: str) -> tuple[int, int]:
        """Return line and column of a path; of what is not there, those of the nearest thing around it."""
        while place and place not in self.places:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.places.get(place, (1, 1))


class _Word(str):
    """A scalar that remembers how it was quoted."""

    __slots__ = ("style",)
    style: str | None


class _Loader(yaml.BaseLoader):
    """Reads every scalar as the word that stands there."""

    def construct_scalar(self, node: Any) -> str:
        """Keep the quotes in mind."""
        word = _Word(super().construct_scalar(node))
        word.style = node.style
        return word


class _Dumper(yaml.SafeDumper):
    """Writes words back as they were quoted, and every value out."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out: anchors are for writing by hand."""
        return True


def _word(dumper: yaml.SafeDumper, word: _Word) -> yaml.ScalarNode:
    if word.style:
        return dumper.represent_scalar("tag:yaml.org,2002:str", str(word), style=word.style)
    tag = dumper.resolve(yaml.ScalarNode, str(word), (True, False))  # type: ignore[no-untyped-call]
    return dumper.represent_scalar(tag, str(word))


_Dumper.add_representer(_Word, _word)


def read_document(raw: bytes) -> Document:
    """Read a configuration; raises InputError with line and column."""
    try:
        loader = _Loader(raw.decode("utf-8-sig"))
        node = loader.get_single_node()
        values = loader.construct_document(node) if node is not None else None
    except UnicodeDecodeError:
        raise InputError("1:1: not UTF-8; save the file as UTF-8") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}: " if mark else ""
        raise InputError(f"{place}no valid YAML; check indentation, colons and quotes here") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError):
        raise InputError("no valid YAML") from None
    if not isinstance(values, dict):
        raise InputError("1:1: must be a mapping, with `route` and `receivers`")
    return Document(values, dict(_bounded(_places(node, "", 0))))


def write_document(values: Mapping[str, Any]) -> str:
    """Write a configuration as YAML."""
    return str(yaml.dump(dict(values), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120))


def _bounded(places: Iterator[tuple[str, tuple[int, int]]]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Stop where aliases would make the walk endless."""
    for _, place in zip(range(_MOST_PLACES), places, strict=False):
        yield place


def _places(node: Any, path: str, depth: int) -> Iterator[tuple[str, tuple[int, int]]]:
    if depth > _DEEPEST:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            at = f"{path}.{key.value}" if path else str(key.value)
            yield at, (key.start_mark.line + 1, key.start_mark.column + 1)
            yield from _places(value, at, depth + 1)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            at = f"{path}[{index}]"
            yield at, (item.start_mark.line + 1, item.start_mark.column + 1)
            yield from _places(item, at, depth + 1)
