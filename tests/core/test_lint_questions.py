"""Live checks as questions and answers, without a server."""

from __future__ import annotations

import pytest

from aiops_daemon.core.rules.lint.checks import cases
from aiops_daemon.core.rules.lint.live import Known, costly, questions
from aiops_daemon.core.rules.lint.model import Case
from aiops_daemon.core.rules.written import WrittenFile, WrittenGroup, WrittenRule


def case_of(expr: str) -> Case:
    """Read one alert."""
    (found,) = cases([WrittenFile("r.yml", (WrittenGroup("g", (WrittenRule("A", True, expr),)),))])
    assert isinstance(found, Case)
    return found


def told(expr: str, answers: dict[str, float], known: Known | None = None) -> list[tuple[str, str]]:
    """Answer questions that begin so with these numbers, all others with 1; return checks and sentences."""
    asking = questions(case_of(expr), known or Known())
    question = next(asking)
    while True:
        answer = next((value for start, value in answers.items() if question.startswith(start)), 1.0)
        try:
            question = asking.send(answer)
        except StopIteration as done:
            return [(one.check.name, one.sentence) for one in done.value]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (40.0, []),  # every 15s
        (10.0, [("short-range", "[1m] holds 1 scrapes of one every 1m")]),
        (0.0, []),  # too young to say
    ],
)
def test_ranges_are_held_against_the_scrapes_that_come_in(samples: float, expected: list[tuple[str, str]]) -> None:
    """The samples of the last ten minutes say how often a series is scraped."""
    assert expected == told("rate(x_total[1m]) > 1", {"max(count_over_time(": samples})


@pytest.mark.parametrize(
    ("expr", "retention", "expected"),
    [
        ("x > avg_over_time(x[1h] offset 1w)", 15 * 86400.0, []),
        ("x > avg_over_time(x[1h] offset 1w)", 7 * 86400.0, ["looks back 169h, and the server keeps 7d"]),
        ("max_over_time(rate(x_total[1h])[30d:1h]) > 1", 30 * 86400.0, ["looks back 721h, and the server keeps 30d"]),
        ("x offset 1y > 1", None, []),
    ],
)
def test_looks_back_add_up(expr: str, retention: float | None, expected: list[str]) -> None:
    """Ranges, subqueries and offsets on the way to a selector are added."""
    assert expected == [words for _, words in told(expr, {}, Known({}, retention))]


def test_cost() -> None:
    """More than five million samples at a time are told."""
    case = case_of("x > 1")

    assert costly(case, 5_000_000) is None
    assert "6,000,000 samples" in str(costly(case, 6_000_000))


def test_types_of_families() -> None:
    """Parts of histograms are counters, whatever the family is called."""
    known = Known({"a": "histogram", "b_total": "counter", "c": "counter", "d": "unknown"})

    assert ["counter", "counter", "counter", "", "histogram", ""] == [
        known.type_of(name) for name in ("a_bucket", "b_total", "c_total", "d", "a", "nothing")
    ]
