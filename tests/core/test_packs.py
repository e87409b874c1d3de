"""The built-in packs: every expression is right PromQL, and the choice among them gives its reasons."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops_daemon.core.model.query import Direction
from aiops_daemon.core.packs import PACKS, PackQuery, choose

_QUERIES = [query for pack in PACKS for query in pack.queries]
_BY_NAME = {query.spec.name: query for query in _QUERIES}
_ALL = frozenset(name for query in _QUERIES for name in query.requires)
_WORDS = {
    *("and", "avg", "avg_over_time", "by", "count", "histogram_quantile", "increase"),
    *("le", "max", "min", "or", "rate", "sum"),
}

each_query = pytest.mark.parametrize("query", _QUERIES, ids=[query.spec.name for query in _QUERIES])


def _metrics(expr: str) -> set[str]:
    """Find metric names: identifiers that are no function, no keyword and no label."""
    bare = re.sub(r'"[^"]*"|\{[^}]*\}|\[[^]]*\]|by \([^)]*\)', " ", re.sub(r'"[^"]*"', "", expr))
    return set(re.findall(r"[a-zA-Z_:][a-zA-Z0-9_:]*", bare)) - _WORDS


@each_query
def test_a_query_requires_exactly_its_metrics(query: PackQuery) -> None:
    """No metric is forgotten and none is named in vain."""
    assert _metrics(query.spec.expr) == set(query.requires)


@each_query
def test_a_query_can_be_spoken_of_and_stays_silent_on_nothing(query: PackQuery) -> None:
    """Title for sentences, a deviation that a constant series must exceed, horizons with each threshold."""
    spec = query.spec

    assert spec.title
    assert not spec.title.endswith(".")
    assert spec.min_deviation_absolute > 0
    assert bool(spec.thresholds) == bool(spec.horizons)
    assert spec.direction in Direction
    assert re.fullmatch(r"[a-z][a-z0-9_]*", spec.name)


@each_query
def test_every_division_is_guarded(query: PackQuery) -> None:
    """What is divided by is compared with a number first, so there is no 0/0."""
    for divisor in query.spec.expr.split(" / ")[1:]:
        assert re.match(r"\(.*? > [0-9.]+\)", divisor), divisor


def test_names_are_unique() -> None:
    """A name is the value of aiops_query."""
    assert len(_BY_NAME) == len(_QUERIES)
    assert len({pack.name for pack in PACKS}) == len(PACKS)


def test_promtool_accepts_every_expression(promtool: Path, tmp_path: Path) -> None:
    """Each expression stands in a recording rule."""
    rules = [{"record": f"pack:{query.spec.name}", "expr": query.spec.expr} for query in _QUERIES]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "packs", "rules": rules}]}))
    checked = subprocess.run([promtool, "check", "rules", path], capture_output=True, text=True, check=False)

    assert (0, "") == (checked.returncode, checked.stderr)
    assert f"{len(_QUERIES)} rules found" in checked.stdout


_ISTIO = "istio_request"
_AT = 'reporter="destination",destination_service_name'
_LIMITS = "kube_pod_container_resource_limits"

# Query, series after ten minutes, what it must return there.
_EXAMPLES: list[tuple[str, dict[str, str], dict[str, float]]] = [
    (
        "node_cpu_utilisation",
        {
            'node_cpu_seconds_total{instance="a",job="node",cpu="0",mode="idle"}': "0+15x10",
            'node_cpu_seconds_total{instance="a",job="node",cpu="1",mode="idle"}': "0+45x10",
            'node_cpu_seconds_total{instance="a",job="node",cpu="0",mode="user"}': "0+45x10",
        },
        {'{instance="a",job="node"}': 0.5},
    ),
    (
        "node_disk_space_used",
        {
            'node_filesystem_avail_bytes{instance="a",device="sda",fstype="ext4",mountpoint="/"}': "25x10",
            'node_filesystem_size_bytes{instance="a",device="sda",fstype="ext4",mountpoint="/"}': "100x10",
            'node_filesystem_readonly{instance="a",device="sda",fstype="ext4",mountpoint="/"}': "0x10",
            'node_filesystem_avail_bytes{instance="a",device="sdb",fstype="ext4",mountpoint="/ro"}': "0x10",
            'node_filesystem_size_bytes{instance="a",device="sdb",fstype="ext4",mountpoint="/ro"}': "100x10",
            'node_filesystem_readonly{instance="a",device="sdb",fstype="ext4",mountpoint="/ro"}': "1x10",
            'node_filesystem_avail_bytes{instance="a",device="sdc",fstype="ext4",mountpoint="/none"}': "0x10",
            'node_filesystem_size_bytes{instance="a",device="sdc",fstype="ext4",mountpoint="/none"}': "0x10",
            'node_filesystem_readonly{instance="a",device="sdc",fstype="ext4",mountpoint="/none"}': "0x10",
            'node_filesystem_avail_bytes{instance="a",device="tmpfs",fstype="tmpfs",mountpoint="/tmp"}': "1x10",
            'node_filesystem_size_bytes{instance="a",device="tmpfs",fstype="tmpfs",mountpoint="/tmp"}': "100x10",
            'node_filesystem_readonly{instance="a",device="tmpfs",fstype="tmpfs",mountpoint="/tmp"}': "0x10",
        },
        {'{instance="a",device="sda",mountpoint="/"}': 0.75},
    ),
    (
        "node_load_per_core",
        {
            'node_load5{instance="a"}': "6x10",
            'node_cpu_seconds_total{instance="a",cpu="0",mode="idle"}': "0+15x10",
            'node_cpu_seconds_total{instance="a",cpu="1",mode="idle"}': "0+15x10",
        },
        {'{instance="a"}': 3.0},
    ),
    (
        "kube_memory_of_limit",
        {
            'container_memory_working_set_bytes{namespace="n",pod="p1",container="c",id="1"}': "40x10",
            'container_memory_working_set_bytes{namespace="n",pod="p2",container="c",id="2"}': "60x10",
            'container_memory_working_set_bytes{namespace="n",pod="p2",container="",id="3"}': "99x10",
            'container_memory_working_set_bytes{namespace="n",pod="p3",container="free",id="4"}': "60x10",
            f'{_LIMITS}{{namespace="n",pod="p1",container="c",resource="memory",node="x"}}': "80x10",
            f'{_LIMITS}{{namespace="n",pod="p2",container="c",resource="memory",node="y"}}': "80x10",
            f'{_LIMITS}{{namespace="n",pod="p2",container="c",resource="cpu",node="y"}}': "1x10",
        },
        {'{namespace="n",container="c"}': 0.75},
    ),
    (
        "kube_cpu_throttled",
        {
            'container_cpu_cfs_throttled_periods_total{namespace="n",pod="p",container="c"}': "0+30x10",
            'container_cpu_cfs_periods_total{namespace="n",pod="p",container="c"}': "0+120x10",
            'container_cpu_cfs_throttled_periods_total{namespace="n",pod="q",container="idle"}': "0x10",
            'container_cpu_cfs_periods_total{namespace="n",pod="q",container="idle"}': "0x10",
        },
        {'{namespace="n",container="c"}': 0.25},
    ),
    (
        "kube_container_restarts",
        {'kube_pod_container_status_restarts_total{namespace="n",pod="p",container="c"}': "0+1x20"},
        {'{namespace="n",container="c"}': 15.0},
    ),
    (
        "http_errors",
        {
            'http_requests_total{job="a",code="200"}': "0+90x10",
            'http_requests_total{job="a",code="503"}': "0+30x10",
            'http_requests_total{job="b",status="200"}': "0+90x10",
            'http_requests_total{job="b",status="5xx"}': "0+90x10",
            'http_requests_total{job="both",status="500",code="500"}': "0+60x10",
            'http_requests_total{job="well",status_code="200"}': "0+60x10",
            'http_requests_total{job="idle",status_code="500"}': "0+1x10",
        },
        {'{job="a"}': 0.25, '{job="b"}': 0.5, '{job="both"}': 1.0, '{job="well"}': 0.0},
    ),
    (
        "istio_p99",
        {
            f'{_ISTIO}_duration_milliseconds_bucket{{{_AT}="s",le="100"}}': "0+0x10",
            f'{_ISTIO}_duration_milliseconds_bucket{{{_AT}="s",le="200"}}': "0+60x10",
            f'{_ISTIO}_duration_milliseconds_bucket{{{_AT}="s",le="+Inf"}}': "0+60x10",
            'istio_requests_total{reporter="destination",destination_service_name="s"}': "0+60x10",
            f'{_ISTIO}_duration_milliseconds_bucket{{{_AT}="i",le="200"}}': "0x10",
            f'{_ISTIO}_duration_milliseconds_bucket{{{_AT}="i",le="+Inf"}}': "0x10",
            'istio_requests_total{reporter="destination",destination_service_name="i"}': "0x10",
        },
        {'{destination_service_name="s"}': 0.199},
    ),
    (
        "prometheus_query_duration",
        {
            'prometheus_engine_query_duration_seconds{instance="a",quantile="0.9",slice="inner_eval"}': "0.5x10",
            'prometheus_engine_query_duration_seconds{instance="b",quantile="0.9",slice="inner_eval"}': "NaN " * 11,
        },
        {'{instance="a"}': 0.5},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("name", "series", "expected"), _EXAMPLES, ids=[example[0] for example in _EXAMPLES])
def test_an_expression_means_what_its_title_says(
    name: str, series: dict[str, str], expected: dict[str, float], promtool: Path, tmp_path: Path
) -> None:
    """Prometheus itself evaluates the expression over known series."""
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    case: dict[str, Any] = {
        "interval": "1m",
        "input_series": [{"series": key, "values": values} for key, values in series.items()],
        "promql_expr_test": [{"expr": _rounded(_BY_NAME[name]), "eval_time": "15m" if "restarts" in name else "10m"}],
    }
    case["promql_expr_test"][0]["exp_samples"] = samples
    path = tmp_path / "tests.yaml"
    path.write_text(yaml.safe_dump({"evaluation_interval": "1m", "tests": [case]}))
    ran = subprocess.run([promtool, "test", "rules", path], capture_output=True, text=True, check=False)

    assert 0 == ran.returncode, ran.stdout + ran.stderr


def _rounded(query: PackQuery) -> str:
    return f"round({query.spec.expr}, 0.001)"


_APPENDED = "prometheus_tsdb_head_samples_appended_total"
_DURATION = "prometheus_engine_query_duration_seconds"
_QUEUE = "prometheus_notifications_queue_length"
_NODE = frozenset(name for query in PACKS[0].queries for name in query.requires)


@pytest.mark.parametrize(
    ("names", "enable", "expected"),
    [
        (
            frozenset(),
            None,
            {pack.name: (0, "none of its queries' metrics exist") for pack in PACKS},
        ),
        (
            _NODE - {"node_filesystem_files_free"},
            None,
            {"node": (8, "8 of 9 queries; node_filesystem_files_free missing")},
        ),
        (_NODE, None, {"node": (9, "all 9 queries")}),
        (_ALL, (), {pack.name: (0, "not enabled in the configuration") for pack in PACKS}),
        (
            _NODE,
            ("node", "http"),
            {
                "node": (9, "all 9 queries"),
                "kubernetes": (0, "not enabled in the configuration"),
                "http": (0, "enabled, but none of its metrics exist"),
            },
        ),
        (
            frozenset({"up", "scrape_duration_seconds", "prometheus_tsdb_head_series"}),
            ("prometheus",),
            {"prometheus": (3, f"3 of 11 queries; {_APPENDED}, {_DURATION}, {_QUEUE} and 6 more missing")},
        ),
    ],
    ids=["empty source", "one metric missing", "all there", "none enabled", "some enabled", "few there"],
)
def test_choose(names: frozenset[str], enable: tuple[str, ...] | None, expected: dict[str, tuple[int, str]]) -> None:
    """Every pack is judged, with a reason in words."""
    got = {choice.pack.name: (len(choice.queries), choice.reason) for choice in choose(names, enable)}

    assert len(PACKS) == len(got)
    assert expected == {name: got[name] for name in expected}


@given(names=st.frozensets(st.sampled_from(sorted(_ALL)), max_size=20))
@settings(max_examples=50, deadline=None)
def test_no_query_is_taken_without_its_metrics(names: frozenset[str]) -> None:
    """Queries taken carry their pack's name and need nothing that is missing; what fits is taken."""
    for choice in choose(names):
        assert choice.taken == bool(choice.queries)
        assert all(choice.pack.name == spec.pack for spec in choice.queries)
        assert [query.spec.name for query in choice.pack.queries if names.issuperset(query.requires)] == [
            spec.name for spec in choice.queries
        ]
