"""`slo report` and `slo status -i` against a real Prometheus that holds a month, or part of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from real_servers import Server, Servers, backfill

from aiops_daemon.cli.main import dispatch

pytestmark = pytest.mark.real

MINUTE, DAY = 60, 86_400
FEBRUARY = round(datetime(2026, 2, 1, tzinfo=UTC).timestamp())
START, END = FEBRUARY - 4 * DAY, FEBRUARY + 30 * DAY  # into March, of which the rest is lacking
OUTAGE = (FEBRUARY + 2 * DAY + 10 * 3600, 45 * MINUTE)  # half of the requests fail
SLOW = (FEBRUARY + 9 * DAY, 90 * MINUTE)  # a tenth is slow, and the probe fails
TARGET = 'job="shop",instance="one"'
SLOS = """
slos:
  - name: checkout-availability
    labels: {service: checkout, team: shop}
    objective: 99.9
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
  - name: checkout-latency
    labels: {service: checkout}
    objective: 99
    sli: {latency: {histogram: d_seconds, threshold: 0.5}}
  - name: probe
    objective: 99.5
    sli: {bool_gauge: {gauge: probe_success}}
  - name: ready
    objective: 99.5
    sli: {raw: {good: probe_success}}
  - name: expressions
    objective: 99.9
    sli:
      ratio:
        bad: 'sum(increase(http_requests_total{code="500"}[{{.window}}]))'
        total: 'sum(increase(http_requests_total[{{.window}}]))'
  - name: sevens
    objective: 99.5
    budgeting: {method: time_slices, slice: 7m, target: 95}
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
  - name: sliced
    objective: 99.5
    budgeting: {method: time_slices, slice: 5m, target: 95}
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
"""


def within(stretch: tuple[int, int], at: int) -> bool:
    """Say whether a moment lies in a stretch."""
    return stretch[0] < at <= stretch[0] + stretch[1]


def samples() -> Iterator[tuple[str, str, int, int]]:
    """Yield family, series, value and time of every minute: 60 requests, 30 of them bad in the outage."""
    good = bad = fast = count = 0
    for at in range(START, END + 1, MINUTE):
        failed = 30 if within(OUTAGE, at) else 0
        slow = within(SLOW, at)
        good, bad, count, fast = good + 60 - failed, bad + failed, count + 60, fast + (54 if slow else 60)
        yield "http_requests", f'http_requests_total{{{TARGET},code="200"}}', good, at
        yield "http_requests", f'http_requests_total{{{TARGET},code="500"}}', bad, at
        yield "d_seconds", f'd_seconds_bucket{{{TARGET},le="0.5"}}', fast, at
        yield "d_seconds", f'd_seconds_bucket{{{TARGET},le="+Inf"}}', count, at
        yield "d_seconds", f"d_seconds_count{{{TARGET}}}", count, at
        yield "probe_success", f"probe_success{{{TARGET}}}", int(not slow), at


def openmetrics() -> str:
    """Write the samples by family."""
    kinds = {"http_requests": "counter", "d_seconds": "histogram", "probe_success": "gauge"}
    lines = {family: [f"# TYPE {family} {kind}"] for family, kind in kinds.items()}
    by_series: dict[tuple[str, str], list[str]] = {}
    for family, series, value, at in samples():
        by_series.setdefault((family, series), []).append(f"{series} {value} {at}")
    for (family, _), written in by_series.items():
        lines[family] += written
    return "\n".join([line for family in lines.values() for line in family] + ["# EOF\n"])


@pytest.fixture(scope="module")
def server(module_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A Prometheus that holds February, a little of January and two days of March."""
    tsdb = tmp_path_factory.mktemp("past") / "tsdb"
    backfill(openmetrics(), tsdb, block="240h")
    return module_servers.prometheus(tsdb=tsdb)


@pytest.fixture
def slos(tmp_path: Path) -> Path:
    """The SLOs that are reported on."""
    file = tmp_path / "slos.yaml"
    file.write_text(SLOS)
    return file


def report(server: Server, slos: Path, month: str, *more: str) -> int:
    """Run the verb."""
    asked = ["-i", str(slos), f"--prometheus.url={server.url}", "--month", month, "--no-incidents"]
    return dispatch(["slo", "report", *asked, *more])


def test_a_month_is_what_was_made(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every kind of indicator reaches the ratio that the traffic has, and finds its breach where it was."""
    assert 0 == report(server, slos, "2026-02", "-o", "json")
    told = {one["name"]: one for one in json.loads(capsys.readouterr().out)["slos"]}
    minutes = 28 * 1440
    bad = {"checkout-availability": 45 * 0.5, "checkout-latency": 90 * 0.1, "probe": 90, "ready": 90,
           "expressions": 45 * 0.5, "sliced": 45}  # fmt: skip

    for name, lost in bad.items():
        one = told[name]
        assert lost / minutes == pytest.approx(1 - one["reached_ratio"], rel=0.12 if name == "sliced" else 0.02), name
        assert (1.0, []) == (one["known_ratio"], one["gaps"])
        assert ("met" if lost / minutes <= 1 - one["objective_ratio"] else "missed") == one["verdict"]
    (breach,) = [one for one in told["checkout-availability"]["breaches"] if one["kind"] == "alert"]
    assert ["page", "ticket"] == breach["severities"]
    assert "2026-02-03T10:00:00.000Z" <= breach["begin"] <= "2026-02-03T10:10:00.000Z"
    assert breach["error_budget_spent_ratio"] == pytest.approx(45 * 0.5 / minutes / 0.001, rel=0.02)
    assert breach["incidents"] is None


def test_a_month_that_the_server_does_not_hold_is_no_hundred_percent(
    server: Server, slos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of March two days are there and of January four; both reports say so and neither says met."""
    for month, share, since in (("2026-03", 2 / 31, "2026-03-0"), ("2026-01", 4 / 31, "2026-01-01")):
        assert 0 == report(server, slos, month, "-o", "json")
        for one in json.loads(capsys.readouterr().out)["slos"]:
            assert ("unknown", None) == (one["verdict"], one["reached_ratio"])
            assert share == pytest.approx(one["known_ratio"], abs=0.003)
            assert one["gaps"][0]["start"].startswith(since)
    assert 0 == report(server, slos, "2026-03", "--slo", "probe")
    out = capsys.readouterr().out
    assert "not known" in out
    assert "of the month is known; nothing is known from 2026-03-0" in out
    assert "So it cannot be said whether the objective was met" in out


def test_a_month_without_anything_is_not_known(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No samples, no ratio."""
    assert 0 == report(server, slos, "2025-06", "--slo", "checkout-availability", "-o", "json")
    (one,) = json.loads(capsys.readouterr().out)["slos"]

    assert (None, "unknown", 0.0) == (one["reached_ratio"], one["verdict"], one["known_ratio"])


def test_the_zone_moves_the_month(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """February of Auckland begins on the 31st of January in UTC."""
    assert 0 == report(server, slos, "2026-02", "--slo", "probe", "--time-zone", "Pacific/Auckland", "-o", "json")
    told = json.loads(capsys.readouterr().out)

    assert ("2026-01-31T11:00:00.000Z", "Pacific/Auckland") == (told["start"], told["time_zone"])
    assert told["slos"][0]["known_ratio"] == 1.0


def test_the_sheet_is_one_file(server: Server, slos: Path, tmp_path: Path) -> None:
    """It loads nothing, and tells of every SLO."""
    sheet = tmp_path / "report.html"
    assert 0 == report(server, slos, "2026-02", "--html", str(sheet))
    text = sheet.read_text()

    assert "src=" not in text
    assert 'href="data:,"' in text
    assert text.count("href=") == 1
    assert all(name in text for name in ("checkout-availability", "sliced", "ready"))


def test_a_month_that_is_over_does_not_run(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Slices of seven minutes do not fill January; it has ended all the same."""
    assert 0 == report(server, slos, "2026-01", "-o", "json", "--slo", "sevens")
    told = json.loads(capsys.readouterr().out)

    assert (False, "2026-02-01T00:00:00.000Z") == (told["running"], told["until"])
