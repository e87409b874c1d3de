"""When a schedule's next gap begins, as a metric: there while there is one, gone when a reload closes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.flows.paging.gaps import AHEAD, METRIC, GapWatch
from aiops_daemon.meter import Meter

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
ALWAYS = RotationSpec(("ann",), datetime(2026, 1, 1))  # noqa: DTZ001
LEAVE = OverrideSpec("", NOW + 3600.0, NOW + 7200.0)
FAR = OverrideSpec("", NOW + AHEAD + 3600.0, NOW + AHEAD + 7200.0)


def shown(meter: Meter) -> dict[str, float]:
    """Return the metric by schedule."""
    families = [one for one in meter.registry.collect() if one.name == METRIC]
    return {sample.labels["schedule"]: sample.value for one in families for sample in one.samples}


@pytest.mark.looptime
async def test_the_next_gap_of_each_schedule() -> None:
    """One with a gap in an hour, one whose gap is beyond 90 days, one with nobody at all."""
    meter = Meter()
    schedules = (
        ScheduleSpec("shop", (ALWAYS,), (LEAVE,)),
        ScheduleSpec("far", (ALWAYS,), (FAR,)),
        ScheduleSpec("empty"),
    )
    settings = Settings(schedules=schedules)
    watch = GapWatch(lambda: settings, LoopClock(NOW), meter)
    await watch.look()
    before = shown(meter)
    settings = replace(settings, schedules=(replace(schedules[0], overrides=()), schedules[1]))
    await watch.look()

    assert {"shop": NOW + 3600.0, "empty": NOW} == before
    assert {} == shown(meter)
