"""VictoriaMetrics understands every expression of the built-in packs, and means the same by them."""

from __future__ import annotations

import json
import time
from urllib.parse import urlencode

import pytest
import real_servers

from aiops_daemon.core.packs import PACKS

pytestmark = pytest.mark.real

_MINUTES = 11
_COUNTERS = {  # gain per minute
    'http_requests_total{job="a",code="200"}': 90,
    'http_requests_total{job="a",code="503"}': 30,
    'http_requests_total{job="well",status="200"}': 60,
    'http_requests_total{job="both",status="500",code="500"}': 60,
    'http_request_duration_seconds_bucket{job="a",le="0.1"}': 0,
    'http_request_duration_seconds_bucket{job="a",le="0.2"}': 60,
    'http_request_duration_seconds_bucket{job="a",le="+Inf"}': 60,
    'http_request_duration_seconds_count{job="a"}': 60,
}
_GAUGES = {
    'node_filesystem_avail_bytes{device="a",fstype="ext4",mountpoint="/"}': 25,
    'node_filesystem_size_bytes{device="a",fstype="ext4",mountpoint="/"}': 100,
    'node_filesystem_readonly{device="a",fstype="ext4",mountpoint="/"}': 0,
    'node_filesystem_avail_bytes{device="b",fstype="ext4",mountpoint="/ro"}': 0,
    'node_filesystem_size_bytes{device="b",fstype="ext4",mountpoint="/ro"}': 100,
    'node_filesystem_readonly{device="b",fstype="ext4",mountpoint="/ro"}': 1,
}
_EXPECTED = {
    "http_errors": {"a": 0.25, "well": 0.0, "both": 1.0},
    "http_duration_p99": {"a": 0.199},
    "node_disk_space_used": {"a": 0.75},
}


def _lines(now: int) -> str:
    stamps = [(minute, (now - 60 * (_MINUTES - 1 - minute)) * 1000) for minute in range(_MINUTES)]
    counters = [f"{series} {gain * minute} {at}" for series, gain in _COUNTERS.items() for minute, at in stamps]
    gauges = [f"{series} {value} {at}" for series, value in _GAUGES.items() for _, at in stamps]
    return "\n".join([*counters, *gauges]) + "\n"


def test_every_expression_is_understood(servers: real_servers.Servers) -> None:
    """No expression is refused, and those with samples give the values that Prometheus gives."""
    server, now = servers.victoria_metrics(), int(time.time())
    server.post("/api/v1/import/prometheus", _lines(now).encode())
    server.get("/internal/force_flush")
    got = {}
    for query in (query for pack in PACKS for query in pack.queries):
        question = urlencode({"query": query.spec.expr, "time": now, "nocache": 1})
        answer = json.loads(server.get(f"/api/v1/query?{question}"))
        got[query.spec.name] = {
            next(sample["metric"][name] for name in ("job", "device") if name in sample["metric"]): float(
                sample["value"][1]
            )
            for sample in answer["data"]["result"]
        }

    assert {name: pytest.approx(values) for name, values in _EXPECTED.items()} == {
        name: got[name] for name in _EXPECTED
    }
