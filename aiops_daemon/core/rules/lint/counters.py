"""Traps of counters and gauges: functions on the wrong kind, ranges too short, predictions too far."""

from __future__ import annotations

import re

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.promql.tree import (
    COMPARISONS,
    Aggregation,
    Binary,
    Call,
    Expr,
    Paren,
    Range,
    Selector,
    Subquery,
    bare,
    walk,
)
from aiops_daemon.core.promql.writing import write
from aiops_daemon.core.rules.lint.model import Case, Check, Look, Met, Weight
from aiops_daemon.core.rules.lint.reckoning import (
    CHANGES,
    COUNTER_ENDINGS,
    RATES,
    alternatives,
    calls,
    comparison,
    conjuncts,
    constant,
)

RATE_OF_GAUGE = Check(
    "rate-of-gauge",
    Weight.ERROR,
    "A rate is taken of a gauge.",
    "Every fall is read as a reset of a counter: a queue that only drains shows a rate, and fires.",
    "write `deriv` or `delta` for a gauge, or correct the metric's name",
)
GAUGE_FUNCTION = Check(
    "gauge-function",
    Weight.WARNING,
    "A function for gauges is taken of a counter.",
    "It sees a reset as a fall to nothing, and a counter that always rises as a trend.",
    "write `rate` or `increase`; predict the rate, not the count",
)
RAW_COUNTER = Check(
    "raw-counter",
    Weight.WARNING,
    "A counter itself is compared.",
    "It counts since the start of its process: the alert tells uptime, and a restart ends it.",
    "compare `increase(...[1h])` or `rate(...[5m])`",
)
RATE_OF_SUM = Check(
    "rate-of-sum",
    Weight.ERROR,
    "A rate is taken of a sum.",
    "When one series of the sum restarts or ends, the sum falls, and the rest is counted again.",
    "take the rate first: `sum(rate(...))`",
)
SHORT_RANGE = Check(
    "short-range",
    Weight.WARNING,
    "A range holds fewer than four scrapes.",
    "One failed scrape leaves too few samples: the result has gaps, and `for` starts anew.",
    "write a range of at least four scrape intervals; say yours with --scrape.interval",
)
PREDICTS_FAR = Check(
    "predicts-far",
    Weight.WARNING,
    "A short range decides about a time far ahead.",
    "predict_linear has no idea of its own doubt: one step of a few percent is a slope, and fires within minutes.",
    "take a range of at least a quarter of the time ahead, and demand a low level too: `and avail / size < 0.2`",
)

_GAUGE = re.compile(
    r"(?:^|_)(?:queue|queued|depth|length|size|usage|used|free|avail|available|active|pending|open|inflight|in_flight|"
    r"temperature|celsius|percent|ratio|load1|load5|load15|connections|lag|in_progress|replicas|backlog)(?:_|$)"
)
LEAST_SCRAPES = 4
_FAR, _TOO_FAR = 4.0, 24.0  # times the range


def looks_like_counter(name: str) -> bool:
    """Say whether a name ends as names of counters do."""
    return name.endswith(COUNTER_ENDINGS)


def rate_of_gauge(case: Case) -> Met:
    """Find rates of what is named like a gauge."""
    for node, selector in ranges_under(case.tree, RATES):
        recorded = ":" in selector.name
        if not recorded and not looks_like_counter(selector.name) and _GAUGE.search(selector.name):
            yield node, f"{selector.name} is named like a gauge"
        made = (calls(one) & CHANGES for one in case.records.get(selector.name, ()))
        for functions in filter(None, made):
            yield node, f"{selector.name} records a {min(functions)}"


def gauge_function(case: Case) -> Met:
    """Find functions for gauges on what is named like a counter."""
    for node, selector in ranges_under(case.tree, frozenset({"delta", "idelta", "deriv", "predict_linear"})):
        if looks_like_counter(selector.name) and ":" not in selector.name:
            yield node, f"{selector.name} is named like a counter"


def ranges_under(tree: Expr, functions: frozenset[str]) -> list[tuple[Call, Selector]]:
    """List the calls of some functions with the selector whose range they take."""
    return [
        (node, one.selector)
        for node in walk(tree)
        if isinstance(node, Call) and node.function in functions
        for one in map(bare, node.args)
        if isinstance(one, Range)
    ]


def raw_counter(case: Case) -> Met:
    """Find comparisons of a counter, or a sum of counters, with a number."""
    for node in walk(case.tree):
        found = comparison(node) if isinstance(node, Binary) and node.op in COMPARISONS else None
        tested = bare(found.tested) if found else None
        while isinstance(tested, Aggregation | Paren) and getattr(tested, "op", "sum") != "count":
            tested = bare(tested.expr)
        if isinstance(tested, Selector) and tested.name.endswith("_total") and ":" not in tested.name:
            yield node, f"{tested.name} only ever rises"


def rate_of_sum(case: Case) -> Met:
    """Find rates of aggregated counters."""
    for node in walk(case.tree):
        inner = bare(node.args[0]) if isinstance(node, Call) and node.function in RATES else None
        if (
            isinstance(inner, Subquery)
            and isinstance(bare(inner.expr), Aggregation)
            and not calls(inner.expr) & CHANGES
        ):
            yield node, f"{write(node)} is the rate of a sum"
    for node, selector in ranges_under(case.tree, RATES):
        for recorded in case.records.get(selector.name, ()):
            sums = [one for one in walk(recorded) if isinstance(one, Aggregation) and one.op in ("sum", "avg")]
            if sums and not calls(recorded) & CHANGES:
                yield node, f"{selector.name} records {write(recorded)}"


def short_range(case: Case) -> Met:
    """Find ranges of fewer than four scrapes."""
    for node in walk(case.tree):
        for one in node.args if isinstance(node, Call) and node.function in CHANGES else ():
            found = bare(one)
            if isinstance(found, Range) and found.seconds < LEAST_SCRAPES * case.scrape_seconds:
                yield found, too_short(found, case.scrape_seconds)


def too_short(found: Range, scrape_seconds: float) -> str:
    """Say how many scrapes a range holds."""
    samples = found.seconds / scrape_seconds
    every = prometheus_duration(scrape_seconds)
    return f"[{prometheus_duration(found.seconds)}] holds {samples:.3g} scrapes of one every {every}"


def predicts_far(case: Case) -> Met:
    """Find predictions over many times the range that they rest on, a further condition allowing more."""
    for branch in alternatives(case.tree):
        parts = list(conjuncts(branch))
        for part in parts:
            backed = any(
                comparison(one) and not calls(one) & {"predict_linear", "deriv"} for one in parts if one is not part
            )
            for node, seconds, ahead in _predictions(part):
                if ahead > seconds * (_TOO_FAR if backed else _FAR):
                    shown = f"{prometheus_duration(seconds)} of past decide about {prometheus_duration(ahead)} ahead"
                    yield node, shown if backed else f"{shown}, and nothing else must hold"


def _predictions(part: Expr) -> list[tuple[Call, float, float]]:
    found = []
    for node in walk(part):
        if isinstance(node, Call) and node.function == "predict_linear":
            stretch, ahead = bare(node.args[0]), constant(node.args[1])
            if isinstance(stretch, Range | Subquery) and ahead is not None:
                found.append((node, stretch.seconds, ahead))
        elif isinstance(node, Binary) and node.op == "+":  # the same by hand: x + deriv(x[1h]) * 86400
            found += [slope for side in (node.left, node.right) for slope in _slope(side)]
    return found


def _slope(added: Expr) -> list[tuple[Call, float, float]]:
    product = bare(added)
    if not isinstance(product, Binary) or product.op != "*":
        return []
    for side, other in ((product.left, product.right), (product.right, product.left)):
        call, ahead = bare(side), constant(other)
        stretch = bare(call.args[0]) if isinstance(call, Call) and call.function == "deriv" else None
        if isinstance(call, Call) and isinstance(stretch, Range | Subquery) and ahead is not None:
            return [(call, stretch.seconds, ahead)]
    return []


CHECKS: tuple[Look, ...] = (
    (RATE_OF_GAUGE, rate_of_gauge),
    (GAUGE_FUNCTION, gauge_function),
    (RAW_COUNTER, raw_counter),
    (RATE_OF_SUM, rate_of_sum),
    (SHORT_RANGE, short_range),
    (PREDICTS_FAR, predicts_far),
)
