"""Finding text within text, the same on both databases.

Enters: columns and what is looked for. Leaves: conditions. What is looked for is always a bound value, and the signs
of a pattern in it stand for themselves. Never decides who may see what.
"""

from __future__ import annotations

import string
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Text, and_, or_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from aiops_daemon.edges.store.storable import string_json

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_MAX_PATTERN = 8193  # characters; no searched text of incidents is as long


class Contains(FunctionElement[bool]):
    """Whether the first text contains the second, letter by letter."""

    inherit_cache = True
    type = Boolean()


class Caseless(FunctionElement[str]):
    """The text as LIKE needs it to overlook the case of A to Z, and of these alone, given a pattern in lower case."""

    inherit_cache = True
    type = Text()


@compiles(Contains, "sqlite")
def _contains_sqlite(element: Contains, compiler: Any, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(Contains, "postgresql")
def _contains_postgresql(element: Contains, compiler: Any, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(Caseless, "sqlite")
def _caseless_sqlite(element: Caseless, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))  # LIKE does so by itself there


@compiles(Caseless, "postgresql")
def _caseless_postgresql(element: Caseless, compiler: Any, **kw: Any) -> str:
    return f'lower({compiler.process(element.clauses, **kw)} COLLATE "C")'


def pattern_text(text: str) -> str:
    """Shorten what LIKE looks for: SQLite refuses patterns over 50,000 bytes."""
    return text[:_MAX_PATTERN]


def holds_labels(labels: ColumnElement[str], wanted: tuple[tuple[str, str], ...]) -> ColumnElement[bool]:
    r"""Ask whether a stored label set has all these labels.

    In compact JSON `{"a":"x","b":"y"}` every quote within a string has a backslash before it, so the text `{"a":"x"`
    or `,"a":"x"` occurs where, and only where, the set has that label.
    """
    return and_(*(_holds_label(labels, name, value) for name, value in wanted))


def _holds_label(labels: ColumnElement[str], name: str, value: str) -> ColumnElement[bool]:
    pair = f"{string_json(name)}:{string_json(value)}"
    exact = or_(Contains(labels, f"{{{pair}"), Contains(labels, f",{pair}"))
    return and_(labels.contains(pattern_text(pair), autoescape=True), exact)  # the first is faster, and not exact


def mentions(columns: tuple[ColumnElement[str], ...], words: str) -> ColumnElement[bool]:
    """Ask whether each word occurs in at least one column of JSON text; case counts beyond A to Z only."""
    wanted = [pattern_text(string_json(word)[1:-1].translate(_LOWER)) for word in words.split()]
    texts = [Caseless(column) for column in columns]
    return and_(*(or_(*(text.contains(word, autoescape=True) for text in texts)) for word in wanted))
