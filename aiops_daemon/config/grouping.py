"""The sections `grouping` and `topology`: which alerts become one incident, and what is known to need what."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import DurationIn, Flag, Section, Share, unique
from aiops_daemon.config.matching import WindowText
from aiops_daemon.config.texts import LabelName, Text
from aiops_daemon.core.model.durations import HOUR


class Grouping(Section):
    """Which alerts become one incident. `aiops-daemon incidents what-if` shows what a change would have done."""

    window: WindowText = "auto"
    """How close in time alerts belong together: auto (learned from the gaps between them), or a duration."""

    max_window: Annotated[float, DurationIn("10s", "1d")] = 900.0
    """An incident takes no alert later than this after its last one, whatever was learned."""

    max_age: Annotated[float, DurationIn("1m", "30d")] = 4 * HOUR
    """An incident older than this takes an alert only on strong evidence."""

    never_across: Annotated[list[LabelName], AfterValidator(unique)] = Field(default=[])
    """Labels in which two alerts of one incident may not differ, such as `environment` and `tenant`."""

    ignore_labels: Annotated[list[LabelName], AfterValidator(unique)] = Field(default=[])
    """Labels that say nothing about belonging together."""

    reopen_within: Annotated[float, DurationIn("0s", "7d")] = 1800.0
    """A resolved incident whose alert comes back within this reopens; later, a new one opens."""

    threshold: Annotated[Share, Field(le=1)] = 0.5
    """Evidence, from 0 to 1, from which an alert joins an incident. Higher means more and smaller incidents."""


class DependsOn(Section):
    """What one service needs."""

    service: Text
    """Value of a service label. Required."""

    needs: Annotated[list[Text], Field(min_length=1), AfterValidator(unique)]
    """Services that it calls or rests on. Required."""


class LabelPair(Section):
    """Two labels that name caller and callee on one alert."""

    caller: LabelName
    """Label that names the service that needs the other. Required."""

    callee: LabelName
    """Label that names the service that is needed. Required."""


class Topology(Section):
    """Which services need which. Evidence for grouping, never a condition of it."""

    service_labels: Annotated[list[LabelName], Field(min_length=1), AfterValidator(unique)] = Field(
        default=["service", "app", "job"]
    )
    """Labels that name the service of an alert; the first that it has counts."""

    dependencies: list[DependsOn] = Field(default=[])
    """Dependencies that are known."""

    trace_metrics: Flag = True
    """Read dependencies from `traces_service_graph_request_total`, where a Prometheus has it."""

    label_pairs: list[LabelPair] = Field(default=[LabelPair(caller="service", callee="peer_service")])
    """Pairs of labels that say on one alert which service needs which."""
