"""The watch of odd mixes: quiet over healthy weeks, quick when the mix is odd and the number is not."""

from __future__ import annotations

import pytest
from mix_world import Crowd, ForestHere, four_weeks
from quality_world import NOON, episode
from volume_world import DAY, START, Weather

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.quality.forest import Grown, Rows
from aiops_daemon.core.quality.loudness import Subject
from aiops_daemon.core.quality.mixform import export
from aiops_daemon.core.quality.volume import Heard
from aiops_daemon.errors import ForestError
from aiops_daemon.flows.alerts.oddmix import QUERY, OddMixWatch
from aiops_daemon.flows.alerts.volume import VolumeWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.looptime
BIN = 300.0
MORNING = START + 30 * DAY + 10 * 3600.0  # a Monday


@pytest.fixture(scope="module")
def learned() -> bytes:
    """Return what four healthy weeks teach."""
    return export(four_weeks(Crowd(Weather(28.0, rate=3.0, seed=7))).pasts)


def watch(clock: LoopClock, memory: bytes) -> tuple[OddMixWatch, FindingBook, ForestHere]:
    book, forest = FindingBook(Meter()), ForestHere()
    watching = OddMixWatch(clock, book, forest)
    watching.load(memory)
    return watching, book, forest


async def settled(watching: OddMixWatch, clock: LoopClock) -> None:
    """Let a forest grow and the first bins pass."""
    for _ in range(4):
        await watching.look(())
        await clock.sleep(BIN)
    await watching.look(())


def odd_minute(watching: OddMixWatch, minute: int, team: str = "shop") -> None:
    """Let two alerts of rules that hardly fire come, most of them new: no more alerts than usual."""
    for number in range(2):
        rule = f"R{20 + (minute * 2 + number) % 30}"
        watching.heard(Heard("main", team, f"s{(minute + number) % 8}", rule, rule, False), fresh=True)


async def odd_minutes(watching: OddMixWatch, clock: LoopClock, minutes: int, unusual: tuple[Subject, ...] = ()) -> None:
    for minute in range(minutes):
        odd_minute(watching, minute)
        await clock.sleep(60.0)
        await watching.look(unusual)


@pytest.mark.parametrize("begins", [0.0, 60.0, 240.0])
async def test_a_mix_that_is_odd_and_no_more_than_usual_is_found_within_fifteen_minutes(
    learned: bytes, begins: float
) -> None:
    """Ten alerts in five minutes are usual; of ten rules, and all of them new, they are not."""
    clock = LoopClock(MORNING)
    watching, book, _ = watch(clock, learned)
    await settled(watching, clock)
    await clock.sleep(begins)
    await odd_minutes(watching, clock, 15)
    (finding,) = book.open()

    assert (FindingKind.ANOMALY, QUERY, "warning") == (finding.kind, finding.query, finding.severity)
    assert (("alertmanager", "main"), ("measure", "mix")) == finding.labels
    assert finding.score > 1.0
    assert finding.sentence.startswith("alerts of Alertmanager main are of an unusual mix: ")
    assert "10 of 10 alerts are new (usually at most " in finding.sentence


async def test_it_closes_when_three_bins_are_as_usual(learned: bytes) -> None:
    """Empty ones too."""
    clock = LoopClock(MORNING)
    watching, book, _ = watch(clock, learned)
    await settled(watching, clock)
    await odd_minutes(watching, clock, 15)
    still_open = []
    for _ in range(3):
        await clock.sleep(BIN)
        await watching.look(())
        still_open.append(len(book.open()))

    assert [1, 1, 0] == still_open


@pytest.mark.parametrize(
    ("open_one", "found"),
    [
        (Subject(), 0),
        (Subject("shop", "s1"), 0),
        (Subject(source="main"), 0),
        (Subject("infra"), 1),
        (Subject(source="other"), 1),
    ],
)
async def test_what_the_counts_tell_is_not_told_twice(learned: bytes, open_one: Subject, found: int) -> None:
    """Of the same source, or of a team whose alerts it sent."""
    clock = LoopClock(MORNING)
    watching, book, _ = watch(clock, learned)
    await settled(watching, clock)
    await odd_minutes(watching, clock, 15, (open_one,))

    assert found == len(book.open())


@pytest.mark.slow
@pytest.mark.parametrize(("rate", "seed"), [(6.0, 1), (3.0, 2), (1.0, 3)])
async def test_four_healthy_weeks_have_at_most_a_finding_a_week(rate: float, seed: int) -> None:
    """With days, weekends, bursts and ordinary incidents in them; a forest is grown once a day."""
    crowd = Crowd(Weather(56.0, rate=rate, seed=seed))
    clock = LoopClock(START + 28 * DAY)
    watching, book, forest = watch(clock, export(four_weeks(crowd).pasts))
    opened = set()
    for _ in range(28 * 1440):
        for alert, fresh in crowd.minute(clock.now()):
            watching.heard(alert, fresh=fresh)
        await clock.sleep(60.0)
        await watching.look(())
        opened |= {finding.uid for finding in book.open()}

    assert len(opened) <= 4
    assert 27 <= forest.asked <= 29


class NoForest:
    """Cannot grow any."""

    async def grow(self, rows: Rows) -> Grown:
        raise ForestError("no room")


async def test_a_forest_that_cannot_be_grown_is_told_once_and_asked_for_the_next_day(
    learned: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """And everything else goes on."""
    clock = LoopClock(MORNING)
    watching = OddMixWatch(clock, FindingBook(Meter()), NoForest())
    watching.load(learned)
    await settled(watching, clock)
    await odd_minutes(watching, clock, 15)

    assert ["what alerts are made of is not judged"] == caplog.messages


async def test_bins_that_cannot_be_read_are_counted_anew(caplog: pytest.LogCaptureFixture) -> None:
    """And told."""
    watching, _, _ = watch(LoopClock(START), b"broken")

    assert ["what alerts were made of cannot be read; it is learned anew"] == caplog.messages
    assert b'{"form":1,"sources":{}}' == watching.export()


async def test_the_watch_of_volume_feeds_it_and_keeps_its_bins(learned: bytes) -> None:
    """Through export and load; a watch without a forest keeps them for one that has one."""
    clock = LoopClock(MORNING)
    counts = VolumeWatch(clock, FindingBook(Meter()), Meter()).export()
    book = FindingBook(Meter())
    watching = VolumeWatch(clock, book, Meter(), counts + b"\n" + learned, forest=ForestHere())
    for minute in range(40):
        if minute >= 20:
            for number in range(2):
                pod = f"{minute}-{number}"
                watching.heard(episode(NOON, alertname=f"R{minute}", service=f"s{minute % 8}", pod=pod))
        await watching.look()
        await clock.sleep(60.0)
    without = VolumeWatch(clock, FindingBook(Meter()), Meter(), watching.export())
    found = book.open()
    watching.stop()

    assert ["mix"] == [dict(one.labels)["measure"] for one in found]
    assert () == book.open()
    assert watching.export().split(b"\n")[1] == without.export().split(b"\n")[1]
    assert b"\n" not in counts
