"""Bare selectors are recognised, everything else stays an expression."""

from __future__ import annotations

import pytest

from aiops_daemon.edges.prometheus.selector import Matcher, MatchType, parse

UP = Matcher(MatchType.EQ, "__name__", "up")

BARE = {
    "up": (UP,),
    "  up\n": (UP,),
    "up{}": (UP,),
    'up{a="b"}': (UP, Matcher(MatchType.EQ, "a", "b")),
    'up { a != "b" , c =~ "d|e" , }': (UP, Matcher(MatchType.NEQ, "a", "b"), Matcher(MatchType.RE, "c", "d|e")),
    "{__name__=~'up|down'}": (Matcher(MatchType.RE, "__name__", "up|down"),),
    "up{a!~`\\d+`}": (UP, Matcher(MatchType.NRE, "a", "\\d+")),
    r'up{a="x\"y\\z\n"}': (UP, Matcher(MatchType.EQ, "a", 'x"y\\z\n')),
    'up{a="}{,"}': (UP, Matcher(MatchType.EQ, "a", "}{,")),
    'up{a=""}': (UP, Matcher(MatchType.EQ, "a", "")),
    "job:up:sum": (Matcher(MatchType.EQ, "__name__", "job:up:sum"),),
}

OTHER = [
    "", "{}", "1", "inf", "NaN", "up + 1", "sum(up)", "up[5m]", "up offset 5m", "up @ 0", "up # a note",
    'up{a="b"', 'up{a="b" c="d"}', 'up{"quoted.name"}', 'up{__name__="x"}', r'up{a="\x41"}', r'up{a="\d"}', "up{,}",
    'up{a="b"}{c="d"}', 'up{a="b\n"}', "up down", '{a="b"} or up', "9up", "up{a=b}", "up{a='b\"}",
]  # fmt: skip


@pytest.mark.parametrize("expr", BARE)
def test_bare_selectors(expr: str) -> None:
    """Matchers come in the order written, the name first."""
    assert BARE[expr] == parse(expr)


@pytest.mark.parametrize("expr", OTHER)
def test_other_expressions(expr: str) -> None:
    """What is not surely a bare selector is none."""
    assert parse(expr) is None
