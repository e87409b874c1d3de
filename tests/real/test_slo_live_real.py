"""The live engine against a real Prometheus, and beside the rules that are generated for the same SLO."""

from __future__ import annotations

import json
import shutil
import subprocess
from urllib.parse import urlencode

import pytest
import real_servers
from real_servers import Server, Servers, backfill
from slo_kinds import DAY, slo
from slo_traffic import DENSE, SHAPES, SPARSE, Traffic, traffic

from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.sli import EventsSli, RatioSli
from aiops_daemon.core.model.slo import Rolling, SloSpec, SloStatus
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.document import RecordingRule
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.core.rules.slo.period import period_records
from aiops_daemon.core.rules.slo.plan import BAD, TOTAL, plan
from aiops_daemon.core.rules.slo.records import window_records
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.rulefiles.render import render
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.meter import Meter

pytestmark = [pytest.mark.real, pytest.mark.slow]

DAYS = 8
START = 1_699_920_000.0  # a midnight in UTC
END = START + DAYS * DAY
LIVE = 6 * 60  # minutes before the end that are polled one by one
WINDOWS = ("1d", "3d", "7d")


def counters(shape: str) -> SloSpec:
    """Promise something about one shape, by counters."""
    chosen = f'{{shape="{shape}"}}'
    return slo(shape, EventsSli(f"all_total{chosen}", bad=f"errors_total{chosen}"), window=Rolling(7 * DAY))


def expressions(shape: str) -> SloSpec:
    """Promise the same by expressions, of which the daemon knows nothing but what they give."""
    chosen = f'{{shape="{shape}"}}[{{{{.window}}}}]'
    ratio = RatioSli(f"sum(rate(all_total{chosen})) + 0", bad=f"sum(rate(errors_total{chosen})) + 0")
    return slo(f"{shape} by expressions", ratio, window=Rolling(7 * DAY))


@pytest.fixture(scope="module")
def given() -> dict[str, Traffic]:
    """All shapes."""
    return {shape: traffic(shape, START, DAYS) for shape in SHAPES}


@pytest.fixture(scope="module")
def server(module_servers: Servers, given: dict[str, Traffic], tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A Prometheus that holds the shapes and what the rules record of them.

    What is recorded goes elsewhere first: a rule that saw what another had recorded, without the marks by which a
    running server ends series, would see it for five minutes too long.
    """
    tsdb, rules = tmp_path_factory.mktemp("past") / "tsdb", tmp_path_factory.mktemp("rules") / "rules.yml"
    lines = []
    for metric in ("all", "errors"):
        lines.append(f"# TYPE {metric} counter")
        for shape, made in given.items():
            values = made.total if metric == "all" else made.bad
            name = f'{metric}_total{{shape="{shape}",job="shop",instance="one"}}'
            samples = zip(made.times.tolist(), values.tolist(), strict=True)
            lines += [f"{name} {value:.0f} {at:.0f}" for at, value in samples if value == value]
    backfill("\n".join([*lines, "# EOF\n"]), tsdb)
    plain = module_servers.prometheus(tsdb=tsdb)
    rules.write_text(render({"groups": [{"name": "base", "rules": base_records()}]}))
    argv = ["tsdb", "create-blocks-from", "rules", f"--start={START + 600:.0f}", f"--end={END:.0f}"]
    argv += [f"--url={plain.url}", f"--output-dir={rules.parent / 'tsdb'}", "--eval-interval=60s", str(rules)]
    subprocess.run([str(real_servers.binary("promtool")), *argv], check=True, capture_output=True, timeout=300)
    plain.stop()
    shutil.copytree(rules.parent / "tsdb", tsdb, dirs_exist_ok=True)
    return module_servers.prometheus(tsdb=tsdb)


def base_records() -> list[object]:
    """Return the rules over five minutes, from which the longer windows are chained, as they are generated."""
    files = slo_files([counters(shape) for shape in SHAPES], RulesSpec())
    rules = [rule for file in files for group in file.document["groups"] for rule in group["rules"]]  # type: ignore[index, union-attr]
    return [rule for rule in rules if rule.get("record") in (f"{BAD}5m", f"{TOTAL}5m")]


def asked(server: Server, expr: str) -> float:
    """Evaluate an expression at the end; NaN without an answer."""
    body = json.loads(server.get(f"/api/v1/query?{urlencode({'query': expr, 'time': END})}"))
    found = body["data"]["result"]
    return float(found[0]["value"][1]) if found else float("nan")


def ruled(server: Server, spec: SloSpec, window: str) -> float:
    """Return the error ratio over a window as the rules have it."""
    planned = plan(spec)
    rules = (*window_records(planned), *period_records(planned))
    exprs = {rule.record: rule.expr for rule in rules if isinstance(rule, RecordingRule)}
    if f"{BAD}{window}" in exprs:
        return asked(server, exprs[f"{BAD}{window}"]) / asked(server, exprs[f"{TOTAL}{window}"])
    return asked(server, exprs[f"aiops:slo_error:ratio_rate{window}"])


async def live(server: Server, spec: SloSpec) -> SloStatus:
    """Read the past, then poll once a minute until the end."""
    source = PrometheusClient(SourceSpec("prom", (server.url,)))
    watch, book = SloWatch(spec, SourceSpec("prom", (server.url,))), FindingBook(Meter())
    for minute in range(LIVE + 1):
        await watch.poll(source, END - 60.0 * (LIVE - minute), book)
    await source.close()
    (status,) = watch.statuses
    return status


@pytest.mark.parametrize("promised", [counters, expressions], ids=["counters", "expressions"])
@pytest.mark.parametrize("shape", DENSE)
async def test_live_engine_and_rules_agree(
    server: Server, given: dict[str, Traffic], shape: str, promised: object
) -> None:
    """Within 1 % of each other and of what happened, by counters and by expressions."""
    status = await live(server, promised(shape))  # type: ignore[operator]
    by_rules = {window: ruled(server, counters(shape), window) for window in WINDOWS}
    within = given[shape].times > END - 7 * DAY
    happened = given[shape].errors[within].sum() / given[shape].events[within].sum()
    print(f"{shape}: happened {happened:.6g}, rules {by_rules['7d']:.6g}, live {status.error_ratio['7d']:.6g}")

    assert by_rules == {window: pytest.approx(status.error_ratio[window], rel=0.01) for window in WINDOWS}
    assert status.error_ratio["7d"] == pytest.approx(happened, rel=0.002)


async def test_on_sparse_traffic_the_live_engine_counts_first_errors(server: Server, given: dict[str, Traffic]) -> None:
    """Rates of ten requests an hour are rough: both figures are shown, and the counters' one is the better."""
    status = await live(server, counters(SPARSE))
    by_rules, by_live = ruled(server, counters(SPARSE), "7d"), status.error_ratio["7d"]
    within = given[SPARSE].times > END - 7 * DAY
    happened = given[SPARSE].errors[within].sum() / given[SPARSE].events[within].sum()
    print(f"{SPARSE}: happened {happened:.6g}, rules {by_rules:.6g}, live {by_live:.6g}")

    assert by_live is not None
    assert by_live == pytest.approx(happened, rel=0.15)
    assert by_rules == pytest.approx(happened, rel=0.35)
