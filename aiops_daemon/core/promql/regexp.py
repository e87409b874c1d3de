"""Regular expressions in Go's dialect (RE2), judged and tried with Python's.

Enters: a pattern. Leaves: whether Go would refuse it, and the anchored pattern as Python runs it. What Go lacks
(lookaround, references back) is refused; classes that Python lacks are taken for word characters, so never conclude
from a match where `exact` says no.
"""

from __future__ import annotations

import re
import sys
import warnings

_NO_ESCAPES = r"\\[ceghijklmoquyF-ORTUVXYZ]|\\[^\x00-\x7f]"
_LACKING = re.compile(rf"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!]|<[=!]|>|#|\()|\\[1-7](?![0-7])|\\[89]|{_NO_ESCAPES})|[*+?}}]\+")
_CLASSES = re.compile(r"\\[pP](?:\{[^}]*\}|[A-Z])")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_QUOTED = re.compile(r"\\Q(.*?)\\E", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:(?P<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})|x\{(?P<hex>[0-9A-Fa-f]{1,6})\}|.)", re.DOTALL)
_MOST_REPEATS = 1000


def fault(pattern: str) -> str:
    """Say what is wrong with a pattern; empty when Go takes it."""
    pattern = _unquoted(pattern)
    if found := _LACKING.search(pattern):
        return f"{found[0]!r} is not known to Prometheus' regular expressions (RE2)"
    if any(int(bound) > _MOST_REPEATS for pair in _REPEAT.findall(pattern) for bound in pair if bound):
        return f"repeats more than {_MOST_REPEATS} times"
    try:
        compiled(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        return str(error)
    return ""


def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern; match it with fullmatch, for Prometheus anchors. Raises re.error."""
    translated = _ESCAPE.sub(_escape, _POSIX.sub(r"\\w", _CLASSES.sub(r"\\w", _unquoted(pattern))))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(translated, re.DOTALL)


def _unquoted(pattern: str) -> str:
    """Write what stands between \\Q and \\E without them."""
    return _QUOTED.sub(lambda found: re.escape(found[1]), pattern)


def _escape(found: re.Match[str]) -> str:
    """Write an escape of Go's as Python knows it."""
    if found["octal"] or found["hex"]:
        code = int(found["octal"], 8) if found["octal"] else int(found["hex"], 16)
        if code > sys.maxunicode:
            raise re.error(f"{found[0]} is no character")
        return re.escape(chr(code))
    return r"\Z" if found[0] == r"\z" else found[0]


def exact(pattern: str) -> bool:
    """Say whether Python's answer is Go's: no class was translated."""
    return not (_CLASSES.search(pattern) or _POSIX.search(pattern))


def is_plain(pattern: str) -> bool:
    """Say whether a pattern is only a word: equality would say the same."""
    return re.search(r"[\\.+*?()|\[\]{}^$]", pattern) is None
