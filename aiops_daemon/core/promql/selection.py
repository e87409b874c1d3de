"""Selectors: a name, matchers in braces, or both.

Enters: the reader at the braces, and the name before them. Leaves: the selector, unchecked.
"""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.model.matcher import MatchOp
from aiops_daemon.core.promql.lexer import Lexeme, PromqlError, Token
from aiops_daemon.core.promql.tree import NAME, Condition, Selector, Span

_OPS = {str(op): op for op in MatchOp}


class Walk(Protocol):
    """What is needed of the reader."""

    @property
    def ahead(self) -> Token:
        """Return the next token."""

    def take(self) -> Token:
        """Return the next token and step over it."""

    def note(self, words: str, token: Token) -> None:
        """Remember what only Prometheus 3 takes."""

    def symbol(self, text: str) -> bool:
        """Step over a symbol if it is ahead, and say whether it was."""


def read_selector(reader: Walk, name: Token | None) -> Selector:
    """Read a selector; a quoted name inside the braces stands for the name."""
    first = name or reader.ahead
    end = first.end
    conditions: tuple[Condition, ...] = ()
    quoted = ""
    if reader.symbol("{"):
        conditions, quoted, end = _braces(reader, first)
    if name is not None and quoted:
        raise PromqlError(first.at, f"the metric is named twice, {name.text!r} and {quoted!r}")
    told = next((one.value for one in conditions if one.name == NAME and one.op is MatchOp.EQUAL), "")
    named = name.text if name else quoted
    return Selector(Span(start=first.at, end=end), named or told, conditions, named=bool(named))


def _braces(reader: Walk, first: Token) -> tuple[tuple[Condition, ...], str, int]:
    found: list[Condition] = []
    quoted = ""
    while not (reader.ahead.kind is Lexeme.SYMBOL and reader.ahead.text == "}"):
        token = reader.take()
        if token.kind not in (Lexeme.NAME, Lexeme.STRING):
            raise _wrong(token, "a label, or }")
        op = reader.ahead
        if token.kind is Lexeme.STRING and (op.text in (",", "}") and op.kind is Lexeme.SYMBOL):
            if quoted:
                raise PromqlError(first.at, f"the metric is named twice, {quoted!r} and {token.text!r}")
            quoted = token.text
            reader.note("a quoted metric name", token)
        else:
            found.append(_condition(reader, token))
        if not reader.symbol(","):
            break
    end = reader.ahead
    if not reader.symbol("}"):
        raise _wrong(end, "a comma, or }")
    return tuple(found), quoted, end.end


def _condition(reader: Walk, name: Token) -> Condition:
    op = reader.take()
    if op.kind is not Lexeme.SYMBOL or op.text not in _OPS:
        raise _wrong(op, "=, !=, =~ or !~")
    if name.kind is Lexeme.STRING:
        reader.note("a quoted label name", name)
    value = reader.take()
    if value.kind is not Lexeme.STRING:
        raise _wrong(value, "a string in quotes")
    return Condition(name.text, _OPS[op.text], value.text)


def _wrong(token: Token, wanted: str) -> PromqlError:
    shown = str(Lexeme.END) if token.kind is Lexeme.END else repr(token.text)
    return PromqlError(token.at, f"{shown} inside braces, where {wanted} must stand")
