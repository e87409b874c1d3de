"""The models as a flat outline: every key with its path, type, default and description.

Read by "did you mean", by the reference in docs/configuration.md and by the tests that hold file, docs and
models together. In a path `[]` stands for an item of a list and `*` for a name that the user chooses.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aiops_daemon.config.faults import Path
from aiops_daemon.config.model import Document

Pattern: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the file."""

    path: Pattern
    required: bool
    default: str  # as YAML in one line; empty where there is none
    text: str

    @property
    def name(self) -> str:
        """Write the path for people: `queries[].thresholds.<name>.above`."""
        words = ""
        for step in self.path:
            words += "[]" if step == "[]" else ("." if words else "") + ("<name>" if step == "*" else step)
        return words


@cache
def keys(model: type[BaseModel] = Document) -> tuple[Key, ...]:
    """List every key in the order of the models, parents first."""
    return tuple(_keys(model, (), ()))


def siblings(path: Path, model: type[BaseModel] = Document) -> list[str]:
    """List the keys that are known where the last step of `path` stands."""
    path = _shallow(path)
    return [key.path[-1] for key in keys(model) if len(key.path) == len(path) and _matches(path[:-1], key.path[:-1])]


def _shallow(path: Path) -> Path:
    """Leave out repetitions: what nests in itself (`routes[2].routes[0]`) has the keys of its first level."""
    kept: Path = ()
    for step in path:
        nested = isinstance(step, int) and len(kept) > 2 and kept[-1] == kept[-3] and isinstance(kept[-2], int)
        kept = kept[:-1] if nested else (*kept, step)
    return kept


def _matches(path: Path, pattern: Pattern) -> bool:
    return all(
        isinstance(step, int) if known == "[]" else known in ("*", step)
        for step, known in zip(path, pattern, strict=True)
    )


def _keys(model: type[BaseModel], prefix: Pattern, around: tuple[type[BaseModel], ...]) -> Iterator[Key]:
    """Yield the keys of a model and of all within it; of one that nests in itself the first level only."""
    shown = model.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    own = inspect.get_annotations(model)  # inherited keys, such as those of HTTP, come after a section's own
    for name, field in sorted(model.model_fields.items(), key=lambda item: item[0] not in own):
        path = (*prefix, field.alias or name)
        text = " ".join((field.description or "").split())
        nested = list(_nested(field.annotation, path))
        default = "" if any(len(at) == len(path) for at, _ in nested) else _default(field, shown.get(path[-1]))
        yield Key(path, field.is_required(), default, text)
        for at, inner in nested:
            if inner not in (*around, model):
                yield from _keys(inner, at, (*around, model))


def _default(field: FieldInfo, shown: Any) -> str:
    if field.is_required() or field.default is None or shown is None:
        return ""
    return str(shown).lower() if isinstance(shown, bool) else str(shown)


def _nested(annotation: Any, path: Pattern) -> Iterator[tuple[Pattern, type[BaseModel]]]:
    """Yield the models that a field holds, each with the path at which its keys begin."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield path, annotation
        return
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _nested(arguments[0], path)
    elif origin is list:
        yield from _nested(arguments[0], (*path, "[]"))
    elif origin is dict:
        yield from _nested(arguments[1], (*path, "*"))
    elif origin in (Union, types.UnionType):
        for argument in arguments:
            yield from _nested(argument, path)
