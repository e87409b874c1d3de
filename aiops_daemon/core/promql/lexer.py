"""Text becomes tokens, as Prometheus' lexer parts it.

Enters: an expression. Leaves: tokens with their places; comments and blanks are lost. Inside braces and brackets other
words count than outside. Raises PromqlError with the place of what cannot be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.durations import parse_duration


class PromqlError(ValueError):
    """No expression; `at` counts characters from 0."""

    def __init__(self, at: int, words: str) -> None:
        super().__init__(words)
        self.at = at


class Lexeme(StrEnum):
    """Kinds of tokens."""

    NAME = "name"
    NUMBER = "number"
    DURATION = "duration"
    STRING = "string"
    SYMBOL = "symbol"
    END = "end of the expression"


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `value` is what a number or duration comes to, `text` what a string says."""

    kind: Lexeme
    text: str
    at: int
    end: int
    value: float = 0.0

    @property
    def word(self) -> str:
        """Return a name in small letters: keywords are read in any case."""
        return self.text.lower() if self.kind is Lexeme.NAME else ""


_BLANK = re.compile(r"(?:\s+|#[^\n]*)+")
_DURATION = re.compile(r"(?:[0-9]+(?:ms|[smhdwy]))+(?![0-9A-Za-z_])")
_NUMBER = re.compile(
    r"(?:0[xX][0-9a-fA-F]+|(?:[0-9](?:_?[0-9])*(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_])"
)
_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_SYMBOL = re.compile(r"==|!=|>=|<=|[-+*/%^<>(){}\[\],@]")
_IN_BRACES = re.compile(r"=~|!~|!=|=|[},]")
_IN_BRACKETS = re.compile(r"[:\]]")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|' r"'(?:[^'\\\n]|\\.)*'|`[^`]*`", re.DOTALL)
_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-7]{3}|.)", re.DOTALL)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}


def tokens(text: str) -> tuple[Token, ...]:
    """Part an expression; the last token is its end. Raises PromqlError."""
    found: list[Token] = []
    at, inside = 0, ""
    while True:
        blank = _BLANK.match(text, at)
        at = blank.end() if blank else at
        if at == len(text):
            return (*found, Token(Lexeme.END, "", at, at))
        token = _token(text, at, inside)
        if token.kind is Lexeme.SYMBOL:
            inside = token.text if token.text in "{[" else "" if token.text in "}]" else inside
        found.append(token)
        at = token.end


def _token(text: str, at: int, inside: str) -> Token:
    if quoted := _STRING.match(text, at):
        return Token(Lexeme.STRING, _unquote(quoted[0], at), at, quoted.end())
    if inside != "{" and (text[at].isdecimal() or (text[at] == "." and text[at + 1 : at + 2].isdecimal())):
        return _quantity(text, at)
    name = (_LABEL if inside == "{" else _NAME).match(text, at) if inside != "[" else None
    if name:
        return Token(Lexeme.NAME, name[0], at, name.end())
    symbol = {"{": _IN_BRACES, "[": _IN_BRACKETS}.get(inside, _SYMBOL).match(text, at)
    if symbol is None:
        words = "a string that nothing closes" if text[at] in "\"'`" else f"{text[at]!r} has no place here"
        raise PromqlError(at, words)
    return Token(Lexeme.SYMBOL, symbol[0], at, symbol.end())


def _quantity(text: str, at: int) -> Token:
    if found := _DURATION.match(text, at):
        try:
            return Token(Lexeme.DURATION, found[0], at, found.end(), parse_duration(found[0]))
        except ValueError:
            raise PromqlError(at, f"{found[0]!r} is no duration; units fall from y to ms, each once") from None
    if found := _NUMBER.match(text, at):
        return Token(Lexeme.NUMBER, found[0], at, found.end(), number(found[0]))
    raise PromqlError(at, "neither a number nor a duration")


def number(text: str) -> float:
    """Read a number as Go does: 0x is hexadecimal, a leading 0 octal where that is possible."""
    plain = text.replace("_", "").lower()
    if plain.startswith("0x"):
        return float(int(plain, 16))
    if re.fullmatch(r"0[0-7]+", plain):
        return float(int(plain, 8))
    return float(plain)


def _unquote(quoted: str, at: int) -> str:
    inner, mark = quoted[1:-1], quoted[0]
    if mark == "`" or "\\" not in inner:
        return inner
    pieces: list[bytes] = []
    last = 0
    for escape in _ESCAPE.finditer(inner):
        pieces += [inner[last : escape.start()].encode("utf-8", "surrogatepass"), _escaped(escape, mark, at)]
        last = escape.end()
    pieces.append(inner[last:].encode("utf-8", "surrogatepass"))
    return b"".join(pieces).decode("utf-8", "replace")


def _escaped(escape: re.Match[str], mark: str, at: int) -> bytes:
    code = escape[1]
    if code in _PLAIN or code == mark:
        return _PLAIN.get(code, code).encode()
    if len(code) > 1:
        value = int(code, 8) if code[0].isdigit() else int(code[1:], 16)
        if code[0] == "x" or (code[0].isdigit() and value < 256):
            return bytes([value])
        if code[0] in "uU" and value < 0x110000 and not 0xD800 <= value < 0xE000:
            return chr(value).encode()
    raise PromqlError(at + 1 + escape.start(), f"\\{code} is no escape of this string")
