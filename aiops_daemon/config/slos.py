"""The section `slos`: what is promised, and how it is measured, budgeted and alerted on.

The daemon watches all of it, and `rules generate -i` writes rules for all of it; what only rules can do, `check_slos`
refuses in the daemon's configuration.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import CountIn, DurationIn, Flag, Real, Section, choice, unique
from aiops_daemon.config.policy import Policy
from aiops_daemon.config.texts import (
    Expression,
    LabelName,
    Measured,
    Name,
    OwnLabelName,
    Selector,
    Text,
    TimeZone,
    Windowed,
)


class Events(Section):
    """Counters of events. Selectors only: ranges and `increase()` are added."""

    good: Selector | None = None
    """Selector of the counter of good events. Exactly one of this and `bad`."""

    bad: Selector | None = None
    """Selector of the counter of bad events."""

    total: Selector
    """Selector of the counter of all events. Required."""


class Ratio(Section):
    """Numbers of events in a window, as PromQL."""

    good: Windowed | None = None
    """Number of good events, with `[{{.window}}]` as its range. Exactly one of this and `bad`."""

    bad: Windowed | None = None
    """Number of bad events."""

    total: Windowed
    """Number of all events, with the same labels. Required."""


class Latency(Section):
    """A histogram and how long an event may take."""

    histogram: Selector
    """Selector of the histogram, without `_bucket`, `_count` and `le`. Required."""

    threshold: Annotated[Real, Field(gt=0)]
    """What an event may take, in the unit of the metric; of a classic histogram the bound of one of its buckets.
    Required, above 0."""


class BoolGauge(Section):
    """A gauge that is 1 when all is well and 0 when not."""

    gauge: Selector
    """Selector of the gauge; every scrape counts. Required."""


class Raw(Section):
    """A ratio from 0 to 1 that is measured elsewhere."""

    good: Measured | None = None
    """Share of good events: a selector of a gauge, or PromQL with `[{{.window}}]`. Exactly one of this and `bad`."""

    bad: Measured | None = None
    """Share of bad events."""


class Threshold(Section):
    """A value that is looked at once a minute."""

    query: Expression
    """PromQL of the value. Required."""

    op: Annotated[str, choice("lt", "lte", "gt", "gte")]
    """How a good value compares with `value`: lt, lte, gt or gte. Required."""

    value: Real
    """What the value is compared with. Required."""


class Sli(Section):
    """How the service level is measured. Exactly one kind."""

    events: Events | None = None
    """Counters of good or bad events and of all."""

    ratio: Ratio | None = None
    """Numbers of events as PromQL."""

    latency: Latency | None = None
    """A classic histogram."""

    native_latency: Latency | None = None
    """A native histogram."""

    bool_gauge: BoolGauge | None = None
    """A gauge of 0 and 1, such as probe_success."""

    raw: Raw | None = None
    """A ready ratio."""

    threshold: Threshold | None = None
    """A value that must stay below or above another."""


class Calendar(Section):
    """A day, week, month, quarter or year that begins with a new budget."""

    unit: Annotated[str, choice("day", "week", "month", "quarter", "year")]
    """What the window is: day, week (from Monday), month, quarter or year. Required."""

    time_zone: TimeZone | None = None
    """Time zone in which it begins. Default: `global.time_zone`."""


class Budget(Section):
    """What counts against the budget."""

    method: Annotated[str, choice("occurrences", "time_slices", "ratio_time_slices")] = "occurrences"
    """occurrences (bad events over all), time_slices (slices that miss their target over all slices) or
    ratio_time_slices (the mean of the slices' ratios)."""

    slice: Annotated[float, DurationIn("1m", "1d")] = 60.0
    """How long a time slice is."""

    target: Annotated[Real, Field(gt=0, lt=100)] | None = None
    """Share of events that makes a slice good, in percent; with time_slices only, where it must be given."""


class BurnPair(Section):
    """A long and a short window and what the burn rate may be over both."""

    severity: Annotated[str, choice("page", "ticket")]
    """Which alert the pair belongs to: page or ticket. Required."""

    long: Annotated[float, DurationIn("5m", "90d")]
    """The long window, which says how much is spent. Required."""

    short: Annotated[float, DurationIn("1m", "30d")]
    """The short window, which ends the alert. Required."""

    factor: Annotated[Real, Field(gt=0)] | None = None
    """Burn rate above which it fires. Exactly one of this and `budget_ratio`."""

    budget_ratio: Annotated[Real, Field(gt=0, le=1)] | None = None
    """Share of the window's budget that the long window may spend: 0.02 is 14.4 over 1h at 30d."""


class Alert(Section):
    """One of the alerts of native rules."""

    enabled: Flag = True
    """Whether there is such an alert."""

    name: Name | None = None
    """Its alertname. Default: that of our runbooks."""

    labels: dict[LabelName, Text] = Field(default={})
    """Labels added to it; `severity` may be set here."""

    annotations: dict[LabelName, Text] = Field(default={})
    """Annotations added to it."""


class Alerts(Section):
    """The alerts of native rules; with `rules.slo: native` and in `rules generate -i`."""

    page: Alert = Alert()
    """The budget burns so fast that somebody must get up."""

    ticket: Alert = Alert()
    """The budget burns faster than it may."""

    gone: Alert = Alert()
    """The series are gone, which is not the same as no traffic."""


class Slo(Section):
    """One service level objective."""

    name: Name
    """Value of the label `aiops_slo`. Required, unique."""

    labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels of its metrics and alerts; `service` and `team` are usual."""

    description: Text | None = None
    """What it is about, for the annotations of native alerts."""

    objective: Annotated[Real, Field(gt=0, lt=100)]
    """Share of events that must be good, in percent: 99.9. Required, above 0 and below 100."""

    window: Annotated[float, DurationIn("1h", "400d")] | None = None
    """Rolling time over which the objective is meant; the daemon watches 1d and longer. Default: 30d."""

    calendar: Calendar | None = None
    """A calendar window instead of a rolling one."""

    sli: Sli
    """What is measured. Required."""

    grouping: Annotated[list[OwnLabelName], AfterValidator(unique)] = Field(default=[])
    """Labels whose every combination of values has a budget of its own."""

    max_groups: Annotated[int, CountIn(1, 1000)] = 100
    """Budgets that the daemon keeps of an SLO with `grouping`, each of 0.2 MB at 30d; further combinations are refused,
    counted, and told of."""

    budgeting: Budget = Budget()
    """What the budget is spent by: events, or slices of time."""

    burn_windows: list[BurnPair] = Field(default=[])
    """Pairs of windows to alert on. Default: those of the SRE workbook, scaled to the window (1h/5m and 6h/30m page,
    1d/2h and 3d/6h are tickets)."""

    error_budget_policy: Policy = Field(default=[])
    """What to do when shares of its budget are spent. Default: that of the file."""

    alerts: Alerts = Alerts()
    """How its native alerts are called and labelled; with `rules.slo: native`, and for `rules generate -i`."""

    prometheus: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of the Prometheus servers that hold its counters. Default: all."""

    on_finding: Annotated[str, choice("enrich", "notify", "page")] = "enrich"
    """What burning budget may do by itself: enrich (be shown on incidents of alerts), notify or page (open an incident
    too). The generated rules alert in any case."""
