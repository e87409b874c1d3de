"""Expressions of Sloth's shape become selectors; others stay what they are, and safe."""

import pytest

from aiops_daemon.core.model.sli import EventsSli, RatioSli
from aiops_daemon.core.rules.slo import shape

W = "[{{.window}}]"


@pytest.mark.parametrize(
    ("expected", "expression"),
    [
        (('x{a="b"}', ()), f'sum(rate(x{{a="b"}}{W}))'),
        (("x", ("a", "b")), f"sum by (b, a) (rate(x{W}))"),
        (("x", ("a",)), "( sum (increase(x [{{ .window }}]) ) by(a) )"),
        (None, f"sum(rate(x{W})) + 1"),
        (None, f"sum(rate(x{W} offset 1m))"),
        (None, f"sum without (a) (rate(x{W}))"),
        (None, f"max(rate(x{W}))"),
        (None, "sum(rate(x[5m]))"),
    ],
)
def test_sums_of_rates_are_taken_apart(expected: tuple[str, tuple[str, ...]] | None, expression: str) -> None:
    """Nothing that says more is taken for one."""
    found = shape.summed(expression)

    assert expected == (None if found is None else (str(found.selector), found.labels))


def test_errors_over_all_become_events() -> None:
    """With the grouping that both sides have."""
    ratio = RatioSli(f"sum by (h) (rate(x{W}))", bad=f'sum by (h) (rate(x{{code="500"}}{W}))')

    assert (EventsSli("x", bad='x{code="500"}'), ("h",)) == shape.as_events(ratio)


def test_all_less_the_fast_ones_become_good_events() -> None:
    """That is how latencies are written for Sloth."""
    total = f"sum(rate(d_count{W}))"
    ratio = RatioSli(total, bad=f'(\n  sum(rate(d_count{W})) - sum(rate(d_bucket{{le="0.4"}}{W}))\n)')

    assert (EventsSli("d_count", good='d_bucket{le="0.4"}'), ()) == shape.as_events(ratio)


@pytest.mark.parametrize(
    "bad",
    [f"sum by (h) (rate(x{W}))", f"sum(increase(x{W}))", f"sum(rate(x{W})) * 2", f"sum(rate(y{W})) - sum(rate(x{W}))"],
)
def test_what_does_not_fit_together_stays_expressions(bad: str) -> None:
    """Another grouping, another function, something more, another total."""
    assert shape.as_events(RatioSli(f"sum(rate(z{W}))", bad=bad)) is None


@pytest.mark.parametrize(
    ("expected", "expression"),
    [
        ("second", f"sum(rate(x{W})) / ignoring(a) sum(irate(y{W}))"),
        ("window", f"sum(increase(x{W}))"),
        ("", f"sum(rate(x{W})) + sum(increase(x{W}))"),
        ("", f"quantile_over_time(0.9, x{W})"),
        ("", 'x{a="rate(y[{{.window}}])"}'),
    ],
)
def test_the_unit_follows_from_the_functions(expected: str, expression: str) -> None:
    """Where they do not agree, nothing is known of numbers of events."""
    assert expected == shape.unit(expression)


def test_comments_cannot_swallow_what_follows() -> None:
    """They are removed, but not from texts."""
    assert 'x{a="#b"}[5m]\n+ 1' == shape.at('x{a="#b"}[{{ .window }}] # more\n+ 1 # end', "5m").replace(" \n", "\n")
