"""What people in Slack ask of the daemon, as plain callables that the composition root fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.model.action import Action, Done, Refusal, Stored
from aiops_daemon.core.model.listing import IncidentDetail, IncidentPage, IncidentQuery
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.source import Secret
from aiops_daemon.core.model.view import View


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call by one schedule now, and who follows."""

    schedule: str
    person: str  # "": nobody
    why: str = ""
    until: float | None = None
    following: str = ""


@dataclass(frozen=True)
class SlackPorts:
    """Everything a click or a command may need. Whatever asks the store may raise StoreError."""

    signing_secrets: Callable[[], tuple[Secret, ...]]  # read at each request: a reload may change them
    people: Callable[[], tuple[PersonSpec, ...]]
    claim: Callable[[str, float], Awaitable[bool]]  # a request's key, kept until (unix seconds); False: it came before
    act: Callable[[Action, Scope], Awaitable[Done | Refusal | Stored]]
    find_incidents: Callable[[IncidentQuery, Scope], Awaitable[IncidentPage]]
    find_incident: Callable[[str, Scope], Awaitable[IncidentDetail | None]]
    on_call: Callable[[], tuple[Duty, ...]]
    view: Callable[[], View]  # findings and SLOs
    respond: Callable[[str, Mapping[str, Any]], Awaitable[None]]  # response URL, answer; never raises
    now: Callable[[], float]  # unix seconds
    place: Callable[[], tuple[str, str]] = lambda: ("", "UTC")  # where our pages are, and the time zone
