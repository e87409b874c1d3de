"""The watch of alert volume: what counts, and the findings that open and close."""

from __future__ import annotations

from dataclasses import replace

import pytest
from quality_world import NOON, episode
from volume_world import START, Weather, run

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.alert import FINDING_SOURCE, SELF_SOURCE
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.quality.volume import Volume
from aiops_daemon.core.quality.volumeform import export
from aiops_daemon.flows.alerts.volume import QUERY, VolumeWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.meter import Meter

pytestmark = pytest.mark.looptime
DAY = 86_400.0


@pytest.fixture(scope="module")
def learned() -> bytes:
    """Return what four days of alerts teach."""
    volume = Volume()
    run(volume, Weather(4.4))
    return export(volume.learned)


def watch(clock: LoopClock, memory: bytes = b"") -> tuple[VolumeWatch, FindingBook, Meter]:
    meter = Meter()
    book = FindingBook(meter)
    return VolumeWatch(clock, book, meter, memory), book, meter


def storm(watching: VolumeWatch, minute: int) -> None:
    """Let a hundred alerts of forty rules come."""
    for number in range(100):
        alert = episode(NOON, alertname=f"R{number % 40}", service=f"s{number % 8}", pod=f"{minute}-{number}")
        watching.heard(replace(alert, team="shop"))


async def stormy(watching: VolumeWatch, clock: LoopClock) -> None:
    """Count quietly through two bins, then let ten minutes of storm come."""
    await watching.look()
    for minute in range(30):
        if minute >= 20:
            storm(watching, minute)
        await clock.sleep(60.0)
        await watching.look()


async def test_a_storm_opens_findings_and_its_end_closes_them(learned: bytes) -> None:
    """They are anomalies of the query alert_volume, with counts, labels and a sentence."""
    clock = LoopClock(START + 4.5 * DAY)
    watching, book, meter = watch(clock, learned)
    await stormy(watching, clock)
    findings = book.open()
    for _ in range(40):
        await clock.sleep(60.0)
        await watching.look()

    (finding,) = [one for one in findings if dict(one.labels)["measure"] == "alerts"]
    assert (FindingKind.ANOMALY, QUERY, "warning") == (finding.kind, finding.query, finding.severity)
    assert (("measure", "alerts"), ("team", "shop")) == finding.labels
    assert finding.value > (finding.upper or 0.0)
    assert finding.score > 1.0
    assert "new alerts of team shop in " in finding.sentence
    assert () == book.open()
    assert len(findings) == meter.value("aiops_findings_total", kind="anomaly", severity="warning")


async def test_alerts_of_our_own_do_not_count() -> None:
    """Rules that we generated, findings and notices: else each finding would make the next."""
    clock = LoopClock(START)
    watching, _, _ = watch(clock)
    nothing = watching.export()
    for own in (
        episode(NOON, aiops_query="latency"),
        episode(NOON, aiops_slo="checkout"),
        replace(episode(NOON), source=FINDING_SOURCE),
        replace(episode(NOON), source=SELF_SOURCE),
    ):
        watching.heard(own)
    counted = watching.export()
    watching.heard(episode(NOON))

    assert nothing == counted != watching.export()


async def test_the_service_is_the_first_label_that_names_one() -> None:
    """service, app, job, namespace."""
    clock = LoopClock(START)
    watching, _, _ = watch(clock)
    await watching.look()
    await clock.sleep(600.0)
    await watching.look()
    watching.heard(episode(NOON, app="shop-web", job="node", namespace="shop"))
    await clock.sleep(600.0)
    await watching.look()

    assert b'["default","shop-web","SlowCheckout","","alerts"]' in watching.export()


async def test_a_watch_that_stops_closes_its_findings(learned: bytes) -> None:
    """A reload may switch it off."""
    clock = LoopClock(START + 4.5 * DAY)
    watching, book, _ = watch(clock, learned)
    await stormy(watching, clock)
    before = len(book.open())
    watching.stop()

    assert before > 0
    assert () == book.open()


async def test_memory_that_cannot_be_read_is_learned_anew(caplog: pytest.LogCaptureFixture) -> None:
    """And told."""
    watching, _, _ = watch(LoopClock(START), b"broken")

    assert ["what was learned of alert volume cannot be read; it is learned anew"] == caplog.messages
    assert watching.export().startswith(b'{"form":1,')
