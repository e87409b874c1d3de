"""Tokens become a tree, by the precedences of Prometheus' grammar.

Enters: an expression. Leaves: a checked tree, or PromqlError with the place. From the loosest: or; and, unless;
comparisons; + -; * / % atan2; a sign; ^ (to the right); ranges, offset and @. Nesting beyond DEEPEST is refused,
so that whoever walks a tree may do so by recursion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite

from aiops_daemon.core.promql import kinds
from aiops_daemon.core.promql.functions import AGGREGATIONS
from aiops_daemon.core.promql.lexer import Lexeme, PromqlError, Token, tokens
from aiops_daemon.core.promql.selection import read_selector
from aiops_daemon.core.promql.tree import (
    COMPARISONS,
    SETS,
    Aggregation,
    Anchor,
    Binary,
    Call,
    Expr,
    Kind,
    Matching,
    Number,
    Paren,
    Range,
    Selector,
    Span,
    Subquery,
    Text,
    Unary,
)

DEEPEST = 100
_SIGN = 5  # the operand of a sign ends before anything that binds looser than ^
_PRECEDENCE = {
    "or": 1,
    **dict.fromkeys(("and", "unless"), 2),
    **dict.fromkeys(COMPARISONS, 3),
    **dict.fromkeys("+-", 4),
    **dict.fromkeys(("*", "/", "%", "atan2"), 5),
    "^": 6,
}
_NO_NAMES = frozenset({"on", "ignoring", "group_left", "group_right", "bool", "atan2"})  # never a metric
_NO_FUNCTIONS = frozenset({*_NO_NAMES, *SETS, "by", "without", "offset", "start", "end"})
_NUMBERS = {"inf": float("inf"), "nan": float("nan")}


@dataclass(frozen=True, slots=True)
class Note:
    """Something that only Prometheus 3 takes, and where it stands."""

    words: str
    at: int


@dataclass(frozen=True, slots=True)
class Reading:
    """An expression, and what an older Prometheus would refuse of its notation."""

    expr: Expr
    notes: tuple[Note, ...]


def read(text: str) -> Reading:
    """Read one expression; raises PromqlError."""
    reader = Reader(tokens(text))
    return Reading(reader.whole(), tuple(reader.notes))


def parse(text: str) -> Expr:
    """Read one expression as a tree; raises PromqlError."""
    return read(text).expr


class Reader:
    """Walks over tokens once."""

    def __init__(self, found: tuple[Token, ...]) -> None:
        self._tokens = found
        self._at = 0
        self._depth = 0
        self.notes: list[Note] = []

    @property
    def ahead(self) -> Token:
        """Return the next token."""
        return self._tokens[self._at]

    def take(self) -> Token:
        """Return the next token and step over it; the end stays ahead for ever."""
        token = self.ahead
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def symbol(self, text: str) -> bool:
        """Step over a symbol if it is ahead, and say whether it was."""
        found = self.ahead.kind is Lexeme.SYMBOL and self.ahead.text == text
        if found:
            self.take()
        return found

    def expect(self, text: str, where: str) -> Token:
        """Step over a symbol that must be ahead."""
        token = self.ahead
        if not self.symbol(text):
            raise unexpected(token, where, text)
        return token

    def note(self, words: str, token: Token) -> None:
        """Remember what only Prometheus 3 takes."""
        self.notes.append(Note(words, token.at))

    def whole(self) -> Expr:
        """Read an expression that nothing follows."""
        found = self._expr(1)
        if self.ahead.kind is not Lexeme.END:
            raise unexpected(self.ahead, "an expression", "an operator, or the end")
        return found

    def _expr(self, loosest: int) -> Expr:
        """Read operators of at least this precedence."""
        self._deeper(1)
        before = self._depth
        left = self._postfix()
        while (op := self.ahead.word or self.ahead.text) in _PRECEDENCE and _PRECEDENCE[op] >= loosest:
            if self.ahead.kind not in (Lexeme.SYMBOL, Lexeme.NAME):
                break
            self.take()
            self._deeper(1)  # a chain leans to the left, and is as deep as it is long
            bool_ = self._word("bool")
            matching = self._matching()
            right = self._expr(_PRECEDENCE[op] + (op != "^"))
            left = Binary(Span(start=left.span.start, end=right.span.end), op, left, right, matching, bool_)
            kinds.check_binary(left)
        self._depth = before - 1
        return left

    def _deeper(self, by: int) -> None:
        self._depth += by
        if self._depth > DEEPEST:
            raise PromqlError(self.ahead.at, f"nested more than {DEEPEST} deep; split it by recording rules")

    def _word(self, word: str) -> bool:
        found = self.ahead.word == word
        if found:
            self.take()
        return found

    def _matching(self) -> Matching:
        word = self.ahead.word
        if word not in ("on", "ignoring"):
            return Matching()
        self.take()
        labels = self.labels(word)
        many = self.ahead.word
        if many not in ("group_left", "group_right"):
            return Matching(word == "on", labels, written=True)
        self.take()
        include = self.labels(many) if self.ahead.text == "(" and self.ahead.kind is Lexeme.SYMBOL else ()
        return Matching(word == "on", labels, many.removeprefix("group_"), include, written=True)

    def labels(self, where: str) -> tuple[str, ...]:
        """Read names in parentheses; a comma may end them."""
        self.expect("(", where)
        found: list[str] = []
        while not self.symbol(")"):
            token = self.take()
            quoted = token.kind is Lexeme.STRING and token.text
            number = token.text.lower() in ("inf", "nan")  # of a label in braces it is a name
            if not quoted and (token.kind is not Lexeme.NAME or ":" in token.text or number):
                raise unexpected(token, where, "a label")
            if quoted:
                self.note("a quoted label name", token)
            found.append(token.text)
            if not self.symbol(","):
                self.expect(")", where)
                break
        return tuple(found)

    def _postfix(self) -> Expr:
        node = self._primary()
        while True:
            if self.symbol("["):
                node = self._range(node)
            elif self.ahead.word == "offset":
                self.take()
                node = self._offset(node)
            elif self.symbol("@"):
                node = self._anchored(node)
            else:
                return node

    def _range(self, node: Expr) -> Expr:
        seconds = self._seconds("a range")
        if self.symbol(":"):
            step = None if self.ahead.text == "]" else self._seconds("a subquery's step")
            end = self.expect("]", "a subquery").end
            if kinds.kind(node) is not Kind.VECTOR:
                raise PromqlError(node.span.start, f"a subquery goes over an instant vector, not a {kinds.kind(node)}")
            return Subquery(Span(start=node.span.start, end=end), node, seconds, step)
        end = self.expect("]", "a range").end
        if not isinstance(node, Selector):
            raise PromqlError(node.span.start, "only a selector takes a range; write [5m:] for a subquery")
        if node.offset is not None or node.anchor is not None:
            raise PromqlError(node.span.start, "offset and @ stand after the range")
        return Range(Span(start=node.span.start, end=end), node, seconds)

    def _seconds(self, where: str) -> float:
        token = self.take()
        if token.kind not in (Lexeme.DURATION, Lexeme.NUMBER):
            raise unexpected(token, where, "a duration such as 5m")
        if not 0 < token.value < 1e11:
            raise PromqlError(token.at, f"{where} must be longer than nothing")
        if token.kind is Lexeme.NUMBER:
            self.note("a duration without unit", token)
        return token.value

    def _offset(self, node: Expr) -> Expr:
        negative = self.symbol("-")
        token = self.take()
        if token.kind not in (Lexeme.DURATION, Lexeme.NUMBER) or token.value > 1e11:
            raise unexpected(token, "offset", "a duration such as 5m")
        if token.kind is Lexeme.NUMBER or token.value == 0:
            self.note("an offset of nothing, or without unit", token)
        seconds = -token.value if negative else token.value

        def moved(one: Selector | Subquery) -> Selector | Subquery:
            if one.offset is not None:
                raise PromqlError(token.at, "offset stands there twice")
            return replace(one, offset=seconds)

        return _modified(node, token.end, moved)

    def _anchored(self, node: Expr) -> Expr:
        anchor, end = self._anchor()

        def moved(one: Selector | Subquery) -> Selector | Subquery:
            if one.anchor is not None:
                raise PromqlError(one.span.start, "@ stands there twice")
            return replace(one, anchor=anchor)

        return _modified(node, end, moved)

    def _anchor(self) -> tuple[Anchor, int]:
        token = self.take()
        if token.word in ("start", "end"):
            self.expect("(", "@")
            return token.word, self.expect(")", "@").end
        sign = -1.0 if token.text == "-" else 1.0
        if token.text in ("+", "-") and token.kind is Lexeme.SYMBOL:
            token = self.take()
        if token.kind is not Lexeme.NUMBER or not isfinite(token.value) or token.value > 1e15:
            raise unexpected(token, "@", "unix seconds, start() or end()")
        return sign * token.value, token.end

    def _primary(self) -> Expr:
        token = self.ahead
        if token.kind in (Lexeme.NUMBER, Lexeme.DURATION):
            self.take()
            if token.kind is Lexeme.DURATION or "_" in token.text:
                self.note("a duration as a number" if "_" not in token.text else "a number with underscores", token)
            return Number(_span(token), token.value, token.kind is Lexeme.DURATION)
        if token.kind is Lexeme.STRING:
            self.take()
            return Text(_span(token), token.text)
        if token.kind is Lexeme.NAME:
            return self._named()
        if token.text in ("+", "-"):
            return self._signed()
        if token.text == "{":
            return self._selector(None)
        if self.symbol("("):
            inner = self._expr(1)
            return Paren(Span(start=token.at, end=self.expect(")", "parentheses").end), inner)
        raise unexpected(token, "an expression", "a metric, a number, a function or parentheses")

    def _signed(self) -> Expr:
        token = self.take()
        operand = self._expr(_SIGN + 1)
        span = Span(start=token.at, end=operand.span.end)
        if isinstance(operand, Number):
            return replace(operand, span=span, value=-operand.value if token.text == "-" else operand.value)
        signed = Unary(span, token.text, operand)
        kinds.check_unary(signed)
        return signed

    def _named(self) -> Expr:
        token = self.take()
        if token.word in _NUMBERS:
            return Number(_span(token), _NUMBERS[token.word])
        called = self.ahead.kind is Lexeme.SYMBOL and self.ahead.text == "("
        if token.word in AGGREGATIONS and (called or self.ahead.word in ("by", "without")):
            return self._aggregation(token)
        if called and token.word not in _NO_FUNCTIONS:
            return self._call(token)
        if called or token.word in _NO_NAMES:
            raise unexpected(token, "an expression", "a metric, a number, a function or parentheses")
        return self._selector(token)

    def _selector(self, name: Token | None) -> Selector:
        found = read_selector(self, name)
        kinds.check_selector(found)
        return found

    def _arguments(self, where: str) -> tuple[tuple[Expr, ...], int]:
        self.expect("(", where)
        if self.ahead.text == ")" and self.ahead.kind is Lexeme.SYMBOL:
            return (), self.take().end
        found = [self._expr(1)]
        while self.symbol(","):
            found.append(self._expr(1))
        return tuple(found), self.expect(")", where).end

    def _call(self, token: Token) -> Call:
        args, end = self._arguments(token.text)
        call = Call(Span(start=token.at, end=end), token.text, args)
        kinds.check_call(call)
        return call

    def _aggregation(self, token: Token) -> Aggregation:
        grouping = self._grouping()
        args, end = self._arguments(token.text)
        if grouping is None:
            grouping = self._grouping()
            end = self._tokens[self._at - 1].end
        wanted = 1 if AGGREGATIONS[token.word] is None else 2
        if len(args) != wanted:
            raise PromqlError(token.at, f"{token.word} takes {wanted} argument{'s' * (wanted > 1)}, not {len(args)}")
        labels, without = grouping or ((), False)
        span = Span(start=token.at, end=end)
        param = args[0] if wanted == 2 else None
        found = Aggregation(span, token.word, args[-1], param, labels, without, grouping is not None)
        kinds.check_aggregation(found)
        return found

    def _grouping(self) -> tuple[tuple[str, ...], bool] | None:
        word = self.ahead.word
        if word not in ("by", "without"):
            return None
        self.take()
        return self.labels(word), word == "without"


def _modified(node: Expr, end: int, change: Callable[[Selector | Subquery], Selector | Subquery]) -> Expr:
    span = Span(start=node.span.start, end=end)
    if isinstance(node, Range):
        selector = change(node.selector)
        return replace(node, span=span, selector=selector) if isinstance(selector, Selector) else node
    if isinstance(node, Selector | Subquery):
        return replace(change(node), span=span)
    raise PromqlError(node.span.start, "offset and @ go with a selector, a range or a subquery")


def unexpected(token: Token, where: str, wanted: str) -> PromqlError:
    """Say what stands where something else must."""
    shown = str(Lexeme.END) if token.kind is Lexeme.END else repr(token.text)
    return PromqlError(token.at, f"{shown} in {where}, where {wanted} must stand")


def _span(token: Token) -> Span:
    return Span(start=token.at, end=token.end)
