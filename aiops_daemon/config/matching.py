"""The kinds of values that choose alerts and times: matchers, label sets, ranges of calendars, windows.

Each stays the text that the file holds, so that it can be shown again; `build` reads it a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from aiops_daemon.config.fields import refusal
from aiops_daemon.config.texts import LabelName, Text
from aiops_daemon.core.model import matcher, ranges
from aiops_daemon.core.model.durations import PATTERN, parse_duration
from aiops_daemon.core.model.timeinterval import Range

_FORM = 'write severity="critical", service=~"shop-.*", != or !~, one to an item'


def _matcher(value: str) -> str:
    try:
        found = matcher.parse_all(value)
    except ValueError as error:
        if "regular expression" in str(error):
            raise refusal("holds a regular expression that cannot be read", "check its brackets") from None
        raise refusal("is no matcher", _FORM) from None
    if len(found) != 1:
        raise refusal("is no matcher", _FORM)
    return value


def _ranged(read: Callable[[str], Range], value: Any) -> str:
    """Take what Alertmanager takes: text, or a number on its own."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str):
        raise refusal("is no range", "put it in quotes: first:last")
    try:
        read(text)
    except ValueError as error:
        message, _, remedy = str(error).partition("; ")
        raise refusal(message, remedy) from None
    return text


def _range_of(read: Callable[[str], Range]) -> BeforeValidator:
    return BeforeValidator(lambda value: _ranged(read, value), json_schema_input_type=str | int)


def _months(text: str) -> Range:
    """Refuse numbers that no month has, which Alertmanager takes for months that never come."""
    first, last = ranges.months(text)
    if first < 1 or last > 12:
        raise ValueError("is no month; write a name, or 1 to 12")
    return first, last


def _clock(value: str) -> str:
    try:
        ranges.minute(value)
    except ValueError as error:
        message, _, remedy = str(error).partition("; ")
        raise refusal(message, remedy) from None
    return value


def _auto_or_duration(value: Any) -> str:
    if value == "auto":
        return "auto"
    try:
        seconds = parse_duration(value) if isinstance(value, str) else 0.0
    except ValueError:
        seconds = 0.0
    if not seconds:
        raise refusal("must be auto or a duration", "write auto, or a number with a unit: 2m")
    return str(value)


MatcherText = Annotated[str, AfterValidator(_matcher)]
MatcherList = Annotated[list[MatcherText], Field(min_length=1)]
LabelSet = dict[LabelName, Text]
WeekdayRange = Annotated[str, _range_of(ranges.weekdays)]
DayRange = Annotated[str, _range_of(ranges.days_of_month)]
MonthRange = Annotated[str, _range_of(_months)]
YearRange = Annotated[str, _range_of(ranges.years)]
ClockTime = Annotated[str, AfterValidator(_clock)]
WindowText = Annotated[
    str,
    BeforeValidator(_auto_or_duration, json_schema_input_type=Literal["auto"] | Annotated[str, Field(pattern=PATTERN)]),
]
