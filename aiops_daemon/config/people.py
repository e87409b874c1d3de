"""The sections `people` and `schedules`: who can be told, by which channels, and who is on call when."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from aiops_daemon.config.channels.fields import MailAddress, PhoneNumber
from aiops_daemon.config.fields import DurationIn, Moment, Section, choice, refusal, unique
from aiops_daemon.config.texts import NAME, Name, Text, TimeZone
from aiops_daemon.core.model.durations import WEEK
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.reach import PERSONAL

_TOLD = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)
_SLACK = re.compile(r"[UW][A-Z0-9]{1,30}", re.ASCII)
_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)


def _slack(value: str) -> str:
    if not _SLACK.fullmatch(value):
        raise refusal("is no member id of Slack", "copy it from the person's profile there: U012ABCDEF")
    return value


def _turn(value: str) -> str:
    if value and not NAME.fullmatch(value):
        raise refusal("is no name", 'write the name of a person, or "" for a turn of nobody')
    return value


def _local(value: str) -> str:
    remedy = 'write "2026-11-23T09:00", in quotes, without an offset; time_zone says where'
    if not _LOCAL.fullmatch(value):
        raise refusal("is no local time", remedy)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise refusal("is no time that exists", remedy) from None
    if not 1970 <= moment.year < 2100:
        raise refusal("lies outside the years 1970 to 2099", remedy)
    return value


class Preference(Section):
    """By which channels somebody wants to be told; the first preference that has the severity counts."""

    channels: Annotated[list[Annotated[str, choice(*PERSONAL)]], Field(min_length=1), AfterValidator(unique)]
    """sms, voice, slack, email: all that lead to the person are used. Required."""

    severities: Annotated[
        list[Annotated[str, choice(*map(str, _TOLD))]], Field(min_length=1), AfterValidator(unique)
    ] = Field(default=[str(one) for one in _TOLD])
    """For which severities it holds."""


class Person(Section):
    """Somebody who can be told. A channel of a receiver that has no destination of its own carries the address."""

    name: Name
    """Name by which schedules, teams and escalations speak of them. Required, unique."""

    email: MailAddress | None = None
    """E-mail address."""

    phone: PhoneNumber | None = None
    """Telephone number with its country, in quotes; for sms and voice."""

    slack: Annotated[str, AfterValidator(_slack)] | None = None
    """Member id in Slack, for direct messages."""

    preferences: list[Preference] = Field(default=[])
    """By which channels for which severities. Default: those of the first team that has some, else every channel, and
    calls (voice) only for what is critical."""

    quiet_hours: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of `time_intervals` in which nothing but critical reaches them."""

    pagerduty_id: Text | None = None
    """User id in PagerDuty, so that what they do there counts as theirs here."""

    time_zone: TimeZone | None = None
    """Time zone of what is written to them. Default: `global.time_zone`."""


class Rotation(Section):
    """People in turn, by the clock on the wall: a hand-over at nine stays at nine over daylight-saving changes."""

    start: Annotated[str, AfterValidator(_local)]
    """First hand-over, a local time in quotes: `"2026-11-23T09:00"`. Before it nobody is on call here. Required."""

    every: Annotated[float, DurationIn("1h", "1y")] = WEEK
    """Length of a turn; whole days are days of the calendar."""

    people: Annotated[list[Annotated[str, AfterValidator(_turn)]], Field(min_length=1)]
    """Names of `people`, in turn; `""` is a turn of nobody, in which a layer below shows. Required."""

    active_time_intervals: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of `time_intervals` in which the rotation counts. Default: always."""


class Override(Section):
    """Somebody else for a while; of two that overlap the later in the list counts."""

    person: Name | None = None
    """Who is on call instead. Default: nobody, the time is left empty."""

    starts_at: Moment
    """First moment, RFC 3339 with Z or an offset, in quotes. Required."""

    ends_at: Moment
    """First moment after it, later than `starts_at`. Required."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.starts_at >= self.ends_at:
            raise refusal("starts_at must be before ends_at", "exchange the two, or correct one")
        return self


class Schedule(Section):
    """Who is on call. The last rotation that names somebody wins, as layers do; an override wins over all."""

    name: Name
    """Name by which escalations speak of it. Required, unique."""

    time_zone: TimeZone | None = None
    """Time zone of its local times. Default: `global.time_zone`."""

    rotations: list[Rotation] = Field(default=[])
    """Layers, the weakest first."""

    overrides: list[Override] = Field(default=[])
    """Exceptions."""
