"""The sections of paging as the specifications that core and flows know.

Enters a valid document; leaves people, schedules, the tree of routes with what is inherited filled in, escalations.
Nothing can fail here: names and matchers were looked up before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from aiops_daemon.config.build_alerts import calendars, matchers, preferences
from aiops_daemon.config.model import Document
from aiops_daemon.config.people import Override, Person, Rotation, Schedule
from aiops_daemon.config.routes import Escalation, RootRoute, Route
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.oncall import OverrideSpec, PersonSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals

_Calendars = Mapping[str, NamedIntervals]


def people(document: Document) -> tuple[PersonSpec, ...]:
    """Build the people."""
    known = calendars(document)
    return tuple(_person(one, known, document.global_.time_zone) for one in document.people)


def schedules(document: Document) -> tuple[ScheduleSpec, ...]:
    """Build the schedules."""
    known = calendars(document)
    return tuple(_schedule(one, known, document.global_.time_zone) for one in document.schedules)


def route(document: Document) -> RouteSpec | None:
    """Build the tree. While the kill switch is on, a route that sets no mode waits in shadow."""
    root = document.route
    if root is None:
        return None
    mode = Mode(root.mode or document.global_.mode)
    made = RouteSpec(
        receiver=root.receiver or "",
        escalation=root.escalation or "",
        mode=Mode.SHADOW if mode is Mode.MUTED else mode,
    )
    return _with_children(made, root, calendars(document))


def escalation(section: Escalation) -> EscalationSpec:
    """Build one escalation."""
    return EscalationSpec(
        name=section.name,
        steps=tuple(StepSpec(tuple(step.notify), step.after) for step in section.steps),
        repeat=section.repeat,
        repeat_after=section.repeat_after,
        fallback=section.fallback or "",
        ack_timeout=section.ack_timeout or None,
    )


def _person(section: Person, known: _Calendars, time_zone: str) -> PersonSpec:
    """Build one person; the order of the addresses is that of urgency."""
    addresses = (
        ("sms", section.phone),
        ("voice", section.phone),
        ("slack", section.slack),
        ("email", section.email),
    )
    return PersonSpec(
        name=section.name,
        addresses=tuple((channel, address) for channel, address in addresses if address),
        preferences=preferences(section.preferences),
        quiet_hours=_named(section.quiet_hours, known),
        pagerduty_id=section.pagerduty_id or "",
        time_zone=section.time_zone or time_zone,
    )


def _schedule(section: Schedule, known: _Calendars, time_zone: str) -> ScheduleSpec:
    return ScheduleSpec(
        name=section.name,
        rotations=tuple(_rotation(one, known) for one in section.rotations),
        overrides=tuple(_override(one) for one in section.overrides),
        time_zone=section.time_zone or time_zone,
    )


def _rotation(section: Rotation, known: _Calendars) -> RotationSpec:
    days, rest = divmod(section.every, DAY)
    return RotationSpec(
        people=tuple(section.people),
        start=datetime.fromisoformat(section.start),
        every_days=None if rest else int(days),
        every_seconds=section.every if rest else None,
        only=_named(section.active_time_intervals, known),
    )


def _override(section: Override) -> OverrideSpec:
    return OverrideSpec(section.person or "", section.starts_at, section.ends_at)


def _route(section: Route, above: RouteSpec, path: str, known: _Calendars) -> RouteSpec:
    """Fill in what is inherited: the mode, and receiver and escalation together."""
    own = section.receiver or section.escalation
    made = RouteSpec(
        path=path,
        matchers=matchers(section.matchers),
        continues=section.continue_,
        receiver=section.receiver or "" if own else above.receiver,
        escalation=section.escalation or "" if own else above.escalation,
        mode=Mode(section.mode) if section.mode else above.mode,
        active_time_intervals=_named(section.active_time_intervals, known),
        mute_time_intervals=_named(section.mute_time_intervals, known),
    )
    return _with_children(made, section, known)


def _with_children(made: RouteSpec, section: RootRoute | Route, known: _Calendars) -> RouteSpec:
    below = tuple(
        _route(child, made, f"{made.path}.routes[{index}]", known) for index, child in enumerate(section.routes)
    )
    return replace(made, routes=below)


def _named(names: Iterable[str], known: _Calendars) -> tuple[NamedIntervals, ...]:
    return tuple(known[name] for name in names)
