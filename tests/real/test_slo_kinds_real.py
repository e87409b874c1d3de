"""Every kind of indicator, watched on a real Prometheus that holds a day of it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import numpy as np
import pytest
from real_servers import Server, Servers, backfill
from slo_kinds import DAY, KINDS, slo

from aiops_daemon.core.model.sli import (
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    RatioSli,
    RawSli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import Budgeting, BudgetSpec, Rolling, SloSpec, SloStatus
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.real

START = 1_699_920_000.0
END = START + DAY
MINUTES = np.arange(1441)
BAD = (MINUTES >= 1000) & (MINUTES < 1072)  # a twentieth of the day: 72 minutes
DAY_WINDOW = Rolling(DAY)
TARGET = 'job="shop",instance="one"'
EVENTS = EventsSli("all_total", bad="errors_total")
PROMISES = {
    "events": slo("events", EVENTS, window=DAY_WINDOW),
    "good events": slo("good", EventsSli("all_total", good="good_total"), window=DAY_WINDOW),
    "ratio": slo(
        "ratio",
        RatioSli("sum(rate(all_total[{{.window}}])) / 1", bad="sum(rate(errors_total[{{.window}}])) / 1"),
        window=DAY_WINDOW,
    ),
    "latency": slo("latency", LatencySli("d_seconds_bucket", "d_seconds_count", 1.0), window=DAY_WINDOW),
    "bool gauge": slo("gauge", BoolGaugeSli("probe_success"), window=DAY_WINDOW),
    "raw": slo("raw", RawSli(good="success_ratio"), window=DAY_WINDOW),
    "threshold": slo("threshold", ThresholdSli("p99", Comparison.AT_MOST, 0.5), window=DAY_WINDOW),
    "time slices": slo("slices", EVENTS, window=DAY_WINDOW, budget=BudgetSpec(Budgeting.TIME_SLICES, 300.0, 0.9)),
    "ratio time slices": slo("means", EVENTS, window=DAY_WINDOW, budget=BudgetSpec(Budgeting.RATIO_TIME_SLICES, 300.0)),
}


def openmetrics() -> str:
    """Write the day: a hundred events a minute, half of them bad, slow or unseen for 72 minutes."""
    total = np.cumsum(np.full(1441, 100.0))
    errors = np.cumsum(np.where(BAD, 50.0, 0.0))
    families = {
        "all": ("counter", {"all_total": total}),
        "errors": ("counter", {"errors_total": errors}),
        "good": ("counter", {"good_total": total - errors}),
        "d_seconds": (
            "histogram",
            {
                'd_seconds_bucket{le="1.0"}': total - errors,
                'd_seconds_bucket{le="+Inf"}': total,
                "d_seconds_count": total,
            },
        ),
        "probe_success": ("gauge", {"probe_success": np.where(BAD, 0.0, 1.0)}),
        "success_ratio": ("gauge", {"success_ratio": np.where(BAD, 0.5, 1.0)}),
        "p99": ("gauge", {"p99": np.where(BAD, 0.9, 0.2)}),
    }
    lines = []
    for family, (kind, series) in families.items():
        lines.append(f"# TYPE {family} {kind}")
        for minute in MINUTES.tolist():
            lines += [
                f"{labelled(name)} {values[minute]:g} {START + 60 * minute:.0f}" for name, values in series.items()
            ]
    return "\n".join([*lines, "# EOF\n"])


def labelled(name: str) -> str:
    """Add the labels of a target."""
    return f"{name[:-1]},{TARGET}}}" if name.endswith("}") else f"{name}{{{TARGET}}}"


@pytest.fixture(scope="module")
def server(module_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A Prometheus that holds the day."""
    tsdb = tmp_path_factory.mktemp("past") / "tsdb"
    backfill(openmetrics(), tsdb)
    return module_servers.prometheus(tsdb=tsdb)


async def watched(server: Server, spec: SloSpec, polls: int) -> SloStatus:
    """Read the past, then poll once a minute until the end of the day."""
    source = PrometheusClient(SourceSpec("prom", (server.url,)))
    watch, book = SloWatch(spec, SourceSpec("prom", (server.url,))), FindingBook(Meter())
    for poll in range(polls, -1, -1):
        await watch.poll(source, END - 60.0 * poll, book)
    await source.close()
    (status,) = watch.statuses
    return status


@pytest.mark.parametrize("polls", [0, 500], ids=["read back", "polled"])
@pytest.mark.parametrize("kind", PROMISES)
async def test_the_day_is_what_it_was(server: Server, kind: str, polls: int) -> None:
    """A twentieth of the time at half: 2.5 % of events, or 5 % of the time; read back and polled alike."""
    whole = kind in ("bool gauge", "threshold", "time slices")
    status = await watched(server, PROMISES[kind], polls)

    assert status.error_ratio["1d"] == pytest.approx(0.05 if whole else 0.025, rel=0.04)
    assert "ok" == status.state


@pytest.mark.parametrize("kind", KINDS)
def test_prometheus_takes_what_is_asked(server: Server, kind: str) -> None:
    """Every expression of every kind is PromQL."""
    questions = asked(KINDS[kind])
    for expr in filter(None, (questions.bad, questions.total, questions.pulse, questions.errors)):
        answer = json.loads(server.get(f"/api/v1/query?{urlencode({'query': expr, 'time': END})}"))

        assert "success" == answer["status"], expr
