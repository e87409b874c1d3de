"""What was accepted and not yet processed: rows of the inbox, and what processing rejects."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.alert import AlertEvent
from aiops_daemon.core.model.scope import DEFAULT_TEAM

PIECE_BYTES = 256 * 1024


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
    """One accepted body that waits to be processed; `skip` alerts of it are done already.

    A large body stays compressed (zlib) as it lies on disk, `packed`: read it piece by piece.
    """

    id: int
    source: str
    team: str
    received_at: float
    body: bytes
    attempts: int = 0
    skip: int = 0
    packed: bool = False

    def pieces(self) -> Iterator[bytes]:
        """Yield the body as it was sent, in pieces of at most 256 KiB, about a millisecond each; raises zlib.error."""
        if not self.packed:
            yield self.body
            return
        inflating, rest = zlib.decompressobj(), self.body
        while not inflating.eof:
            piece = inflating.decompress(rest, PIECE_BYTES)
            rest = inflating.unconsumed_tail
            if not piece and not rest:
                raise zlib.error("it ends too early")
            yield piece

    def start(self, most: int) -> bytes:
        """Return the first bytes of the body, at most as many as a piece has."""
        return next(self.pieces(), b"")[:most]


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
