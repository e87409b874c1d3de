"""Valid configurations of the alert road: what comes out of them, and what is only doubtful."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.config.show import show
from aiops_daemon.core.model.alertmanager import (
    AlertmanagerSpec,
    HeartbeatSpec,
    MaintenanceSpec,
    QualitySpec,
    SuppressionSpec,
    TeamSpec,
    WatchdogSpec,
)
from aiops_daemon.core.model.grouping import Dependency, GroupingSpec, TopologySpec
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import RetentionSpec, Settings, StorageSpec
from aiops_daemon.core.model.severity import SeveritiesSpec, Severity
from aiops_daemon.core.model.source import HttpSpec, TlsSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval

SOURCE = 'prometheus: [{name: eu1, urls: ["http://prom:9090/"]}]\n'
NOW = datetime(2026, 11, 21, tzinfo=UTC).timestamp()
DAY = 86_400.0


@pytest.fixture
def loaded(tmp_path: Path):
    """Load a text as a file `config.yaml` in a folder of its own, on 2026-11-21."""

    def from_text(text: str) -> Loaded:
        file = tmp_path / "config.yaml"
        file.write_text(SOURCE + text)
        return load(file, environ={}, overrides=Overrides(), now=NOW)

    return from_text


def test_what_is_left_out_is_the_specifications_default(loaded) -> None:
    """Without sections of the alert road every specification is as it stands in the model."""
    settings, bare = loaded("").settings, Settings()

    assert (
        StorageSpec("sqlite:///aiops-data/aiops.db"),
        bare.severities,
        bare.quality,
        bare.grouping,
        bare.topology,
        bare.heartbeat,
    ) == (
        settings.storage,
        settings.severities,
        settings.quality,
        settings.grouping,
        settings.topology,
        settings.heartbeat,
    )
    assert ((), (), (), ()) == (settings.alertmanagers, settings.watchdogs, settings.teams, settings.tokens)


def test_a_whole_alertmanager(loaded, tmp_path: Path) -> None:
    """Every key of an Alertmanager arrives in its specification, HTTP options as those of a Prometheus."""
    (tmp_path / "ca.pem").write_text("")
    text = """\
alertmanagers:
  - name: eu1
    urls: ["https://am-0:9093/", "https://am-1:9093"]
    receiver: pager
    interval: 20s
    timeout: 5s
    basic_auth: {username: ann}
    tls_config: {ca_file: ca.pem}
"""
    http = HttpSpec(username="ann", tls=TlsSpec(ca_file=str(tmp_path / "ca.pem")))
    urls = ("https://am-0:9093", "https://am-1:9093")

    assert (AlertmanagerSpec("eu1", urls, "pager", 20.0, 5.0, http),) == loaded(text).settings.alertmanagers


def test_watchdogs_and_heartbeat(loaded) -> None:
    """Matchers are read, each expected label set is sorted, the beat has a URL and a rhythm."""
    settings = loaded("""\
watchdogs: [{matchers: ['alertname="Watchdog"', "tier!~dev|test"], within: 12m, expect: [{region: eu, cluster: eu1}]}]
heartbeat: {url: "https://beats.example.org/x/", interval: 30s}
""").settings

    matchers = (parse('alertname="Watchdog"'), parse('tier!~"dev|test"'))
    assert (WatchdogSpec(matchers, 720.0, ((("cluster", "eu1"), ("region", "eu")),)),) == settings.watchdogs
    assert HeartbeatSpec(HeldSecret("https://beats.example.org/x/"), 30.0) == settings.heartbeat


def test_words_of_the_file_win_over_default_words(loaded) -> None:
    """A word that the file gives to a severity is taken from the default of another."""
    severities = loaded("severities: {warning: [Page, soon], unknown: warning}\n").settings.severities

    assert [Severity.WARNING, Severity.WARNING, Severity.CRITICAL, Severity.INFO, Severity.WARNING] == [
        severities.of(word) for word in ("PAGE", "Soon", "p1", "info", "never heard")
    ]


def test_the_words_of_the_contract_are_the_default(loaded) -> None:
    """Writing the defaults out changes nothing that a label can say."""
    text = "severities: {critical: [critical, page, P1], warning: [warning, P2], info: [info], none: [none]}\n"
    written, default = loaded(text).settings.severities, SeveritiesSpec()

    assert sorted(default.words) == sorted(written.words)


def test_a_whole_quality_section(loaded) -> None:
    """Thresholds, rules and both kinds of maintenance window arrive in one specification."""
    settings = loaded("""\
quality:
  flapping: {window: 2h, enter: 6, leave: 2}
  transient: {hold: 1m, share: 0.9, episodes: 3, critical: true}
  max_delay: 4m
  suppression:
    - {name: down, matchers: ['a="1"'], source_matchers: ['b="2"'], equal: [cluster]}
  digest_older_than: 20m
  volume: false
maintenance:
  - {name: calendar, matchers: ['a="1"'], time_intervals: [nights]}
  - {name: once, matchers: ['a="1"'], starts_at: "2026-11-21T23:00:00Z", ends_at: "2026-11-22T02:00:00+01:00"}
time_intervals:
  - name: nights
    time_intervals:
      - times: [{start_time: "22:00", end_time: "24:00"}, {start_time: "00:00", end_time: "05:30"}]
        weekdays: ["monday:friday", Sunday]
        days_of_month: ["1:5", 7, "-3:-1"]
        months: ["January:march", "5:8", december]
        years: [2026, "2028:2030"]
        location: Europe/Berlin
      - {}
""").settings

    interval = TimeInterval(
        times=((1320, 1440), (0, 330)),
        weekdays=((1, 5), (0, 0)),
        days_of_month=((1, 5), (7, 7), (-3, -1)),
        months=((1, 3), (5, 8), (12, 12)),
        years=((2026, 2026), (2028, 2030)),
        location="Europe/Berlin",
    )
    a, b = (parse('a="1"'),), (parse('b="2"'),)
    assert (
        QualitySpec(
            flapping_window=7200.0,
            flapping_enter=6,
            flapping_leave=2,
            transient_hold=60.0,
            transient_share=0.9,
            transient_episodes=3,
            transient_critical=True,
            max_delay=240.0,
            suppression=(SuppressionSpec("down", a, b, ("cluster",)),),
            maintenance=(
                MaintenanceSpec("calendar", a, (NamedIntervals("nights", (interval, TimeInterval())),)),
                MaintenanceSpec("once", a, (), NOW + 23 * 3600, NOW + 25 * 3600),
            ),
            digest_older_than=1200.0,
            volume=False,
        )
        == settings.quality
    )


def test_grouping_and_topology(loaded) -> None:
    """Every key arrives; what a service needs becomes one dependency each."""
    settings = loaded("""\
grouping:
  {window: 2m, max_window: 10m, max_age: 2h, never_across: [env], ignore_labels: [x], reopen_within: 1h, threshold: 0.6}
topology:
  service_labels: [svc]
  dependencies: [{service: checkout, needs: [payments, stock]}, {service: stock, needs: [db]}]
  trace_metrics: false
  label_pairs: [{caller: client, callee: server}]
""").settings

    edges = (("checkout", "payments"), ("checkout", "stock"), ("stock", "db"))
    assert GroupingSpec(120.0, 600.0, 7200.0, ("env",), ("x",), 3600.0, 0.6) == settings.grouping
    assert TopologySpec(("svc",), tuple(Dependency(*edge) for edge in edges), False, (("client", "server"),)) == (
        settings.topology
    )


def test_teams_and_tokens(loaded, tmp_path: Path) -> None:
    """Teams carry their budget; a token is read on use, from the file again when it was rotated."""
    (tmp_path / "bot").write_text("first-token-of-sixteen\n")
    settings = loaded("""\
teams: [{name: shop, members: [ann, bo], matchers: ['ns=~"shop-.*"'], page_budget: {per: 12h, max: 2}}, {name: sre}]
web:
  tokens:
    - {name: ann, role: responder, teams: [shop], token: 0123456789abcdefg}
    - {name: bot, role: ingest, token_file: bot}
""").settings
    ann, bot = settings.tokens

    assert (TeamSpec("shop", ("ann", "bo"), (parse('ns=~"shop-.*"'),), 43_200.0, 2), TeamSpec("sre")) == settings.teams
    assert ("ann", Role.RESPONDER, frozenset({"shop"}), "0123456789abcdefg") == (
        ann.name,
        ann.role,
        ann.teams,
        ann.token(),
    )
    assert ("bot", Role.INGEST, frozenset(), "first-token-of-sixteen") == (bot.name, bot.role, bot.teams, bot.token())
    (tmp_path / "bot").write_text("second-token-of-sixteen\n")
    assert "second-token-of-sixteen" == bot.token()


def test_storage_on_postgresql(loaded, tmp_path: Path) -> None:
    """The URL stays as it is, the password is read on use, learned state has a folder of its own."""
    (tmp_path / "secret").write_text("hunter2")
    settings = loaded("""\
storage:
  url: postgresql://aiops@db:5432/aiops?sslmode=require
  password_file: secret
  retention: {resolved_incidents: 30d, alerts: 7d}
  backups: 3
""").settings
    storage = settings.storage

    assert ("postgresql://aiops@db:5432/aiops?sslmode=require", RetentionSpec(30 * DAY, 7 * DAY), 3) == (
        storage.url,
        storage.retention,
        storage.backups,
    )
    assert storage.password is not None
    assert ("hunter2", "aiops-data") == (storage.password(), settings.storage_directory)


@pytest.mark.parametrize(
    ("storage", "directory", "url"),
    [
        ("{}", "aiops-data", "sqlite:///aiops-data/aiops.db"),
        ("{directory: /learned}", "/learned", "sqlite:////learned/aiops.db"),
        ("{url: 'sqlite:////data/x.db'}", "/data", "sqlite:////data/x.db"),
        ("{url: 'sqlite:////data/x.db', directory: /learned}", "/learned", "sqlite:////data/x.db"),
        ("{url: 'postgresql://a@b/c', directory: /learned}", "/learned", "postgresql://a@b/c"),
        ("{url: 'postgresql://a@b:5432,d/c'}", "aiops-data", "postgresql://a@b:5432,d/c"),
    ],
)
def test_learned_state_and_database_lie_together_unless_told_otherwise(
    loaded, storage: str, directory: str, url: str
) -> None:
    """Each follows the other; what is given wins."""
    settings = loaded(f"storage: {storage}\n").settings

    assert (directory, url) == (settings.storage_directory, settings.storage.url)


def test_a_storage_flag_may_name_postgresql() -> None:
    """`--storage.url` takes both kinds of database."""
    flags = Overrides(("http://prom:9090",), "postgresql://aiops@db/aiops")
    settings = load(None, environ={}, overrides=flags).settings

    assert StorageSpec("postgresql://aiops@db/aiops") == settings.storage


def test_findings_may_be_told_to_open_incidents(loaded) -> None:
    """Queries and SLOs say what a finding may do."""
    settings = loaded("""\
queries: [{name: a, expr: up, on_finding: page}]
slos: [{name: b, objective: 99, on_finding: notify, sli: {events: {bad: errs, total: alls}}}]
""").settings

    assert (OnFinding.PAGE, OnFinding.NOTIFY) == (settings.queries[0].on_finding, settings.slos[0].on_finding)


def test_secrets_of_the_alert_road_are_never_shown(loaded) -> None:
    """Neither the shown configuration nor any representation has a token, a password or a header's value."""
    text = """\
alertmanagers: [{name: eu1, urls: ["http://a"], headers: {X: hunter2}, authorization: {credentials: hunter2}}]
heartbeat: {url: "https://beats.example.org", basic_auth: {username: u, password: hunter2}}
storage: {url: "postgresql://a@b/c", password: hunter2}
web: {tokens: [{name: ann, role: admin, token: hunter2-hunter2-hunter2}]}
"""
    result = loaded(text)
    spoken = show(result) + repr(result) + repr(result.settings) + str(result.document)

    assert "hunter2" not in spoken
    assert 6 == show(result).count("<secret>")


def test_what_is_shown_loads_again_to_the_same_alert_road(loaded) -> None:
    """The shown configuration is a configuration: texts that YAML could misread are quoted."""
    first = loaded("""\
time_intervals: [{name: nights, time_intervals: [{times: [{start_time: "00:00", end_time: "05:30"}], months: [5]}]}]
maintenance: [{name: m, matchers: ['a="1"'], time_intervals: [nights]}]
grouping: {window: 90s}
""")
    second = loaded(_without_sources(show(first)))

    assert (first.settings.quality, first.settings.grouping) == (second.settings.quality, second.settings.grouping)


def _without_sources(text: str) -> str:
    before, _, after = text.partition("prometheus:\n")
    return before + after[after.index("history:") :]


WARNINGS = {
    "no urls": (
        "alertmanagers: [{name: eu1}]\n",
        "2:17: alertmanagers[0]: what its webhooks cannot tell stays unknown; give the urls of its peers",
    ),
    "timeout over interval": (
        'alertmanagers: [{name: eu1, urls: ["http://a"], timeout: 1m}]\n',
        "2:58: alertmanagers[0].timeout: longer than the interval; slow answers will skip polls",
    ),
    "tls of the heartbeat": (
        'heartbeat: {url: "http://a", tls_config: {server_name: a}}\n',
        "2:42: heartbeat.tls_config: has no effect: no URL begins with https; remove it, or use https",
    ),
    "hold over the cut": (
        "quality: {max_delay: 1m}\n",
        (
            "2:10: quality.transient.hold: longer than quality.max_delay, which cuts it; "
            "shorten it, or lengthen max_delay"
        ),
    ),
    "equal without source": (
        "quality: {suppression: [{name: a, matchers: ['x=\"1\"'], equal: [z]}]}\n",
        (
            "2:63: quality.suppression[0].equal: has no effect without source_matchers; "
            "add source_matchers, or remove it"
        ),
    ),
    "ended window": (
        (
            "maintenance:\n- name: a\n  matchers: [x=1]\n"
            '  starts_at: "2026-11-20T00:00:00Z"\n  ends_at: "2026-11-21T00:00:00Z"\n'
        ),
        "6:12: maintenance[0].ends_at: the window has ended; remove it",
    ),
    "team never reached": (
        'teams: [{name: a, matchers: [x=1, y=2]}, {name: b, matchers: [y="2", x="1"]}]\n',
        "2:62: teams[1].matchers: never reached: a has the same matchers; remove one",
    ),
    "team that contradicts itself": (
        "teams: [{name: a, matchers: [x=1, x=2]}]\n",
        "2:29: teams[0].matchers: can never match: all must hold, and two contradict; use =~ for alternatives",
    ),
    "team unknown": (
        "teams: [{name: shop}]\nweb: {tokens: [{name: a, role: admin, teams: [shp], token: 0123456789abcdefg}]}\n",
        "3:47: web.tokens[0].teams[0]: no team has this name; did you mean 'shop'?",
    ),
    "nobody may send": (
        "web: {tokens: [{name: a, token: 0123456789abcdefg}]}\n",
        "2:15: web.tokens: no token may send alerts; add one of role ingest for Alertmanager",
    ),
    "password of SQLite": (
        "storage: {password: hunter2}\n",
        "2:21: storage.password: has no effect: SQLite has no password; remove it",
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_doubtful_on_the_alert_road_is_a_warning(name: str, loaded, tmp_path: Path) -> None:
    """A doubtful configuration loads, and says what is doubtful and where."""
    text, warning = WARNINGS[name]

    assert (f"{tmp_path / 'config.yaml'}:{warning}",) == loaded(text).warnings


def test_without_a_moment_no_window_has_ended(tmp_path: Path) -> None:
    """What depends on the clock is looked for only when the caller says what time it is."""
    file = tmp_path / "config.yaml"
    file.write_text(SOURCE + WARNINGS["ended window"][0])

    assert () == load(file, environ={}, overrides=Overrides()).warnings
