"""The view: what is stale is dropped, what is twice stands once, and a storm does not draw every plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from flow_world import AT, FINDING, SOURCE, stream, surroundings

from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.findingspage import Block, FindingsPage
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.signals.burn.ledger import BurnLedger
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.findings import Place
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.publish import PLOTS, Publisher

pytestmark = pytest.mark.looptime

SLO = SloSpec("shop", EventsSli("total", bad="bad"), 0.99, Rolling(86_400.0))


class Renderer:
    """Keeps the blocks that it was given."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    async def __call__(self, blocks: Sequence[Block], *, at: float) -> FindingsPage:
        self.lines = [f"{block.metric.name}{{{label}}}" for block in blocks for label in block.labels]
        return FindingsPage(at, len(self.lines), b"")


def publisher(pollers: Sequence[Poller], around: Surroundings, render: Renderer) -> Publisher:
    discoveries = [Discovery(poller, (), (), start=start_nothing, meter=around.meter) for poller in pollers]
    return Publisher(pollers, discoveries, around, render)


def start_nothing(_: Iterable[QuerySpec]) -> None:
    """Packs are switched off."""


def watch(source: str) -> SloWatch:
    one = SloWatch(SLO, replace(SOURCE, name=source))
    one.statuses, one.last_success = (BurnLedger(SLO).status(AT, present=True),), AT
    return one


async def test_an_slo_on_two_sources_stands_on_the_page_once() -> None:
    """Without external labels its label sets are the same, and Prometheus would see duplicates."""
    around, render = surroundings(), Renderer()
    pollers = [Poller(replace(SOURCE, name=name), None, around) for name in ("a", "b")]  # type: ignore[arg-type]
    for poller in pollers:
        poller.add_slo(watch(poller.spec.name))
    await publisher(pollers, around, render).publish()

    assert any(line.startswith("aiops_slo_objective_ratio") for line in render.lines)
    assert len(render.lines) == len(set(render.lines))


async def test_stale_streams_leave_the_page_and_their_findings_stay_in_the_view() -> None:
    """Stale numbers are worse than none; an open finding is not over because its source is silent."""
    around, render = surroundings(), Renderer()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([stream(series=2)])
    around.book.put(Place(("q", "main"), FindingKind.ANOMALY, 0), FINDING)
    one = publisher([poller], around, render)
    await one.publish()
    assert 'aiops_anomaly_active{aiops_query="q",name="s0",aiops_kind="anomaly"}' in render.lines
    await around.clock.sleep(181)
    await one.publish()

    assert [] == render.lines
    assert (FINDING,) == one.view.findings


async def test_a_storm_has_plots_for_the_newest_findings_only() -> None:
    """Every finding is in the view; plots are drawn for more than any page shows, not for all."""
    around = surroundings()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([stream(series=PLOTS + 100)])
    for row in range(PLOTS + 100):
        finding = replace(FINDING, uid=str(row), since=AT + row)
        around.book.put(Place(("q", "main"), FindingKind.ANOMALY, row), finding)
    one = publisher([poller], around, Renderer())
    await one.publish()

    assert PLOTS + 100 == len(one.view.findings)
    assert {str(row) for row in range(100, PLOTS + 100)} == set(one.view.plots or {})


async def test_a_successor_shows_the_page_of_before() -> None:
    """Until its own first cycle ends."""
    around = surroundings()
    old, new = publisher([], around, Renderer()), publisher([], around, Renderer())
    await old.publish()
    new.succeed(old)

    assert old.view is new.view
    assert 1 == new.published
