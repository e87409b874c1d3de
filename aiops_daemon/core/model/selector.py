"""Bare selectors of PromQL, read and written: `name{label="value",other=~"a|b"}`.

Enters: the text of a selector, as people write it. Leaves: its metric and matchers as values, and a text that is built
from them, so that whatever a value holds stays a value. Never decides whether a metric exists, and reads no
expressions: what is more than one selector is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_ESCAPED = re.compile(r"\\(?:x(..)|u(....)|U(.{8})|([0-7]{3})|(.))", re.DOTALL)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_STRING = re.compile(
    r"""(?P<mark>["'])(?:\\(?:[abfnrtv\\"']|x[0-9a-fA-F]{2}|[0-7]{3}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8})|(?!(?P=mark))[^\\\n])*"""
    r"(?P=mark)|`[^`]*`"
)
_OPERATOR = re.compile(r"=~|!~|!=|=")
_BLANK = re.compile(r"(?:\s|#[^\n]*(?:\n|\Z))*")
_FORM = 'write only name{label="value"}'


@dataclass(frozen=True, slots=True)
class LabelMatch:
    """One condition on a label; `operator` is =, !=, =~ or !~."""

    name: str
    operator: str
    value: str

    def __str__(self) -> str:
        """Write it as PromQL."""
        return f"{_named(self.name)}{self.operator}{quote(self.value)}"


@dataclass(frozen=True, slots=True)
class Selector:
    """The series of one metric that satisfy every match; an empty metric is named by a match on `__name__`."""

    metric: str
    matches: tuple[LabelMatch, ...] = ()

    def __str__(self) -> str:
        """Write it as PromQL; a metric name that only Prometheus 3 knows goes into the braces, as it wants it."""
        if self.metric and not _METRIC.fullmatch(self.metric):
            return f"{{{','.join([quote(self.metric), *map(str, self.matches)])}}}"
        return self.metric + (f"{{{','.join(map(str, self.matches))}}}" if self.matches else "")

    def having(self, *more: LabelMatch) -> Selector:
        """Narrow it further."""
        return Selector(self.metric, (*self.matches, *more))

    def without(self, label: str) -> Selector:
        """Drop the conditions on a label."""
        return Selector(self.metric, tuple(match for match in self.matches if match.name != label))

    def named(self, metric: str) -> Selector:
        """Ask the same of another metric."""
        return Selector(metric, self.matches)


def quote(value: str) -> str:
    r"""Write a PromQL string: backslash, quote and control characters escaped, everything else as it is."""
    return '"' + "".join(_escape(character) for character in value) + '"'


def parse_selector(text: str) -> Selector:
    """Read a bare selector; raises ValueError that says where it stops being one."""
    reader = _Reader(text)
    selector = reader.selector()
    reader.end()
    return selector


class _Reader:
    """Reads one selector from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def selector(self) -> Selector:
        metric = self._take(_METRIC)
        if not self._sign("{"):
            if not metric:
                raise ValueError(f"is no bare selector: {_FORM}")
            return Selector(metric)
        matches: list[LabelMatch] = []
        while not self._sign("}"):
            quoted = self._take(_STRING)
            name = self._unquoted(quoted) if quoted else self._take(_LABEL)
            operator = self._take(_OPERATOR)
            if quoted and not operator and not metric:
                metric = name
            elif name and operator:
                matches.append(LabelMatch(name, operator, self._unquoted(self._take(_STRING))))
            else:
                raise ValueError(f"is no bare selector at character {self._at + 1}: {_FORM}")
            if not self._sign(",") and not self._peek("}"):
                raise ValueError(f"is no bare selector at character {self._at + 1}: {_FORM}")
        if not metric and not matches:
            raise ValueError("selects every series; name a metric")
        return Selector(metric, tuple(matches))

    def end(self) -> None:
        self._blank()
        if self._at != len(self._text):
            raise ValueError(f"is more than a bare selector from character {self._at + 1} on: {_FORM}")

    def _blank(self) -> None:
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at

    def _take(self, pattern: re.Pattern[str]) -> str:
        self._blank()
        found = pattern.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return found[0] if found else ""

    def _peek(self, sign: str) -> bool:
        self._blank()
        return self._text.startswith(sign, self._at)

    def _sign(self, sign: str) -> bool:
        found = self._peek(sign)
        self._at += found
        return found

    def _unquoted(self, text: str) -> str:
        if not text:
            raise ValueError(f"lacks a quoted value at character {self._at + 1}")
        if text.startswith("`"):
            return text[1:-1]
        return _ESCAPED.sub(_character, text[1:-1])


def _character(found: re.Match[str]) -> str:
    sixteen = found[1] or found[2] or found[3]
    if sixteen or found[4]:
        number = int(sixteen, 16) if sixteen else int(found[4], 8)
        return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "\ufffd"  # as Go reads it
    return _PLAIN.get(found[5], found[5])


def _named(name: str) -> str:
    return name if _LABEL.fullmatch(name) else quote(name)


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    return f"\\x{ord(character):02x}" if ord(character) < 0x20 or ord(character) == 0x7F else character
