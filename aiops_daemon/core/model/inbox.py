"""What was accepted and not yet processed: rows of the inbox, and what processing rejects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.alert import AlertEvent
from aiops_daemon.core.model.scope import DEFAULT_TEAM


class QuarantineReason(StrEnum):
    """Why something was set aside; values of the metric label `reason`."""

    NOT_JSON = "not_json"  # 400: no JSON object
    NOT_AN_OBJECT = "not_an_object"
    NO_ALERTS = "no_alerts"  # `alerts` is missing or no list
    BAD_ALERT = "bad_alert"  # one alert of a body
    FAILED = "failed"  # processing failed again and again


@dataclass(frozen=True, slots=True)
class Delivery:
    """One accepted request body, before it has a row."""

    source: str
    body: bytes
    received_at: float
    team: str = DEFAULT_TEAM


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One accepted body that waits to be processed; `skip` alerts of it are done already."""

    id: int
    source: str
    team: str
    received_at: float
    body: bytes
    attempts: int = 0
    skip: int = 0


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something set aside with its reason; `body` is at most the first 64 KiB of it."""

    at: float
    source: str
    team: str
    reason: QuarantineReason
    detail: str
    body: bytes
    inbox: int | None = None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How much waits, and since when (unix seconds; None: nothing waits)."""

    pending: int
    oldest_at: float | None


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of one body, decoded: events in order, and what could not be one. `alerts` counts both."""

    events: tuple[AlertEvent, ...]
    rejected: tuple[Quarantined, ...]
    truncated: int = 0  # alerts that Alertmanager left out of the body: absence in it proves nothing
    alerts: int = 0


Slices = Iterator[Slice]
"""Decoding in parts of at most 500 alerts, so that no step holds the event loop for long."""
