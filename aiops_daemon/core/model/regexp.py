"""Regular expressions as Go reads them (RE2), written for Python's engine.

Enters: a pattern of a matcher. Leaves: the pattern that takes the same texts when it is matched as a whole. What Go
refuses and Python knows passes as it is. Raises re.error for classes that are not known here (`\\p{Greek}`); a
pattern that Python refuses is for re.compile to refuse.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

Ranges = tuple[tuple[int, int], ...]

_ANYWHERE = r"""
    \\(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2}) | \\x\{(?P<hex>[0-9A-Fa-f]{1,6})\}
    | \\(?P<known>[dDwWsS]|[pP](?:\{\^?\w+\}|[A-Z]))
"""
_TOKEN = re.compile(
    rf"""
    \\Q(?P<quoted>.*?)\\E | {_ANYWHERE}
    | (?P<edge>\\[bB]) | \\(?P<end>z) | (?P<escape>\\.)
    | \[(?P<set>\^?\]?(?:\[:\^?[a-z]+:\]|\\.|[^\]\\])*)\]
    | \(\?(?P<on>[imsU]*)(?:-(?P<off>[imsU]+))?(?P<scope>[:)]) | \(\?(?P<named><)(?![=!])
    | (?P<repeat>\{{[0-9]+(?:,[0-9]*)?\}}) | (?P<one>.)
    """,
    re.VERBOSE | re.DOTALL,
)
_IN_SET = re.compile(rf"{_ANYWHERE} | \[:(?P<posix>\^?[a-z]+):\] | (?P<rest>--|\\.|.)", re.VERBOSE | re.DOTALL)
_LAST = 0x10FFFF  # of Unicode
_DIGIT, _UPPER, _LOWER = (0x30, 0x39), (0x41, 0x5A), (0x61, 0x7A)
_CLASSES: dict[str, Ranges] = {
    "d": (_DIGIT,),
    "w": (_DIGIT, _UPPER, (0x5F, 0x5F), _LOWER),
    "s": ((9, 10), (12, 13), (32, 32)),
    "alnum": (_DIGIT, _UPPER, _LOWER),
    "alpha": (_UPPER, _LOWER),
    "ascii": ((0, 0x7F),),
    "blank": ((9, 9), (32, 32)),
    "cntrl": ((0, 0x1F), (0x7F, 0x7F)),
    "digit": (_DIGIT,),
    "graph": ((0x21, 0x7E),),
    "lower": (_LOWER,),
    "print": ((0x20, 0x7E),),
    "punct": ((0x21, 0x2F), (0x3A, 0x40), (0x5B, 0x60), (0x7B, 0x7E)),
    "space": ((9, 13), (32, 32)),
    "upper": (_UPPER,),
    "word": (_DIGIT, _UPPER, (0x5F, 0x5F), _LOWER),
    "xdigit": (_DIGIT, (0x41, 0x46), (0x61, 0x66)),
}
"""Letters of Perl and names of POSIX: both mean ASCII alone (regexp/syntax/perl_groups.go of Go)."""


def for_python(pattern: str) -> str:
    """Write a pattern for re.compile without flags; it is to be matched with fullmatch."""
    writing = _Writing()
    for token in _TOKEN.finditer(pattern):
        writing.take(token)
    return writing.finished()


class _Writing:
    """One pass over a pattern. Flags that begin within a group are written as groups of their own."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._opened: list[list[str]] = [[]]  # by group: heads of the groups that flags opened in it
        self._lines = [False]  # by group: whether `m` holds, by which $ is the end of a line

    def take(self, token: re.Match[str]) -> None:
        """Write one token."""
        if token["scope"]:
            self._flags(token["on"], token["off"] or "", within=token["scope"] == ":")
        elif token["named"]:
            self._open("(?P<")
        elif token["one"] is None:
            self._parts.append(_written(token))
        elif token["one"] == "(":
            self._open("(")
        elif token["one"] == ")":
            self._close()
        elif token["one"] == "|":
            opened = self._opened[-1]
            self._parts.append(")" * len(opened) + "|" + "".join(opened))
        else:
            plain = {"{": r"\{", "$": "$" if self._lines[-1] else r"\Z"}
            self._parts.append(plain.get(token["one"], token["one"]))

    def finished(self) -> str:
        """Return what was written, with the groups closed that flags opened."""
        return "".join(self._parts) + ")" * len(self._opened[-1])

    def _flags(self, on: str, off: str, *, within: bool) -> None:
        """Take flags; `U` swaps who is greedy, which does not change what is matched as a whole."""
        removed = off.replace("U", "")
        added = "".join(one for one in on if one not in f"U{removed}")
        head = f"(?{added}{'-' if removed else ''}{removed}:"
        if within:
            self._open(head)
        elif added or removed:
            self._opened[-1].append(head)
            self._parts.append(head)
        self._lines[-1] = (self._lines[-1] or "m" in added) and "m" not in removed

    def _open(self, head: str) -> None:
        self._parts.append(head)
        self._opened.append([])
        self._lines.append(self._lines[-1])

    def _close(self) -> None:
        """Close a group; one that was never opened is for re.compile to refuse."""
        opened = self._opened.pop() if len(self._opened) > 1 else []
        if len(self._lines) > 1:
            self._lines.pop()
        self._parts.append(")" * len(opened) + ")")


def _written(token: re.Match[str]) -> str:
    """Write what is neither group, alternative nor a character of its own."""
    if token["quoted"] is not None:
        return re.escape(token["quoted"])
    if token["set"] is not None:
        return _set(token["set"])
    if token["known"]:
        return f"[{_ranges(_class(token['known']))}]"
    if token["edge"]:
        return f"(?a:{token['edge']})"
    if token["octal"] or token["hex"]:
        return _character(token)
    return r"\Z" if token["end"] else token["escape"] or token["repeat"]


def _set(inner: str) -> str:
    """Write a bracket expression: classes as ranges, and what Python will read otherwise one day escaped."""
    negated, inner = inner[:1] == "^", inner.removeprefix("^")
    parts = ["\\]"] if inner[:1] == "]" else []
    for token in _IN_SET.finditer(inner.removeprefix("]")):
        if token["known"] or token["posix"]:
            parts.append(_ranges(_class(token["known"] or token["posix"])))
        elif token["octal"] or token["hex"]:
            parts.append(_character(token))
        else:
            special = {"--": r"-\-" if parts else r"\--"}  # the second ends a range, but at the beginning begins one
            parts.append(special.get(token["rest"]) or re.sub(r"^[\[&|~]$", r"\\\g<0>", token["rest"]))
    return f"[{'^' if negated else ''}{''.join(parts)}]"


def _character(token: re.Match[str]) -> str:
    code = int(token["octal"], 8) if token["octal"] else int(token["hex"], 16)
    if code > _LAST:
        raise re.error(f"{token[0]} is no character")
    return f"\\U{code:08x}"


def _class(name: str) -> Ranges:
    """Return the characters of a class: `d`, `W`, `alpha`, `^alpha`, `pL`, `P{Lu}`, `p{^Lu}`."""
    if name[0] in "pP" and (len(name) == 2 or name[1] == "{"):
        wanted = name[1:].strip("{}")
        found = _category(wanted.removeprefix("^"))
        return _others(found) if (name[0] == "P") != (wanted[0] == "^") else found
    key = name.removeprefix("^")
    found = _CLASSES.get(key if len(key) > 1 else key.lower(), ())
    if not found:
        raise re.error(f"no class is called {key}")
    return _others(found) if key != name or (len(key) == 1 and key.isupper()) else found


@lru_cache(maxsize=64)
def _category(name: str) -> Ranges:
    """Return the characters of one of Unicode's categories, such as L or Lu."""
    found = tuple(_joined(code for code in range(_LAST + 1) if unicodedata.category(chr(code)).startswith(name)))
    if not found or len(name) > 2:
        raise re.error(f"class {name} of Unicode is not known here; categories such as L and Lu are")
    return found


def _joined(codes: Iterable[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1] = (found[-1][0], code)
        else:
            found.append((code, code))
    return found


def _others(ranges: Ranges) -> Ranges:
    """Return every character outside of ranges that are in order."""
    begins = [0, *(last + 1 for _, last in ranges)]
    ends = [*(first - 1 for first, _ in ranges), _LAST]
    return tuple((first, last) for first, last in zip(begins, ends, strict=True) if first <= last)


def _ranges(ranges: Ranges) -> str:
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)
