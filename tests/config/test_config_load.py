"""Valid configurations: what comes out of them, and what is only doubtful."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.show import show
from aiops_daemon.core.model.query import Direction, Export, QuerySpec, Season, Threshold
from aiops_daemon.core.model.settings import ExportSpec, HistorySpec, RulesSpec, Settings, StorageSpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.model.source import SourceSpec, TlsSpec

SOURCE = 'prometheus: [{name: eu1, urls: ["http://prom:9090/"]}]\n'
QUERY = SOURCE + "queries:\n  - name: errors\n    expr: up\n"


@pytest.fixture
def loaded(tmp_path: Path):
    """Load a text as a file `config.yaml` in a folder of its own."""

    def from_text(text: str, environ: dict[str, str] | None = None, flags: Overrides | None = None) -> Loaded:
        file = tmp_path / "config.yaml"
        file.write_text(text)
        return load(file, environ=environ or {}, overrides=flags or Overrides())

    return from_text


def test_without_a_file_a_flag_is_enough() -> None:
    """One address on the command line makes one source with every default of the specifications."""
    settings = load(None, environ={}, overrides=Overrides(("http://localhost:9090/",))).settings

    assert (
        Settings(
            sources=(SourceSpec("prometheus", ("http://localhost:9090",)),),
            storage=StorageSpec("sqlite:///aiops-data/aiops.db"),
            config_hash=settings.config_hash,
        )
        == settings
    )


def test_several_flags_are_several_sources() -> None:
    """Addresses on the command line are sources of their own, never replicas."""
    settings = load(None, environ={}, overrides=Overrides(("http://a", "http://b"))).settings

    assert [("prometheus-0", ("http://a",)), ("prometheus-1", ("http://b",))] == [
        (source.name, source.urls) for source in settings.sources
    ]


def test_flags_add_sources_to_those_of_the_file_and_set_the_rest(loaded) -> None:
    """A server of the command line joins the file's; storage and external address are replaced."""
    flags = Overrides(("http://b",), "sqlite:////data/x.db", "https://aiops.example.org/")
    settings = loaded(SOURCE + "storage: {url: 'sqlite:///a.db'}\n", flags=flags).settings

    assert ["eu1", "prometheus"] == [source.name for source in settings.sources]
    assert ("/data", "https://aiops.example.org") == (settings.storage_directory, settings.external_url)


def test_defaults_of_models_and_specifications_are_the_same(loaded) -> None:
    """A query with only a name and an expression is the specification with only a name and an expression."""
    settings = loaded(QUERY).settings

    assert (QuerySpec("errors", "up"),) == settings.queries
    assert (HistorySpec(), ExportSpec(), RulesSpec(), None) == (
        settings.history,
        settings.export,
        settings.rules,
        settings.packs,
    )


def test_a_whole_query(loaded) -> None:
    """Every key of a query arrives in its specification."""
    text = (
        "global: {time_zone: Europe/Berlin}\n"
        + QUERY
        + """\
    prometheus: [eu1]
    labels: {team: shop, area: web}
    title: errors of the shop
    unit: ratio
    direction: up
    season: [weekly, daily]
    min_deviation: {absolute: 0.5, relative: 1}
    thresholds: {critical: 2, warning: {below: -1.5}}
    severity: warning
    forecast: {horizons: [1h, 1d12h]}
    on_finding: enrich
    export: all
    interval: 90s
    max_series: 7
    open_after: 3
    exclude: [{start: "2026-01-01T01:00:00+01:00", end: "2026-01-02T00:00:00Z"}]
"""
    )

    start = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    assert (
        QuerySpec(
            name="errors",
            expr="up",
            sources=("eu1",),
            labels=(("area", "web"), ("team", "shop")),
            title="errors of the shop",
            unit="ratio",
            direction=Direction.UP,
            seasons=(Season.WEEKLY, Season.DAILY),
            time_zone="Europe/Berlin",
            min_deviation_absolute=0.5,
            min_deviation_relative=1.0,
            thresholds=(Threshold("critical", 2.0), Threshold("warning", -1.5, above=False)),
            severity="warning",
            horizons=(3600.0, 129600.0),
            export=Export.ALL,
            interval=90.0,
            max_series=7,
            open_after=3,
            exclude=((start, start + 86400.0),),
        ),
    ) == loaded(text).settings.queries


def test_no_season_is_not_an_unknown_season(loaded) -> None:
    """`none` means no cycle, `auto` that the data decide."""
    assert () == loaded(QUERY + "    season: none\n").settings.queries[0].seasons
    assert loaded(QUERY + "    season: auto\n").settings.queries[0].seasons is None


def test_an_objective_in_percent_becomes_a_ratio_without_rounding_noise(loaded) -> None:
    """99.9 percent is the double nearest to 0.999."""
    events = "sli: {events: {good: 'ok_total{code=~\"2..\"}', total: all_total}}"
    settings = loaded(f"{SOURCE}slos: [{{name: a, objective: 99.9, window: 28d, {events}}}]\n").settings
    promised = SloSpec("a", EventsSli("all_total", good='ok_total{code=~"2.."}'), 0.999, Rolling(28 * 86400.0))

    assert (promised,) == settings.slos


def test_packs_may_be_named_or_switched_off(loaded) -> None:
    """A list chooses, an empty list chooses none."""
    assert ("node",) == loaded(SOURCE + "packs: {enable: [node]}\n").settings.packs
    assert () == loaded(QUERY.replace("queries", "packs: {enable: []}\nqueries")).settings.packs


def test_relative_paths_begin_at_the_folder_of_the_file(loaded, tmp_path: Path) -> None:
    """TLS files and the rule folder are found beside the configuration."""
    (tmp_path / "ca.pem").write_text("")
    text = SOURCE.replace('/"]}', '"], tls_config: {ca_file: ca.pem}}') + "rules: {directory: out}\n"

    settings = loaded(text.replace("http:", "https:")).settings

    assert TlsSpec(ca_file=str(tmp_path / "ca.pem")) == settings.sources[0].http.tls
    assert str(tmp_path / "out") == settings.rules.directory


def test_variables_are_expanded_only_where_they_are_the_whole_value(loaded) -> None:
    """Regular expressions keep their `$`; numbers and durations may come from the environment."""
    text = QUERY.replace("up", """'up{job=~"${JOB}$"}'""") + '    max_series: ${MAX}\n    interval: "${EVERY}"\n'
    query = loaded(text, {"MAX": "12", "EVERY": "2m", "JOB": "x"}).settings.queries[0]

    assert ('up{job=~"${JOB}$"}', 12, 120.0) == (query.expr, query.max_series, query.interval)


def test_merge_keys_bring_what_a_mapping_lacks(loaded) -> None:
    """`<<` is understood: keys of the mapping itself win."""
    text = SOURCE + "queries:\n  - &base {name: a, expr: up, unit: s}\n  - {<<: *base, name: b}\n"

    assert [("a", "up", "s"), ("b", "up", "s")] == [
        (query.name, query.expr, query.unit) for query in loaded(text).settings.queries
    ]


def test_the_hash_is_that_of_the_file_and_fits_a_double(loaded) -> None:
    """Equal files hash alike, others do not, and a gauge holds the hash exactly."""
    first, second = loaded(SOURCE).settings.config_hash, loaded(SOURCE + "# x\n").settings.config_hash

    assert (first, True, True) == (loaded(SOURCE).settings.config_hash, first != second, first < 2**48)


WARNINGS = {
    "timeout over interval": (
        SOURCE.replace('/"]', '"], timeout: 2m'),
        "1:63: prometheus[0].timeout: longer than the interval; slow queries will skip polls",
    ),
    "percent as ratio": (
        SOURCE + "slos: [{name: a, objective: 0.999, sli: {events: {bad: b, total: t}}}]\n",
        (
            "2:29: slos[0].objective: the objective is in percent: this allows nearly every event to fail; "
            "did you mean 99.9?"
        ),
    ),
    "short history": (
        "history: {range: 3d}\n" + QUERY + "    season: [daily, weekly]\n",
        (
            "6:13: queries[0].season: history.range is too short to learn a weekly season; "
            "lengthen history.range, or expect to wait"
        ),
    ),
    "nothing to do": (
        SOURCE + "packs: {enable: []}\n",
        "2:17: packs.enable: nothing is watched; enable packs, or add queries or slos",
    ),
    "same server twice": (
        'prometheus:\n  - {name: a, urls: ["http://p"]}\n  - {name: b, urls: ["http://p"]}\n',
        "3:22: prometheus[1].urls[0]: another entry reads from the same URL; replicas belong in one list of urls",
    ),
    "far horizon": (
        QUERY + "    forecast: {horizons: [30d]}\n",
        (
            "5:27: queries[0].forecast.horizons[0]: looks further ahead than history.range looks back; "
            "expect wide intervals"
        ),
    ),
    "tls without https": (
        SOURCE.replace('/"]', '"], tls_config: {server_name: a}'),
        "1:66: prometheus[0].tls_config: has no effect: no URL begins with https; remove it, or use https",
    ),
    "unverified": (
        SOURCE.replace("http:", "https:").replace('/"]', '"], tls_config: {insecure_skip_verify: true}'),
        (
            "1:90: prometheus[0].tls_config.insecure_skip_verify: anybody on the way can read and change the answers; "
            "give ca_file instead"
        ),
    ),
}


@pytest.mark.parametrize("name", WARNINGS)
def test_what_is_doubtful_is_a_warning(name: str, loaded, tmp_path: Path) -> None:
    """A doubtful configuration loads, and says what is doubtful and where."""
    text, warning = WARNINGS[name]

    assert (f"{tmp_path / 'config.yaml'}:{warning}",) == loaded(text).warnings


def test_what_is_shown_loads_again_to_the_same(loaded) -> None:
    """The shown configuration is a configuration, with every default written out."""
    first = loaded(QUERY + '    title: "12:30"\n    unit: "0o17"\n    thresholds: {critical: 1e-7}\n')
    second = loaded(show(first))

    assert first.document == second.document
