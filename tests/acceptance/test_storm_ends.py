"""A storm page ends when all that it named has ended, and not before; in virtual time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from page_scenario import LIVE, PageScenario
from test_paging_limits import PAGER, STORM, alert, storming
from virtual_time import VIRTUAL_TIME

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.route import Mode

pytestmark = VIRTUAL_TIME

RESOLVE = MessageEvent.RESOLVE


def begun(folder: Path, *alerts: dict[str, str]) -> PageScenario:
    """Begin with a page of its own for the first alert and a storm page for the others."""
    s = storming(folder)
    s.at("10:00").alert(alert(1))
    s.between("10:00", "10:00:05").pages(PAGER)
    s.at("10:00:10").alert(*alerts)
    s.between("10:00:10", "10:02").tells(PAGER, STORM)
    return s


async def test_it_ends_with_the_last_incident_that_it_named(tmp_path: Path) -> None:
    """PagerDuty would escalate it for ever."""
    s = begun(tmp_path, alert(2), alert(3))
    s.at("10:05").resolve(alert(2))
    s.at("10:08").resolve(alert(3))
    s.between("10:08", "10:08:10").tells(PAGER, RESOLVE, name="storm of 2")
    s.at("10:20").resolve(alert(1))
    s.between("10:20", "10:20:10").tells(PAGER, RESOLVE, name="INC-1")

    await s.play("10:25")
    storm, end = (one.notification for one in s.sent if one.notification.message.name == "storm of 2")
    assert storm.dedup_key == end.dedup_key
    assert "all 2 incidents that it named have ended" == end.message.title


async def test_each_of_two_storms_ends_by_itself(tmp_path: Path) -> None:
    """The first is not forgotten when the next begins, nor by a restart."""
    s = begun(tmp_path, alert(2))
    s.at("10:15").alert(alert(3))
    s.between("10:15", "10:15:05").pages(PAGER)
    s.at("10:15:10").alert(alert(4))
    s.between("10:15:10", "10:17").tells(PAGER, STORM)
    s.at("10:18").restart()
    s.at("10:20").resolve(alert(4))
    s.between("10:20", "10:20:10").tells(PAGER, RESOLVE, name="storm of 1")
    s.at("10:24").resolve(alert(2))
    s.between("10:24", "10:24:10").tells(PAGER, RESOLVE, name="storm of 1")

    await s.play("10:30")
    storms = [one.notification for one in s.sent if one.notification.message.name == "storm of 1"]
    assert 2 == len({one.dedup_key for one in storms})
    assert [STORM, STORM, RESOLVE, RESOLVE] == [one.message.event for one in storms]


async def test_while_all_is_muted_the_end_waits(tmp_path: Path) -> None:
    """It is told when the kill switch is off again."""
    s = begun(tmp_path, alert(2))
    s.at("10:05").reload(mode=Mode.MUTED)
    s.at("10:06").resolve(alert(2))
    s.at("10:10").reload(mode=Mode.LIVE)
    s.between("10:10", "10:10:05").pages(PAGER, name="INC-1")  # open and unanswered: it begins again
    s.between("10:10", "10:10:30").tells(PAGER, RESOLVE, name="storm of 1")

    await s.play("10:15")


async def test_a_storm_in_shadow_ends_without_a_word(tmp_path: Path) -> None:
    """Nobody was told of it."""
    s = storming(tmp_path, route=replace(LIVE, mode=Mode.SHADOW))
    s.at("10:00").alert(alert(1))
    s.at("10:00:10").alert(alert(2))
    s.at("10:05").resolve(alert(2))

    await s.play("10:10")
    assert [] == s.sent
