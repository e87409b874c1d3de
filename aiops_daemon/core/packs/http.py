"""Requests served over HTTP, under the names that common libraries and proxies give their counters.

Each family yields rate, error ratio (5xx) and p99 latency per service. Ratio and latency are judged above 0.1
requests a second only: below that one request decides, and a healthy service would not stay silent.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.query import Direction, QuerySpec
from aiops_daemon.core.packs.model import Pack, PackQuery

_ENOUGH = 0.1  # requests a second
_SERVICE = ("cluster", "namespace", "job", "service")


@dataclass(frozen=True, slots=True)
class _Family:
    """One way to count requests. `codes` are the labels that may hold the status code, in any mixture."""

    name: str
    counter: str
    codes: tuple[str, ...]
    bucket: str = ""
    scale: float = 1.0  # of the histogram's unit, in seconds
    by: tuple[str, ...] = _SERVICE
    matcher: str = ""

    @property
    def total(self) -> str:
        """Return the rate of all requests, per service."""
        selector = f"{{{self.matcher}}}" if self.matcher else ""
        return f"sum by ({', '.join(self.by)}) (rate({self.counter}{selector}[5m]))"

    @property
    def errors(self) -> str:
        """Return the rate of 5xx answers, per service; a series with two such labels counts once."""
        matchers = [",".join(filter(None, (self.matcher, f'{code}=~"5.."'))) for code in self.codes]
        rates = " or ".join(f"rate({self.counter}{{{matcher}}}[5m])" for matcher in matchers)
        return f"sum by ({', '.join(self.by)}) ({rates})"


_FAMILIES = (
    _Family("http", "http_requests_total", ("code", "status", "status_code")),
    _Family(
        "http_duration",
        "http_request_duration_seconds_count",
        ("code", "status", "status_code"),
        "http_request_duration_seconds_bucket",
    ),
    _Family(
        "http_server",
        "http_server_requests_seconds_count",
        ("status", "code"),
        "http_server_requests_seconds_bucket",
    ),
    _Family(
        "http_server_duration",
        "http_server_request_duration_seconds_count",
        ("http_response_status_code", "http_status_code", "status_code", "code"),
        "http_server_request_duration_seconds_bucket",
    ),
    _Family(
        "http_server_milliseconds",
        "http_server_duration_milliseconds_count",
        ("http_status_code", "http_response_status_code"),
        "http_server_duration_milliseconds_bucket",
        scale=1e-3,
    ),
    _Family(
        "nginx_ingress",
        "nginx_ingress_controller_requests",
        ("status",),
        "nginx_ingress_controller_request_duration_seconds_bucket",
        by=("cluster", "exported_namespace", "namespace", "ingress"),
    ),
    _Family(
        "traefik",
        "traefik_service_requests_total",
        ("code",),
        "traefik_service_request_duration_seconds_bucket",
        by=("cluster", "namespace", "job", "exported_service", "service"),
    ),
    _Family(
        "istio",
        "istio_requests_total",
        ("response_code",),
        "istio_request_duration_milliseconds_bucket",
        scale=1e-3,
        by=("cluster", "destination_workload_namespace", "destination_service_name"),
        matcher='reporter="destination"',  # the client's side counts the same requests again
    ),
)


def _rate(family: _Family) -> PackQuery:
    spec = QuerySpec(
        f"{family.name}_requests",
        family.total,
        min_deviation_absolute=1.0,
        min_deviation_relative=0.5,
        unit="requests_per_second",
        title="request rate",
    )
    return PackQuery(spec, (family.counter,))


def _error_ratio(family: _Family) -> PackQuery:
    spec = QuerySpec(
        f"{family.name}_errors",
        f"({family.errors} or 0 * {family.total}) / ({family.total} > {_ENOUGH})",
        direction=Direction.UP,
        min_deviation_absolute=0.01,
        min_deviation_relative=0.5,
        unit="ratio",
        title="share of requests answered with 5xx",
    )
    return PackQuery(spec, (family.counter,))


def _latency(family: _Family) -> PackQuery:
    selector = f"{{{family.matcher}}}" if family.matcher else ""
    by = ", ".join(family.by)
    quantile = f"histogram_quantile(0.99, sum by (le, {by}) (rate({family.bucket}{selector}[5m])))"
    seconds = f"{family.scale} * {quantile}" if family.scale != 1.0 else quantile
    spec = QuerySpec(
        f"{family.name}_p99",
        f"{seconds} >= 0 and {family.total} > {_ENOUGH}",  # a quantile of nothing is NaN: >= 0 drops it
        direction=Direction.UP,
        min_deviation_absolute=0.1,
        min_deviation_relative=0.5,
        unit="seconds",
        title="p99 latency",
    )
    return PackQuery(spec, (family.bucket, family.counter))


def _watched(family: _Family) -> tuple[PackQuery, ...]:
    latency = (_latency(family),) if family.bucket else ()
    return (_rate(family), _error_ratio(family), *latency)


HTTP = Pack(
    "http",
    "HTTP servers and proxies: request rate, 5xx ratio, p99 latency",
    tuple(query for family in _FAMILIES for query in _watched(family)),
)
