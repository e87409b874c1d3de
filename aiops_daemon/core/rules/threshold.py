"""The threshold of an alert expression: the number that it ends in, behind a comparison.

Enters: an expression. Leaves: what stands before the number, the comparison and the number; None for an expression of
another form, or one where the comparison is not the whole of it (`and`, `or`, `unless`). Never parses PromQL
further than it takes to be sure of that.
"""

from __future__ import annotations

import math
import re
from typing import NamedTuple

_FORM = re.compile(
    r"(?P<left>.*\S)\s*(?P<op>>=|<=|>|<)\s*(?P<number>-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*", re.DOTALL
)
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`')
_INNERMOST = re.compile(r"\([^()]*\)|\{[^{}]*\}|\[[^\[\]]*\]")
_JOINED = re.compile(r"\b(and|or|unless|bool)\b|[<>]|==|!=|#", re.IGNORECASE)


class Threshold(NamedTuple):
    """`left op number`."""

    left: str
    op: str
    number: float

    @property
    def above(self) -> bool:
        """Say whether it alerts on what is above."""
        return self.op in (">", ">=")

    def holds(self, value: float, number: float) -> bool:
        """Say whether a value would alert with another number."""
        edge = value == number and self.op in (">=", "<=")
        return edge or (value > number if self.above else value < number)

    def written(self, number: float) -> str:
        """Return the expression with another number."""
        return f"{self.left} {self.op} {number:.10g}"


def threshold_of(expr: str) -> Threshold | None:
    """Find the threshold that ends an expression."""
    found = _FORM.fullmatch(expr.strip())
    if found is None or _JOINED.search(_outermost(found["left"])):
        return None
    number = float(found["number"])
    return Threshold(found["left"], found["op"], number) if math.isfinite(number) else None


def _outermost(expr: str) -> str:
    """Blank out strings and whatever stands in brackets; a bracket left open leaves something that is refused."""
    text = _STRINGS.sub('""', expr)
    while (shorter := _INNERMOST.sub(" ", text)) != text:
        text = shorter
    return text + ("#" if re.search(r"[(){}\[\]]", text) else "")
