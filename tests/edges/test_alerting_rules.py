"""Alerting rules as a real Prometheus tells them, and answers that are none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import fake_prometheus as fake
import pytest
from fake_prometheus import FakePrometheus
from real_servers import Servers

from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus import rules
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason

RULES = "/api/v1/rules"
GROUPS = """
groups:
  - name: shop
    interval: 1s
    rules:
      - alert: Always
        expr: vector(1)
        labels: {severity: page, value: "{{ $value }}"}
      - alert: Pending
        expr: vector(1)
        for: 1h
      - alert: Never
        expr: vector(1) > 2
      - record: shop:one
        expr: vector(1)
"""


def answer(*found: dict[str, object], interval: float = 15.0) -> str:
    """Answer with one group of these rules."""
    group = {"name": "g", "file": "f", "interval": interval, "rules": list(found)}
    return json.dumps({"status": "success", "data": {"groups": [group]}}, separators=(",", ":"))


def rule(count: int, **more: object) -> dict[str, object]:
    """One rule with so many alerts."""
    alerts = [{"labels": {"alertname": "A", "n": f'{n},{{"labels":'}, "state": "firing"} for n in range(count)]
    return {"name": "A", "type": "alerting", "health": "ok", "alerts": alerts, **more}


@pytest.fixture
async def served() -> AsyncIterator[tuple[FakePrometheus, PrometheusClient]]:
    """A fake server and a client for it."""
    server = FakePrometheus()
    running = await server.start()
    client = PrometheusClient(SourceSpec("eu1", (str(running.make_url("")).rstrip("/"),), timeout=5.0))
    yield server, client
    await client.close()
    await running.close()


@pytest.mark.real
async def test_rules_of_a_real_prometheus(servers: Servers) -> None:
    """Firing and pending alerts are active; recording rules are left out."""
    path = servers.folder / "rules.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(GROUPS)
    server = servers.prometheus(f"rule_files: [{path}]\n")
    client = PrometheusClient(SourceSpec("eu1", (server.url,), timeout=5.0))
    found = {each.name: each for each in await client.alerting_rules()}
    while not all(each.evaluated_at for each in found.values()):
        await asyncio.sleep(0.1)
        found = {each.name: each for each in await client.alerting_rules()}
    await client.close()

    assert {"Always", "Pending", "Never"} == found.keys()
    assert (make({"alertname": "Always", "severity": "page", "value": "1"}),) == found["Always"].active
    assert make({"severity": "page", "value": "{{ $value }}"}) == found["Always"].labels
    assert (make({"alertname": "Pending"}),) == found["Pending"].active
    assert () == found["Never"].active
    assert {(1.0, True)} == {(each.interval, each.healthy) for each in found.values()}
    assert abs(time.time() - found["Always"].evaluated_at) < 10.0


async def test_alerting_rules_alone_are_asked_for(served: tuple[FakePrometheus, PrometheusClient]) -> None:
    """A rule that was never evaluated says 0, one that fails is not healthy."""
    server, client = served
    body = answer(rule(1, lastEvaluation="0001-01-01T00:00:00Z", health="err"), {"name": "r", "type": "recording"})
    server.scripts[RULES] = [fake.says(body)]
    (found,) = await client.alerting_rules()

    assert (0.0, False, 15.0) == (found.evaluated_at, found.healthy, found.interval)


async def test_no_rules_api_means_no_rules(served: tuple[FakePrometheus, PrometheusClient]) -> None:
    """A store without a ruler answers 404; any other refusal is one."""
    server, client = served
    server.scripts[RULES] = [fake.refuses(404)]
    assert () == await client.alerting_rules()

    server.scripts[RULES] = [fake.refuses(403)]
    with pytest.raises(SourceError) as caught:
        await client.alerting_rules()
    assert SourceReason.AUTH_ERROR is caught.value.reason


@pytest.mark.parametrize("body", ["<html>", "{}", '{"status":"success","data":{"groups":1}}', answer(rule(3))[:-9]])
async def test_a_broken_answer_is_an_error(served: tuple[FakePrometheus, PrometheusClient], body: str) -> None:
    """Never an answer without rules: that would end alerts."""
    server, client = served
    server.scripts[RULES] = [fake.says(body)]

    with pytest.raises(SourceError) as caught:
        await client.alerting_rules()
    assert SourceReason.MALFORMED is caught.value.reason


@pytest.mark.parametrize("data", [{}, {"groups": None}, {"groups": []}, {"groups": [{"rules": None}]}])
async def test_a_server_may_have_no_rules(data: dict[str, object]) -> None:
    """Go writes an empty list as null."""
    assert () == await rules.alerting_rules(bytearray(json.dumps({"status": "success", "data": data}).encode()))


@pytest.mark.parametrize("slice_bytes", [1, 100, 1 << 20])
async def test_slices_join_to_the_whole(slice_bytes: int) -> None:
    """Wherever the cuts lie, whatever the labels hold; null is no alerts."""
    body = bytearray(answer(rule(9), rule(0, alerts=None)).encode())
    many, none = await rules.alerting_rules(body, slice_bytes=slice_bytes)

    assert [f'{n},{{"labels":' for n in range(9)] == [dict(labels)["n"] for labels in many.active]
    assert () == none.active
