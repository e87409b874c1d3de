"""One SLO of every kind, for the tests of rules."""

from __future__ import annotations

from aiops_daemon.core.model.sli import (
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    NativeLatencySli,
    RatioSli,
    RawSli,
    Sli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import Budgeting, BudgetSpec, Calendar, CalendarUnit, Rolling, SloSpec, Window

DAY = 86400.0
MONTH = Rolling(30 * DAY)
CHECKOUT = EventsSli(
    'http_requests_total{service="checkout"}', bad='http_requests_total{service="checkout",code=~"5.."}'
)
LABELS = (("service", "checkout"), ("team", "shop"))


def slo(name: str, sli: Sli, objective: float = 0.999, window: Window = MONTH, **more: object) -> SloSpec:
    """Build an SLO."""
    return SloSpec(name, sli, objective, window, **more)  # type: ignore[arg-type]


KINDS = {
    "bad events": slo("checkout", CHECKOUT, labels=LABELS),
    "good events, grouped": slo(
        "good", EventsSli("http_requests_total", good='http_requests_total{code!~"5.."}'), grouping=("handler",)
    ),
    "two counters": slo("two", EventsSli("requests_total", bad="errors_total")),
    "latency": slo("fast", LatencySli('d_seconds_bucket{a="b"}', 'd_seconds_count{a="b"}', 1.0), 0.99),
    "native latency": slo("native", NativeLatencySli('d_seconds{a="b"}', 0.2), 0.99),
    "bool gauge": slo("probe", BoolGaugeSli('probe_success{job="blackbox"}'), 0.99),
    "expressions": slo("ratio", RatioSli("sum(rate(a[{{.window}}])) / 2", bad="sum(rate(b[{{.window}}]))")),
    "ready ratio": slo("raw", RawSli(good="checkout:success")),
    "threshold": slo("p99", ThresholdSli("checkout:p99", Comparison.AT_MOST, 0.5), 0.99),
    "time slices": slo("slices", CHECKOUT, budget=BudgetSpec(Budgeting.TIME_SLICES, 300.0, 0.95)),
    "ratio time slices": slo("means", CHECKOUT, budget=BudgetSpec(Budgeting.RATIO_TIME_SLICES, 300.0)),
    "calendar": slo("quarter", CHECKOUT, window=Calendar(CalendarUnit.QUARTER, "Europe/Berlin")),
}
