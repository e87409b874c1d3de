"""What fired and ended while we were down: recorded from the history of ALERTS, once, and only what nobody told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import pytest
from rule_source import RuleSource

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.model.alert import AlertKey, AlertStatus, Episode, Origin
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.repair import RepairClass
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.quality import episodes
from aiops_daemon.flows.alerts.past import EXPRESSION, SETTLED, AlertsPast, SinceAlive

SINCE, UNTIL = 1_700_000_000.0, 1_700_003_600.0
A = make({"alertname": "A", "severity": "page"})
SENT = make({"alertname": "A", "severity": "page", "cluster": "eu-1"})
SPEC = SourceSpec("main", ("http://p",), external_labels=make({"cluster": "eu-1"}))


@dataclass
class Desk:
    """Knows when it lived."""

    alive_until: float | None
    alive_since: float | None


class Store:
    """Knows the episodes that it is given."""

    def __init__(self, *known: Episode) -> None:
        self.known = {episode.key: episode for episode in known}

    async def latest_episodes(self, keys: Iterable[AlertKey]) -> dict[AlertKey, Episode]:
        return {key: self.known[key] for key in keys if key in self.known}


def source(*past: tuple[Labels, float, float]) -> RuleSource:
    """A Prometheus with these stretches, in seconds after we were up last."""
    made = RuleSource("main", lambda: UNTIL)
    made.past = [(labels, SINCE + start, SINCE + end) for labels, start, end in past]
    return made


def prod(_: Labels) -> tuple[str, ...]:
    """Every alert is routed to us."""
    return ("prod",)


async def test_a_stretch_that_nobody_told_is_recorded_as_resolved() -> None:
    """With external labels, so that its fingerprint is Alertmanager's; the ends are as sharp as the grid."""
    prometheus = source((A, 600.0, 1200.0))
    (found,) = await AlertsPast([(SPEC, prometheus)], Store(), since=SINCE, until=UNTIL).repairs(prod)

    assert (RepairClass.MISSED_EPISODE, ("prod", fingerprint(SENT))) == (found.kind, found.key)
    assert [EXPRESSION] == prometheus.expressions
    assert found.event is not None
    assert (AlertStatus.RESOLVED, Origin.RECONCILIATION, SENT) == (
        found.event.status,
        found.event.origin,
        found.event.labels,
    )
    assert (SINCE + 600.0, SINCE + 1200.0) == (found.event.starts_at, found.event.ends_at)
    assert found.event.received_at == found.event.ends_at


async def test_what_still_fires_or_goes_elsewhere_is_left_out() -> None:
    """Alertmanager tells the first; the second is none of ours."""
    prometheus = source((A, 600.0, 9999.0))
    assert [] == await AlertsPast([(SPEC, prometheus)], Store(), since=SINCE, until=UNTIL).repairs(prod)

    prometheus = source((A, 600.0, 1200.0))
    assert [] == await AlertsPast([(SPEC, prometheus)], Store(), since=SINCE, until=UNTIL).repairs(lambda _: ())


async def test_what_is_known_is_not_recorded_again() -> None:
    """A known episode that overlaps is that stretch."""
    past = AlertsPast([(SPEC, source((A, 600.0, 1200.0)))], Store(), since=SINCE, until=UNTIL)
    (found,) = await past.repairs(prod)
    known = episodes.repair(None, found).episode
    assert known is not None

    for latest in (known, replace(known, first_starts_at=SINCE + 1250.0, starts_at=SINCE + 1250.0, ends_at=None)):
        again = AlertsPast([(SPEC, source((A, 600.0, 1200.0)))], Store(latest), since=SINCE, until=UNTIL)
        assert [] == await again.repairs(prod)

    before = replace(known, first_starts_at=SINCE - 900.0, starts_at=SINCE - 900.0, ends_at=SINCE)
    later = AlertsPast([(SPEC, source((A, 600.0, 1200.0)))], Store(before), since=SINCE, until=UNTIL)
    assert 1 == len(await later.repairs(prod))


async def test_two_sources_that_tell_the_same_count_once() -> None:
    """An HA pair configured as two sources."""
    pair = [(SPEC, source((A, 600.0, 1200.0))), (replace(SPEC, name="twin"), source((A, 600.0, 1200.0)))]

    assert 1 == len(await AlertsPast(pair, Store(), since=SINCE, until=UNTIL).repairs(prod))


async def test_a_source_that_cannot_be_read_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """The others are read all the same."""
    broken = source()
    broken.fails = True
    pair = [(replace(SPEC, name="broken"), broken), (SPEC, source((A, 600.0, 1200.0)))]

    assert 1 == len(await AlertsPast(pair, Store(), since=SINCE, until=UNTIL).repairs(prod))
    assert ["the history of alerts cannot be read"] == caplog.messages


@pytest.mark.parametrize("blip", [(-50.0, -1.0), (-20.0, -3.0), (-31.0, 4.0), (-15.0, 15.0)])
async def test_a_blip_that_ended_just_before_or_after_the_start_is_recorded(blip: tuple[float, float]) -> None:
    """Alertmanager was refused while it fired, and what had ended by its next try it tells nobody."""
    start, end = (UNTIL - SINCE + each for each in blip)
    (found,) = await AlertsPast([(SPEC, source((A, start, end)))], Store(), since=SINCE, until=UNTIL).repairs(prod)

    assert found.event is not None
    assert abs(found.event.starts_at - SINCE - start) <= 15.0
    assert abs((found.event.ends_at or 0.0) - SINCE - end) <= 15.0


async def test_what_began_after_the_start_is_none_of_the_past() -> None:
    """We were there: Alertmanager tells it, or does not as it sees fit."""
    prometheus = source((A, UNTIL - SINCE + 1.0, UNTIL - SINCE + 20.0))

    assert [] == await AlertsPast([(SPEC, prometheus)], Store(), since=SINCE, until=UNTIL).repairs(prod)


async def test_a_short_absence_is_looked_into_too() -> None:
    """A restart takes some seconds, in which an alert may end."""
    prometheus = source((A, UNTIL - SINCE - 18.0, UNTIL - SINCE + 2.0))

    assert 1 == len(await AlertsPast([(SPEC, prometheus)], Store(), since=UNTIL - 19.0, until=UNTIL).repairs(prod))


@pytest.mark.parametrize(("began", "due"), [(None, math.inf), (UNTIL, UNTIL + SETTLED)])
def test_it_waits_until_the_end_of_what_fired_shows(began: float | None, due: float) -> None:
    """And for the desk to lead: the time before this run is not known earlier."""
    assert due == SinceAlive([], Store(), Desk(SINCE, began)).due_at()
