"""What pydantic found, in our words.

Enters the tree and pydantic's errors, leaves faults with place, message and remedy. Never uses pydantic's own
sentences about values, and of the values themselves only what a percentage is as a ratio.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from aiops_daemon.config.faults import Fault, Path, did_you_mean
from aiops_daemon.config.model import Document
from aiops_daemon.config.outline import siblings
from aiops_daemon.config.routes import MISPLACED
from aiops_daemon.config.tree import Tree

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a truth value"),
    (int, "a number"),
    (float, "a number with a fraction"),
    (str, "text"),
    (list, "a list"),
    (dict, "a mapping"),
)

_WANTED = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", "write digits only"),
    "int_from_float": ("a whole number", "write digits only"),
    "float_type": ("a number", "write it without quotes and unit"),
    "bool_type": ("true or false", "write it without quotes"),
    "list_type": ("a list", "write `- item` lines, or [item, item]"),
    "dict_type": ("a mapping", "write `key: value` lines below it"),
    "model_type": ("a mapping", "write `key: value` lines below it"),
}

_BOUNDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "greater_than": lambda ctx: f"must be above {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']}",
    "less_than": lambda ctx: f"must be below {ctx['lt']}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']}",
    "too_short": lambda ctx: f"must hold at least {ctx['min_length']}",
    "too_long": lambda ctx: f"must hold at most {ctx['max_length']}",
    "finite_number": lambda _: "must be a finite number",
}


def explain(errors: Sequence[ErrorDetails], tree: Tree, model: type[BaseModel] = Document) -> list[Fault]:
    """Turn pydantic's errors into faults, leaving out what follows from a value that could not be read.

    `model` is what the file was read as.
    """
    found: list[Fault] = []
    for error in errors:
        path, of_key = _place(error, tree)
        if of_key or path not in tree.unread:
            found.append(_fault(error, path, of_key, tree, model))
    return found


def _place(error: ErrorDetails, tree: Tree) -> tuple[Path, bool]:
    """Find the path in the file: pydantic's has steps of its own, such as the names of union members."""
    steps = [step for step in error["loc"] if step != "[key]"]
    path: Path = ()
    value: Any = tree.root
    for step in steps:
        if _within(step, value):
            value = value[step]
        elif error["type"] != "missing" or step != steps[-1]:
            continue
        path = (*path, step)
    return path, "[key]" in error["loc"] or error["type"] == "extra_forbidden"


def _within(step: str | int, value: Any) -> bool:
    if isinstance(step, int):
        return isinstance(value, list) and step < len(value)
    return isinstance(value, dict) and step in value


def _fault(error: ErrorDetails, path: Path, of_key: bool, tree: Tree, model: type[BaseModel]) -> Fault:
    if error["type"] == "extra_forbidden":
        return _unknown(path, tree, model)
    message, remedy = _words(error)
    make = tree.key_fault if of_key else tree.fault
    return make(path, f"the key {message}" if of_key else message, remedy)


def _unknown(path: Path, tree: Tree, model: type[BaseModel]) -> Fault:
    if path in MISPLACED and model is Document:
        return tree.key_fault(path, *MISPLACED[path])
    known = siblings(path, model)
    return tree.key_fault(path, "unknown key", did_you_mean(path[-1], known) or f"known here: {', '.join(known)}")


def _words(error: ErrorDetails) -> tuple[str, str]:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "refused":
        return context["message"], context["remedy"]
    if kind == "missing":
        return "is required", "add it"
    if kind in _WANTED:
        wanted, remedy = _WANTED[kind]
        return f"must be {wanted}, not {_kind(error['input'])}", remedy
    if kind in _BOUNDS:
        return _BOUNDS[kind](context), _as_ratio(context, error["input"])
    return "is not valid here", ""


def _as_ratio(context: dict[str, Any], value: Any) -> str:
    """Ask whether a percentage was written where 1 is the whole."""
    whole = 1 in (context.get("le"), context.get("lt")) and isinstance(value, int | float)
    return f"it is a ratio: did you mean {value / 100:.12g}?" if whole and 1 < value < 100 else ""


def _kind(value: Any) -> str:
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "nothing")
