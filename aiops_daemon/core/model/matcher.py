"""Label matchers in Alertmanager's notation: `severity="critical"`, `service=~"shop-.*"`, `!=`, `!~`.

Enters: text as written in a configuration. Leaves: frozen matchers. Regular expressions are
anchored and Go's, as Alertmanager's are; a label that is absent counts as empty.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.core.model import regexp
from aiops_daemon.core.model.labels import Labels

_FORM = re.compile(r'\s*([^\s{}!=~,\\"\'`]+|"(?:[^"\\]|\\.)*")\s*(=~|!~|!=|=)\s*(.*?)\s*', re.DOTALL)
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = {"n": "\n", '"': '"', "\\": "\\"}


class MatchOp(StrEnum):
    """How a matcher compares."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label."""

    name: str
    op: MatchOp
    value: str
    pattern: re.Pattern[str] | None = field(default=None, compare=False, repr=False)

    def matches(self, labels: dict[str, str]) -> bool:
        """Say whether the condition holds."""
        value = labels.get(self.name, "")
        if self.pattern is not None:
            return (self.pattern.fullmatch(value) is not None) == (self.op is MatchOp.REGEX)
        return (value == self.value) == (self.op is MatchOp.EQUAL)

    def __str__(self) -> str:
        """Write the matcher as amtool does."""
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op}"{escaped}"'


Matchers = tuple[Matcher, ...]
"""Conditions that must all hold; none at all holds for everything."""


def make(name: str, op: MatchOp, value: str) -> Matcher:
    """Build a matcher; raises ValueError for a regular expression that does not compile."""
    if op in (MatchOp.EQUAL, MatchOp.NOT_EQUAL):
        return Matcher(name, op, value)
    try:
        return Matcher(name, op, value, re.compile(regexp.for_python(value)))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error


def parse(text: str) -> Matcher:
    """Read one matcher; raises ValueError with the words for a person."""
    found = _FORM.fullmatch(text)
    if not found:
        raise ValueError(f'{text!r} is no matcher; write it as severity="critical", service=~"shop-.*", != or !~')
    name, op, value = found.groups()
    return make(_unquote(name, text), MatchOp(op), _unquote(value, text))


def parse_all(text: str) -> Matchers:
    """Read `{a="b",c=~"d"}` or the same without braces; raises ValueError."""
    inner = text.strip()
    if inner.startswith("{") and inner.endswith("}"):
        inner = inner[1:-1]
    return tuple(parse(part) for part in _split(inner) if part.strip())


def all_match(matchers: Matchers, labels: Labels) -> bool:
    """Say whether every matcher holds."""
    values = dict(labels)
    return all(matcher.matches(values) for matcher in matchers)


def _split(text: str) -> list[str]:
    """Split at commas outside quotes; a quote that nothing closes stays, for `parse` to refuse."""
    return re.findall(r'(?:[^,"]|"(?:[^"\\]|\\.)*"|")+', text, re.DOTALL)


def _unquote(value: str, whole: str) -> str:
    if not value.startswith('"'):
        if '"' in value:
            raise ValueError(f"{whole!r} has a quote inside an unquoted value")
        return value
    if not _QUOTED.fullmatch(value):
        raise ValueError(f"{whole!r} has an open quote, or something after the closing one")
    return _ESCAPED.sub(lambda found: _PLAIN.get(found[1], found[0]), value[1:-1])
