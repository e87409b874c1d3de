"""Packs: when a source is asked, what is taken, what never goes, and what a reload hands over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flow_world import AT, SOURCE, surroundings

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.packs import PACKS
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.discover import ASK_EVERY, Discovery
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.stream import Stream

pytestmark = pytest.mark.looptime

LOAD = next(query for pack in PACKS for query in pack.queries if query.spec.name == "node_load_per_core")
NAMES = frozenset(LOAD.requires)


class Names:
    """A source that knows some metric names, or fails."""

    def __init__(self, names: frozenset[str] = NAMES) -> None:
        self.names = names
        self.asked = 0
        self.fails = False

    async def metric_names(self) -> frozenset[str]:
        self.asked += 1
        if self.fails:
            raise SourceError(SourceReason.CONNECTION, "refused")
        return self.names


def discovery(source: Any, enable: tuple[str, ...] | None = None, own: Iterable[str] = ()) -> tuple[Discovery, Poller]:
    around = surroundings()
    poller = Poller(SOURCE, source, around)

    def start(queries: Iterable[QuerySpec]) -> None:
        poller.add([Stream(query, SOURCE) for query in queries])

    return Discovery(poller, enable, own, start=start, meter=around.meter), poller


async def test_a_source_is_asked_every_ten_minutes_once_a_pack_fits() -> None:
    """Until then at every tick: its exporters may still be starting."""
    source = Names(frozenset())
    one, poller = discovery(source)
    await one.look(AT)
    await one.look(AT + 60)
    assert 2 == source.asked
    source.names = NAMES
    await one.look(AT + 120)
    await one.look(AT + 180)
    await one.look(AT + 120 + ASK_EVERY - 1)
    assert 3 == source.asked
    assert LOAD.spec.name in poller.streams
    await one.look(AT + 120 + ASK_EVERY)
    assert 4 == source.asked


async def test_a_clock_set_back_does_not_stop_the_asking() -> None:
    """An hour back is no reason to wait an hour and ten minutes."""
    source = Names()
    one, _ = discovery(source)
    await one.look(AT)
    await one.look(AT - 3600)

    assert 2 == source.asked


async def test_packs_never_go_once_taken_and_streams_are_started_once() -> None:
    """An exporter that is down for a while costs no learned state."""
    source = Names()
    one, poller = discovery(source)
    await one.look(AT)
    before = dict(poller.streams)
    source.names = frozenset()
    await one.look(AT + ASK_EVERY)
    source.names = NAMES
    await one.look(AT + 2 * ASK_EVERY)

    assert before == poller.streams


async def test_a_query_of_ones_own_takes_the_name_of_a_packs() -> None:
    """What the user writes down wins."""
    one, poller = discovery(Names(), own=[LOAD.spec.name])
    await one.look(AT)

    assert LOAD.spec.name not in poller.streams
    assert poller.streams or one.choices


async def test_nothing_is_asked_when_packs_are_switched_off() -> None:
    """`packs: []`."""
    source = Names()
    one, poller = discovery(source, enable=())
    await one.look(AT)

    assert (0, {}) == (source.asked, poller.streams)


async def test_a_source_that_is_down_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when names cannot be read, however long it takes."""
    source = Names()
    source.fails = True
    one, poller = discovery(source)
    for number in range(20):
        await one.look(AT + 60 * number)

    assert ["metric names not read; packs wait"] == [record.getMessage() for record in caplog.records]
    source.fails = False
    await one.look(AT + 3600)
    assert poller.streams


async def test_a_successor_watches_at_once_and_asks_anew(caplog: pytest.LogCaptureFixture) -> None:
    """A reload while the source is down loses no pack, and says nothing that did not change."""
    source = Names()
    old, before = discovery(source)
    await old.look(AT)
    source.fails = True
    new, after = discovery(source)
    with caplog.at_level("INFO"):
        new.succeed(old)

    assert before.streams.keys() == after.streams.keys()
    assert [] == [record.getMessage() for record in caplog.records]
    await new.look(AT + 1)
    assert 2 == source.asked
    assert before.streams.keys() == after.streams.keys()


async def test_a_successor_takes_only_what_its_configuration_enables() -> None:
    """The new list of packs holds from the first moment."""
    old, _ = discovery(Names())
    await old.look(AT)
    off, none = discovery(Names(), enable=())
    off.succeed(old)
    other, http = discovery(Names(), enable=("http",))
    other.succeed(old)

    assert {} == none.streams
    assert LOAD.spec.name not in http.streams
