"""Regular expressions in Go's dialect (RE2), judged and tried with Python's.

Enters: a pattern. Leaves: whether Go would refuse it, and the anchored pattern as Python runs it. What Go lacks
(lookaround, references back) is refused; classes that Python lacks are taken for word characters, so never conclude
from a match where `exact` says no.
"""

from __future__ import annotations

import re
import warnings

_LACKING = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!]|<[=!]|>|#|\()|\\[1-9])|[*+?}]\+")
_CLASSES = re.compile(r"\\[pP](?:\{[^}]*\}|[A-Z])")
_POSIX = re.compile(r"\[:\^?[a-z]+:\]")
_REPEAT = re.compile(r"\{([0-9]+)(?:,([0-9]*))?\}")
_MOST_REPEATS = 1000


def fault(pattern: str) -> str:
    """Say what is wrong with a pattern; empty when Go takes it."""
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
    translated = _POSIX.sub(r"\\w", _CLASSES.sub(r"\\w", pattern)).replace(r"\z", r"\Z")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(translated, re.DOTALL)


def exact(pattern: str) -> bool:
    """Say whether Python's answer is Go's: no class was translated."""
    return not (_CLASSES.search(pattern) or _POSIX.search(pattern))


def is_plain(pattern: str) -> bool:
    """Say whether a pattern is only a word: equality would say the same."""
    return re.search(r"[\\.+*?()|\[\]{}^$]", pattern) is None
