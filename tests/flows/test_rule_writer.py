"""Continuous rule writing: once per change, never before the first cycle, again after a refusal."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flow_world import AT, SOURCE, answer, stream, surroundings

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.hourly import Watched, hour_of_week
from aiops_daemon.core.model.query import Direction
from aiops_daemon.core.packs import PACKS
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.errors import RuleFileError, SourceError, SourceReason
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.fallback import take_book, take_books
from aiops_daemon.flows.poll import Poller
from aiops_daemon.flows.stream import Stream
from aiops_daemon.flows.write_rules import BANDS_EVERY, RETRY_EVERY, RuleWriter

pytestmark = pytest.mark.looptime


class Folder:
    """Takes rules, or refuses them; `refuses_bands`: only those that hold bands."""

    def __init__(self) -> None:
        self.written: list[list[str]] = []
        self.given: list[Watched] = []
        self.refusal = ""
        self.refuses_bands = False

    async def write(self, watched: Watched) -> tuple[RuleFile, ...]:
        self.written.append([query.name for query in watched.queries])
        self.given.append(watched)
        if self.refusal or (self.refuses_bands and watched.books):
            raise RuleFileError(self.refusal or "bands")
        return (RuleFile("aiops-anomalies", {"groups": []}, {}),)


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


async def test_a_source_that_never_answered_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    """Rules are written at once, with those of every pack that it may take: no alert that fires resolves meanwhile."""
    around, folder = surroundings(), Folder()
    source = Names()
    poller = Poller(SOURCE, source, around)  # type: ignore[arg-type]
    poller.add([stream("own")])
    poller.cycles = 1
    discovery = Discovery(poller, None, ("own",), start=lambda _: None, meter=around.meter)
    writer = RuleWriter([poller], [discovery], around, folder.write)
    for _ in range(3):
        await discovery.look(around.clock.now())
        await writer.write_if_changed()
    every = {query.spec.name for pack in PACKS for query in pack.queries}
    assert [sorted({"own", *every})] == folder.written
    assert 1 == sum(record.getMessage().startswith("rules cover every pack") for record in caplog.records)

    source.up = True
    await discovery.look(around.clock.now())
    await writer.write_if_changed()
    assert ["own"] == folder.written[-1]
    assert 2 == len(folder.written)


def taught(days: float, *, name: str = "q", severity: str = "critical", series: int = 3) -> Stream:
    """Make a stream whose series swing by the hour of the day for so many days."""
    made = stream(name, severity=severity, direction=Direction.UP)
    for at in np.arange(AT - days * DAY, AT, HOUR / 4).tolist():
        swing = 10 * np.sin(2 * np.pi * (at % DAY) / DAY)
        placed = made.place(answer({f"s{n}": 100.0 + n + swing for n in range(series)}).slices[0], at)
        made.bands.step(placed.rows, placed.values, at)
        made.health.last_success = at
    return made


async def test_bands_follow_the_hour_and_are_what_the_source_shows() -> None:
    """A value of that hour lies inside, one of twelve hours off does not; labels are the series' own."""
    book = await take_book(taught(10.0), 20, AT)
    noon, night = hour_of_week(AT // DAY * DAY + 6.5 * HOUR), hour_of_week(AT // DAY * DAY + 18.5 * HOUR)
    band = book.bands[0]

    assert [0, 3] == [book.left_out, len(book.bands)]
    assert "aiops_query" not in dict(band.labels)
    assert "s0" in dict(band.labels).values()
    assert band.lower[noon] < 100 + 10 * np.sin(2 * np.pi * 6.5 / 24) < band.upper[noon]
    assert band.upper[night] < 100.0
    assert all(low < high for low, high in zip(band.lower, band.upper, strict=True))


async def test_too_many_and_too_young_series_are_left_out_and_counted() -> None:
    """The limit holds for a query; a series that was not watched for a day has no band for a week."""
    many, young = await take_book(taught(3.0, series=8), 5, AT), await take_book(taught(0.5), 5, AT)

    assert [5, 3] == [len(many.bands), many.left_out]
    assert [0, 3] == [len(young.bands), young.left_out]


async def test_only_queries_that_fall_back_are_taken_and_unknown_sources_wait() -> None:
    """An info query has none; a source whose queries have no band yet keeps the file of before."""
    around = surroundings()
    pollers = [
        Poller(replace(SOURCE, name=name), None, around)  # type: ignore[arg-type]
        for name in ("one", "two", "three")
    ]
    pollers[0].add([taught(3.0, name="loud"), taught(3.0, name="quiet", severity="info")])
    pollers[1].add([taught(0.1, name="loud")])
    pollers[2].add([taught(3.0, name="quiet", severity="info")])
    books, waiting = await take_books(pollers, 20, AT)

    assert ["loud"] == [book.query.name for book in books]
    assert ("two",) == waiting


async def test_bands_are_written_again_every_day() -> None:
    """So that a daemon that dies leaves bands that are a day old at most."""
    around, folder = surroundings(), Folder()
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([taught(3.0)])
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, folder.write)
    for _ in range(5):
        await writer.write_if_changed()
        await around.clock.sleep(BANDS_EVERY / 2)

    assert 3 == len(folder.given)
    assert [1, 1, 1] == [len(watched.books) for watched in folder.given]
    assert BANDS_EVERY == folder.given[1].books[0].written_at - folder.given[0].books[0].written_at


async def test_bands_that_are_refused_spoil_nothing_else() -> None:
    """All other rules are put in place, the bands of before stay, and it is counted and tried again."""
    around, folder = surroundings(), Folder()
    folder.refuses_bands = True
    poller = Poller(SOURCE, None, around)  # type: ignore[arg-type]
    poller.add([taught(3.0)])
    poller.cycles = 1
    writer = RuleWriter([poller], [], around, folder.write)
    await writer.write_if_changed()

    assert [1, 0] == [len(watched.books) for watched in folder.given]
    assert [(), ("main",)] == [watched.waiting for watched in folder.given]
    assert 1 == around.meter.value("aiops_rule_files_refused_total")
    folder.refuses_bands = False
    await around.clock.sleep(RETRY_EVERY)
    await writer.write_if_changed()
    assert 1 == len(folder.given[-1].books)
