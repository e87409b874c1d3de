"""The section `slos`: what is promised, measured by counters of events."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import DurationIn, Real, Section, choice, unique
from aiops_daemon.config.texts import Name, OwnLabelName, Selector, Text
from aiops_daemon.core.model.durations import DAY


class Events(Section):
    """Counters of events. Selectors only: ranges and `increase()` are added."""

    good: Selector | None = None
    """Selector of the counter of good events. Exactly one of this and `bad`."""

    bad: Selector | None = None
    """Selector of the counter of bad events."""

    total: Selector
    """Selector of the counter of all events. Required."""


class Sli(Section):
    """How the service level is measured."""

    events: Events
    """Counters of good or bad events and of all. Required."""


class Slo(Section):
    """One service level objective."""

    name: Name
    """Value of the label `aiops_slo`. Required, unique."""

    labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels of its metrics and alerts; `service` and `team` are usual."""

    objective: Annotated[Real, Field(gt=0, lt=100)]
    """Share of events that must be good, in percent: 99.9. Required, above 0 and below 100."""

    window: Annotated[float, DurationIn("1d", "90d")] = 30 * DAY
    """Rolling time over which the objective is meant."""

    sli: Sli
    """What is measured. Required."""

    prometheus: Annotated[list[Name], AfterValidator(unique)] = Field(default=[])
    """Names of the Prometheus servers that hold its counters. Default: all."""

    on_finding: Annotated[str, choice("enrich", "notify", "page")] = "enrich"
    """What burning budget may do by itself: enrich (be shown on incidents of alerts), notify or page (open an incident
    too). The generated rules alert in any case."""
