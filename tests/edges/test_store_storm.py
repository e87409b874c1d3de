"""One incident of a storm is read in part, and what is left out is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
from alert_world import make_world

from aiops_daemon.edges.store.incident_read import FIRST_LINES, MOST_ALERTS, MOST_LINES


@pytest.mark.looptime
async def test_a_storm_is_read_in_part(tmp_path: Path) -> None:
    """The open alerts come before those that ended; of the timeline how it began and what came last."""
    world = await make_world(tmp_path)
    storm = [{"alertname": "Storm", "service": "checkout", "pod": f"p{number}"} for number in range(MOST_ALERTS + 200)]
    for start in range(0, len(storm), 400):
        await world.fire(*storm[start : start + 400])
    await world.clock.sleep(60)
    await world.resolve(*storm[:150])
    await world.resolve(*storm[150:1000])
    detail = await world.detail()
    await world.store.close()

    assert (MOST_ALERTS, 200) == (len(detail.episodes), detail.alerts_left_out)
    assert 200 == sum(episode.open for episode in detail.episodes)
    assert MOST_LINES == len(detail.timeline)
    assert detail.lines_left_out == 1 + 1200 + 1000 - MOST_LINES
    assert "opened" == detail.timeline[0].kind
    assert "alert_resolved" == detail.timeline[-1].kind
    assert FIRST_LINES < MOST_LINES
