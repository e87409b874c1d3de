"""Series that a unit test can give to an SLO's rules: labels that satisfy its selectors, and where none can be had, the
records themselves.

Enters: a plan. Leaves: series by name, each with what it carries: errors, good events, all of them, a gauge. A regular
expression is satisfied by trying short texts; what is tried is checked, so a test is never given a series that the rule
does not see.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.selector import LabelMatch, Selector, parse_selector
from aiops_daemon.core.model.sli import BoolGaugeSli, EventsSli, LatencySli
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.slo.measure import every_form, le

_TRIED = (
    "example",
    "200",
    "500",
    "503",
    "404",
    "429",
    "a",
    "0",
    "1",
    "GET",
    "5",
    "OK",
    "Unknown",
    "0.5",
    "/",
    "x-1",
    "",
)
_TARGET = {"job": "example", "instance": "one"}
_LEGACY = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")


class Part(StrEnum):
    """What a series of a test carries."""

    ERRORS = "errors"
    GOOD = "good"
    ALL = "all"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class Given:
    """One series of a test."""

    series: str
    part: Part


def given_series(spec: SloSpec) -> tuple[Given, ...]:
    """Return series that the indicator sees; none where it cannot be known which those are."""
    sli, grouping = spec.sli, spec.grouping
    if isinstance(sli, BoolGaugeSli):
        gauge = _named(parse_selector(sli.gauge), grouping)
        return (Given(gauge, Part.GAUGE),) if gauge else ()
    if isinstance(sli, LatencySli):
        bucket = parse_selector(sli.bucket).having(le(sli.threshold))
        return _apart(parse_selector(sli.count), bucket, Part.GOOD, grouping)
    if not isinstance(sli, EventsSli):
        return ()
    total, side = (every_form(parse_selector(text)) for text in (sli.total, sli.side))
    part = Part.ERRORS if sli.bad is not None else Part.GOOD
    return _together(total, side, part, grouping) or _apart(total, side, part, grouping)


def _together(total: Selector, side: Selector, part: Part, grouping: tuple[str, ...]) -> tuple[Given, ...]:
    """Return a series that both selectors see and one that only the total does."""
    if total.metric != side.metric or not total.metric:
        return ()
    both = _named(total.having(*side.matches), grouping)
    rest = _outside(total, side, grouping)
    other = Part.GOOD if part is Part.ERRORS else Part.ERRORS
    return (Given(both, part), Given(rest, other)) if both and rest else ()


def _apart(total: Selector, side: Selector, part: Part, grouping: tuple[str, ...]) -> tuple[Given, ...]:
    """Return a series for each selector, where neither sees the other's."""
    one, other = _named(total, grouping), _named(side, grouping)
    if not one or not other or total.metric == side.metric or not total.metric or not side.metric:
        return ()
    return (Given(one, Part.ALL), Given(other, part))


def _outside(total: Selector, side: Selector, grouping: tuple[str, ...]) -> str:
    for match in side.matches:
        opposite = {"=": "!=", "!=": "=", "=~": "!~", "!~": "=~"}[match.operator]
        found = _named(total.having(LabelMatch(match.name, opposite, match.value)), grouping)
        if found:
            return found
    return ""


def _named(selector: Selector, grouping: tuple[str, ...]) -> str:
    """Write a series that a selector sees; empty where none was found."""
    if not _LEGACY.fullmatch(selector.metric):
        return ""
    labels = _solve(selector.matches, grouping)
    if labels is None:
        return ""
    return str(
        Selector(selector.metric, tuple(LabelMatch(name, "=", value) for name, value in labels.items() if value))
    )


def _solve(matches: Iterable[LabelMatch], grouping: tuple[str, ...]) -> Mapping[str, str] | None:
    wanted: dict[str, list[LabelMatch]] = {}
    for match in matches:
        wanted.setdefault(match.name, []).append(match)
    labels = dict.fromkeys(grouping, "example") | _TARGET
    for name, conditions in wanted.items():
        value = next((text for text in _candidates(conditions) if all(_holds(one, text) for one in conditions)), None)
        if value is None or (value == "" and name in grouping):
            return None
        labels[name] = value
    return labels


def _candidates(conditions: list[LabelMatch]) -> Iterator[str]:
    for match in conditions:
        if match.operator == "=":
            yield match.value
    for match in conditions:
        if match.operator == "=~":
            yield from _alternatives(match.value)
    yield from _TRIED
    yield ""  # without the label


def _alternatives(pattern: str) -> Iterator[str]:
    """Yield texts that simple patterns match: `a|b`, `5..`, `shop-.*`, `[45]..`, `1(\\.0)?`."""
    for part in re.split(r"[|()]", pattern):
        plain = re.sub(r"\[\^?([^\]])[^\]]*\]", r"\1", part)  # the first of a set
        plain = re.sub(r"\\d", "5", plain)
        plain = re.sub(r"(?<!\\)\.[*+]", "x", plain)
        plain = re.sub(r"(?<!\\)\.", "0", plain)
        yield re.sub(r"\\(.)", r"\1", re.sub(r"(?<!\\)[?*+^$]", "", plain))


def _holds(match: LabelMatch, text: str) -> bool:
    if match.operator in ("=", "!="):
        return (text == match.value) == (match.operator == "=")
    try:
        found = re.fullmatch(match.value, text) is not None
    except re.error:  # RE2 knows what Python does not, and the other way round
        return False
    return found == (match.operator == "=~")
