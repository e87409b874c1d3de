"""Checks that ask a live server: what exists, what joins, what kind a metric is, how far back it remembers.

Enters: rules, and what the server says of itself. A check yields PromQL for one number and is sent the answer (None:
no result), so that whoever asks may be an edge or a test. Leaves: findings. Never knows how the server is reached.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.promql.tree import (
    NAME,
    Binary,
    Call,
    Expr,
    Matching,
    Range,
    Selector,
    Subquery,
    bare,
    children,
    selectors,
    walk,
)
from aiops_daemon.core.promql.writing import quote, selected, write
from aiops_daemon.core.rules.lint import counters
from aiops_daemon.core.rules.lint.joins import joined
from aiops_daemon.core.rules.lint.model import Case, Check, Finding, Look, Weight
from aiops_daemon.core.rules.lint.reckoning import CHANGES, COUNTER_ENDINGS, RATES, comparison, rebuilt

METRIC_UNKNOWN = Check(
    "metric-unknown",
    Weight.ERROR,
    "The server has no such metric, nor had it in the last week.",
    "The rule gives nothing, and looks like peace.",
    "correct the name, scrape what exports it, or load the rules that record it",
)
SERIES_UNKNOWN = Check(
    "series-unknown",
    Weight.WARNING,
    "The metric exists, but no series fits the matchers, nor did in the last week.",
    "A label or value may be misspelt; or what is looked for never happened yet.",
    "compare with the labels that the metric has",
)
NOTHING_JOINED = Check(
    "nothing-joined",
    Weight.ERROR,
    "Both sides of an operator have series on the server, and none fits another.",
    "A division or `and` gives nothing, an `unless` suppresses nothing.",
    "aggregate both sides by labels that both have, or name those that count: `on (job)`",
)
BEYOND_RETENTION = Check(
    "beyond-retention",
    Weight.ERROR,
    "A rule looks further back than the server remembers.",
    "It works on less than it seems to, or on nothing.",
    "shorten the range or offset, record in between, or lengthen --storage.tsdb.retention.time",
)
QUERY_COST = Check(
    "query-cost",
    Weight.WARNING,
    "One evaluation reads very many samples.",
    "Prometheus refuses queries over 50 million samples, and every evaluation pays.",
    "record the rate first, and let the rule read what is recorded",
)
FIRED_LAST_WEEK = Check(
    "fired-last-week",
    Weight.INFO,
    "How often the alert would have fired in the last week.",
    "An alert that fires every hour is soon ignored; one that cannot fire tells nothing.",
    "",
)

_WEEK = "1w"
_LOOK = 600  # seconds over which scrapes are counted
_MOST_SAMPLES = 5_000_000  # a tenth of Prometheus' --query.max-samples

Ask: TypeAlias = Generator[str, float | None, list[tuple[Expr | None, str]]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the server says of itself: types of metric families, and how long it keeps samples (None: not said)."""

    types: Mapping[str, str] = field(default_factory=dict)
    retention_seconds: float | None = None

    def type_of(self, name: str) -> str:
        """Return the type of a series' family; empty when the server does not know."""
        for ending in ("", *COUNTER_ENDINGS):
            found = self.types.get(name.removesuffix(ending)) if name.endswith(ending) else None
            if found in ("histogram", "summary") and ending:
                return "counter"
            if found and found != "unknown":
                return found
        return ""


LiveLook: TypeAlias = tuple[Check, Callable[[Case, Known], Ask]]


def _foreign(case: Case) -> Iterator[Selector]:
    """Yield selectors of what no rule of the same files records, each once."""
    told = {selected(one): one for one in selectors(case.tree) if case.recorded(one) is None}
    yield from told.values()


def _present(one: Selector) -> Generator[str, float | None, bool]:
    """Ask whether series exist now, or did in the last week."""
    if (yield f"count({selected(one)})"):
        return True
    return bool((yield f"count(present_over_time({selected(one)}[{_WEEK}]))"))


def metric_unknown(case: Case, _known: Known) -> Ask:
    """Find metrics that are not there."""
    lost: list[Selector] = []
    for one in _foreign(case):
        there = not one.name or (yield from _present(_by_name(one)))
        lost += [] if there else [one]
    return [(one, f"there is no {one.name}") for one in lost]


def series_unknown(case: Case, _known: Known) -> Ask:
    """Find matchers that fit nothing, where the metric is there."""
    found: list[tuple[Expr | None, str]] = []
    for one in _foreign(case):
        named = not one.name or (yield f"count({selected(_by_name(one))})")
        if named and one.conditions and not (yield from _present(one)):
            found.append((one, f"nothing fits {selected(one)}"))
    return found


def _by_name(one: Selector) -> Selector:
    conditions = () if one.named else tuple(each for each in one.conditions if each.name == NAME)
    return replace(one, conditions=conditions, offset=None, anchor=None)


def nothing_joined(case: Case, _known: Known) -> Ask:
    """Find operators whose sides never meet, filters aside."""
    found: list[tuple[Expr | None, str]] = []
    for node in joined(case):
        left, right = unfiltered(node.left), unfiltered(node.right)
        if (yield f"count({write(left)})") and (yield f"count({write(right)})"):
            meeting = replace(node, op="and", left=left, right=right, bool_=False, matching=_plain(node))
            if not (yield f"count({write(meeting)})"):
                found.append((node, f"{write(left)} and {write(right)} have no series in common"))
    return found


def _plain(node: Binary) -> Matching:
    return replace(node.matching, many="", include=())


def unfiltered(node: Expr) -> Expr:
    """Take filters by value away: what could be there if every threshold were passed."""

    def change(one: Expr) -> Expr:
        found = comparison(one) if isinstance(one, Binary) else None
        return found.tested if found else one

    return rebuilt(node, change)


def rate_of_gauge(case: Case, known: Known) -> Ask:
    """Find rates of what the server knows as a gauge; by name where it knows nothing."""
    yield from ()
    found: list[tuple[Expr | None, str]] = [
        (node, f"{one.name} is a gauge, says its target")
        for node, one in counters.ranges_under(case.tree, RATES)
        if known.type_of(one.name) == "gauge"
    ]
    return found + [pair for pair in counters.rate_of_gauge(case) if not _typed(pair[0], known)]


def gauge_function(case: Case, known: Known) -> Ask:
    """Find functions for gauges on what the server knows as a counter; by name where it knows nothing."""
    yield from ()
    functions = frozenset({"delta", "idelta", "deriv", "predict_linear"})
    found: list[tuple[Expr | None, str]] = [
        (node, f"{one.name} is a counter, says its target")
        for node, one in counters.ranges_under(case.tree, functions)
        if known.type_of(one.name) == "counter"
    ]
    return found + [pair for pair in counters.gauge_function(case) if not _typed(pair[0], known)]


def _typed(node: Expr | None, known: Known) -> bool:
    return node is not None and any(known.type_of(one.name) for one in selectors(node))


def short_range(case: Case, _known: Known) -> Ask:
    """Find ranges of fewer than four scrapes, as the series come in now."""
    found: list[tuple[Expr | None, str]] = []
    for node in walk(case.tree):
        for one in map(bare, node.args) if isinstance(node, Call) and node.function in CHANGES else ():
            if isinstance(one, Range):
                series = selected(one.selector)
                # A series younger than the look back has few samples however often it is scraped.
                many = yield f"max(count_over_time({series}[{_LOOK}s]) and {series} offset {_LOOK}s)"
                if many and one.seconds * many < counters.LEAST_SCRAPES * _LOOK * 0.95:
                    found.append((one, counters.too_short(one, _LOOK / many)))
    return found


def beyond_retention(case: Case, known: Known) -> Ask:
    """Find looks back beyond what the server keeps."""
    yield from ()
    reach = max((back for _, back in _reaches(case.tree, 0.0)), default=0.0)
    if known.retention_seconds is None or reach <= known.retention_seconds:
        return []
    kept = prometheus_duration(known.retention_seconds)
    return [(None, f"looks back {prometheus_duration(reach)}, and the server keeps {kept}")]


def _reaches(node: Expr, before: float) -> Iterator[tuple[Selector, float]]:
    """Yield each selector with how far back it looks, in seconds."""
    match node:
        case Selector(offset=offset):
            yield node, before + (offset or 0.0)
        case Range(selector=selector, seconds=seconds):
            yield from _reaches(selector, before + seconds)
        case Subquery(expr=expr, seconds=seconds, offset=offset):
            yield from _reaches(expr, before + seconds + (offset or 0.0))
        case _:
            for child in children(node):
                yield from _reaches(child, before)


def costly(case: Case, samples: int) -> Finding | None:
    """Judge what one evaluation reads."""
    if samples <= _MOST_SAMPLES or QUERY_COST.name in case.rule.disabled:
        return None
    return Finding(QUERY_COST, case.path, case.rule.line, case.rule.name, f"reads {samples:,} samples at a time")


REPLACED = (counters.RATE_OF_GAUGE, counters.GAUGE_FUNCTION, counters.SHORT_RANGE)
"""Checks of the text that a server answers better."""

LIVE_LOOKS: tuple[LiveLook, ...] = (
    (METRIC_UNKNOWN, metric_unknown),
    (SERIES_UNKNOWN, series_unknown),
    (NOTHING_JOINED, nothing_joined),
    (counters.RATE_OF_GAUGE, rate_of_gauge),
    (counters.GAUGE_FUNCTION, gauge_function),
    (counters.SHORT_RANGE, short_range),
    (BEYOND_RETENTION, beyond_retention),
)
LIVE_CHECKS: tuple[Check, ...] = (
    *(METRIC_UNKNOWN, SERIES_UNKNOWN, NOTHING_JOINED, BEYOND_RETENTION, QUERY_COST, FIRED_LAST_WEEK),
)


def questions(case: Case, known: Known) -> Generator[str, float | None, list[Finding]]:
    """Run every live check on one rule."""
    found: list[Finding] = []
    for check, look in LIVE_LOOKS:
        if check.name in case.rule.disabled:
            continue
        for node, sentence in (yield from look(case, known)):
            line = case.rule.line if node is None else case.rule.line_of(node.span.start)
            found.append(Finding(check, case.path, line, case.rule.name, sentence))
    return found


def looks_of_text(looks: tuple[Look, ...]) -> tuple[Look, ...]:
    """Leave out the checks that a server answers better."""
    return tuple(pair for pair in looks if pair[0] not in REPLACED)


def by_exact_name(name: str) -> str:
    """Select a metric by its name, whatever characters it has."""
    return f"{{{NAME}={quote(name)}}}"
