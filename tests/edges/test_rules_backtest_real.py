"""`rules backtest` and `rules lint` against a real Prometheus: they agree with the ALERTS that it wrote itself."""

from __future__ import annotations

import io
import json
import math
import random
import subprocess
import time
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import real_servers
import yaml
from real_servers import Server, Servers, backfill

from aiops_daemon.cli.main import dispatch

pytestmark = pytest.mark.real

HOURS = 6
START = 1_700_006_400
END = START + HOURS * 3600
WARM = 1800  # seconds before the stretch that is told of
RULES = """
groups:
- name: recorded
  interval: 1m
  rules:
  - record: job:errors:rate5m
    expr: sum by (job) (rate(shop_errors_total[5m]))
- name: alerts
  interval: 1m
  rules:
  - alert: Deep
    expr: shop_queue > 60
    labels: {severity: page}
  - alert: DeepLong
    expr: shop_queue > 50
    for: 5m
  - alert: DeepKept
    expr: shop_queue > 65
    for: 2m
    keep_firing_for: 10m
  - alert: Errors
    expr: job:errors:rate5m > 0.5
    for: 3m
  - alert: ErrorsLong
    expr: avg_over_time(job:errors:rate5m{job="a"}[30m]) > 0.3
  - alert: Never
    expr: shop_queue > 1000
"""


def past() -> dict[str, list[str]]:
    """Six hours of queues that swing and counters with bursts, a sample a minute; `_` is a gap."""
    dice = random.Random(3)
    found: dict[str, list[str]] = {}
    for number in range(4):
        count = 0
        queue = found.setdefault(f'shop_queue{{job="a",instance="h{number}"}}', [])
        errors = found.setdefault(f'shop_errors_total{{job="{"ab"[number % 2]}",instance="h{number}"}}', [])
        for index in range(HOURS * 60 + 1):
            level = 40 + 25 * math.sin(index / (15 + 5 * number)) + dice.gauss(0, 8)
            queue.append("_" if 100 < index + 20 * number < 112 else f"{level:.3f}")
            count += dice.randrange(3) + (60 if (index // 40 + number) % 3 == 0 else 0)
            errors.append(str(count))
    return found


def openmetrics() -> str:
    """Write the past for promtool tsdb create-blocks-from."""
    lines: dict[str, list[str]] = {
        "shop_queue": ["# TYPE shop_queue gauge"],
        "shop_errors": ["# TYPE shop_errors counter"],
    }
    for series, values in past().items():
        listed = lines[series.partition("{")[0].removesuffix("_total")]
        listed += [f"{series} {value} {START + index * 60}" for index, value in enumerate(values) if value != "_"]
    return "\n".join([*lines["shop_queue"], *lines["shop_errors"], "# EOF\n"])


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules under test."""
    file = tmp_path_factory.mktemp("rules") / "rules.yml"
    file.write_text(RULES)
    return file


@pytest.fixture(scope="module")
def server(module_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A Prometheus that holds the past, and no rules."""
    tsdb = tmp_path_factory.mktemp("past") / "tsdb"
    backfill(openmetrics(), tsdb)
    return module_servers.prometheus(tsdb=tsdb)


def backtest(url: str, *arguments: str, start: int = START + WARM, end: int = END) -> int:
    """Run the verb over the recorded hours."""
    return dispatch(["rules", "backtest", f"--prometheus.url={url}", f"--start={start}", f"--end={end}", *arguments])


def test_it_agrees_with_the_rule_manager_minute_by_minute(
    server: Server, rules: Path, promtool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """promtool runs Prometheus' own rule manager over the same samples: at every minute the same alerts fire."""
    assert 0 == backtest(server.url, "-o", "json", str(rules))
    told = json.loads(capsys.readouterr().out)
    test = tmp_path / "test.yml"
    test.write_text(yaml.safe_dump(unit_test(rules, told)))
    result = subprocess.run(
        [str(promtool), "test", "rules", str(test)], capture_output=True, text=True, check=False, timeout=120
    )

    assert 0 == result.returncode, result.stdout[-3000:] + result.stderr[-3000:]
    assert {"Deep", "DeepLong", "DeepKept", "Errors", "ErrorsLong"} == {
        alert["alert"] for alert in told["alerts"] if alert["episodes"] > 1
    }


def unit_test(rules: Path, told: dict[str, Any]) -> dict[str, Any]:
    """Expect at every minute what the backtest tells."""
    expected = [
        {
            "eval_time": f"{(at - START) // 60}m",
            "alertname": alert["alert"],
            "exp_alerts": [{"exp_labels": one["labels"]} for one in alert["fired"] if fires(one, at)],
        }
        for alert in told["alerts"]
        for at in range(START + WARM, END + 1, 60)
    ]
    series = [{"series": name, "values": " ".join(values)} for name, values in past().items()]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": expected}
    order = ["recorded", "alerts"]  # or promtool takes a map's, which differs from run to run
    return {"rule_files": [str(rules)], "evaluation_interval": "1m", "group_eval_order": order, "tests": [test]}


def fires(fired: dict[str, Any], at: int) -> bool:
    """Say whether an episode holds at a moment."""
    return moment(fired["start"]) <= at and (fired["end"] is None or at < moment(fired["end"]))


def moment(text: str) -> int:
    """Read RFC 3339."""
    return round(datetime.fromisoformat(text).timestamp())


@pytest.mark.slow
def test_it_agrees_with_the_alerts_of_a_live_prometheus(servers: Servers, tmp_path: Path) -> None:
    """ALERTS that a Prometheus wrote itself begin and end where the backtest says, within an evaluation or two."""
    file = tmp_path / "live.yml"
    file.write_text(
        "groups:\n- name: g\n  interval: 1s\n  rules:\n"
        "  - alert: Plain\n    expr: vector(time() % 10) > 6\n"
        "  - alert: Held\n    expr: vector(time() % 10) > 3\n    for: 2s\n    keep_firing_for: 2s\n"
    )
    live = servers.prometheus(f"rule_files: [{file}]\nglobal: {{evaluation_interval: 1s}}\nscrape_configs: []\n")
    began = math.ceil(time.time()) + 11  # a whole cycle after it began to evaluate
    while time.time() < began + 32:
        time.sleep(0.5)
    out = io.StringIO()
    with redirect_stdout(out):
        assert 0 == backtest(live.url, "-o", "json", str(file), start=began, end=began + 30)

    for alert in json.loads(out.getvalue())["alerts"]:
        ours = {at for at in range(began, began + 31) if any(fires(one, at) for one in alert["fired"])}
        query = f'count_over_time(ALERTS{{alertname="{alert["alert"]}",alertstate="firing"}}[1s])'
        theirs = at_each_second(live, query, began, began + 30)

        assert alert["episodes"] >= 3
        # Its evaluations lie between whole seconds, so that an edge may be one evaluation off.
        assert len(ours ^ theirs) <= 2 * (alert["episodes"] + 1), (alert["alert"], sorted(ours), sorted(theirs))


def at_each_second(server: Server, query: str, start: int, end: int) -> set[int]:
    """List the seconds at which a query has a result."""
    form = urlencode({"query": query, "start": start, "end": end, "step": 1})
    found = json.loads(server.get(f"/api/v1/query_range?{form}"))["data"]["result"]
    return {round(float(at)) for series in found for at, _ in series["values"]}


def test_recordings_that_the_server_lacks_are_put_in_or_refused(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is put in is named; what cannot be is refused with the reason, and exit 1."""
    file = tmp_path / "rules.yml"
    file.write_text(RULES + '  - alert: Some\n    expr: job:errors:rate5m{job=~"a.+"} > 1\n')

    assert 1 == backtest(server.url, str(file))
    told = capsys.readouterr().out
    assert "put in, for the server lacks it: job:errors:rate5m" in told
    assert 'not tested: job=~"a.+" selects among series of a recording rule that the server lacks' in told
    assert "TOGETHER WITH" in told


def test_recorded_metrics_are_read_from_the_server_where_it_has_them(
    module_servers: Servers, server: Server, rules: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A server with the recordings gives the same episodes as one without."""
    tsdb = tmp_path / "recorded"
    backfill(openmetrics(), tsdb)
    recorded_from = str(START + 300)
    argv = ["promtool", "tsdb", "create-blocks-from", "rules", f"--start={recorded_from}", f"--end={END}"]
    argv += [f"--url={server.url}", f"--output-dir={tsdb}", "--eval-interval=60s", str(rules)]
    subprocess.run([str(real_servers.binary("promtool")), *argv[1:]], check=True, capture_output=True, timeout=120)
    richer = module_servers.prometheus(tsdb=tsdb)
    answers = []
    for url in (server.url, richer.url):
        assert 0 == backtest(url, "-o", "json", str(rules), start=START + 7200)
        answers.append(json.loads(capsys.readouterr().out)["alerts"])

    assert [one["substituted"] for one in answers[1]] == [[]] * 6
    for without, having in zip(*answers, strict=True):
        assert abs(without["firing_seconds"] - having["firing_seconds"]) <= 60 * (1 + without["episodes"])


def test_long_stretches_are_asked_in_parts(server: Server, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """More points than one query may have: the parts join without a seam."""
    assert 0 == backtest(server.url, "-o", "json", "--step=1s", str(rules), start=START)
    fine = json.loads(capsys.readouterr().out)["alerts"][0]
    assert 0 == backtest(server.url, "-o", "json", str(rules), start=START)
    coarse = json.loads(capsys.readouterr().out)["alerts"][0]

    assert HOURS * 3600 > 10_000
    assert coarse["episodes"] == fine["episodes"]
    assert abs(coarse["firing_seconds"] - fine["firing_seconds"]) <= 60 * coarse["episodes"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--start=yesterday"], "--start=yesterday: write"),
        (["--start=2030-01-01", "--end=2029-01-01"], "--start must lie before --end"),
        (["--step=100ms"], "--step must be whole seconds"),
        (["--start=0", "--end=1700000000"], "28,333,333 evaluations of an alert, and at most 6,000,000 are asked for"),
        (["--start=-1e300"], "give a later --start, or a longer --step"),
    ],
)
def test_used_wrongly(arguments: list[str], words: str, rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times and steps that cannot be are told, and exit 2."""
    assert 2 == dispatch(["rules", "backtest", "--prometheus.url=http://127.0.0.1:1", *arguments, str(rules)])
    assert words in capsys.readouterr().err


def test_a_server_that_does_not_answer(rules: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is known then: exit 3."""
    assert 3 == backtest("http://127.0.0.1:1", str(rules))
