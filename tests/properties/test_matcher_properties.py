"""Matchers: what is written is read back, and what is no matcher is refused whole."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.matcher import Matcher, MatchOp, make, parse, parse_all

names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,8}", fullmatch=True)
values = st.text(max_size=12)
plain = st.builds(make, names, st.sampled_from((MatchOp.EQUAL, MatchOp.NOT_EQUAL)), values)


@given(plain)
def test_a_matcher_is_read_back_as_it_was_written(matcher: Matcher) -> None:
    """Quotes, commas, backslashes and line ends in a value survive."""
    assert matcher == parse(str(matcher))
    assert (matcher,) == parse_all(str(matcher))


@given(st.lists(plain, max_size=4))
def test_several_are_read_back_in_order(matchers: list[Matcher]) -> None:
    """With braces and without, in the order in which they stand."""
    text = ",".join(map(str, matchers))

    assert tuple(matchers) == parse_all(text) == parse_all(f"{{{text}}}")


@given(plain, plain)
def test_one_is_not_two(first: Matcher, second: Matcher) -> None:
    """A text with two matchers is never read as one with a long value."""
    with pytest.raises(ValueError, match="quote"):
        parse(f"{first},{second}")


@given(plain)
def test_an_open_quote_is_refused(matcher: Matcher) -> None:
    """A value that lacks its last quote, or has one too many, is no matcher."""
    for text in (str(matcher)[:-1], f'{matcher}"'):
        with pytest.raises(ValueError, match=r"quote|is no matcher"):
            parse_all(text)


@given(names, st.sampled_from(tuple(MatchOp)), st.dictionaries(names, st.sampled_from("ab"), max_size=3))
def test_an_absent_label_is_an_empty_one(name: str, op: MatchOp, labels: dict[str, str]) -> None:
    """A label that is not there matches as one with an empty value does, and a negation says the opposite."""
    without = {key: value for key, value in labels.items() if key != name}
    matcher = make(name, op, "a")
    opposite = {MatchOp.EQUAL: "!=", MatchOp.NOT_EQUAL: "=", MatchOp.REGEX: "!~", MatchOp.NOT_REGEX: "=~"}[op]

    assert matcher.matches(without) == matcher.matches({**without, name: ""})
    assert matcher.matches(labels) != make(name, MatchOp(opposite), "a").matches(labels)


def test_patterns_are_anchored() -> None:
    """A pattern must take the whole value, as in Alertmanager."""
    assert parse('a=~"b|c"').matches({"a": "c"})
    assert not parse('a=~"b|c"').matches({"a": "cc"})
    with pytest.raises(ValueError, match="no regular expression"):
        parse('a=~"("')
