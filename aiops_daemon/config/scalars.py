"""What an unquoted word in the configuration means.

Enters the text of a plain YAML scalar, leaves None, a truth value, a number or text. The rules are those of
YAML 1.2's core schema; what YAML 1.1 reads in another way (`no`, `12:30`, `010`, dates) is refused, so that a
file means the same to every reader of it.
"""

from __future__ import annotations

import re

_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", "+.inf", ".Inf", "+.Inf", ".INF", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{0,99})?|\.[0-9]{1,99})(?:[eE][-+]?[0-9]{1,9})?")

_SURPRISES = (
    (
        re.compile(r"(?:y|n|yes|no|on|off)", re.IGNORECASE),
        "an unquoted yes, no, on, off, y or n is a truth value to some YAML readers and text to others",
        "write true or false, or put it in quotes",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"),
        "an unquoted time of day is a number to base 60 in YAML 1.1",
        "put it in quotes",
    ),
    (
        re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?"),
        "an unquoted date is no text to some YAML readers",
        "put it in quotes",
    ),
    (
        re.compile(r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)"),
        "a number to base 16, 8 or 2 is not read alike by all YAML readers",
        "write it in decimal, or put it in quotes",
    ),
    (
        re.compile(r"[-+]?0[0-9_]+(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"),
        "a number with a leading zero is octal in YAML 1.1",
        "write it without the zero, or put it in quotes",
    ),
    (
        re.compile(r"[-+]?[0-9][0-9_]*_[0-9_]*(?:\.[0-9_]*)?"),
        "a number with underscores is not read alike by all YAML readers",
        "write it without underscores, or put it in quotes",
    ),
    (re.compile(r"[-+]?[0-9]{31,}"), "a number of more than 30 digits", "write a smaller one, or put it in quotes"),
)


def plain(text: str) -> bool | int | float | str | None:
    """Read an unquoted scalar that `surprise` has let pass."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


def surprise(text: str) -> tuple[str, str] | None:
    """Return message and remedy when YAML readers disagree about an unquoted scalar."""
    for pattern, message, remedy in _SURPRISES:
        if pattern.fullmatch(text):
            return message, remedy
    return None
