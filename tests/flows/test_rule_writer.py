"""Continuous rule writing: once per change, never before the first cycle, again after a refusal."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from flow_world import SOURCE, stream, surroundings

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.errors import RuleFileError, SourceError, SourceReason
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.write_rules import RETRY_EVERY, RuleWriter

pytestmark = pytest.mark.looptime


class Folder:
    """Takes rules, or refuses them."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.refusal = ""

    async def write(self, queries: Sequence[QuerySpec]) -> Sequence[str]:
        self.written.append([query.name for query in queries])
        if self.refusal:
            raise RuleFileError(self.refusal)
        return ["aiops-anomalies.yaml"]


class Names:
    """A source that tells its metric names once it is up."""

    up = False

    async def metric_names(self) -> frozenset[str]:
        if not self.up:
            raise SourceError(SourceReason.CONNECTION, "cannot connect")
        return frozenset({"up"})


async def test_rules_are_written_once_per_change_and_not_before_the_first_cycle() -> None:
    """Packs are known after the first cycle; rules without them would resolve their alerts."""
    around, folder = surroundings(), Folder()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([stream("a")])
    writer = RuleWriter([poller], [], around, folder.write)
    await writer.write_if_changed()
    assert [] == folder.written
    poller.cycles = 1
    await writer.write_if_changed()
    await writer.write_if_changed()
    poller.add([stream("b")])
    await writer.write_if_changed()

    assert [["a"], ["a", "b"]] == folder.written


async def test_a_refused_set_is_tried_again_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk or a vanished folder may be mended; the same words are not repeated."""
    around, folder = surroundings(), Folder()
    folder.refusal = "no space left on device"
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, folder.write)
    for _ in range(5):
        await writer.write_if_changed()
        await around.clock.sleep(RETRY_EVERY / 2)
    assert 3 == len(folder.written)
    assert 3 == around.meter.value("aiops_rule_files_refused_total")
    assert 1 == len(caplog.records)

    folder.refusal = ""
    await around.clock.sleep(RETRY_EVERY)
    await writer.write_if_changed()
    await around.clock.sleep(10 * RETRY_EVERY)
    await writer.write_if_changed()
    assert 4 == len(folder.written)


async def test_rules_wait_for_a_source_that_never_answered(caplog: pytest.LogCaptureFixture) -> None:
    """A restart while one Prometheus is down takes no rule of its packs away; the wait is said once."""
    around, folder = surroundings(), Folder()
    source = Names()
    poller = Poller(SOURCE, source, around)  # type: ignore[arg-type]
    poller.add([stream("own")])
    poller.cycles = 1
    discovery = Discovery(poller, None, (), start=lambda _: None, meter=around.meter)
    writer = RuleWriter([poller], [discovery], around, folder.write)
    for _ in range(3):
        await discovery.look(around.clock.now())
        await writer.write_if_changed()
    assert [] == folder.written
    assert 1 == sum(record.getMessage().startswith("rule files wait") for record in caplog.records)

    source.up = True
    await discovery.look(around.clock.now())
    await writer.write_if_changed()
    assert [["own"]] == folder.written
