"""Asking for loaded rules: gauges at once, words after a time to reload, silence where nobody can be asked."""

from __future__ import annotations

import pytest
from flow_world import AT, SOURCE, stream, surroundings
from rule_source import RuleSource

from aiops_daemon.core.model.hourly import Watched
from aiops_daemon.core.model.posted import LoadedGroup, LoadedRule
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.flows.loaded import GRACE, KEPT, LoadWatch
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.write_rules import RuleWriter

pytestmark = pytest.mark.looptime
FILE = RuleFile("aiops-x", {"groups": [{"name": "g", "rules": [{"record": "a:b", "expr": "up"}]}]}, {})
GOOD = (LoadedGroup("g", (LoadedRule("a:b"),)),)


async def write(_: Watched) -> tuple[RuleFile, ...]:
    return (FILE,)


async def test_what_is_lacking_is_measured_at_once_and_told_after_a_while(caplog: pytest.LogCaptureFixture) -> None:
    """Prometheus may take minutes to be reloaded; the log says each reason once, and the landing page until it ends."""
    around, source = surroundings(), RuleSource("main", lambda: AT)
    poller = Poller(SOURCE, source, around)
    poller.add([stream("a")])
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, write)
    watch = LoadWatch([poller], writer, around)
    await watch.look()
    assert 0 == source.asked

    await writer.write_if_changed()
    await watch.look()
    assert 0.0 == around.meter.value("aiops_rules_loaded", file="aiops-x.yaml")
    assert () == around.rule_troubles

    await around.clock.sleep(GRACE)
    await watch.look()
    await watch.look()
    told = [record for record in caplog.records if record.getMessage() == "rules are not evaluated as written"]
    assert 1 == len(told)
    assert around.rule_troubles[0].startswith("aiops-x.yaml: no source has loaded it")

    source.groups = GOOD
    await watch.look()
    assert 1.0 == around.meter.value("aiops_rules_loaded", file="aiops-x.yaml")
    assert () == around.rule_troubles


async def test_a_failing_rule_is_told_at_once() -> None:
    """It needs no reload to end."""
    around, source = surroundings(), RuleSource("main", lambda: AT)
    source.groups = (LoadedGroup("g", (LoadedRule("a:b", error="duplicate series"),)),)
    poller = Poller(SOURCE, source, around)
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, write)
    await writer.write_if_changed()
    await LoadWatch([poller], writer, around).look()

    assert 1.0 == around.meter.value("aiops_rules_loaded", file="aiops-x.yaml")
    assert 1.0 == around.meter.value("aiops_rules_failing", file="aiops-x.yaml")
    assert ("aiops-x.yaml: rule a:b of group g fails on main: duplicate series",) == around.rule_troubles


@pytest.mark.parametrize("lack", ["no answer", "no rules API"])
async def test_who_cannot_be_asked_says_nothing(lack: str) -> None:
    """Neither a source that is away nor one without a ruler is proof that rules are not loaded."""
    around, source = surroundings(), RuleSource("main", lambda: AT)
    source.fails, source.groups = lack == "no answer", None
    poller = Poller(SOURCE, source, around)
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, write)
    await writer.write_if_changed()
    await around.clock.sleep(2 * GRACE)
    await LoadWatch([poller], writer, around).look()

    assert 1 == source.asked
    assert () == around.rule_troubles
    assert b"aiops_rules_loaded{" not in around.meter.page()


@pytest.mark.parametrize("wrong", [True, False], ids=["not loaded", "failing"])
async def test_what_a_source_said_stands_for_ten_minutes_and_is_then_not_known(wrong: bool) -> None:
    """It may be mended meanwhile; until then an alert goes on, and words on the landing page are not lost and found."""
    around, source = surroundings(), RuleSource("main", lambda: AT)
    source.groups = () if wrong else (LoadedGroup("g", (LoadedRule("a:b", error="duplicate series"),)),)
    poller = Poller(SOURCE, source, around)
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, write)
    watch = LoadWatch([poller], writer, around)
    await writer.write_if_changed()
    await around.clock.sleep(2 * GRACE)
    await watch.look()
    told = around.rule_troubles

    source.fails = True
    await around.clock.sleep(KEPT - 1)
    await watch.look()
    assert (told, 1) == (around.rule_troubles, len(told))
    assert b'aiops_rules_failing{file="aiops-x.yaml"}' in around.meter.page()

    await around.clock.sleep(2)
    await watch.look()
    assert () == around.rule_troubles
    assert b"aiops_rules_loaded{" not in around.meter.page()
    assert b"aiops_rules_failing{" not in around.meter.page()

    source.fails, source.groups = False, GOOD
    await watch.look()
    assert 1.0 == around.meter.value("aiops_rules_loaded", file="aiops-x.yaml")


async def test_a_file_that_a_reload_took_away_is_told_of_no_more() -> None:
    """From exported to native rules: the file of before is gone, and so is what was said of it."""
    around, source = surroundings(), RuleSource("main", lambda: AT)
    source.groups = GOOD
    around.meter.set("aiops_rules_loaded", 0.0, file="aiops-slos.yaml")
    around.meter.set("aiops_rules_failing", 1.0, file="aiops-slos.yaml")
    poller = Poller(SOURCE, source, around)
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, write)
    await writer.write_if_changed()
    await LoadWatch([poller], writer, around).look()

    assert frozenset({"aiops-x.yaml"}) == around.meter.shown("aiops_rules_loaded", "file")
    assert b"aiops-slos.yaml" not in around.meter.page()
