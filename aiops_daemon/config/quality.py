"""The sections `severities` and `quality`: what alerts' words mean, and how noise is held back."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import CountIn, DurationIn, Flag, Section, Share, choice, unique
from aiops_daemon.config.matching import MatcherList, MatcherText
from aiops_daemon.config.texts import LabelName, Name, Text

Words = Annotated[list[Text], AfterValidator(unique)]


class Severities(Section):
    """Which values of the label `severity` mean what; upper and lower case are alike."""

    critical: Words = Field(default=["critical", "page", "p1"])
    """Words that mean critical."""

    warning: Words = Field(default=["warning", "p2"])
    """Words that mean warning."""

    info: Words = Field(default=["info"])
    """Words that mean info."""

    none: Words = Field(default=["none"])
    """Words whose alerts are recorded and never open an incident."""

    unknown: Annotated[str, choice("critical", "warning", "info", "none")] = "critical"
    """What any other word means, and an alert without the label."""


class Flapping(Section):
    """When an alert that starts again and again is told once, as flapping. While it flaps it counts as firing."""

    window: Annotated[float, DurationIn("1m", "7d")] = 3600.0
    """Stretch of time in which starts are counted."""

    enter: Annotated[int, CountIn(2, 1000)] = 4
    """Starts within the window from which it flaps."""

    leave: Annotated[int, CountIn(0, 999)] = 1
    """Starts within the window down to which it flaps no more. Below `enter`."""


class Transient(Section):
    """When an alert that usually ends by itself is held before anybody is told."""

    hold: Annotated[float, DurationIn("0s", "5m")] = 120.0
    """Alerts that usually end within this are held as long. At most `quality.max_delay`."""

    share: Annotated[Share, Field(le=1)] = 0.8
    """Usually means: in at least this share of the past."""

    episodes: Annotated[int, CountIn(1, 10_000)] = 5
    """Past episodes of a rule that it takes to say usually."""

    critical: Flag = False
    """Hold critical alerts too."""


class Suppression(Section):
    """Alerts that tell nobody: always, or while another alert fires, as Alertmanager's inhibit rules do."""

    name: Name
    """Name of the rule, told as the reason of silence. Required, unique."""

    matchers: MatcherList
    """Matchers of the alerts that are silent, all of which must hold. Required."""

    source_matchers: list[MatcherText] = Field(default=[])
    """Matchers of the alert that must fire meanwhile. Default: silent always."""

    equal: Annotated[list[LabelName], AfterValidator(unique)] = Field(default=[])
    """Labels that both alerts must have, with equal values. Unlike in Alertmanager, a label that both lack is not
    equal."""


class Quality(Section):
    """How noise is held back. An incident opens at once in any case, and says why nobody is told yet."""

    flapping: Flapping = Flapping()
    """Alerts that start again and again."""

    transient: Transient = Transient()
    """Alerts that usually end by themselves."""

    max_delay: Annotated[float, DurationIn("0s", "5m")] = 300.0
    """Longest time for which anything learned may delay a notice."""

    suppression: list[Suppression] = Field(default=[])
    """Rules by which alerts tell nobody."""

    digest_older_than: Annotated[float, DurationIn("0s", "7d")] = 900.0
    """On an empty store, alerts that already fire for longer than this arrive as one incident, not as many."""

    volume: Flag = True
    """Watch how many alerts come per team, service and rule, and open a finding when it is unusual."""
