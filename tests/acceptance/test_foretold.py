"""What `simulate escalation` foretells is what the daemon does: drawn policies, people, calendars; virtual time."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from page_scenario import CHAT, DUTY, LIVE, PEOPLE, WAYS, PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.cli.foretold import answer
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.matcher import parse
from aiops_daemon.core.model.oncall import OverrideSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval

pytestmark = VIRTUAL_TIME

STARTS, ENDS = at("10:00"), at("10:45")
TARGETS = (
    *("person/ann", "person/bo", "person/cy", "person/gone", "schedule/turns", "schedule/holes", "schedule/gone"),
    *("receiver/chat", "receiver/duty", "receiver/gone", "receiver/null", "team/default"),
)
SEEDS = 4
SEVERITIES = ("critical", "warning", "info")


def _policy(draw: random.Random, name: str) -> EscalationSpec:
    def notify() -> tuple[str, ...]:
        return tuple(draw.sample(TARGETS, draw.choice((1, 1, 2, 3))))

    steps = tuple(StepSpec(notify(), after=60.0 * draw.choice((0, 2, 5, 7))) for _ in range(draw.randint(1, 4)))
    return EscalationSpec(
        name, steps, repeat=draw.randint(0, 2), repeat_after=60.0 * draw.choice((1, 5, 15)),
        fallback=draw.choice(("", *TARGETS)),
    )  # fmt: skip


def _calendar(draw: random.Random, name: str) -> NamedIntervals:
    first = draw.randint(570, 640)
    return NamedIntervals(name, (TimeInterval(times=((first, first + draw.randint(3, 60)),)),))


def _given(draw: random.Random) -> dict[str, object]:
    start = datetime.fromtimestamp(STARTS - 60.0 * draw.randint(0, 300), UTC).replace(tzinfo=None)
    turns = RotationSpec(("ann", "bo", "", "cy"), start, None, 60.0 * draw.choice((4, 9, 30)))
    holes = RotationSpec(("cy", "gone"), start, None, 720.0, (_calendar(draw, "hours"),))
    override = OverrideSpec(draw.choice(("bo", "", "gone")), STARTS + 60.0 * draw.randint(0, 20), STARTS + 2400.0)
    routes = tuple(
        RouteSpec(
            f"route.routes[{number}]", (parse(f'severity=~"{draw.choice(SEVERITIES)}|{draw.choice(SEVERITIES)}"'),),
            continues=draw.random() < 0.7, mode=Mode.LIVE,
            escalation=draw.choice(("", "one", "two")), receiver=draw.choice(("chat", "duty", "null")),
            active_time_intervals=(_calendar(draw, "active"),) if draw.random() < 0.3 else (),
            mute_time_intervals=(_calendar(draw, "muted"),) if draw.random() < 0.3 else (),
        )
        for number in range(draw.randint(0, 3))
    )  # fmt: skip
    ann = replace(PEOPLE[0], quiet_hours=(_calendar(draw, "night"),))
    return {
        "route": replace(LIVE, escalation="one", routes=routes),
        "escalations": (_policy(draw, "one"), _policy(draw, "two")),
        "people": (ann, *PEOPLE[1:]),
        "receivers": (WAYS, CHAT, DUTY, ReceiverSpec("null")),
        "schedules": (ScheduleSpec("turns", (turns,), (override,)), ScheduleSpec("holes", (holes,))),
    }


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_what_is_foretold_is_what_happens(tmp_path: Path, seed: int) -> None:
    """Nobody answers: the same destinations, each within 20 seconds of its foretold moment."""
    draw = random.Random(seed)
    s = PageScenario(tmp_path, **_given(draw))
    labels = {"alertname": "HighLatency", "service": "checkout", "severity": draw.choice(SEVERITIES)}
    async with s:
        await s.clock.sleep(STARTS - s.clock.now())
        await s.fire(labels)
        await s.clock.sleep(ENDS - s.clock.now())
        incident = (await s.incidents())[0]
    begins = datetime.fromisoformat(incident["notify_at"]).timestamp()
    told = answer(s.settings, [make(labels)], begins).told
    foretold = [(one.destination.id, one.at) for one in told if one.destination is not None]
    happened = [
        (one.notification.destination, one.at) for one in s.sent if one.notification.incident == incident["uid"]
    ]
    foretold, happened = (sorted(one for one in each if one[1] < ENDS - 60.0) for each in (foretold, happened))

    assert [name for name, _ in foretold] == [name for name, _ in happened]
    assert [] == [(one, other) for one, other in zip(foretold, happened, strict=True) if abs(one[1] - other[1]) > 20.0]
