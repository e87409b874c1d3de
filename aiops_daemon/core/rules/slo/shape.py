"""Expressions of a known shape, taken apart into selectors.

Enters: PromQL with `{{.window}}` for its range, as Sloth wants it. Leaves: what it adds up, where it is nothing but
`sum [by (...)] (rate(selector[{{.window}}]))`; else the expression without comments, safe to be put in parentheses.
Most of what people write is of that shape, and only of selectors can first appearances be counted and tests be made.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aiops_daemon.core.model.selector import Selector, parse_selector
from aiops_daemon.core.model.sli import WINDOW, EventsSli, RatioSli

_QUOTED = r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`"""
_PIECES = re.compile(rf"(?P<quoted>{_QUOTED})|(?P<comment>#[^\n]*)|(?P<rest>.)", re.DOTALL)
_MARK = re.compile(r"\{\{\s*\.window\s*\}\}")
_BY = r"(?:by\s*\(\s*(?P<{0}>[\w\s,]*)\)\s*)"
_SUM = re.compile(
    rf"\s*sum\s*{_BY.format('before')}?\(\s*(?P<function>rate|increase)\s*\((?P<selector>.*)"
    rf"\[\s*\{{\{{\.window\}}\}}\s*\]\s*\)\s*\)\s*{_BY.format('after')}?",
    re.DOTALL,
)
_FUNCTION = re.compile(r"\b([a-z_]+)\s*\([^()]*\[\s*\{\{\.window\}\}\s*\]")
_PER_SECOND = frozenset({"rate", "irate", "deriv"})
_PER_WINDOW = frozenset({"increase", "count_over_time", "sum_over_time", "changes", "resets"})


@dataclass(frozen=True, slots=True)
class Summed:
    """What `sum by (labels) (function(selector[window]))` adds up."""

    selector: Selector
    labels: tuple[str, ...]
    function: str


def clean(expression: str) -> str:
    """Remove comments, which would swallow what follows, and write the window's mark in one way."""
    pieces = (found["quoted"] or ("" if found["comment"] else found["rest"]) for found in _PIECES.finditer(expression))
    return _MARK.sub(lambda _: WINDOW, "".join(pieces)).strip()


def at(expression: str, window: str) -> str:
    """Return the expression over a window such as `5m`."""
    return clean(expression).replace(WINDOW, window)


def unit(expression: str) -> str:
    """Say whether it counts per second, per window, or neither as far as its functions tell: second, window or ''."""
    functions = set(_FUNCTION.findall(_without_texts(clean(expression))))
    if functions and functions <= _PER_SECOND:
        return "second"
    return "window" if functions and functions <= _PER_WINDOW else ""


def summed(expression: str) -> Summed | None:
    """Take an expression apart; None where it is more than a sum of rates."""
    text = clean(expression)
    while _enclosed(text):
        text = text[1:-1].strip()
    found = _SUM.fullmatch(text)
    if found is None:
        return None
    try:
        selector = parse_selector(found["selector"])
    except ValueError:
        return None
    names = (found["before"] or found["after"] or "").split(",")
    return Summed(selector, tuple(sorted(name.strip() for name in names if name.strip())), found["function"])


def as_events(sli: RatioSli) -> tuple[EventsSli, tuple[str, ...]] | None:
    """Return the same indicator over selectors, with its grouping; None where an expression is of another shape.

    `total - good` as the bad side is read as good events, which is how latencies are written for Sloth.
    """
    total = summed(sli.total)
    side = summed(sli.bad or sli.good or "")
    good = side if sli.bad is None else None
    if sli.bad is not None and side is None:
        good = _subtracted(sli.bad, sli.total)
    found = good or side
    if total is None or found is None or found.labels != total.labels or found.function != total.function:
        return None
    if good is not None:
        return EventsSli(str(total.selector), good=str(good.selector)), total.labels
    return EventsSli(str(total.selector), bad=str(found.selector)), total.labels


def _subtracted(bad: str, total: str) -> Summed | None:
    text = clean(bad)
    while _enclosed(text):
        text = text[1:-1].strip()
    whole = summed(total)
    for position, character in enumerate(text):
        if character == "-" and whole is not None and summed(text[:position]) == whole:
            return summed(text[position + 1 :])
    return None


def _without_texts(expression: str) -> str:
    return re.sub(_QUOTED, '""', expression)


def _enclosed(text: str) -> bool:
    """Say whether one pair of parentheses holds all of it."""
    if not text.startswith("(") or not text.endswith(")"):
        return False
    depth = 0
    for found in _PIECES.finditer(text):
        depth += {"(": 1, ")": -1}.get(found["rest"] or "", 0)
        if depth == 0 and found.end() < len(text):
            return False
    return True
