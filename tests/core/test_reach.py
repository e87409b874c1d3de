"""From a target to addresses: who is meant, by which channels, and why nobody is reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import pytest

from aiops_daemon.core.model.alertmanager import TeamSpec
from aiops_daemon.core.model.oncall import OverrideSpec, PersonSpec, PreferenceSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.ranges import times
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.model.timeinterval import NamedIntervals, TimeInterval
from aiops_daemon.core.response.reach import Reached, directory, reach

NIGHTS = NamedIntervals("nights", (TimeInterval(times=(times("00:00", "06:00"),)),))
NOON = datetime.fromisoformat("2026-11-30T12:00:00Z").timestamp()
NIGHT = datetime.fromisoformat("2026-11-30T03:00:00Z").timestamp()
CRITICAL, WARNING = Severity.CRITICAL, Severity.WARNING


@dataclass(frozen=True)
class Channel:
    """A channel of any kind."""

    integration: str
    destination: str = ""
    send_resolved: bool = True
    pages: bool = False


EMAIL, SMS, VOICE = Channel("email"), Channel("sms"), Channel("voice")
OPS, DEV, LIST = Channel("slack", "#ops"), Channel("slack", "#dev"), Channel("email", "ops@example.org")
ANN = PersonSpec("ann", (("email", "ann@example.org"), ("sms", "+49301"), ("voice", "+49301")))
BO = PersonSpec("bo", (("email", "bo@example.org"),), quiet_hours=(NIGHTS,))
CY = PersonSpec("cy", (("slack", "U1"),))
SHOP = ScheduleSpec("shop", (RotationSpec(("ann", "bo"), datetime.fromisoformat("2026-11-23T00:00")),))
SETTINGS = Settings(
    people=(ANN, BO, CY),
    schedules=(SHOP, ScheduleSpec("empty"), ScheduleSpec("stale", overrides=(OverrideSpec("gone", 0, 2e9),))),
    receivers=(ReceiverSpec("chat", (EMAIL, OPS, LIST, DEV)), ReceiverSpec("phone", (SMS, VOICE))),
    teams=(TeamSpec("shop", ("ann", "cy")), TeamSpec("nobody"), TeamSpec("far", ("cy",))),
)
KNOWN = directory(SETTINGS)


def ids(found: Reached) -> list[str]:
    """Return the destinations."""
    return [one.id for one in found.destinations]


def test_a_receiver_is_told_where_it_has_a_destination() -> None:
    """Channels that carry people's addresses are left out; each integration counts its own."""
    found = reach("receiver/chat", NOON, WARNING, KNOWN)

    assert ["receiver/chat/slack/0", "receiver/chat/email/1", "receiver/chat/slack/1"] == ids(found)


def test_who_prefers_nothing_is_told_by_every_channel() -> None:
    """Called only for what is critical; each destination has the address and the channel that carries it."""
    critical, warning = (reach("person/ann", NOON, severity, KNOWN) for severity in (CRITICAL, WARNING))

    assert ["person/ann/sms", "person/ann/voice", "person/ann/email"] == ids(critical)
    assert ["person/ann/sms", "person/ann/email"] == ids(warning)
    assert (SMS, "+49301", "phone") == (
        critical.destinations[0].channel, critical.destinations[0].address, critical.destinations[0].receiver,
    )  # fmt: skip
    assert "ann by sms and voice and email" == critical.sentence


def test_whoever_is_on_call_is_told_with_the_reason() -> None:
    """The sentence says who, in which schedule, until when, and by which channel."""
    found = reach("schedule/shop", NOON, WARNING, KNOWN)

    assert ["person/bo/email"] == ids(found)
    assert "bo is on call in schedule shop until Mon 2026-12-07 00:00 UTC (rotation); bo by email" == found.sentence


def test_all_members_of_a_team_are_told() -> None:
    """As long as one is reached; the sentence says who is not, and why."""
    found = reach("team/shop", NOON, WARNING, KNOWN)

    assert ["person/ann/sms", "person/ann/email"] == ids(found)
    assert "cy is not reached" in found.sentence


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("receiver/gone", "receiver gone is not in the configuration"),
        ("receiver/phone", "receiver phone has no channel with a destination of its own"),
        ("schedule/gone", "schedule gone is not in the configuration"),
        ("schedule/empty", "nobody is on call in schedule empty (no rotation names anybody)"),
        ("schedule/stale", "but gone is not among the people of the configuration"),
        ("person/gone", "gone is not among the people of the configuration"),
        ("person/cy", "cy is not reached: no receiver has slack without a destination"),
        ("team/gone", "team gone is not in the configuration"),
        ("team/nobody", "team nobody has no members"),
        ("team/far", "nobody of team far is reached: cy is not reached: no receiver has slack"),
        ("chat", "chat is no receiver, schedule, person or team"),
    ],
)
def test_nobody_is_reached_and_it_is_said_why(target: str, reason: str) -> None:
    """So that the escalation falls through, and the timeline can tell."""
    found = reach(target, NOON, CRITICAL, KNOWN)

    assert not found.destinations
    assert reason in found.sentence


def test_quiet_hours_hold_back_all_but_critical() -> None:
    """They say until when."""
    held = reach("person/bo", NIGHT, WARNING, KNOWN)

    assert Reached((), "bo has quiet hours until Mon 2026-11-30 06:00 UTC (nights)") == held
    assert ["person/bo/email"] == ids(reach("person/bo", NIGHT, CRITICAL, KNOWN))
    assert ["person/bo/email"] == ids(reach("person/bo", NOON, WARNING, KNOWN))


def preferring(*wishes: PreferenceSpec, team: tuple[PreferenceSpec, ...] = ()) -> Settings:
    """Give ann preferences of her own, and her team some."""
    return replace(
        SETTINGS,
        people=(replace(ANN, preferences=wishes),),
        teams=(TeamSpec("first", ("ann",), preferences=team), TeamSpec("second", ("ann",), preferences=(BY_VOICE,))),
    )


BY_SMS = PreferenceSpec(("sms",), frozenset((CRITICAL,)))
BY_EMAIL = PreferenceSpec(("email", "slack"))
BY_VOICE = PreferenceSpec(("voice",))


def test_the_first_preference_of_the_severity_counts() -> None:
    """Channels of it that do not lead to the person are passed over."""
    known = directory(preferring(BY_SMS, BY_EMAIL))

    assert ["person/ann/sms"] == ids(reach("person/ann", NOON, CRITICAL, known))
    assert ["person/ann/email"] == ids(reach("person/ann", NOON, WARNING, known))


def test_preferences_may_leave_no_way() -> None:
    """Then nobody is reached, with the reason, even when the alert is critical."""
    nothing = reach("person/ann", NOON, WARNING, directory(preferring(BY_SMS)))
    nowhere = reach("person/ann", NOON, CRITICAL, directory(preferring(PreferenceSpec(("slack",)))))

    assert Reached((), "ann wants to hear nothing of severity warning") == nothing
    assert Reached((), "ann has no address for slack") == nowhere


def test_a_team_speaks_for_members_without_preferences() -> None:
    """The first of their teams that has some; their own come before."""
    of_team = directory(preferring(team=(BY_EMAIL,)))
    of_second = directory(preferring())
    own = directory(preferring(BY_SMS, team=(BY_EMAIL,)))

    assert [["person/ann/email"], ["person/ann/voice"], ["person/ann/sms"]] == [
        ids(reach("person/ann", NOON, CRITICAL, known)) for known in (of_team, of_second, own)
    ]


def test_a_destination_is_found_again_by_its_id() -> None:
    """What stands in the outbox leads to the channel of today, or to nothing when it was removed."""
    for target in ("receiver/chat", "person/ann"):
        found = reach(target, NOON, CRITICAL, KNOWN)
        for one in found.destinations:
            again = KNOWN.find(one.id, one.address)
            assert again is not None
            assert (one.id, one.channel, one.address) == (again.id, again.channel, again.address)

    gone = ("receiver/chat/slack/7", "receiver/gone/slack/0", "person/ann/slack", "person/ann", "team/shop")
    assert [None] * len(gone) == [KNOWN.find(one) for one in gone]
