"""Bands as rules: the hour of the week, their age, and one voice only, as promtool runs them."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rule_inputs import BOOKS, EVIL, EVIL_BOOKS, PLAIN, WRITTEN_AT, hourly

from aiops_daemon.core.model.hourly import HOURS, BandBook, HourlyBand
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.query import Direction, Fallback, QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.bands import band_files, file_stem
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.edges.rulefiles.render import render

LATENCY = QuerySpec("latency", "shop:latency", direction=Direction.UP, severity="critical")


def refusal(promtool: Path, folder: Path, files: tuple[RuleFile, ...], document: Any = None) -> str:
    """Check files and run their unit tests, or another one; return what promtool says, empty when all is well."""
    (folder / "tests").mkdir(exist_ok=True)
    for file in files:
        (folder / file.file_name).write_text(render(file.document))
        (folder / file.test_name).write_text(render(document or file.test_document))
    said = ""
    for what, names in (("check", [f.file_name for f in files]), ("test", [f.test_name for f in files])):
        argv = [str(promtool), what, "rules", *(str(folder / name) for name in names)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=300)
        said += done.stdout + done.stderr if done.returncode else ""
    return said


@pytest.mark.parametrize(("settings", "books"), [(PLAIN, BOOKS), (EVIL, EVIL_BOOKS)], ids=["plain", "evil"])
def test_the_generated_unit_tests_hold(
    settings: Settings, books: tuple[BandBook, ...], promtool: Path, tmp_path: Path
) -> None:
    """Outside fires, inside and watched are silent, an old range is info; whatever things are called."""
    assert "" == refusal(promtool, tmp_path, band_files(settings, books))


def test_promql_finds_the_hour_of_the_week(promtool: Path, tmp_path: Path) -> None:
    """What is recorded at the first minute of an hour is the edge of that hour, around the whole week."""
    edges = tuple(100.0 + 10 * (hour // 8) for hour in range(HOURS))
    band = HourlyBand(make({"instance": "one"}), tuple(edge - 10 for edge in edges), edges)
    (file,) = band_files(PLAIN, (BandBook(LATENCY, "main", WRITTEN_AT, (band,)),))
    cases = [
        {
            "expr": f"abs(aiops:band_upper - {edges[hour % HOURS]}) < bool 0.001",
            "eval_time": f"{hour}h",
            "exp_samples": [{"labels": '{aiops_query="latency",instance="one"}', "value": 1}],
        }
        for hour in (0, 7, 8, 24, 95, 96, 167, 168, 176)
    ]
    document = {
        "rule_files": [f"../{file.file_name}"],
        "evaluation_interval": "1h",
        "tests": [{"interval": "1h", "input_series": [{"series": "x", "values": "1"}], "promql_expr_test": cases}],
    }

    assert "" == refusal(promtool, tmp_path, (file,), document)


def test_one_voice_at_a_time(promtool: Path, tmp_path: Path) -> None:
    """While the daemon polls, its own alert fires and the fallback is silent; once its metrics are gone, not."""
    query = replace(LATENCY, name="latency", severity="critical")
    settings = Settings(sources=(SourceSpec("main", ("http://p",)),), queries=(query,))
    books = (BandBook(query, "main", WRITTEN_AT, (hourly(1.0, instance="one"),)),)
    files = {file.name: file for file in generate(settings, (query,), (), books)}
    kept = (files["aiops-anomalies"], files["aiops-bands-main"])
    polled = 'aiops_query_last_success_timestamp_seconds{source="main",query="latency"}'
    given = [
        {"series": 'aiops:band_value{aiops_query="latency",instance="one"}', "values": "9x60"},
        {
            "series": 'aiops_anomaly_active{aiops_query="latency",aiops_kind="anomaly",instance="one"}',
            "values": "1x20 stale",
        },
        {"series": polled, "values": "0+60x20 stale"},
    ]
    firing = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'

    def case(minute: int, name: str) -> dict[str, Any]:
        labels = f'{{alertname="{name}",severity="critical"}}'
        return {"expr": firing, "eval_time": f"{minute}m", "exp_samples": [{"labels": labels, "value": 1}]}

    document = {
        "rule_files": [f"../{file.file_name}" for file in kept],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": given,
                "promql_expr_test": [
                    case(15, "AiopsAnomaly"),
                    case(20, "AiopsAnomaly"),
                    case(30, "AiopsFallbackAnomaly"),
                ],
            }
        ],
    }

    assert "" == refusal(promtool, tmp_path, kept, document)


def test_dropped_labels_do_not_hide_a_value(promtool: Path, tmp_path: Path) -> None:
    """Two replicas share the band that was learned of both."""
    settings = Settings(sources=(SourceSpec("main", ("http://p",), drop_labels=frozenset({"replica"})),))
    books = (BandBook(LATENCY, "main", WRITTEN_AT, (hourly(1.0, instance="one"),)),)
    (file,) = band_files(settings, books)
    values = [
        {
            "series": f'aiops:band_value{{aiops_query="latency",instance="one",replica="{name}"}}',
            "values": f"{value}x20",
        }
        for name, value in (("a", 9), ("b", 1))
    ]
    firing = 'count by (replica) (ALERTS{alertstate="firing"})'
    case = {"expr": firing, "eval_time": "10m", "exp_samples": [{"labels": '{replica="a"}', "value": 1}]}
    document = {
        "rule_files": [f"../{file.file_name}"],
        "evaluation_interval": "1m",
        "tests": [{"interval": "1m", "input_series": values, "promql_expr_test": [case]}],
    }

    assert "" == refusal(promtool, tmp_path, (file,), document)


def test_a_file_for_each_source_and_none_without_bands() -> None:
    """Bands of one Prometheus say nothing of another; names that come out alike stay apart."""
    settings = Settings(sources=tuple(SourceSpec(name, ("http://p",)) for name in ("EU 1", "eu-1", "us")))

    assert ["aiops-bands-eu-1", "aiops-bands-eu-1-2", "aiops-bands-us"] == [
        file_stem(settings, spec.name) for spec in settings.sources
    ]
    assert ["aiops-bands-main", "aiops-bands-second"] == [file.name for file in band_files(PLAIN, BOOKS)]
    assert () == band_files(PLAIN, (BandBook(LATENCY, "main", WRITTEN_AT, ()),))


@pytest.mark.parametrize(
    ("severity", "fallback", "expected"),
    [("info", "auto", False), ("none", "auto", False), ("warning", "auto", True), ("critical", "never", False),
     ("info", "always", True)],
)  # fmt: skip
def test_what_wakes_nobody_is_not_written(severity: str, fallback: str, expected: bool) -> None:
    """By default only queries whose anomaly alert is more than info."""
    assert expected == QuerySpec("q", "up", severity=severity, fallback=Fallback(fallback)).falls_back


def test_large_tests_are_not_run_at_every_write() -> None:
    """Many series that differ by the hour of the week take promtool long; few do not."""
    many = tuple(hourly(100.0, weekly=1.0, instance=str(number)) for number in range(20))

    assert [True] == [file.slow for file in band_files(PLAIN, (BandBook(LATENCY, "main", WRITTEN_AT, many),))]
    assert [False, False] == [file.slow for file in band_files(PLAIN, BOOKS)]
