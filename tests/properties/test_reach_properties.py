"""Properties of reaching people: nobody is lost silently."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.oncall import PersonSpec, PreferenceSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.reach import PERSONAL, directory, reach


@dataclass(frozen=True)
class Way:
    """A channel that carries people's addresses."""

    integration: str
    destination: str = ""
    send_resolved: bool = True
    pages: bool = False


NAMES = ("ann", "bo")
ALWAYS = NamedIntervals("always", (TimeInterval(),))

channels = st.lists(st.sampled_from(PERSONAL), unique=True).map(tuple)
severities = st.sampled_from(tuple(Severity))
wishes = st.builds(PreferenceSpec, channels, st.frozensets(severities))
persons = st.builds(
    lambda addresses, preferences, quiet: (tuple((one, f"to-{one}") for one in addresses), preferences, quiet),
    channels, st.lists(wishes, max_size=2).map(tuple), st.sampled_from(((), (ALWAYS,))),
)  # fmt: skip
worlds = st.builds(
    lambda people, ways, team: Settings(
        people=tuple(PersonSpec(name, *fields) for name, fields in zip(NAMES, people, strict=False)),
        receivers=(ReceiverSpec("ways", tuple(map(Way, ways))),),
        teams=(TeamSpec("all", NAMES, preferences=team),),
    ),
    st.lists(persons, max_size=2), channels, st.lists(wishes, max_size=1).map(tuple),
)  # fmt: skip
targets = st.sampled_from(("person/ann", "person/bo", "team/all", "receiver/ways", "nonsense"))


@given(world=worlds, target=targets, severity=severities)
def test_somebody_is_reached_or_it_is_said_why(world: Settings, target: str, severity: Severity) -> None:
    """Every destination has an address that a configured channel carries, once; otherwise there is a reason."""
    known = directory(world)
    found = reach(target, 0.0, severity, known)

    assert found.sentence
    assert len({one.id for one in found.destinations}) == len(found.destinations)
    assert all(one.address and one.channel.integration in known.ways for one in found.destinations)
    assert all(known.find(one.id) is not None for one in found.destinations)


@given(world=worlds, severity=severities)
def test_quiet_hours_never_hold_back_what_is_critical(world: Settings, severity: Severity) -> None:
    """Without them the answer to a critical alert is the same; with them nothing else comes through."""
    loud = Settings(
        people=tuple(PersonSpec(one.name, one.addresses, one.preferences) for one in world.people),
        receivers=world.receivers,
        teams=world.teams,
    )
    for person in world.people:
        target = f"person/{person.name}"
        assert reach(target, 0.0, Severity.CRITICAL, directory(loud)) == reach(
            target, 0.0, Severity.CRITICAL, directory(world)
        )
        if person.quiet_hours and severity is not Severity.CRITICAL:
            assert not reach(target, 0.0, severity, directory(world)).destinations
