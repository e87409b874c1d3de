"""A strict reader of bare vector selectors: `name`, `name{a="b",c=~"d"}`, `{...}`.

Enters: a PromQL expression. Leaves: its matchers, which remote read takes instead of an expression; None for
everything else (functions, ranges, offsets, comments, quoted names, unusual escapes). Never guesses: what it
does not know stays an expression, and Prometheus judges it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum


class MatchType(IntEnum):
    """Matcher types; the numbers are those of the remote read protocol (prompb.LabelMatcher.Type)."""

    EQ = 0
    NEQ = 1
    RE = 2
    NRE = 3


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label matcher."""

    kind: MatchType
    name: str
    value: str


_OPERATORS = {"=": MatchType.EQ, "!=": MatchType.NEQ, "=~": MatchType.RE, "!~": MatchType.NRE}
_NUMBERS = frozenset({"inf", "nan"})  # the language reads these as numbers, in any case
_SELECTOR = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)?\s*(?:\{(.*)\})?\s*", re.DOTALL)
_MATCHER = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`[^`]*`)\s*(,|\Z)\s*"""
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"\\": "\\", '"': '"', "'": "'", "n": "\n", "t": "\t", "r": "\r"}


def parse(expr: str) -> tuple[Matcher, ...] | None:
    """Return the matchers of a bare selector, that of the metric name first; None where `expr` is none."""
    whole = _SELECTOR.fullmatch(expr)
    if whole is None:
        return None
    name, braces = whole.groups()
    matchers = _matchers(braces or "")
    if matchers is None or (name or "").lower() in _NUMBERS:
        return None
    if name:
        if any(matcher.name == "__name__" for matcher in matchers):
            return None
        matchers = [Matcher(MatchType.EQ, "__name__", name), *matchers]
    return tuple(matchers) or None


def _matchers(text: str) -> list[Matcher] | None:
    found: list[Matcher] = []
    at = 0
    while text[at:].strip():
        part = _MATCHER.match(text, at)
        value = _unquote(part[3]) if part else None
        if part is None or value is None:
            return None
        found.append(Matcher(_OPERATORS[part[2]], part[1], value))
        at = part.end()
    return found


def _unquote(quoted: str) -> str | None:
    """Read a string literal; None where it has an escape beyond the plain ones."""
    inner = quoted[1:-1]
    if quoted[0] == "`":
        return inner
    if any(escaped not in _ESCAPES for escaped in _ESCAPE.findall(inner)):
        return None
    return _ESCAPE.sub(lambda escape: _ESCAPES[escape[1]], inner)
