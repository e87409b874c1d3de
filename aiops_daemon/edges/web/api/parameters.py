"""What the lists of incidents, alerts, messages and rule quality may be asked for.

Enters: query parameters. Leaves: a query of core.model, or a 400 that lists every fault. The tables below are
also what the OpenAPI document is written from. An empty text asks for nothing. Never ignores an unknown parameter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from multidict import MultiMapping

from aiops_daemon.core.model.alert import EpisodeState, VerdictKind
from aiops_daemon.core.model.durations import DAY, parse_duration
from aiops_daemon.core.model.incident import IncidentState, Priority
from aiops_daemon.core.model.listing import MAX_LIMIT, AlertQuery, IncidentQuery, IncidentSort
from aiops_daemon.core.model.notification import NotificationQuery, NotificationState
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.api.paging import repeated, unknown, whole_number
from aiops_daemon.edges.web.problem import ProblemError

ACTIVE = "active"
"""Stands for every state that is not closed."""

DEFAULT_LIMIT = 50
DEFAULT_QUALITY_SECONDS = 30 * DAY
MOST_TEXT = 500  # characters of one value
MOST_VALUES = 10  # of one parameter
_LAST = 253_370_764_800.0  # 9999-01-01: what is later is no time that anybody means
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


class Shape(StrEnum):
    """What a parameter's text must be."""

    TEXT = "text"
    PAIR = "pair"  # name=value
    MOMENT = "moment"
    SPAN = "span"
    SWITCH = "switch"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One query parameter; `values` is a closed set, `many` lets it be repeated (any of the values fits)."""

    name: str
    meaning: str
    values: tuple[str, ...] = ()
    many: bool = False
    shape: Shape = Shape.TEXT
    default: str = ""


_LIMIT = Parameter("limit", f"How many, 1 to {MAX_LIMIT}.", shape=Shape.COUNT, default=str(DEFAULT_LIMIT))
_CURSOR = Parameter("cursor", "The `next` of the page before.")
_WORDS = Parameter("q", "Words that must all occur.")
_LABEL = Parameter("label", "name=value; equal on at least one alert.", many=True, shape=Shape.PAIR)
_STATES = (ACTIVE, *map(str, IncidentState))

INCIDENT_PARAMETERS = (
    Parameter("state", "State; active stands for all that are neither resolved nor merged.", _STATES, many=True),
    Parameter("severity", "Severity.", tuple(map(str, Severity)), many=True),
    Parameter("priority", "Priority.", tuple(map(str, Priority)), many=True),
    Parameter("team", "One of the teams.", many=True),
    Parameter("service", "Service.", many=True),
    Parameter("assignee", "Whom it is assigned to."),
    _LABEL,
    Parameter("since", "Opened at or after: an RFC 3339 time, or a duration back from now.", shape=Shape.MOMENT),
    Parameter("until", "Opened before: an RFC 3339 time, or a duration back from now.", shape=Shape.MOMENT),
    _WORDS,
    Parameter("sort", "Order; ties by number.", tuple(map(str, IncidentSort)), default=IncidentSort.OPENED),
    Parameter("facets", "Count per field how many of all that match have each value.", shape=Shape.SWITCH),
    _LIMIT,
    _CURSOR,
)
ALERT_PARAMETERS = (
    Parameter("state", "State.", tuple(map(str, EpisodeState)), many=True),
    Parameter("severity", "Severity.", tuple(map(str, Severity)), many=True),
    Parameter("team", "Team.", many=True),
    Parameter("source", "Name of the Alertmanager.", many=True),
    Parameter("rule", "Name of the alert rule.", many=True),
    Parameter("incident", "INC-42, 42 or the uid of an incident."),
    Parameter("verdict", "Kind of the verdict.", tuple(map(str, VerdictKind)), many=True),
    _LABEL,
    _WORDS,
    _LIMIT,
    _CURSOR,
)
NOTIFICATION_PARAMETERS = (
    Parameter("incident", "INC-42, 42 or the uid of an incident."),
    Parameter("state", "State.", tuple(map(str, NotificationState)), many=True),
    Parameter("integration", "Kind of channel, as pagerduty or email.", many=True),
    Parameter("destination", "receiver/NAME/INTEGRATION/N or person/NAME/CHANNEL."),
    Parameter("since", "Written at or after: an RFC 3339 time, or a duration back from now.", shape=Shape.MOMENT),
    _LIMIT,
    _CURSOR,
)
QUALITY_PARAMETERS = (Parameter("since", "How far back to look, as a duration.", shape=Shape.SPAN, default="30d"),)


def read_incident_query(given: MultiMapping[str], now: float) -> IncidentQuery:
    """Read which incidents are asked for; raises a 400 ProblemError that lists every fault."""
    check(given, INCIDENT_PARAMETERS)
    return IncidentQuery(
        states=_states(_many(given, "state")),
        severities=_many(given, "severity"),
        priorities=_many(given, "priority"),
        teams=_many(given, "team"),
        services=_many(given, "service"),
        assignee=given.get("assignee", ""),
        words=given.get("q", ""),
        label=_pairs(given),
        since=_moment(given.get("since"), now),
        until=_moment(given.get("until"), now),
        sort=IncidentSort(given.get("sort", IncidentSort.OPENED)),
        limit=_count(given),
        cursor=given.get("cursor", ""),
        facets=given.get("facets") == "true",
    )


def read_alert_query(given: MultiMapping[str]) -> AlertQuery:
    """Read which alerts are asked for; raises a 400 ProblemError that lists every fault."""
    check(given, ALERT_PARAMETERS)
    return AlertQuery(
        states=_many(given, "state"),
        severities=_many(given, "severity"),
        teams=_many(given, "team"),
        sources=_many(given, "source"),
        rules=_many(given, "rule"),
        incident=given.get("incident", ""),
        verdicts=_many(given, "verdict"),
        label=_pairs(given),
        words=given.get("q", ""),
        limit=_count(given),
        cursor=given.get("cursor", ""),
    )


def read_notification_query(given: MultiMapping[str], now: float) -> NotificationQuery:
    """Read which messages are asked for; raises a 400 ProblemError that lists every fault."""
    check(given, NOTIFICATION_PARAMETERS)
    return NotificationQuery(
        incident=given.get("incident", ""),
        states=_many(given, "state"),
        integrations=_many(given, "integration"),
        destination=given.get("destination", ""),
        since=_moment(given.get("since"), now),
        limit=_count(given),
        cursor=given.get("cursor", ""),
    )


def read_quality_since(given: MultiMapping[str], now: float) -> float:
    """Read how far back quality is asked for, as unix seconds."""
    check(given, QUALITY_PARAMETERS)
    return now - (parse_duration(given["since"]) if "since" in given else DEFAULT_QUALITY_SECONDS)


def check(given: MultiMapping[str], parameters: Sequence[Parameter]) -> None:
    """Raise a 400 ProblemError with one line for every parameter that does not fit."""
    faults = unknown(given, [each.name for each in parameters])
    faults += repeated(given, [each.name for each in parameters if not each.many])
    for parameter in parameters:
        values = given.getall(parameter.name, ())
        if len(values) > MOST_VALUES:
            faults.append(f"{parameter.name} is given more than {MOST_VALUES} times")
        faults += dict.fromkeys(fault for value in values if (fault := _fault(parameter, value)))
    if faults:
        raise ProblemError(400, "The request has parameters that do not fit.", faults)


def _fault(parameter: Parameter, value: str) -> str:
    """Say what is wrong with one value, "" when nothing is."""
    name = parameter.name
    if parameter.values and value not in parameter.values:
        return f"{name} must be one of {', '.join(parameter.values)}"
    if len(value) > MOST_TEXT or "\0" in value:
        return f"{name} must have at most {MOST_TEXT} characters, none of them NUL"
    if parameter.shape is Shape.PAIR and value.find("=") < 1:
        return f"{name} must be name=value"
    if parameter.shape is Shape.SWITCH and value not in ("true", "false"):
        return f"{name} must be true or false"
    if parameter.shape is Shape.COUNT and whole_number(value, MAX_LIMIT) is None:
        return f"{name} must be a whole number from 1 to {MAX_LIMIT}"
    return _time_fault(parameter, value)


def _time_fault(parameter: Parameter, value: str) -> str:
    if parameter.shape is Shape.SPAN and _span(value) is None:
        return f"{parameter.name} must be a duration such as 7d"
    if parameter.shape is Shape.MOMENT and parse_moment(value) is None and _span(value) is None:
        return (
            f"{parameter.name} must be an RFC 3339 time such as 2026-11-21T03:10:00Z (a + is written %2B), "
            "or a duration back from now such as 24h"
        )
    return ""


def parse_moment(text: str) -> float | None:
    """Read an RFC 3339 time as unix seconds; None when it is none."""
    if not _RFC3339.fullmatch(text):
        return None
    try:
        unix = datetime.fromisoformat(text.upper()).timestamp()
    except (ValueError, OverflowError):
        return None
    return unix if 0 <= unix < _LAST else None


def _moment(text: str | None, now: float) -> float | None:
    if text is None:
        return None
    unix = parse_moment(text)
    return now - parse_duration(text) if unix is None else unix


def _span(text: str) -> float | None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return None
    return seconds if seconds < _LAST else None


def _many(given: MultiMapping[str], name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in given.getall(name, ()) if value))


def _states(named: tuple[str, ...]) -> tuple[str, ...]:
    if ACTIVE not in named:
        return named
    open_ones = [str(state) for state in IncidentState if not state.closed]
    return tuple(dict.fromkeys([*open_ones, *(name for name in named if name != ACTIVE)]))


def _pairs(given: MultiMapping[str]) -> tuple[tuple[str, str], ...]:
    parts = [value.partition("=") for value in _many(given, "label")]
    return tuple((name, value) for name, _, value in parts)


def _count(given: MultiMapping[str]) -> int:
    return int(given.get("limit", DEFAULT_LIMIT))
