"""The sections `route` and `escalations`: who is told of which incident, and who next when nobody answers."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import CountIn, DurationIn, Flag, Section, choice, refusal, unique
from aiops_daemon.config.matching import MatcherText
from aiops_daemon.config.texts import Name

TARGETS = ("receiver", "schedule", "person", "team")
_TARGET = re.compile(rf"(?:{'|'.join(TARGETS)})/[A-Za-z0-9_][A-Za-z0-9_.:-]{{0,99}}")

MISPLACED = {
    ("route", key): ("the root route takes every alert", f"move it to a route below routes, or remove {key}")
    for key in ("matchers", "continue", "active_time_intervals", "mute_time_intervals")
}
"""Keys that a route has, but not the root: message and remedy."""


def _target(value: str) -> str:
    if not _TARGET.fullmatch(value):
        raise refusal("is nobody to tell", "write receiver/NAME, schedule/NAME, person/NAME or team/NAME")
    return value


Target = Annotated[str, AfterValidator(_target)]
RouteMode = Annotated[str, choice("shadow", "live")]


class Route(Section):
    """A branch of the tree. Children are tried in order, the first that matches wins; a route takes an alert itself
    when no child does."""

    matchers: list[MatcherText] = Field(default=[])
    """Matchers that must all hold, for an alert's labels as they came, or with severity, team, service and priority as
    this daemon reads them. Default: every alert of the parent."""

    continue_: Flag = Field(alias="continue", default=False)
    """Try the routes after this one too."""

    receiver: Name | None = None
    """Receiver that is told at once. Default, when `escalation` is not given either: both are the parent's."""

    escalation: Name | None = None
    """Escalation that runs. Default, when `receiver` is not given either: both are the parent's."""

    mode: RouteMode | None = None
    """shadow (everything is recorded, nothing is sent) or live. Default: the parent's."""

    active_time_intervals: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of `time_intervals` outside of which nobody is told by this route; not inherited."""

    mute_time_intervals: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of `time_intervals` in which nobody is told by this route; not inherited."""

    routes: list[Route] = Field(default=[])
    """Routes below, with the same keys."""


class RootRoute(Section):
    """The root takes every alert that no route below takes."""

    receiver: Name | None = None
    """Receiver that is told at once. The root needs this, `escalation`, or both."""

    escalation: Name | None = None
    """Escalation that runs."""

    mode: RouteMode | None = None
    """shadow or live. Default: `global.mode`."""

    routes: list[Route] = Field(default=[])
    """Routes, the first that matches wins."""


class Step(Section):
    """Who is told, and how long after the step before."""

    notify: Annotated[list[Target], Field(min_length=1), AfterValidator(unique)]
    """`receiver/NAME`, `schedule/NAME`, `person/NAME`, `team/NAME`; all of them at once. Required."""

    after: Annotated[float, DurationIn("0s", "7d")] = 0.0
    """Time after the step before; of the first step after the start."""


class Escalation(Section):
    """Steps in turn until somebody acknowledges. It is frozen into an incident when that opens."""

    name: Name
    """Name by which routes speak of it. Required, unique."""

    steps: Annotated[list[Step], Field(min_length=1)]
    """Steps in turn. One that reaches nobody falls through to the next at once. Required."""

    repeat: Annotated[int, CountIn(0, 100)] = 0
    """How often all steps are gone through again."""

    repeat_after: Annotated[float, DurationIn("1m", "7d")] = 900.0
    """Time between the last step and the next round."""

    fallback: Target | None = None
    """Who is told when a step reaches nobody and none follows, or what was sent does not arrive. Default: nobody."""

    ack_timeout: Annotated[float, DurationIn("0s", "7d")] = 1800.0
    """Time after which what was acknowledged and still fires is told anew; 0s never."""
