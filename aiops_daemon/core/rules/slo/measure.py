"""What an indicator measures over a window, as PromQL.

Enters: an SLO. Leaves: bad events and all events per second over any window, or a ratio where there are no events to
count. Selectors are read and written again, expressions go into parentheses: nothing that a user wrote can end early.
Never records anything: records.py does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.selector import LabelMatch, Selector, parse_selector
from aiops_daemon.core.model.sli import (
    WINDOW,
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    NativeLatencySli,
    RatioSli,
    RawSli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo import shape

_OPERATORS = {
    Comparison.BELOW: "<",
    Comparison.AT_MOST: "<=",
    Comparison.ABOVE: ">",
    Comparison.AT_LEAST: ">=",
}
_SAME_TARGET = "on (job, instance)"


@dataclass(frozen=True, slots=True)
class Counts:
    """Bad events and all events per second over a window (seconds).

    `bad` is also given PromQL of the total with the same labels, so that what is recorded already is not asked again.
    `counted` is False where the expressions do not tell what they count, so that no number of events follows.
    """

    bad: Callable[[float, str], str]
    total: Callable[[float], str]
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Ratios:
    """A share of errors over a window (seconds), without events."""

    error: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Samples:
    """An instant value, and whether it is bad: 0 or 1, and nothing while it is no number."""

    bad: str
    value: str


def measure(spec: SloSpec) -> Counts | Ratios | Samples:
    """Return what the indicator of an SLO measures."""
    sli, by = spec.sli, _by(spec.grouping)
    match sli:
        case EventsSli():
            return _events(sli, by)
        case RatioSli():
            return _expressions(sli)
        case LatencySli():
            good = parse_selector(sli.bucket).having(le(sli.threshold))
            return _good_of(parse_selector(sli.count), good, by)
        case NativeLatencySli():
            return _native(parse_selector(sli.histogram), sli.threshold, by)
        case BoolGaugeSli():
            return _gauge(parse_selector(sli.gauge), by)
        case RawSli():
            return Ratios(_raw(sli, spec.grouping))
        case ThresholdSli():
            value = f"({shape.clean(sli.query)})"
            known = f"({value} >= -Inf)"  # NaN, a quantile of nothing, compares as bad
            compared = f"{known} {_OPERATORS[sli.comparison]} bool {number(sli.value)}"
            return Samples(f"1 - ({compared})", value)
        case _:
            assert_never(sli)


def le(bound: float) -> LabelMatch:
    """Match a bucket's bound in every form that Prometheus 2, Prometheus 3 and client libraries write it.

    Prometheus 3 writes 1.0 where 2 keeps the target's 1; Go and Python write 1e+06.
    """
    forms = sorted(_forms(bound), key=len)
    if len(forms) == 1:
        return LabelMatch("le", "=", forms[0])
    return LabelMatch("le", "=~", "|".join(form.replace(".", "\\.").replace("+", "\\+") for form in forms))


def every_form(selector: Selector) -> Selector:
    """Let a selector that asks for one bound of a bucket find it on every Prometheus."""
    return Selector(selector.metric, tuple(_loosened(match) for match in selector.matches))


def _forms(bound: float) -> set[str]:
    if bound == float("inf"):
        return {"+Inf"}
    short = repr(float(bound))
    forms = {short, f"{bound:.17g}" if float(f"{bound:.15g}") != bound else f"{bound:.15g}"}
    if bound == int(bound):
        forms |= {str(int(bound)), f"{int(bound)}.0"}
        mantissa, _, exponent = f"{bound:.15e}".partition("e")
        if int(exponent) >= 6:
            forms.add(f"{float(mantissa):g}e+{int(exponent):02d}")
    return forms


def _loosened(match: LabelMatch) -> LabelMatch:
    if match.name != "le" or match.operator != "=":
        return match
    try:
        return le(float(match.value))
    except ValueError:
        return match


def _by(grouping: tuple[str, ...]) -> str:
    return f"sum by ({', '.join(grouping)}) " if grouping else "sum "


def _events(sli: EventsSli, by: str) -> Counts:
    total = every_form(parse_selector(sli.total))
    side = every_form(parse_selector(sli.side))
    return _bad_of(total, side, by) if sli.bad is not None else _good_of(total, side, by)


def _bad_of(total: Selector, bad: Selector, by: str) -> Counts:
    """Look for first appearances among the errors alone: among all series it costs four times their rate, for a few
    events of many. So the share of very few events may exceed 1 for minutes."""

    def errors(seconds: float, every: str) -> str:
        return f"{_rate(bad, total, seconds, by)}\nor\n0 * {every}"

    return Counts(errors, lambda seconds: f"{by}(rate({total}[{prometheus_duration(seconds)}]))")


def _good_of(total: Selector, good: Selector, by: str) -> Counts:
    def errors(seconds: float, every: str) -> str:
        return f"clamp_min(\n{every}\n-\n(\n{_rate(good, total, seconds, by)}\nor\n0 * {every}\n),\n0)"

    return Counts(errors, lambda seconds: _rate(total, total, seconds, by))


def _rate(counter: Selector, anchor: Selector, seconds: float, by: str) -> str:
    """Return events per second, first appearances included.

    increase() loses the event with which a series is born (prometheus issues 1673, 3886). A series that was not there
    a window ago counts with its whole value, but only where its target was: one that comes back after it could not be
    scraped brings the sum of its life.
    """
    window = prometheus_duration(seconds)
    born = f"({counter} unless {counter} offset {window}) and {_SAME_TARGET} {anchor} offset {window}"
    return f"{by}((({born}) / {number(seconds)}) or rate({counter}[{window}]))"


def _gauge(gauge: Selector, by: str) -> Counts:
    def total(seconds: float) -> str:
        return f"{by}(count_over_time({gauge}[{prometheus_duration(seconds)}])) / {number(seconds)}"

    def bad(seconds: float, _every: str) -> str:
        window = prometheus_duration(seconds)
        lost = f"count_over_time({gauge}[{window}]) - sum_over_time({gauge}[{window}])"
        return f"clamp_min({by}({lost}), 0) / {number(seconds)}"

    return Counts(bad, total)


def _native(histogram: Selector, threshold: float, by: str) -> Counts:
    def rates(seconds: float) -> str:
        return f"{by}(rate({histogram}[{prometheus_duration(seconds)}]))"

    def total(seconds: float) -> str:
        return f"histogram_count({rates(seconds)})"

    def bad(seconds: float, _every: str) -> str:
        """Leave out the NaN that a fraction of nothing is: it would be part of every longer window."""
        slow = f"(1 - histogram_fraction(-Inf, {number(threshold)}, {rates(seconds)})) * {total(seconds)}"
        return f"({slow}) >= 0\nor\n0 * {total(seconds)}"

    return Counts(bad, total)


def _expressions(sli: RatioSli) -> Counts:
    side = sli.bad if sli.bad is not None else sli.good or ""
    units = {shape.unit(sli.total), shape.unit(side)}
    counted = len(units) == 1 and "" not in units
    per_window = units == {"window"}

    def over(expression: str, seconds: float) -> str:
        asked = f"({shape.at(expression, prometheus_duration(seconds))})"
        return f"({asked} / {number(seconds)})" if per_window else asked

    def bad(seconds: float, _every: str) -> str:
        """Ask for the total anew: which labels the expressions leave is not known."""
        total = over(sli.total, seconds)
        part = f"{over(side, seconds)}\nor\n0 * {total}"
        return part if sli.bad is not None else f"clamp_min(\n{total}\n-\n(\n{part}\n),\n0)"

    return Counts(bad, lambda seconds: over(sli.total, seconds), counted)


def _raw(sli: RawSli, grouping: tuple[str, ...]) -> Callable[[float], str]:
    text = sli.bad if sli.bad is not None else sli.good or ""
    mean = f"avg by ({', '.join(grouping)}) " if grouping else "avg "

    def error(seconds: float) -> str:
        window = prometheus_duration(seconds)
        if WINDOW in shape.clean(text):
            asked = f"({shape.at(text, window)})"
        else:
            asked = f"{mean}(avg_over_time({parse_selector(text)}[{window}]))"
        return asked if sli.bad is not None else f"1 - {asked}"

    return error
