"""Settings, queries and SLOs from which the rule tests generate: plain ones and hostile ones."""

from __future__ import annotations

import math

from aiops_daemon.core.model.hourly import HOURS, BandBook, HourlyBand
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.query import Direction, QuerySpec, Threshold
from aiops_daemon.core.model.settings import RulesSpec, Settings
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec

MONTH = 30 * 86400.0
HOSTILE = 'a"b\\c}}d{{ $labels.x }}{{{e`%s\'\n\tü\x85\u2028{{ query "up" }}'


def slo(name: str, objective: float = 0.999, *, window: float = MONTH) -> SloSpec:
    """Build an SLO over made-up counters."""
    return SloSpec(name, EventsSli("requests_total", bad="errors_total"), objective, Rolling(window))


def hourly(level: float, width: float = 2.0, *, swing: float = 1.0, weekly: float = 0.0, **labels: str) -> HourlyBand:
    """Make a band around a level that swings by the day, and grows by `weekly` an hour of the week."""
    middle = [level + swing * math.sin(2 * math.pi * (hour % 24) / 24) + weekly * hour for hour in range(HOURS)]
    return HourlyBand(make(labels), tuple(at - width / 2 for at in middle), tuple(at + width / 2 for at in middle))


PLAIN = Settings(
    external_url="https://aiops.example.org",
    queries=(
        QuerySpec(
            "checkout_p99",
            "checkout:p99",
            title="p99 latency",
            unit="seconds",
            thresholds=(Threshold("critical", 2.0), Threshold("warning", 1.0)),
            horizons=(3600.0, 86400.0),
        ),
        QuerySpec("orders", "orders:rate5m", severity="warning", interval=300.0),
        QuerySpec(
            "disk_free",
            "node_filesystem_avail_bytes",
            title="free disk space",
            unit="bytes",
            thresholds=(Threshold("critical", 2.0**30, above=False),),
            horizons=(86400.0,),
        ),
    ),
    slos=(slo("checkout"), slo("search", 0.9), slo("hopeful", 0.99, window=7 * 86400.0)),
    rules=RulesSpec(labels=(("origin", "aiops"),), annotations=(("dashboard", "https://grafana.example.org/d/x"),)),
)

EVIL = Settings(
    external_url="https://aiops.example.org/{{ $labels.job }}",
    queries=(
        QuerySpec(
            HOSTILE,
            "up",
            title=f"the thing {HOSTILE}",
            unit=HOSTILE,
            severity="warning",
            thresholds=(Threshold(HOSTILE, 2.0),),
            horizons=(3600.0,),
        ),
        QuerySpec("{", "up", title="}}{{", unit="ratio"),
        QuerySpec("yes", "up", title="012", severity="1e3"),
    ),
    slos=(slo(HOSTILE), slo("{{ end }}")),
    rules=RulesSpec(
        labels=(("origin", HOSTILE), ("severity", "overridden")),
        annotations=(("note", HOSTILE), ("summary", "overridden")),
        runbook_url="https://example.org/{{ . }}",
    ),
)

WRITTEN_AT = 1_780_000_000.0
BOOKS = (
    BandBook(PLAIN.queries[1], "main", WRITTEN_AT, (hourly(40.0, 8.0, swing=10.0, instance="one", job="shop"),)),
    BandBook(
        QuerySpec("latency", "shop:latency or store:latency", direction=Direction.UP, severity="critical",
                  labels=(("team", "shop"),), unit="seconds"),
        "main", WRITTEN_AT, (hourly(0.2, 0.1, swing=0.0), hourly(3.0, path="/")),
    ),
    BandBook(QuerySpec("free", "node_free # bytes", direction=Direction.DOWN), "second", WRITTEN_AT,
             (hourly(1e9, 1e8, swing=1e8, weekly=1e6, device="sda"),)),
)  # fmt: skip
EVIL_BOOKS = (
    BandBook(
        EVIL.queries[0], HOSTILE, WRITTEN_AT, (hourly(1e15, 1.0, swing=0.0, a=HOSTILE), hourly(0.0, 0.0, swing=0.0))
    ),
)
