"""A walk over JSON text that checks its grammar (RFC 8259) and decodes nothing.

Enters: bytes of any size. Leaves: where values, members and elements begin and end. Every walk is a generator that
yields None after some milliseconds of work, so that its caller can let others run. Never recurses, never holds more
than a few numbers, never accepts what the grammar does not. UTF-8 is the caller's to check.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeAlias

MAX_DEPTH = 64
_WINDOW = 1 << 16  # bytes that one regular expression looks at: a third of a millisecond
_QUANTUM = 1 << 18  # work between two pauses, in bytes; a step counts as 256 of them: 2 ms, 10 ms for `1,1,1,`

Range: TypeAlias = tuple[int, int]
Pauses: TypeAlias = Generator[None, None, int]
"""A walk that returns where it stopped."""


class MalformedError(ValueError):
    """The text is no JSON; says at which byte and why."""

    def __init__(self, at: int, why: str) -> None:
        super().__init__(f"byte {at}: {why}")


_PLAIN = rb'[^"\\\x00-\x1f]*+'
_ESCAPE = rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_PART = rb"%b(?:%b%b)*+" % (_PLAIN, _ESCAPE, _PLAIN)
_STRING = rb'"%b"' % _PART
_ATOM = rb"(?:-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+|true|false|null)"
_S = rb"[ \t\n\r]*+"
_NAME = rb"%b%b%b:" % (_S, _STRING, _S)
_SCALAR = rb"%b(?:%b|%b)%b" % (_S, _STRING, _ATOM, _S)
_FLAT = rb"%b(?:%b|%b|\{(?:%b%b(?:,%b%b)*+|%b)\}|\[(?:%b(?:,%b)*+|%b)\])%b" % (
    *(_S, _STRING, _ATOM),
    *(_NAME, _SCALAR, _NAME, _SCALAR, _S),
    *(_SCALAR, _SCALAR, _S, _S),
)
"""A scalar, or a container of scalars: labels and annotations are such."""

_SPACE = re.compile(_S)
_IN_STRING = re.compile(_PART)
_ONE_ATOM = re.compile(_ATOM + rb"(?![0-9.eE+-])")
_AFTER = re.compile(_S + rb"[,}\]]")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Objects or arrays: `many` skips simple members with their commas, `last` goes to where the depth changes."""

    closer: int
    named: bool
    empty: re.Pattern[bytes]
    many: re.Pattern[bytes]
    last: re.Pattern[bytes]


def _kind(closer: bytes, name: bytes, item: bytes) -> _Kind:
    close = re.escape(closer)
    return _Kind(
        closer[0],
        bool(name),
        re.compile(_S + close),
        re.compile(rb"(?:%b%b,)*+" % (name, item)),
        re.compile(rb"%b(?:%b%b|%b[{\[])" % (name, item, close, _S)),
    )


_KINDS = {ord("{"): _kind(b"}", _NAME, _FLAT), ord("["): _kind(b"]", b"", _FLAT)}
_DEEPEST = {ord("{"): _kind(b"}", _NAME, _SCALAR), ord("["): _kind(b"]", b"", _SCALAR)}
_COMMA = ord(",")


def value(text: bytes, at: int, depth: int = 0) -> Pauses:
    """Walk over the value that begins at `at`; returns its end. `depth` containers are open around it."""
    first = _byte(text, at)
    if first not in _KINDS:
        return (yield from _scalar(text, at))
    kinds: list[_Kind] = []
    _open(kinds, first, at, depth)
    at, spent, paused_at = at + 1, 0, at
    opened = True
    while kinds:
        at, last = yield from _advance(text, at, kinds[-1], opened)
        opened = last in _KINDS
        if opened:
            _open(kinds, last, at, depth)
        elif last != _COMMA:
            at = yield from _close(text, at, kinds)
        spent += 256
        if spent + at - paused_at > _QUANTUM:
            spent, paused_at = 0, at
            yield
    return at


def _open(kinds: list[_Kind], first: int, at: int, depth: int) -> None:
    """Enter a container; in the deepest that may be, no other may stand."""
    level = depth + len(kinds) + 1
    if level > MAX_DEPTH:
        raise MalformedError(at, f"nested deeper than {MAX_DEPTH}")
    kinds.append((_KINDS if level < MAX_DEPTH else _DEEPEST)[first])


def members(text: bytes, at: int) -> Generator[tuple[bytes, Range] | None, None, int]:
    """Walk over the object that begins at `at`; yields each raw name (quotes included) with its value's range."""
    at = yield from space(text, at + 1)
    if _byte(text, at) == ord("}"):
        return at + 1
    while True:
        at = yield from space(text, at)
        name_end = yield from _string(text, at)
        name = text[at:name_end]
        colon = yield from space(text, name_end)
        _expect(text, colon, b":")
        start = yield from space(text, colon + 1)
        end = yield from value(text, start, 1)
        yield name, (start, end)
        at = yield from space(text, end)
        if _expect(text, at, b",}") != _COMMA:
            return at + 1
        at += 1


def elements(text: bytes, at: int, depth: int = 1) -> Generator[Range | None, None, int]:
    """Walk over the array that begins at `at`; yields the range of each element. `depth` containers are around it."""
    at = yield from space(text, at + 1)
    if _byte(text, at) == ord("]"):
        return at + 1
    while True:
        start = yield from space(text, at)
        end = yield from value(text, start, depth + 1)
        yield start, end
        at = yield from space(text, end)
        if _expect(text, at, b",]") != _COMMA:
            return at + 1
        at += 1


def _advance(text: bytes, at: int, kind: _Kind, opened: bool) -> Generator[None, None, tuple[int, int]]:
    """Go to behind the next byte that changes the depth; returns that place and byte, or a comma where a step ended."""
    if opened and (found := kind.empty.match(text, at, at + _WINDOW)):
        return found.end(), kind.closer
    start, at = at, _end(kind.many, text, at)
    if found := kind.last.match(text, at, at + _WINDOW):
        return found.end(), text[found.end() - 1]
    if at > start and at < len(text):
        return at, _COMMA
    return (yield from _member(text, at, kind, opened))


def _member(text: bytes, at: int, kind: _Kind, opened: bool) -> Generator[None, None, tuple[int, int]]:
    """Walk over one member token by token: it is longer than a window, or wrong."""
    at = yield from space(text, at)
    if opened and _byte(text, at) == kind.closer:
        return at + 1, kind.closer
    if kind.named:
        at = yield from _string(text, at)
        at = yield from space(text, at)
        _expect(text, at, b":")
        at = yield from space(text, at + 1)
    if (first := _byte(text, at)) in _KINDS:
        return at + 1, first
    at = yield from _scalar(text, at)
    at = yield from space(text, at)
    return at + 1, _expect(text, at, bytes((_COMMA, kind.closer)))


def _close(text: bytes, at: int, kinds: list[_Kind]) -> Pauses:
    """Leave containers until one goes on after a comma, or all are left."""
    kinds.pop()
    while kinds:
        if found := _AFTER.match(text, at, at + _WINDOW):
            at = found.end() - 1
        else:
            at = yield from space(text, at)
        last = _expect(text, at, bytes((_COMMA, kinds[-1].closer)))
        at += 1
        if last == _COMMA:
            break
        kinds.pop()
    return at


def _scalar(text: bytes, at: int) -> Pauses:
    """Walk over a string, a number or a name; a number of more than 65,536 digits is refused."""
    if _byte(text, at) == ord('"'):
        return (yield from _string(text, at))
    found = _ONE_ATOM.match(text, at, at + _WINDOW)
    if found is None or (found.end() == at + _WINDOW and found.end() < len(text)):
        raise MalformedError(at, "no JSON value" if found is None else "a number that is too long")
    return found.end()


def _string(text: bytes, at: int) -> Pauses:
    """Walk over a string, window by window."""
    _expect(text, at, b'"')
    at += 1
    for turn in range(len(text)):
        end = _end(_IN_STRING, text, at)
        if text[end : end + 1] == b'"':
            return end + 1
        if end == at:
            break
        at = end
        if turn % 16 == 15:
            yield
    raise MalformedError(at, "a string does not end, or holds what no string may")


def space(text: bytes, at: int) -> Pauses:
    """Walk over white space, window by window."""
    for turn in range(len(text) + 1):
        end = _end(_SPACE, text, at)
        if end < at + _WINDOW:
            return end
        at = end
        if turn % 16 == 15:
            yield
    return at


def _end(pattern: re.Pattern[bytes], text: bytes, at: int) -> int:
    """Return where a pattern that also matches nothing ends."""
    found = pattern.match(text, at, at + _WINDOW)
    return found.end() if found else at


def _byte(text: bytes, at: int) -> int:
    """Return the byte there, -1 at the end."""
    return text[at] if at < len(text) else -1


def _expect(text: bytes, at: int, allowed: bytes) -> int:
    found = _byte(text, at)
    if found == -1:
        raise MalformedError(at, "the text ends too early")
    if found not in allowed:
        raise MalformedError(at, f"{chr(found)!r} where one of {allowed.decode()!r} belongs")
    return found
