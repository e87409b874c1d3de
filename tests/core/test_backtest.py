"""Backtests: what becomes of presence on a grid, of recording rules that a server lacks, and the figures."""

from __future__ import annotations

import numpy as np
import pytest

from aiops_daemon.core.promql.parser import parse
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.backtest.episodes import Episode, clipped, episodes
from aiops_daemon.core.rules.backtest.report import Fired, Outcome, figures, overlaps
from aiops_daemon.core.rules.backtest.substitute import Recording, recordings_of, substitute
from aiops_daemon.core.rules.written import WrittenFile, WrittenGroup, WrittenRule

RATE = Recording("job:errors:rate5m", "sum by (job) (rate(errors_total[5m]))", (), 60.0)
TEAM = Recording("job:load:max", "max by (job) (load1)", (("team", "a$b"),), 30.0)
DEEP = Recording("job:errors:hour", "avg_over_time(job:errors:rate5m[1h])", (), 60.0)
RECORDED = {one.name: (one,) for one in (RATE, TEAM, DEEP)}


def fired(pattern: str, *, hold: float = 0, keep: float = 0) -> list[tuple[float, float, bool]]:
    """Replay evaluations a minute apart: `x` is there, `.` is not; times in minutes."""
    times = np.arange(len(pattern), dtype=float) * 60
    present = np.array([mark == "x" for mark in pattern])
    found = episodes(times, present, hold * 60, keep * 60)
    return [(one.start / 60, one.end / 60, one.open) for one in found]


@pytest.mark.parametrize(
    ("pattern", "hold", "keep", "expected"),
    [
        ("..xxx..", 0, 0, [(2, 5, False)]),
        ("..xxx..", 2, 0, [(4, 5, False)]),
        ("..xxx..", 3, 0, []),
        (".xx.xxx.", 2, 0, [(6, 7, False)]),
        ("xx", 0, 0, [(0, 1, True)]),
        (".x.x...", 0, 2, [(1, 6, False)]),
        (".x..x..", 0, 2, [(1, 6, True)]),  # back at the very evaluation that would have ended it
        (".x...x.", 0, 2, [(1, 4, False), (5, 6, True)]),
        (".x..x....", 0, 2, [(1, 7, False)]),
        (".......", 0, 2, []),
    ],
)
def test_episodes(pattern: str, hold: float, keep: float, expected: list[tuple[float, float, bool]]) -> None:
    """Firing begins `for` after the first evaluation with the series, and is kept after the last."""
    assert expected == fired(pattern, hold=hold, keep=keep)


def test_what_ended_before_the_stretch_is_left_out() -> None:
    """What began before is cut, and what still fires stays."""
    found = (Episode(0, 60), Episode(30, 90), Episode(100, 200, open=True))

    assert (Episode(60, 90), Episode(100, 200, open=True)) == clipped(found, 60)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("job:errors:rate5m > 1", "((sum by (job) (rate(errors_total[5m])))) > 1"),
        (
            "job:errors:rate5m offset 1h > 1",
            "last_over_time(((sum by (job) (rate(errors_total[5m]))))[1m:1m] offset 1h) > 1",
        ),
        (
            'job:errors:rate5m{job="a"}',
            '(((sum by (job) (rate(errors_total[5m]))) and on (job) label_replace(vector(1), "job", "a", "", "")))',
        ),
        (
            'job:load:max{team="a$b",job!~"x|y"}',
            (
                '((label_replace((max by (job) (load1)), "team", "a$$b", "", "") unless on (job) '
                '(label_replace(vector(1), "job", "x", "", "") or label_replace(vector(1), "job", "y", "", ""))))'
            ),
        ),
        (
            "job:errors:hour",
            "((avg_over_time(((sum by (job) (rate(errors_total[5m]))))[1h:1m])))",
        ),
    ],
)
def test_recordings_are_put_in(expr: str, expected: str) -> None:
    """The rule stands where its metric stood: filtered by matchers, as a subquery where a range was."""
    found = substitute(parse(expr), RECORDED, frozenset(RECORDED))

    assert found.expr is not None
    assert expected == write(found.expr)
    assert write(parse(expected)) == write(found.expr)


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ('job:load:max{job=~"a.+"}', "selects among series of a recording rule that the server lacks"),
        ('ALERTS{alertname="Own"}', "rests on ALERTS"),
        ("round:and:round", "in a circle"),
        ("broken", "where"),
    ],
)
def test_what_cannot_be_put_in_is_refused(expr: str, words: str) -> None:
    """The reason is said."""
    circle = Recording("round:and:round", "max(round:and:round)", (), 60.0)
    broken = Recording("broken", "sum(", (), 60.0)
    recorded = RECORDED | {"round:and:round": (circle,), "broken": (broken,)}
    found = substitute(parse(expr), recorded, frozenset(recorded), frozenset({"Own"}))

    assert found.expr is None
    assert words in found.refused


def test_only_the_rule_that_is_selected_is_put_in() -> None:
    """Of rules that record one metric for many SLOs, those whose labels contradict the selector are left out."""
    recorded = {"slo:bad": tuple(Recording("slo:bad", f"sum({one}_total)", (("slo", one),), 60.0) for one in "abc")}
    found = substitute(parse('slo:bad{slo="b"} > 1'), recorded, frozenset(recorded))

    assert found.expr is not None
    assert '(label_replace((sum(b_total)), "slo", "b", "", "")) > 1' == write(found.expr)


def test_what_the_server_has_is_left_alone() -> None:
    """Only metrics that it lacks are replaced; ALERTS of other rules are read."""
    expr = parse('job:errors:rate5m > 1 and on () ALERTS{alertname="Other"}')

    assert expr == substitute(expr, RECORDED, frozenset({"job:load:max"}), frozenset({"Own"})).expr


def test_recordings_of_files() -> None:
    """A group without an interval has that of the server; a name may be recorded twice."""
    rules = (WrittenRule("a:b", False, "up"), WrittenRule("A", True, "up == 0"))
    files = [WrittenFile("f", (WrittenGroup("g", rules, 30.0), WrittenGroup("h", rules)))]

    assert [30.0, 60.0] == [one.interval for one in recordings_of(files, 60.0)["a:b"]]
    assert ["a:b"] == list(recordings_of(files, 60.0))


def outcome(name: str, *stretches: tuple[float, float]) -> Outcome:
    """One alert with a series for each stretch, in hours."""
    listed = [Fired((("n", str(n)),), Episode(a * 3600, b * 3600)) for n, (a, b) in enumerate(stretches)]
    return Outcome(name, "f", ord(name), tuple(listed))


def test_figures() -> None:
    """Episodes count by series, firing time counts once."""
    told = figures(outcome("A", (1, 3), (2, 4), (10, 11)), 0, 2 * 86400)

    assert (3, 3, 1.5) == (told.episodes, told.series, told.per_day)
    assert (4 * 3600, 2 * 3600, 2 * 3600) == (told.firing_seconds, told.median_seconds, told.longest_seconds)


def test_overlaps() -> None:
    """Shares are of each alert's own firing time; alerts that never met are left out."""
    (one,) = overlaps([outcome("A", (1, 5)), outcome("B", (4, 6)), outcome("C", (20, 21))])

    assert ("A", "B", 3600.0, 0.25, 0.5) == (
        one.first,
        one.second,
        one.seconds,
        one.share_of_first,
        one.share_of_second,
    )
