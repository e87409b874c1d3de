"""The section `queries`: what is watched, and how its series are judged."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from aiops_daemon.config.faults import did_you_mean
from aiops_daemon.config.fields import CountIn, DurationIn, Moment, Real, Section, Share, choice, refusal, unique
from aiops_daemon.config.texts import Expression, Name, OwnLabelName, Text, TimeZone

_CYCLES = ("daily", "weekly")


class MinDeviation(Section):
    """How far a value must leave the expected one before it can be anomalous; both must be passed."""

    absolute: Share = 0.0
    """Least distance, in the unit of the query."""

    relative: Share = 0.0
    """Least distance as a ratio of the expected value: 0.2 is a fifth."""


class Bound(Section):
    """A level that must not be crossed. A plain number is taken for `above`."""

    above: Real | None = None
    """The level is breached by values above this. Exactly one of this and `below`."""

    below: Real | None = None
    """The level is breached by values below this."""


class Forecast(Section):
    """How far ahead to look."""

    horizons: Annotated[
        list[Annotated[float, DurationIn("1m", "90d")]], Field(min_length=1, max_length=8), AfterValidator(unique)
    ]
    """Distances into the future at which a value and its interval are forecast, 1 to 8 of them. Required."""

    method: Annotated[str, choice("auto", "linear")] = "auto"
    """`auto` chooses per series and horizon what forecast its past best; `linear` exports what `predict_linear`
    would say, without an interval. Breaches are judged by `auto` either way."""


class Window(Section):
    """A stretch of time from which nothing is learned, such as a known outage."""

    start: Moment
    """First moment, RFC 3339 with Z or an offset, in quotes. Required."""

    end: Moment
    """First moment after it. Required, later than `start`."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start >= self.end:
            raise refusal("start must be before end", "exchange the two, or correct one")
        return self


def _bound(value: Any) -> Any:
    return value if isinstance(value, dict) else {"above": value}


BoundOrNumber = Annotated[Bound, BeforeValidator(_bound, json_schema_input_type=float | Bound)]


SeasonInput = Literal["auto", "none"] | Annotated[list[Literal["daily", "weekly"]], Field(min_length=1)]


def _season(value: Any) -> Any:
    if value in ("auto", "none"):
        return str(value)
    if isinstance(value, str):
        raise refusal("must be auto, none, or a list of daily and weekly", did_you_mean(value, ("auto", "none")))
    if not isinstance(value, list) or not value or any(cycle not in _CYCLES for cycle in value):
        raise refusal("must be auto, none, or a list of daily and weekly", "write [daily], [weekly] or [daily, weekly]")
    return unique(value)


class Query(Section):
    """One PromQL expression whose series are watched."""

    name: Name
    """Value of the label `aiops_query` on everything said about it. Required, unique."""

    expr: Expression
    """PromQL that yields an instant vector. Required."""

    prometheus: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of the Prometheus servers it is asked of. Default: all."""

    labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels added to its findings. They win over the series' own."""

    title: Text | None = None
    """What the number is, for sentences: `p99 latency`. Default: the name."""

    unit: Text | None = None
    """Unit of the number, for sentences: `seconds`, `bytes`, `ratio`, or any word."""

    direction: Annotated[str, choice("up", "down", "both")] = "both"
    """Which deviations matter: up, down, or both."""

    season: Annotated[str | list[str], BeforeValidator(_season, json_schema_input_type=SeasonInput)] = "auto"
    """Cycles that its series follow: auto (found per series), none, or a list of daily and weekly."""

    time_zone: TimeZone | None = None
    """Time zone in which its days begin. Default: `global.time_zone`."""

    min_deviation: MinDeviation = MinDeviation()
    """Deviations smaller than this are never anomalous."""

    thresholds: dict[Name, Annotated[Bound, BeforeValidator(_bound, json_schema_input_type=float | Bound)]] = Field(
        default={}
    )
    """Levels by severity (label `aiops_threshold`) for which the time to breach is forecast."""

    severity: Name = "info"
    """Severity of its anomaly alert."""

    forecast: Forecast | None = None
    """Forecasts to make. Default: 1h and 1d ahead where `thresholds` are given, none otherwise."""

    fallback: Annotated[str, choice("auto", "always", "never")] = "auto"
    """Whether its band is also written into `rules.directory`, an hour of the week each, as an alert that speaks only
    while this daemon does not watch the query: auto (where `severity` is more than info), always or never."""

    on_finding: Annotated[str, choice("enrich", "notify", "page")] = "enrich"
    """What a finding may do: enrich (be shown on incidents of alerts), notify or page (open an incident too)."""

    export: Annotated[str, choice("auto", "all", "anomalous", "none")] = "auto"
    """Which of its series get value and band on the findings page: auto (see `export`), all, anomalous, none."""

    interval: Annotated[float, DurationIn("1s", "1d")] | None = None
    """Time between two polls. Default: that of each Prometheus."""

    max_series: Annotated[int, CountIn(1, 1_000_000)] = 10_000
    """Series kept at most; further ones are dropped and counted."""

    open_after: Annotated[int, CountIn(1, 1000)] = 2
    """Polls in a row that must be anomalous before a finding opens."""

    exclude: list[Window] = Field(default=[])
    """Stretches of time from which nothing is learned."""
