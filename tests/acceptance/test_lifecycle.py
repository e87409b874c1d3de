"""Whole-daemon scenarios in virtual time: restart, reload, broken state, stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from fakes import record
from scenario import EPOCH, HOUR, WEEK, Scenario
from shapes import between, daily, flat
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.errors import ConfigError, StateTakenError, StoreError

pytestmark = VIRTUAL_TIME

RATE = QuerySpec("rate", "rate")
LOAD = QuerySpec("load", "load")


def scenario(folder: Path) -> Scenario:
    """Ten healthy series and one that is broken from half an hour on; a second expression besides."""
    bad = between(daily(100, 30, 3, seed=99), EPOCH + 0.5 * HOUR, EPOCH + WEEK, lambda t: 0 * t + 200)
    shapes = {f"h{n}": daily(100, 30, 3, seed=n) for n in range(10)} | {"bad": bad}
    return Scenario(
        folder,
        {
            "rate": record(shapes, start=EPOCH - WEEK, end=EPOCH + 6 * HOUR),
            "load": record({"l": flat(1, 0.1, seed=8)}, start=EPOCH - WEEK, end=EPOCH + 6 * HOUR),
        },
        queries=(RATE,),
    )


async def test_a_restart_relearns_nothing_and_keeps_the_finding(tmp_path: Path) -> None:
    """Bands are there in the first cycle without the week being read again; the finding keeps its id."""
    async with scenario(tmp_path) as one:
        await one.until(hours=1)
        (before,) = one.open()
        await one.restart()
        await one.until(hours=1, minutes=2)
        (after,) = one.open()

        assert before.uid == after.uid
        assert before.since == after.since
        assert one.metric("aiops_history_samples_read_total", source="main") <= 11 * 20
        assert 11 == len((await one.scrape())["aiops_expected"])


@pytest.mark.parametrize("apart", ["", "127.0.0.1:0"])
async def test_every_step_of_a_stop_has_time(tmp_path: Path, apart: str, caplog: pytest.LogCaptureFixture) -> None:
    """What is kept back for the steps that follow leaves the first enough, with a listener more too."""
    async with scenario(tmp_path) as one:
        await one.daemon.stop()
        one.api_listen_address = apart
        await one.restart()

    assert "not stopped in time" not in caplog.text


async def test_corrupt_state_is_set_aside_and_learned_anew(tmp_path: Path) -> None:
    """A flipped byte costs a history read, never the start."""
    async with scenario(tmp_path) as one:
        await one.until(minutes=10)
        await one.daemon.stop()
        files = [path for path in (tmp_path / "learned").iterdir() if path.is_file()]
        for path in files:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 0xFF
            path.write_bytes(content)
        await one.restart()
        await one.until(minutes=12)

        assert one.metric("aiops_history_samples_read_total", source="main") >= 11 * 2000
        assert any("corrupt" in path.name for path in (tmp_path / "learned").iterdir())
        assert 11 == len((await one.scrape())["aiops_expected"])


async def test_a_good_reload_adds_a_query_and_forgets_nothing(tmp_path: Path) -> None:
    """What did not change keeps its learned state and its open finding."""
    async with scenario(tmp_path) as one:
        await one.until(hours=1)
        (before,) = one.open()
        read = one.metric("aiops_history_samples_read_total", source="main")
        one.next_settings = replace(one.settings, queries=(RATE, LOAD), config_hash=7)
        status, _ = await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert 200 == status
        assert [before.uid] == [finding.uid for finding in one.open()]
        assert 7 == one.metric("aiops_config_hash")
        assert {"rate", "load"} == {stream.query for stream in one.daemon.view().streams}
        more = one.metric("aiops_history_samples_read_total", source="main") - read
        assert more <= 2100 + 11 * 20
        assert one.sources[0].closed


async def test_a_reload_that_removes_a_query_closes_its_findings(tmp_path: Path) -> None:
    """What nobody watches any more is not open for ever, and its series leave the self page."""
    async with scenario(tmp_path) as one:
        await one.until(hours=1)
        assert 1 == len(one.open())
        one.next_settings = replace(one.settings, queries=(LOAD,))
        await one.post("/-/reload")
        await one.until(hours=1, minutes=3)

        assert [] == one.open()
        assert 0 == one.metric("aiops_series", source="main", query="rate")


async def test_a_bad_reload_changes_nothing_and_lists_every_fault(tmp_path: Path) -> None:
    """The old configuration runs on, the gauge says so, the answer has all faults."""
    async with scenario(tmp_path) as one:
        await one.until(minutes=10)
        one.next_settings = ConfigError(("config.yaml:3:1: queries: first", "config.yaml:9:1: slos: second"))
        status, body = await one.post("/-/reload")
        await one.until(minutes=15)

        assert 400 == status
        assert "first" in body
        assert "second" in body
        assert 0 == one.metric("aiops_config_last_reload_successful")
        assert 11 == len((await one.scrape())["aiops_value"])
        one.next_settings = one.settings
        assert 200 == (await one.post("/-/reload"))[0]
        assert 1 == one.metric("aiops_config_last_reload_successful")


async def test_not_ready_before_the_first_cycle_and_while_stopping(tmp_path: Path) -> None:
    """Ready names what it waits for."""
    async with scenario(tmp_path) as one:
        status, body = await one.get("/-/ready")
        assert 503 == status
        assert "first poll of main: history of 0 of 1 queries read" in body
        await one.until(minutes=2)
        assert 200 == (await one.get("/-/ready"))[0]
    assert not one.daemon.readiness().ready


async def test_a_second_daemon_on_the_same_state_is_refused(tmp_path: Path) -> None:
    """It names the folder and the remedy, and the first goes on; after a stop the folder is free."""
    second = scenario(tmp_path)
    async with scenario(tmp_path) as one:
        await one.until(minutes=2)
        with pytest.raises(StateTakenError, match=r"is in use .*--storage\.url"):
            await second.daemon.start()
        await second.daemon.stop()
        assert 200 == (await one.get("/-/ready"))[0]
    async with scenario(tmp_path):
        pass


async def test_a_state_folder_that_cannot_be_written_ends_the_start() -> None:
    """What is accepted must be kept, so there is no daemon without a place for it; the words name the place."""
    one = scenario(Path("/proc/nowhere"))  # not even root may make it
    with pytest.raises(StoreError, match="/proc/nowhere"):
        await one.daemon.start()
    await one.daemon.stop()


async def test_stop_is_idempotent_and_saves(tmp_path: Path) -> None:
    """A second stop does nothing; state is on disk after the first."""
    async with scenario(tmp_path) as one:
        await one.until(minutes=3)
        await one.daemon.stop()
        await one.daemon.stop()
        assert any((tmp_path / "learned").iterdir())


async def test_answers_are_counted_by_path_and_code(tmp_path: Path) -> None:
    """Also those that nobody has a page for: the label has as many values as there are routes."""
    async with scenario(tmp_path) as one:
        await one.get("/metrics")
        await one.get("/nothing/here")
        _, page = await one.get("/metrics")

        assert 2 == one.metric("aiops_http_requests_total", handler="/metrics", code="200")
        assert 1 == one.metric("aiops_http_requests_total", handler="unmatched", code="404")
        assert 'aiops_http_requests_total{code="200",handler="/metrics"} 1.0' in page


async def test_people_may_have_a_listener_of_their_own(tmp_path: Path) -> None:
    """Two addresses while it runs, none after."""
    recorded = {"rate": record({"h": flat(1, 0.1, seed=1)}, start=EPOCH - WEEK, end=EPOCH + HOUR)}
    async with Scenario(tmp_path, recorded, queries=(RATE,), api_listen_address="127.0.0.1:0") as one:
        addresses = one.daemon.address, one.daemon.api_address
        paths = "/-/healthy", "/api/v1/findings"

        assert [200, 404, 404, 200] == [await code(address + path) for address in addresses for path in paths]

        await one.daemon.stop()
        for address in addresses:
            with pytest.raises(aiohttp.ClientConnectorError):
                await code(address)


async def code(url: str) -> int:
    """Return the code that an address answers."""
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status
