"""Settings, queries and SLOs from which the rule tests generate: plain ones and hostile ones."""

from __future__ import annotations

from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.settings import RulesSpec, Settings
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec

MONTH = 30 * 86400.0
HOSTILE = 'a"b\\c}}d{{ $labels.x }}{{{e`%s\'\n\tü\x85\u2028{{ query "up" }}'


def slo(name: str, objective: float = 0.999, *, window: float = MONTH) -> SloSpec:
    """Build an SLO over made-up counters."""
    return SloSpec(name, EventsSli("requests_total", bad="errors_total"), objective, Rolling(window))


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
