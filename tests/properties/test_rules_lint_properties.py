"""Whatever stands in a rule file, the lint answers with findings that have a line of it, and never breaks."""

from __future__ import annotations

from collections.abc import Generator

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from promql_texts import expressions, mutilated

from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.rules.lint.checks import cases, lint
from aiops_daemon.core.rules.lint.live import Known, questions, unfiltered
from aiops_daemon.core.rules.lint.model import Case, Finding
from aiops_daemon.core.rules.lint.reckoning import comparisons, constant
from aiops_daemon.core.rules.written import WrittenFile, WrittenGroup, WrittenRule
from aiops_daemon.edges.rulefiles.written import parse_written

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the grammar is built on first use
numbers = st.one_of(st.integers(-9, 9).map(float), st.floats(-1e6, 1e6))
arithmetic = st.recursive(
    numbers.map(repr), lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner), max_leaves=6
)
KEYS = ("groups", "name", "rules", "alert", "record", "expr", "for", "labels", "annotations", "kind", "spec", "items")
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(("up == 0", "5m", "PrometheusRule", "List", "a")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=20,
)


def a_file(expr: str, *, alert: bool = True) -> WrittenFile:
    """Write one rule."""
    return WrittenFile("r.yml", (WrittenGroup("g", (WrittenRule("A", alert, expr),)),))


@UNHURRIED
@given(st.one_of(expressions, mutilated()), st.booleans())
def test_no_expression_breaks_the_lint(expr: str, alert: bool) -> None:
    """Every expression is judged; each finding has a sentence and a remedy."""
    assert all(one.sentence and one.check.remedy for one in lint([a_file(expr, alert=alert)]))


@UNHURRIED
@given(expressions, st.lists(st.one_of(st.none(), st.just(0.0), st.just(4.0)), min_size=1))
def test_no_answer_breaks_the_live_checks(expr: str, answers: list[float | None]) -> None:
    """Whatever a server says, every question is PromQL and the checks come to an end."""
    (case,) = cases([a_file(expr)])
    assert isinstance(case, Case)
    asked, found = put(questions(case, Known({"a": "gauge", "http_requests": "counter"}, 3600.0)), answers)

    assert all(parse(question) for question in asked)
    assert all(one.sentence for one in found)


def put(
    asking: Generator[str, float | None, list[Finding]], answers: list[float | None]
) -> tuple[list[str], list[Finding]]:
    """Answer every question, in turn from a list; return the questions and what is found."""
    asked = [next(asking)]
    while True:
        try:
            asked.append(asking.send(answers[len(asked) % len(answers)]))
        except StopIteration as done:
            return asked, done.value


@given(documents)
def test_no_document_breaks_the_reading(document: object) -> None:
    """Whatever YAML a file holds, it is read to rules and faults, each with a line of the file."""
    text = yaml.safe_dump(document)
    found = parse_written("r.yml", text.encode())

    assert found is not None
    lines = [fault.line for fault in found.faults] + [rule.line for group in found.groups for rule in group.rules]
    assert all(1 <= line <= len(text.splitlines()) for line in lines)
    assert all(1 <= one.line for one in lint([found]))


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reading(raw: bytes) -> None:
    """Bytes of any kind are read or told to be no YAML."""
    assert parse_written("r.yml", raw) is not None


@given(arithmetic)
def test_constants_are_reckoned_as_python_does(text: str) -> None:
    """An expression of numbers alone has the value that it has anywhere."""
    expected = float(eval(text))
    found = constant(parse(text))

    assert found is not None
    assert abs(expected - found) <= 1e-9 * max(1.0, abs(expected))


@UNHURRIED
@given(expressions)
def test_without_filters_nothing_is_compared(expr: str) -> None:
    """Filters against constants are gone, and what is left is an expression."""
    assert [] == list(comparisons(unfiltered(parse(expr))))
