"""The PromQL parser takes what promtool takes, refuses what it refuses, and writes what means the same."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from promql_texts import expressions, mutilated, refused

from aiops_daemon.core.promql import features
from aiops_daemon.core.promql.functions import EXPERIMENTAL, FUNCTIONS, GONE, NEW
from aiops_daemon.core.promql.lexer import PromqlError
from aiops_daemon.core.promql.parser import Reading, parse, read
from aiops_daemon.core.promql.shape import shape
from aiops_daemon.core.promql.tree import Expr, Paren, Span, children, walk
from aiops_daemon.core.promql.writing import write

# Between brackets promtool takes any letter for the colon of a subquery: [100m s]. Nobody writes that; we refuse it.
COLON = re.compile(r"\[[^\]]*[smhdwy][\s#][^\]]*[A-Za-z]")
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the grammar is built on first use
ASKS_PROMTOOL = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def without_parens(text: str) -> str:
    """Write an expression, parse it again, and list its nodes without parentheses and places."""
    return str([type(node).__name__ for node in walk(parse(text)) if not isinstance(node, Paren)])


@UNHURRIED
@given(expressions)
def test_what_is_written_means_the_same(text: str) -> None:
    """Writing a tree and reading it again gives the same nodes, and the same text from then on."""
    written = write(parse(text))

    assert without_parens(text) == without_parens(written)
    assert written == write(parse(written))


@UNHURRIED
@given(expressions)
def test_nodes_lie_inside_each_other(text: str) -> None:
    """Every node's place is inside that of the node above it, and what stands there is the node."""
    for node in walk(parse(text)):
        assert 0 <= node.span.start < node.span.end <= len(text)
        for child in children(node):
            assert node.span.start <= child.span.start < child.span.end <= node.span.end


@UNHURRIED
@given(st.one_of(mutilated(), st.text(max_size=30)))
def test_no_text_breaks_the_parser(text: str) -> None:
    """Whatever is given is an expression or refused with a place inside the text."""
    reading = judged(text)

    if isinstance(reading, PromqlError):
        assert 0 <= reading.at <= len(text)
        assert str(reading)
    else:
        assert write(reading.expr)
        assert shape(reading.expr) is not None


def judged(text: str) -> Reading | PromqlError:
    """Read an expression, or return why not."""
    try:
        return read(text)
    except PromqlError as error:
        return error


@pytest.mark.slow
@settings(ASKS_PROMTOOL, max_examples=150)
@given(st.lists(mutilated(), min_size=80, max_size=80))
def test_promtool_agrees_at_length(promtool: Path, tmp_path: Path, texts: list[str]) -> None:
    """The same over twelve thousand expressions."""
    agrees(texts, promtool, tmp_path)


@ASKS_PROMTOOL
@given(st.lists(st.one_of(expressions, mutilated()), min_size=60, max_size=60))
def test_promtool_agrees(promtool: Path, tmp_path: Path, texts: list[str]) -> None:
    """What promtool takes is taken; what it refuses is refused, or told as something that only newer versions take."""
    agrees(texts, promtool, tmp_path)


def agrees(texts: list[str], promtool: Path, folder: Path) -> None:
    """Compare verdicts on expressions."""
    texts = [text for text in texts if text.strip() and "\x85" not in text and not COLON.search(text)]
    bad = refused(texts, promtool, folder)
    for index, text in enumerate(texts):
        reading = judged(text)
        if isinstance(reading, PromqlError):
            assert index in bad, f"promtool takes {text!r}, we do not: {reading}"
        else:
            modern = bool(tuple(features.modern(reading)))
            assert (index in bad) <= modern, f"promtool refuses {text!r}, we do not"


def test_every_escape_is_judged_as_promtool_judges_it(promtool: Path, tmp_path: Path) -> None:
    """RE2 refuses escapes that mean nothing to it; Python takes some of them."""
    escapes = [f"\\{sign}0a" for sign in (*string.printable.strip(), "ä")] + [
        "\\Q.+\\E",
        "\\Q(",
        "\\x{41}",
        "\\pL",
        "\\777",
        "\\x{110000}",
        "\\p{Greek}",
    ]
    texts = ["x{a=~'" + one.replace("\\", "\\\\").replace("'", "\\'") + "'}" for one in escapes]
    bad = refused(texts, promtool, tmp_path)

    ours = {index for index, text in enumerate(texts) if isinstance(judged(text), PromqlError)}
    assert [] == [(escapes[index], index in bad) for index in sorted(bad ^ ours)]


def test_infinity_is_a_number_between_parentheses_and_a_name_in_braces(promtool: Path, tmp_path: Path) -> None:
    """Nothing can be grouped by labels that are called inf or nan."""
    texts = ["sum by (Inf) (a)", "a * on (nan) b", "sum by (infra) (a)", 'a{inf="b"}', 'a{NaN="b"}']

    assert {0, 1} == refused(texts, promtool, tmp_path)
    assert {0, 1} == {index for index, text in enumerate(texts) if isinstance(judged(text), PromqlError)}


def test_every_function_is_known_as_promtool_knows_it(promtool: Path, tmp_path: Path) -> None:
    """promtool 2.42 knows exactly the functions that are neither new nor experimental."""
    kinds = {"scalar": "1", "instant vector": "x", "range vector": "x[5m]", "string": '"s"'}
    texts = {name: f"{name}({', '.join(kinds[one] for one in each.args)})" for name, each in FUNCTIONS.items()}
    texts["label_replace"] = 'label_replace(x, "a", "$1", "b", "(.*)")'
    bad = refused(list(texts.values()), promtool, tmp_path)
    known = {name for index, name in enumerate(texts) if index not in bad}

    assert known == {name for name, each in FUNCTIONS.items() if each.since in ("", GONE)}
    assert {each.since for each in FUNCTIONS.values()} == {"", NEW, EXPERIMENTAL, GONE}
    assert [] == [name for name, text in texts.items() if not isinstance(parse(text), Expr)]


def test_places_do_not_tell_nodes_apart() -> None:
    """Two trees that say the same are equal wherever they stand in a text."""
    assert parse("sum(a)") == parse("  sum( a )")
    assert Span(start=0, end=1) != Span(start=0, end=2)
