"""Finding text within text, the same on both databases.

Enters: columns and what is looked for. Leaves: conditions. What is looked for is always a bound value and never a
pattern, so nothing in it needs escaping. Never decides who may see what.
"""

from __future__ import annotations

import string
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from aiops_daemon.edges.store.storable import storable, string_json

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class Contains(FunctionElement[bool]):
    """Whether the first text contains the second, letter by letter."""

    inherit_cache = True
    type = Boolean()


class AsciiLower(FunctionElement[str]):
    """The text with A to Z in lower case, and nothing else changed."""

    inherit_cache = True


@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: Any, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: Any, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(AsciiLower, "sqlite")
def _lower_sqlite(element: AsciiLower, compiler: Any, **kw: Any) -> str:
    return f"lower({compiler.process(element.clauses, **kw)})"


@compiles(AsciiLower, "postgresql")
def _lower_postgresql(element: AsciiLower, compiler: Any, **kw: Any) -> str:
    return f'lower({compiler.process(element.clauses, **kw)} COLLATE "C")'


def holds_labels(labels: ColumnElement[str], wanted: tuple[tuple[str, str], ...]) -> ColumnElement[bool]:
    r"""Ask whether a stored label set has all these labels.

    In compact JSON `{"a":"x","b":"y"}` every quote within a string has a backslash before it, so the text `{"a":"x"`
    or `,"a":"x"` occurs where, and only where, the set has that label.
    """
    return and_(*(_holds_label(labels, name, value) for name, value in wanted))


def _holds_label(labels: ColumnElement[str], name: str, value: str) -> ColumnElement[bool]:
    pair = f"{string_json(name)}:{string_json(value)}"
    return or_(Contains(labels, f"{{{pair}"), Contains(labels, f",{pair}"))


def mentions(columns: tuple[ColumnElement[str], ...], words: str) -> ColumnElement[bool]:
    """Ask whether each word occurs in at least one column of JSON text; case counts beyond A to Z only."""
    lowered = [AsciiLower(column) for column in columns]
    wanted = [string_json(storable(word))[1:-1].translate(_LOWER) for word in words.split()]
    return and_(*(or_(*(Contains(column, word) for column in lowered)) for word in wanted))
