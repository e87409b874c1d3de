"""What a user asks to be watched: one PromQL expression and how to judge its series."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aiops_daemon.core.model.labels import Labels

_QUIET = ("info", "none")  # severities that wake nobody


class Direction(StrEnum):
    """Which deviations matter."""

    UP = "up"
    DOWN = "down"
    BOTH = "both"


class Season(StrEnum):
    """A cycle that a series may follow."""

    DAILY = "daily"
    WEEKLY = "weekly"


class Export(StrEnum):
    """Which series of a query get value and band on the findings page."""

    AUTO = "auto"
    ALL = "all"
    ANOMALOUS = "anomalous"
    NONE = "none"


class OnFinding(StrEnum):
    """What a finding may do to incidents."""

    ENRICH = "enrich"
    NOTIFY = "notify"
    PAGE = "page"


class Fallback(StrEnum):
    """Whether the learned band is also written as rules that alert while the daemon is away."""

    AUTO = "auto"  # where the anomaly alert is more than info
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A level that must not be crossed; `name` is a severity and the value of `aiops_threshold`."""

    name: str
    value: float
    above: bool = True


@dataclass(frozen=True, slots=True)
class QuerySpec:
    """One query as the flows use it: validated, defaults filled in, durations in seconds."""

    name: str
    expr: str
    labels: Labels = ()
    direction: Direction = Direction.BOTH
    seasons: tuple[Season, ...] | None = None  # None: chosen per series from the data
    time_zone: str = "UTC"
    min_deviation_absolute: float = 0.0
    min_deviation_relative: float = 0.0
    thresholds: tuple[Threshold, ...] = ()
    severity: str = "info"
    fallback: Fallback = Fallback.AUTO
    horizons: tuple[float, ...] = ()  # seconds; empty: no forecast
    forecast_linear: bool = False  # export predict_linear's value instead of the chosen method's, without interval
    on_finding: OnFinding = OnFinding.ENRICH
    export: Export = Export.AUTO
    max_series: int = 10_000
    interval: float | None = None  # seconds between polls; None: the source's
    open_after: int = 2  # consecutive anomalous polls before a finding opens
    exclude: tuple[tuple[float, float], ...] = ()  # unix seconds [start, end): nothing is learned there
    sources: tuple[str, ...] = ()  # names of metric sources; empty: all
    unit: str = ""  # "", seconds, bytes, ratio, ... : how numbers are spoken in sentences
    title: str = ""  # what the number is, for sentences: "p99 latency"
    pack: str = ""  # the built-in pack it came from; empty: the user's own

    @property
    def falls_back(self) -> bool:
        """Say whether its band is written as rules of their own."""
        return self.fallback is Fallback.ALWAYS or (self.fallback is Fallback.AUTO and self.severity not in _QUIET)

    @property
    def subject(self) -> str:
        """Name the measured quantity for people."""
        return self.title or self.name
