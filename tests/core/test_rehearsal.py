"""An escalation run ahead: who is told when, over hand-overs, intervals and rounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.incidents.owner import owner, service
from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.incident import Incident, IncidentState, Priority
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.model.oncall import PersonSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.ranges import times
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.rehearsal import MOST_TURNS, Foretold, rehearse
from aiops_daemon.core.response.routing import Matched
from aiops_daemon.core.response.telling import Telling

START = datetime.fromisoformat("2026-11-30T12:00:00Z").timestamp()
INCIDENT = Incident(
    uid="i", number=1, team="shop", teams=("shop",), title="", state=IncidentState.OPEN, severity=Severity.CRITICAL,
    priority=Priority.P2, priority_reason="", opened_at=START, updated_at=START, notify_at=START, alerts=1, firing=1,
)  # fmt: skip
SHOP = EscalationSpec(
    "shop", (StepSpec(("schedule/empty",)), StepSpec(("receiver/a",), 900.0), StepSpec(("receiver/b",), 900.0)),
    repeat=1, repeat_after=3600.0, fallback="receiver/last",
)  # fmt: skip
SETTINGS = Settings(
    receivers=tuple(ReceiverSpec(name, (LogSpec(),)) for name in ("a", "b", "last")),
    schedules=(ScheduleSpec("empty"),),
    escalations=(SHOP,),
    route=RouteSpec(escalation="shop"),
)


def told(settings: Settings, route: RouteSpec, at: float = START) -> list[tuple[float, str]]:
    """Return minutes and receivers; "" for a remark."""
    telling = Telling(settings)
    found = rehearse(telling, INCIDENT, telling.tracks([Matched(route, "why")]), at)
    return [(minutes(one), one.destination.receiver if one.destination else "") for one in found]


def minutes(one: Foretold) -> float:
    """Return minutes since the start."""
    return (one.at - START) / 60


def test_all_rounds_and_the_fallback() -> None:
    """An empty slot gives way at once; rounds follow each other; at the end the fallback is told."""
    assert [
        (0, ""), (0, "a"), (15, "b"),
        (75, ""), (75, "a"), (90, "b"),
        (150, "last"),
    ] == told(SETTINGS, RouteSpec(escalation="shop"))  # fmt: skip


def test_a_receiver_without_channels_is_silent_on_purpose() -> None:
    """Nobody is told and nobody is missed, as with Alertmanager's `null`; one that is gone is missed."""
    quiet = replace(SETTINGS, receivers=(ReceiverSpec("null"),))

    assert [] == told(quiet, RouteSpec(receiver="null"))
    assert [""] * 2 == [receiver for _, receiver in told(quiet, RouteSpec(receiver="gone"))]


def test_intervals_of_the_route_are_waited_for() -> None:
    """Outside of its active calendar a route tells nobody; inside it begins."""
    later = NamedIntervals("later", (TimeInterval(times=(times("13:00", "14:00"),)),))
    found = told(SETTINGS, RouteSpec(receiver="a", active_time_intervals=(later,)))

    assert [(0, ""), (60, "a")] == found


def test_modes_are_told() -> None:
    """That of the route, or muted when the kill switch is on."""
    track = Telling(SETTINGS).tracks([Matched(RouteSpec(receiver="a", mode=Mode.LIVE), "why")])
    muted = Telling(replace(SETTINGS, mode=Mode.MUTED))

    assert [Mode.LIVE] == [one.mode for one in rehearse(Telling(SETTINGS), INCIDENT, track, START)]
    assert [Mode.MUTED] == [one.mode for one in rehearse(muted, INCIDENT, track, START)]


steps = st.lists(
    st.builds(
        StepSpec,
        st.lists(st.sampled_from(("receiver/a", "receiver/b", "receiver/gone", "schedule/empty")), min_size=1).map(
            tuple
        ),
        st.floats(0, 86_400),
    ),
    min_size=1,
    max_size=4,
).map(tuple)
policies = st.builds(
    EscalationSpec, st.just("shop"), steps, st.integers(0, 5), st.floats(60, 86_400),
    st.sampled_from(("", "receiver/last", "receiver/gone")),
)  # fmt: skip


@given(policy=policies, at=st.floats(0, 2e9))
def test_every_policy_ends_and_says_something(policy: EscalationSpec, at: float) -> None:
    """In the order of time, from the start on, with a reason for everything."""
    telling = Telling(replace(SETTINGS, escalations=(policy,)))
    found = rehearse(
        telling, replace(INCIDENT, notify_at=at), telling.tracks([Matched(RouteSpec(escalation="shop"), "w")]), at
    )

    assert found
    assert len(found) < MOST_TURNS
    assert sorted(one.at for one in found) == [one.at for one in found]
    assert all(one.at >= at and one.why for one in found)


def test_whose_an_alert_is() -> None:
    """Its own label first, then the first team whose matchers hold, then the default."""
    teams = (TeamSpec("none"), TeamSpec("a", matchers=parse_all('x="1"')), TeamSpec("b", matchers=parse_all('x=~".+"')))

    assert ["web", "a", "b", "default"] == [
        owner(make(labels), teams) for labels in ({"team": "web", "x": "1"}, {"x": "1"}, {"x": "2"}, {})
    ]
    assert ["s", "j", ""] == [
        service(make(labels), ("service", "job")) for labels in ({"service": "s", "job": "j"}, {"job": "j"}, {})
    ]


@dataclass(frozen=True)
class Way:
    """A channel that carries addresses."""

    integration: str = "email"
    destination: str = ""
    send_resolved: bool = True
    pages: bool = False


def test_a_hand_over_between_two_steps_is_seen() -> None:
    """Each step asks who is on call when it is due."""
    turns = RotationSpec(("ann", "bo"), datetime.fromisoformat("2026-11-30T00:10"), None, 3600.0)
    policy = EscalationSpec("shop", (StepSpec(("schedule/turns",)), StepSpec(("schedule/turns",), 900.0)))
    telling = Telling(
        Settings(
            people=tuple(PersonSpec(name, (("email", f"{name}@example.org"),)) for name in ("ann", "bo")),
            receivers=(ReceiverSpec("mail", (Way(),)),),
            schedules=(ScheduleSpec("turns", (turns,)),),
            escalations=(policy,),
        )
    )
    found = rehearse(telling, INCIDENT, telling.tracks([Matched(RouteSpec(escalation="shop"), "w")]), START)

    assert [(0, "bo@example.org"), (15, "ann@example.org")] == [
        (minutes(one), one.destination.address if one.destination else "") for one in found
    ]
