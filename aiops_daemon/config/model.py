"""The configuration file as a whole, and its smaller sections.

A model says what a key may hold; what must hold between keys is in `check`. Sections of features that are not
built yet are named here, so that they are refused by name instead of ignored.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from aiops_daemon.config.faults import did_you_mean
from aiops_daemon.config.fields import CountIn, DurationIn, Section, choice, refusal
from aiops_daemon.config.queries import Query
from aiops_daemon.config.slos import Slo
from aiops_daemon.config.sources import Prometheus
from aiops_daemon.config.texts import FilePath, Name, OwnLabelName, StorageUrl, Text, TimeZone, WebUrl
from aiops_daemon.core.model.durations import WEEK

NOT_BUILT = frozenset(
    (
        *(("global", "mode"), ("storage", "retention")),
        *(
            (section,)
            for section in (
                *("alertmanagers", "watchdogs", "severities", "quality", "maintenance", "grouping", "topology"),
                *("time_intervals", "teams", "people", "schedules", "route", "escalations", "receivers", "web"),
            )
        ),
    )
)
"""Keys of features that later versions bring."""


class Global(Section):
    """What holds for the whole installation."""

    cluster: Text | None = None
    """Name of this installation, for logs and ids that leave it."""

    external_url: WebUrl | None = None
    """Address under which people reach this daemon; links in findings begin with it."""

    time_zone: TimeZone = "UTC"
    """Time zone in which days begin, for daily and weekly seasons. A query may set its own."""


class History(Section):
    """What is read back from Prometheus at start, so that bands exist within the first cycle."""

    range: Annotated[float, DurationIn("1h", "400d")] = WEEK
    """How far back to read. A weekly season needs 7d at least."""

    max_samples: Annotated[int, CountIn(1000, 1_000_000_000)] = 10_000_000
    """Samples read before the daemon calls itself ready; the rest is read in the background."""


PacksInput = Literal["auto"] | list[str]


def _packs(value: Any) -> Any:
    if value == "auto":
        return str(value)
    if isinstance(value, str):
        raise refusal("must be auto or a list of packs", did_you_mean(value, ("auto",)) or "write [name], or []")
    if not isinstance(value, list):
        raise refusal("must be auto or a list of packs", "write auto, [name], or []")
    return value


class Packs(Section):
    """Built-in queries for well-known exporters."""

    enable: Annotated[str | list[Name], BeforeValidator(_packs, json_schema_input_type=PacksInput)] = "auto"
    """Which packs to use: auto (those whose metrics exist), a list of names, or [] for none."""


class Export(Section):
    """What the findings page carries."""

    series: Annotated[str, choice("auto", "all", "anomalous", "none")] = "auto"
    """Which series get value and band: all, anomalous, none, or auto: all while they number at most `max_series`,
    beyond that only those that are anomalous. A query may set its own."""

    max_series: Annotated[int, CountIn(0, 10_000_000)] = 20_000
    """Limit of auto, in series of input; each exports six series."""


class Rules(Section):
    """Alert rules on the exported metrics, for Prometheus to load."""

    slo: Annotated[str, choice("exported", later=("native",))] = "exported"
    """On which metrics SLO alerts are built: exported (the ones this daemon exports)."""

    directory: FilePath | None = None
    """Folder in which rule files are kept up to date while running. Default: none are written."""

    labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels added to every alert."""

    annotations: dict[OwnLabelName, Text] = Field(default={})
    """Annotations added to every alert."""

    runbook_url: WebUrl = "https://github.com/aiops-daemon/aiops-daemon/blob/main/docs/runbooks"
    """Address before the name of a runbook in `runbook_url` annotations."""

    promtool: FilePath = "promtool"
    """Program that checks rules before they are put in place; a name on PATH or a path."""


class Storage(Section):
    """Where the daemon keeps what it has learned."""

    url: StorageUrl = "sqlite:///aiops-data/aiops.db"
    """Database; learned state lies in files beside it. `sqlite:////data/aiops.db` is absolute, with three slashes
    the path is relative to the working directory."""


class Document(Section):
    """The whole file."""

    global_: Global = Field(alias="global", default=Global())
    """What holds for the whole installation."""

    prometheus: list[Prometheus] = Field(default=[])
    """Prometheus servers. May be left out when `--prometheus.url` is given, which adds to the list."""

    history: History = History()
    """What is read back at start."""

    packs: Packs = Packs()
    """Built-in queries."""

    export: Export = Export()
    """What the findings page carries."""

    queries: list[Query] = Field(default=[])
    """Your own queries."""

    slos: list[Slo] = Field(default=[])
    """Service level objectives."""

    rules: Rules = Rules()
    """Generated alert rules."""

    storage: Storage = Storage()
    """Where learned state is kept."""
