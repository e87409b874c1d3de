"""A daemon as the listener sees it, and a small world for its pages."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from aiops_daemon.core.model.budget import DEFAULT_POLICY, Health, HealthPart, HeldStep
from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.findingspage import FindingsPage
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import DataState, Rolling, SloSpec, SloStatus, Withheld
from aiops_daemon.core.model.view import Plot, Readiness, ReloadOutcome, StreamView, View
from aiops_daemon.edges.web.server import WebPorts

NOW = 1_795_230_600.0  # 2026-11-21 03:10 UTC
PAGE = FindingsPage(NOW - 20, 1, b"text\n")
HOSTILE = "<script>alert('x')</script>\"'&"


@dataclass
class FakeDaemon:
    """What the ports ask; tests set the attributes."""

    shown: View = field(default_factory=lambda: View(at=NOW, page=PAGE))
    readiness: Readiness = field(default_factory=lambda: Readiness(True))
    outcome: ReloadOutcome = field(default_factory=ReloadOutcome)
    time: float = NOW
    reloads: int = 0
    counted: list[tuple[str, int]] = field(default_factory=list)
    broken: bool = False

    def view(self) -> View:
        """Return the view, or fail as a defect would."""
        if self.broken:
            raise RuntimeError("a secret inside")
        return self.shown

    async def reload(self) -> ReloadOutcome:
        """Count and answer."""
        self.reloads += 1
        return self.outcome

    def ports(self, external_url: str = "") -> WebPorts:
        """Wire this daemon to a listener."""
        return WebPorts(
            view=self.view,
            ready=lambda: self.readiness,
            reload=self.reload,
            self_page=lambda openmetrics: b"own openmetrics\n" if openmetrics else b"own text\n",
            now=lambda: self.time,
            stale_after=lambda: 180.0,
            version="0.1.0",
            external_url=external_url,
            counted=lambda route, code: self.counted.append((route, code)),
        )


def finding(uid="u1", **changes):
    """Make a finding; anything can be said otherwise."""
    defaults = {
        "uid": uid, "kind": FindingKind.ANOMALY, "query": "checkout_p99", "source": "eu1",
        "labels": (("cluster", "eu1"), ("service", "checkout"), ("team", "shop")), "severity": "warning",
        "value": 2.4, "unit": "seconds", "lower": 0.21, "upper": 0.48, "score": 12.4, "confidence_ratio": 0.96,
        "since": NOW - 720, "updated_at": NOW - 20,
        "sentence": "p99 latency (service checkout, cluster eu1) is 2.4 s, far above the expected range 210 ms to "
        "480 ms (7.5 times the expected 320 ms), since 2026-11-21 02:58 UTC (12m).",
    }  # fmt: skip
    return Finding(**(defaults | changes))


def disk_finding(**changes):
    """Make a forecast breach."""
    defaults = {
        "uid": "u2", "kind": FindingKind.FORECAST_BREACH, "query": "disk_used", "severity": "critical",
        "labels": (("cluster", "eu1"), ("instance", "db-1:9100"), ("mountpoint", "/var/lib/postgresql")),
        "value": 0.912, "unit": "ratio", "lower": None, "upper": 0.95, "score": 1.7, "confidence_ratio": 0.87,
        "since": NOW - 3 * 3600, "threshold": "critical", "breach_at": NOW + 12_000,
        "sentence": "disk space used (mountpoint /var/lib/postgresql, instance db-1:9100, cluster eu1) is 91.2 % and "
        "rising by 1.1 points per hour; expected above the critical threshold of 95 % in 3h 20m, at "
        "2026-11-21 06:30 UTC (probability 87 %).",
    }  # fmt: skip
    return finding(**(defaults | changes))


def burn_finding(**changes):
    """Make an SLO burn."""
    defaults = {
        "uid": "u3", "kind": FindingKind.BURN, "query": "checkout-availability", "severity": "page",
        "labels": (("service", "checkout"), ("team", "shop")), "value": 16.2, "unit": "", "lower": 0.0, "upper": 1.0,
        "score": 16.2, "since": NOW - 400,
        "sentence": "checkout-availability burns its error budget 16.2 times too fast over the last hour; 43 % of the "
        "budget for 30d is left and ends in 19h 5m.",
    }  # fmt: skip
    return finding(**(defaults | changes))


def latency_plot(count=288, step=300.0):
    """Make a day of latency with a jump at its end and a gap."""
    times = NOW - step * np.arange(count - 1, -1, -1)
    expected = 0.3 + 0.12 * np.sin((times % 86_400) / 86_400 * 2 * math.pi - 2)
    values = expected + 0.02 * np.sin(np.arange(count) * 1.7)
    values[-4:] = [0.9, 1.6, 2.2, 2.4]
    values[140:148] = np.nan
    return Plot(times, values, expected - 0.09, expected + 0.11)


def disk_plot(count=288, step=300.0):
    """Make a day of a filling disk."""
    times = NOW - step * np.arange(count - 1, -1, -1)
    values = 0.912 - (NOW - times) / 3600 * 0.008 + 0.002 * np.sin(np.arange(count))
    return Plot(times, values, values - 0.01, values + 0.01)


def slo(name="checkout-availability", **changes):
    """Make an SLO's standing."""
    labels = (("service", "checkout"), ("team", "shop"))
    spec = SloSpec(name, EventsSli("total", bad="bad"), 0.999, Rolling(30 * 86_400.0), labels)
    defaults = {
        "spec": spec, "at": NOW, "state": DataState.OK,
        "error_ratio": {"5m": 0.016, "1h": 0.0162, "6h": 0.004},
        "burn_rate": {"5m": 16.0, "1h": 16.2, "6h": 4.0},
        "budget_remaining_ratio": 0.43, "exhaustion_at": NOW + 19 * 3600,
        "active": frozenset({"page"}), "since": {"page": NOW - 400}, "source": "eu1", "returns_at": NOW + 5 * 86_400,
        "guard": {"ticket": Withheld.FEW_ERRORS}, "policy": (HeldStep(DEFAULT_POLICY[0], NOW - 7200),),
    }  # fmt: skip
    return SloStatus(**(defaults | changes))


def stream(query="checkout_p99", **changes):
    """Make a watched query."""
    defaults = {
        "query": query, "source": "eu1", "expr": "histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))",
        "pack": "", "series": 12, "dropped": 0, "last_success": NOW - 20, "last_error": "",
    }  # fmt: skip
    return StreamView(**(defaults | changes))


def busy_view():
    """Make a night with trouble."""
    return View(
        at=NOW,
        page=PAGE,
        findings=(burn_finding(), finding(), disk_finding()),
        recent=(
            finding("r1", since=NOW - 9000, updated_at=NOW - 7200, severity="info", sentence="network receive (device "
                    "eth0, instance web-3:9100) is 84 MiB/s, above the expected range 20 MiB/s to 61 MiB/s, since "
                    "2026-11-21 00:40 UTC."),
        ),
        plots={"u1": latency_plot(), "u2": disk_plot()},
        slos=(slo(), slo("search-latency", budget_remaining_ratio=0.92, active=frozenset(), since={},
                         burn_rate={"5m": 0.4, "1h": 0.3, "6h": None}, exhaustion_at=None),
              slo("batch", state=DataState.IDLE, budget_remaining_ratio=None, burn_rate={}, error_ratio={},
                  exhaustion_at=None, active=frozenset(), since={})),
        services=(
            Health((("cluster", "eu1"), ("service", "checkout")), 0.215, (
                HealthPart("checkout-availability", (), 0.215, "43 % of its budget is left, halved while its "
                           "page alert holds"),
                HealthPart("batch", (("handler", "/pay"),), None, "cannot be judged: it has no traffic"))),
        ),
        streams=(stream(), stream("disk_used", pack="node", series=1_180), stream("node_load", pack="node", series=44,
                 last_success=NOW - 900, last_error="query timed out after 30 s"),
                 stream("http_error_ratio", pack="http", series=96, dropped=4)),
        packs=(("eu1", "node", "node_cpu_seconds_total and 6 more families exist"),
               ("eu1", "http", "http_requests_total exists")),
        warnings=("eu1: PromQL info: metric might not be a counter: foo",),
    )  # fmt: skip
