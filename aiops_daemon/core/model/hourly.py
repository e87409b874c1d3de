"""Bands written ahead, an hour of the week each, and everything else that the rule writer is given.

Hours count from Thursday 00:00 UTC, where unix time begins its weeks, so that PromQL finds the hour without a calendar.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import HOUR, WEEK
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.query import QuerySpec

HOURS = 168


@dataclass(frozen=True, slots=True)
class HourlyBand:
    """What is usual for one series in each hour of the week; `labels` are those that Prometheus itself shows."""

    labels: Labels
    lower: tuple[float, ...]  # HOURS numbers
    upper: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class BandBook:
    """The bands of one query on one source; `left_out` of its series have none here."""

    query: QuerySpec
    source: str
    written_at: float  # unix seconds
    bands: tuple[HourlyBand, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Watched:
    """What rules are written for; of sources in `waiting` no band is known yet, so that their old ones stay."""

    queries: tuple[QuerySpec, ...]
    books: tuple[BandBook, ...] = ()
    waiting: tuple[str, ...] = ()


def hour_of_week(at: float) -> int:
    """Return which hour of the UTC week unix seconds lie in."""
    return int(at % WEEK // HOUR)
