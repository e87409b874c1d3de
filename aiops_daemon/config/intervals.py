"""The sections `time_intervals` and `maintenance`: calendars, in Alertmanager's notation, and windows of silence."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from aiops_daemon.config.fields import Moment, Section, refusal, unique
from aiops_daemon.config.matching import ClockTime, DayRange, MatcherList, MonthRange, WeekdayRange, YearRange
from aiops_daemon.config.texts import Name, TimeZone
from aiops_daemon.core.model import ranges


class Times(Section):
    """A stretch of the day."""

    start_time: ClockTime
    """First minute, in quotes: `"08:00"`. Required."""

    end_time: ClockTime
    """First minute after it, up to `"24:00"`. Required, later than `start_time`."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        try:
            ranges.times(self.start_time, self.end_time)
        except ValueError as error:
            message, _, remedy = str(error).partition("; ")
            raise refusal(message, remedy) from None
        return self


class Interval(Section):
    """Conditions on a moment, all of which must hold; one that is left out always holds."""

    times: list[Times] = Field(default=[])
    """Stretches of the day."""

    weekdays: list[WeekdayRange] = Field(default=[])
    """Days or ranges of days: `monday:friday`, `saturday`."""

    days_of_month: list[DayRange] = Field(default=[])
    """Days or ranges in quotes: `"1:5"`, or `"-3:-1"` for the last three."""

    months: list[MonthRange] = Field(default=[])
    """Months or ranges: `january:march`, `"5:8"`."""

    years: list[YearRange] = Field(default=[])
    """Years or ranges: `"2026:2028"`."""

    location: TimeZone = "UTC"
    """Time zone of all of them."""


class NamedInterval(Section):
    """A calendar that others name."""

    name: Name
    """Name by which `maintenance` speaks of it. Required, unique."""

    time_intervals: Annotated[list[Interval], Field(min_length=1)]
    """Intervals, of which one must hold. Required."""


class Maintenance(Section):
    """A window in which alerts tell nobody. What still fires when it ends is looked at as new."""

    name: Name
    """Name of the window, told as the reason of silence. Required, unique."""

    matchers: MatcherList
    """Matchers of its alerts, all of which must hold. Required."""

    time_intervals: Annotated[list[Name], Field(min_length=1), AfterValidator(unique)] | None = None
    """Names of `time_intervals` in which it holds. Exactly one of this and `starts_at`."""

    starts_at: Moment | None = None
    """First moment of a single window, RFC 3339 with Z or an offset, in quotes. Needs `ends_at`."""

    ends_at: Moment | None = None
    """First moment after it, later than `starts_at`."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_at is not None and self.ends_at is not None and self.starts_at >= self.ends_at:
            raise refusal("starts_at must be before ends_at", "exchange the two, or correct one")
        return self
