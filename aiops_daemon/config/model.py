"""The configuration file as a whole, and its smaller sections.

A model says what a key may hold; what must hold between keys is in `check`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from aiops_daemon.config.alertmanagers import Alertmanager, Heartbeat, Watchdog
from aiops_daemon.config.faults import did_you_mean
from aiops_daemon.config.fields import CountIn, DurationIn, SecretText, Section, choice, refusal
from aiops_daemon.config.grouping import Grouping, Topology
from aiops_daemon.config.intervals import Maintenance, NamedInterval
from aiops_daemon.config.people import Person, Schedule
from aiops_daemon.config.policy import Policy
from aiops_daemon.config.quality import Quality, Severities
from aiops_daemon.config.queries import Query
from aiops_daemon.config.receivers import Receiver, Templates
from aiops_daemon.config.routes import Escalation, RootRoute
from aiops_daemon.config.slos import Slo
from aiops_daemon.config.sources import Prometheus
from aiops_daemon.config.teams import Team, Web
from aiops_daemon.config.texts import FilePath, KubernetesName, Name, OwnLabelName, StorageUrl, Text, TimeZone, WebUrl
from aiops_daemon.core.model.durations import DAY, WEEK


class Global(Section):
    """What holds for the whole installation."""

    cluster: Text | None = None
    """Name of this installation, for logs and ids that leave it."""

    external_url: WebUrl | None = None
    """Address under which people reach this daemon; links in findings begin with it."""

    time_zone: TimeZone = "UTC"
    """Time zone in which days begin, for daily and weekly seasons and schedules. Each may set its own."""

    mode: Annotated[str, choice("shadow", "live", "muted")] = "shadow"
    """Mode of routes that set none: shadow (everything is recorded, nothing is sent) or live. muted is the kill switch:
    nothing is sent, whatever routes say."""


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


class PrometheusRule(Section):
    """What PrometheusRule objects of `rules generate --format prometheusrule` carry."""

    namespace: KubernetesName | None = None
    """Their namespace. Default: that of the SLO's object, else of `kubectl apply`."""

    labels: dict[Text, Text] = Field(default={})
    """Labels by which an operator picks them up: `release: kube-prometheus-stack`."""

    annotations: dict[Text, Text] = Field(default={})
    """Annotations of the objects."""


class Rules(Section):
    """Alert rules on the exported metrics, for Prometheus to load."""

    slo: Annotated[str, choice("native", "exported")] = "exported"
    """What SLO alerts are built on, never both: exported (metrics of this daemon) or native (recording rules over your
    own metrics, which alert without the daemon). `rules generate -i` is always native."""

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

    fallback_series: Annotated[int, CountIn(1, 1000)] = 20
    """Series of a query whose bands are written (`fallback` of queries), at most; two recording rules each."""

    prometheus_rule: PrometheusRule = PrometheusRule()
    """Labels of PrometheusRule objects."""


class Retention(Section):
    """How long rows are kept."""

    resolved_incidents: Annotated[float, DurationIn("1d", "10y")] = 400 * DAY
    """How long after its end an incident is kept, with its timeline."""

    alerts: Annotated[float, DurationIn("1d", "10y")] = 90 * DAY
    """How long after its end an alert that belongs to no kept incident is kept."""


class Storage(Section):
    """Where the daemon keeps incidents and what it has learned."""

    url: StorageUrl | None = None
    """Database: `sqlite:////data/aiops.db`, or `postgresql://user@host:5432/name`; a primary and its standbys as
    `postgresql://user@host1:5432,host2:5432/name`: the one that takes writes is used. With three slashes the path of a
    SQLite file is relative to the working directory. Default: a SQLite file `aiops.db` in `directory`."""

    password: SecretText | None = None
    """Password of PostgreSQL. At most one of this and `password_file`."""

    password_file: FilePath | None = None
    """File that holds the password; read again for every connection."""

    directory: FilePath | None = None
    """Folder of learned state, relative to the working directory. Default: that of the SQLite file, else
    `aiops-data`."""

    retention: Retention = Retention()
    """How long incidents and alerts are kept."""

    backups: Annotated[int, CountIn(0, 10_000)] = 24
    """Verified hourly copies of the SQLite file that are kept; 0 makes none. PostgreSQL has backups of its own."""


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

    error_budget_policy: Policy = Field(default=[])
    """What to do when shares of an error budget are spent, for SLOs that say nothing else. Default: steps at 0.5, 0.8
    and 1, after the SRE workbook."""

    alertmanagers: list[Alertmanager] = Field(default=[])
    """Alertmanagers that alerts come from."""

    watchdogs: list[Watchdog] = Field(default=[])
    """Alerts that fire always, whose absence is an incident."""

    heartbeat: Heartbeat = Heartbeat()
    """A URL elsewhere that is told that this daemon lives: not while the store cannot be written, nor while a loop by
    which people are reached stands still."""

    severities: Severities = Severities()
    """Which values of the label `severity` mean what."""

    quality: Quality = Quality()
    """How noise is held back."""

    maintenance: list[Maintenance] = Field(default=[])
    """Windows in which alerts tell nobody."""

    time_intervals: list[NamedInterval] = Field(default=[])
    """Calendars, in Alertmanager's notation."""

    grouping: Grouping = Grouping()
    """Which alerts become one incident."""

    topology: Topology = Topology()
    """Which services need which."""

    teams: list[Team] = Field(default=[])
    """Who owns which alerts; the first team that matches."""

    people: list[Person] = Field(default=[])
    """Who can be told, and how."""

    schedules: list[Schedule] = Field(default=[])
    """Who is on call when."""

    route: RootRoute | None = None
    """Who is told of which incident: a tree as Alertmanager's, in which the first route that matches wins. Without it
    nobody is told of anything."""

    escalations: list[Escalation] = Field(default=[])
    """Who is told in turn until somebody acknowledges."""

    receivers: list[Receiver] = Field(default=[])
    """Where messages go to."""

    templates: Templates = Templates()
    """The words of messages."""

    rules: Rules = Rules()
    """Generated alert rules."""

    storage: Storage = Storage()
    """Where incidents and learned state are kept."""

    web: Web = Web()
    """Who may use webhooks, API and pages."""
