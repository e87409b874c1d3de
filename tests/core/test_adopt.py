"""Schedules of other tools in our words: what is carried over exactly, and what is left with its reason."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from aiops_daemon.core.response.adopt.goalert import adopt_goalert
from aiops_daemon.core.response.adopt.grafana import adopt_grafana
from aiops_daemon.core.response.adopt.ical import Event, adopt_calendar
from aiops_daemon.core.response.adopt.model import Adopted, window

NOW = datetime.fromisoformat("2026-11-30T12:00:00Z")
USERS = [
    {"id": "U1", "username": "ann", "email": "ann@example.org", "slack": [{"user_id": "UANN", "team_id": "T"}]},
    {"id": "U2", "username": "bo smith", "email": "bo@example.org", "slack": []},
]


def left(found: Adopted) -> list[str]:
    """Return what was left as lines."""
    return [f"{one.place}: {one.why}" for one in found.left]


def grafana(*shifts: dict[str, Any], **schedule: Any) -> Adopted:
    """Translate one schedule of Grafana OnCall."""
    numbered = [{"id": f"O{number}", "name": f"s{number}", **shift} for number, shift in enumerate(shifts)]
    plan = {"id": "S", "name": "shop", "time_zone": "Europe/Berlin", "shifts": [one["id"] for one in numbered]}
    return adopt_grafana(
        {"schedules": {"results": [plan | schedule]}, "on_call_shifts": numbered, "users": {"results": USERS}}, NOW
    )


WEEKLY = {
    "type": "rolling_users", "start": "2026-11-23T09:00:00", "duration": 604_800, "frequency": "weekly", "level": 1,
    "rolling_users": [["U1"], ["U2"]],
}  # fmt: skip


def test_oncall_people_in_turn() -> None:
    """With their addresses; a name that ours cannot have is changed, and said."""
    found = grafana(WEEKLY, on_call_now=["U2"])

    assert {
        "people": [
            {"name": "ann", "email": "ann@example.org", "slack": "UANN"},
            {"name": "bo-smith", "email": "bo@example.org"},
        ],
        "schedules": [
            {
                "name": "shop",
                "time_zone": "Europe/Berlin",
                "rotations": [{"start": "2026-11-23T09:00", "every": "7d", "people": ["ann", "bo-smith"]}],
            }
        ],
    } == found.values
    assert ["people.bo smith: is called bo-smith here"] == left(found)
    assert {"shop": ("bo-smith",)} == found.on_call


def test_oncall_layers_by_level_and_who_begins() -> None:
    """A higher level is a later layer; the index says who has the first turn after the rotation began."""
    begun = {"rotation_start": "2026-12-01T00:00:00", "start_rotation_from_user_index": 1}
    found = grafana(WEEKLY | {"level": 2} | begun, WEEKLY | {"rolling_users": [["U1"]], "level": 1})
    rotations = found.values["schedules"][0]["rotations"]

    assert [
        {"start": "2026-11-23T09:00", "every": "7d", "people": ["ann"]},
        {"start": "2026-12-07T09:00", "every": "7d", "people": ["bo-smith", "ann"]},
    ] == rotations


def test_oncall_shifts_of_some_hours_get_a_calendar() -> None:
    """Office hours by turns of a week, every second week; equal calendars stand once."""
    office = {"duration": 32_400, "by_day": ["MO", "WE"], "week_start": "MO"}
    daily = {"frequency": "daily", "duration": 28_800, "start": "2026-11-23T20:00:00", "level": 3}
    found = grafana(WEEKLY | office | {"interval": 2}, WEEKLY | office | {"level": 2}, WEEKLY | daily)

    assert [
        ("2026-11-23T09:00", "7d", ["ann", "", "bo-smith", ""], ["shop-1"]),
        ("2026-11-23T09:00", "7d", ["ann", "bo-smith"], ["shop-1"]),
        ("2026-11-23T20:00", "1d", ["ann", "bo-smith"], ["shop-2"]),
    ] == [tuple(one.values()) for one in found.values["schedules"][0]["rotations"]]
    assert [
        [
            {
                "times": [{"start_time": "09:00", "end_time": "18:00"}],
                "weekdays": ["monday", "wednesday"],
                "location": "Europe/Berlin",
            }
        ],
        [
            {"times": [{"start_time": "20:00", "end_time": "24:00"}], "location": "Europe/Berlin"},
            {"times": [{"start_time": "00:00", "end_time": "04:00"}], "location": "Europe/Berlin"},
        ],
    ] == [one["time_intervals"] for one in found.values["time_intervals"]]


def test_oncall_single_events_are_overrides() -> None:
    """What is over is left out."""
    once = {"type": "single_event", "start": "2026-12-24T08:00:00", "duration": 3600, "users": ["U1"]}
    found = grafana(
        once, once | {"start": "2020-01-01T00:00:00"}, once | {"type": "override", "rolling_users": [["U2"]]}
    )

    assert [
        {"person": "ann", "starts_at": "2026-12-24T07:00:00Z", "ends_at": "2026-12-24T08:00:00Z"},
        {"person": "ann", "starts_at": "2026-12-24T07:00:00Z", "ends_at": "2026-12-24T08:00:00Z"},
    ] == found.values["schedules"][0]["overrides"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"frequency": "monthly"}, "repeats neither by hours, days nor weeks"),
        ({"by_month": [1]}, "holds on days of the month, or in months, only"),
        ({"frequency": "daily", "by_day": ["MO"]}, "holds on some weekdays only, though it is not weekly"),
        ({"by_day": ["XX"]}, "names weekdays that there are not"),
        ({"time_zone": "UTC"}, "has a time zone of its own (UTC); a schedule here has one"),
        ({"until": "2027-01-01T00:00:00"}, "ends: keep it out, or add it by hand for as long"),
        ({"duration": 700_000}, "its shifts overlap, or leave gaps that no calendar says"),
        ({"duration": 0}, "has no length"),
        ({"rolling_users": []}, "has nobody in it"),
    ],
)
def test_oncall_shifts_that_cannot_be_said(change: dict[str, Any], why: str) -> None:
    """Each is left with its reason."""
    found = grafana(WEEKLY | change)

    assert "rotations" not in found.values["schedules"][0]
    assert f"on_call_shifts.s0: {why}" in left(found)


def test_oncall_says_what_is_missing() -> None:
    """Shared turns, equal levels, users and shifts that the file lacks, calendars elsewhere."""
    found = grafana(
        WEEKLY | {"rolling_users": [["U1", "U2"], ["U9"]]}, WEEKLY,
        ical_url_overrides="https://secret.example.org/x.ics", shifts=["O0", "O1", "O7"],
    )  # fmt: skip

    assert [
        "schedules[0].ical_url_overrides: fetch the calendar and import it with --from ical",
        "schedules[0].shifts.O7: is not among on_call_shifts of the file",
        "schedules[0].shifts: of one level all are told there; here the last in the list wins",
        "on_call_shifts.s0: bo-smith shared a turn with ann; here it is of one",
        "on_call_shifts.s0.users.U9: is not among users of the file",
        "people.bo smith: is called bo-smith here",
    ] == left(found)


def goalert(schedule: dict[str, Any], **more: Any) -> Adopted:
    """Translate one schedule of GoAlert."""
    users = [
        {
            "id": "u1", "name": "Ann", "email": "ann@example.org",
            "contactMethods": [
                {"type": "VOICE", "value": "+49301", "disabled": False}, {"type": "SMS", "value": "+49302"},
                {"type": "WEBHOOK", "value": "https://x"}, {"type": "SLACK_DM", "value": "UANN", "disabled": True},
            ],
        },
        {"id": "u2", "name": "Bo", "email": ""},
    ]  # fmt: skip
    rotation = {
        "id": "r1", "name": "weekly", "type": "weekly", "start": "2026-11-02T08:00:00Z", "timeZone": "Europe/Berlin",
        "shiftLength": 1, "activeUserIndex": 0, "userIDs": ["u1", "u2"],
    }  # fmt: skip
    plan = {"id": "s1", "name": "shop", "timeZone": "Europe/Berlin", "targets": []} | schedule
    data = {"schedules": {"nodes": [plan]}, "users": {"nodes": users}, "rotations": {"nodes": [rotation]}}
    return adopt_goalert({"data": data | more}, NOW)


ALWAYS = {"start": "00:00", "end": "00:00", "weekdayFilter": [True] * 7}
ROTATION = {"target": {"type": "rotation", "id": "r1"}, "rules": [ALWAYS]}


def test_goalert_whoever_is_active_there_is_on_call_here() -> None:
    """The turns are counted from the start, so the list begins with whoever fits."""
    found = goalert({"targets": [ROTATION]})

    assert [{"start": "2026-11-02T09:00", "every": "7d", "people": ["Ann", "Bo"]}] == found.values["schedules"][0][
        "rotations"
    ]
    assert [
        {"name": "Ann", "email": "ann@example.org", "phone": "+49301"},
        {"name": "Bo"},
    ] == found.values["people"]
    assert [] == left(found)


def test_goalert_users_and_rules() -> None:
    """A rule over midnight becomes two stretches; several targets become layers."""
    nights = {"start": "22:00", "end": "06:00", "weekdayFilter": [False, True, False, False, False, False, True]}
    user = {"target": {"type": "user", "id": "u2"}, "rules": [nights]}
    found = goalert({"targets": [ROTATION, user]})

    assert ["Bo"] == found.values["schedules"][0]["rotations"][1]["people"]
    assert [
        {
            "times": [{"start_time": "22:00", "end_time": "24:00"}],
            "weekdays": ["monday", "saturday"],
            "location": "Europe/Berlin",
        },
        {
            "times": [{"start_time": "00:00", "end_time": "06:00"}],
            "weekdays": ["sunday", "tuesday"],
            "location": "Europe/Berlin",
        },
    ] == found.values["time_intervals"][0]["time_intervals"]
    assert ["schedules[0].targets: all are told at once there; here the last in the list wins"] == left(found)


def test_goalert_exceptions() -> None:
    """A temporary schedule empties its time but for its shifts; overrides of this schedule come before it."""
    temporary = {
        "start": "2026-12-24T00:00:00Z", "end": "2026-12-27T00:00:00Z",
        "shifts": [{"userID": "u2", "start": "2026-12-24T00:00:00Z", "end": "2026-12-25T00:00:00Z"}],
    }  # fmt: skip
    times = {"start": "2026-12-31T00:00:00Z", "end": "2027-01-01T00:00:00Z", "target": {"id": "s1"}}
    exceptions = [
        times | {"addUserID": "u1", "removeUserID": "u2"},
        times | {"addUserID": "u1", "target": {"id": "other"}},
        times | {"addUserID": "u1", "end": "2026-01-01T00:00:00Z"},
    ]
    found = goalert({"temporarySchedules": [temporary]}, userOverrides={"nodes": exceptions})

    assert [
        {"person": "Ann", "starts_at": "2026-12-31T00:00:00Z", "ends_at": "2027-01-01T00:00:00Z"},
        {"starts_at": "2026-12-24T00:00:00Z", "ends_at": "2026-12-27T00:00:00Z"},
        {"person": "Bo", "starts_at": "2026-12-24T00:00:00Z", "ends_at": "2026-12-25T00:00:00Z"},
    ] == found.values["schedules"][0]["overrides"]
    assert ["userOverrides[0]: is of one person there; here it is of the whole schedule"] == left(found)


def test_goalert_says_what_cannot_be_said() -> None:
    """Monthly rotations, clocks of another zone, targets that never hold or that the file lacks."""
    other = {
        "id": "r1",
        "name": "w",
        "type": "weekly",
        "start": "2026-11-02T08:00:00Z",
        "timeZone": "UTC",
        "userIDs": ["u9"],
    }
    monthly = other | {"id": "r2", "name": "m", "type": "monthly"}
    targets = [
        ROTATION,
        ROTATION | {"target": {"type": "rotation", "id": "r2"}},
        ROTATION | {"target": {"type": "rotation", "id": "r9"}},
        ROTATION | {"rules": []},
    ]
    found = goalert({"targets": targets}, rotations=[other, monthly])

    assert [
        "schedules[0].targets: all are told at once there; here the last in the list wins",
        "schedules[0].targets[0].u9: is not among users of the file",
        "rotations.w.timeZone: hands over by the clock of Europe/Berlin here",
        "schedules[0].targets[1].u9: is not among users of the file",
        "rotations.m: changes monthly",
        "schedules[0].targets[2]: is neither a user nor a rotation of the file",
        "schedules[0].targets[3]: has no rule that names a day, so it never holds",
    ] == left(found)


def test_what_has_another_shape_is_refused_with_its_place() -> None:
    """A wrong file must not become half a schedule."""
    with pytest.raises(ValueError, match="schedules: must be a list"):
        adopt_grafana({"schedules": "x"}, NOW)
    with pytest.raises(ValueError, match=r"on_call_shifts\.s0\.start: no time"):
        grafana(WEEKLY | {"start": "soon"})
    with pytest.raises(ValueError, match=r"on_call_shifts\.s0\.interval: must be a whole number"):
        grafana(WEEKLY | {"interval": "two"})
    with pytest.raises(ValueError, match=r"schedules\[0\]\.targets\[0\]\.rules\.start: is no time of day"):
        goalert({"targets": [ROTATION | {"rules": [ALWAYS | {"start": "25:99"}]}]})
    with pytest.raises(ValueError, match="must be a number"):
        goalert({"targets": [ROTATION]}, rotations=[{"id": "r1", "type": "daily", "shiftLength": [], "userIDs": ["u1"],
                                                     "start": "2026-11-02T08:00:00Z"}])  # fmt: skip


def event(**fields: Any) -> Event:
    """Make an event of ann: a week from Monday at nine."""
    week = {"place": "e", "summary": "ann@example.org", "start": datetime.fromisoformat("2026-11-23T09:00"),
            "zone": "Europe/Berlin", "seconds": 604_800.0}  # fmt: skip
    return Event(**(week | fields))


def test_an_event_that_repeats_is_a_rotation() -> None:
    """Every second week leaves every second turn empty, so that two events alternate."""
    found = adopt_calendar(
        [event(rule={"FREQ": ("WEEKLY",), "INTERVAL": ("2",), "BYDAY": ("MO",)})], "shop", "Europe/Berlin", NOW
    )

    assert [{"start": "2026-11-23T09:00", "every": "7d", "people": ["ann", ""]}] == found.values["schedules"][0][
        "rotations"
    ]
    assert [{"name": "ann", "email": "ann@example.org"}] == found.values["people"]


@pytest.mark.parametrize(
    ("fields", "person"),
    [
        ({"summary": "Ann Smith"}, {"name": "Ann-Smith"}),
        ({"summary": "On Call - Ann - Shop"}, {"name": "Ann"}),
        ({"attendee": "a@example.org", "attendee_name": "Ann"}, {"name": "Ann", "email": "a@example.org"}),
        ({"attendee": "a@example.org"}, {"name": "a", "email": "a@example.org"}),
        ({"summary": ""}, {"name": "unnamed"}),
    ],
)
def test_who_an_event_is_about(fields: dict[str, Any], person: dict[str, str]) -> None:
    """Whoever attends, else whom the title names."""
    single = event(occurrences=((NOW, NOW.replace(hour=18)),), **fields)
    found = adopt_calendar([single], "shop", "Europe/Berlin", NOW)

    assert [person] == found.values["people"]
    assert [
        {"person": person["name"], "starts_at": "2026-11-30T12:00:00Z", "ends_at": "2026-11-30T18:00:00Z"}
    ] == found.values["schedules"][0]["overrides"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"rule": {"FREQ": ("MONTHLY",)}}, "repeats in a way that a rotation cannot say"),
        ({"rule": {"FREQ": ("WEEKLY",), "COUNT": ("3",)}}, "repeats in a way that a rotation cannot say"),
        ({"rule": {"FREQ": ("WEEKLY",), "BYDAY": ("1MO",)}}, "repeats in a way that a rotation cannot say"),
        (
            {"rule": {"FREQ": ("DAILY",), "INTERVAL": ("2",), "BYDAY": ("MO",)}},
            "repeats in a way that a rotation cannot say",
        ),
        ({"rule": {"FREQ": ("WEEKLY",)}, "changed": True}, "has occurrences that are left out or moved"),
        ({"rule": {"FREQ": ("WEEKLY",)}, "zone": "UTC"}, "has a time zone of its own (UTC)"),
        ({"rule": {"FREQ": ("DAILY",)}}, "no rotation says the same"),
    ],
)
def test_what_no_rotation_says_is_written_out(fields: dict[str, Any], why: str) -> None:
    """As exceptions, as long as occurrences are known."""
    found = adopt_calendar([event(occurrences=((NOW, NOW.replace(hour=18)),), **fields)], "shop", "Europe/Berlin", NOW)

    assert 1 == len(found.values["schedules"][0]["overrides"])
    assert f"e: {why}: written out until 2026-11-30, later ones are not carried over" in left(found)


def test_a_shift_that_the_clocks_skip_is_none() -> None:
    """Nobody is on call for no time at all, which the configuration's check would refuse."""
    berlin = ZoneInfo("Europe/Berlin")
    skipped = tuple(datetime(2027, 3, 28, hour, tzinfo=berlin) for hour in (2, 3))
    kept = tuple(datetime(2027, 3, 29, hour, tzinfo=berlin) for hour in (2, 3))
    found = adopt_calendar([event(rule=None, occurrences=(skipped, kept))], "s", "Europe/Berlin", NOW)

    assert [{"person": "ann", "starts_at": "2027-03-29T00:00:00Z", "ends_at": "2027-03-29T01:00:00Z"}] == found.values[
        "schedules"
    ][0]["overrides"]


def test_windows() -> None:
    """A whole week of whole days needs no calendar; a weekend is several stretches."""
    assert [] == window(range(7), 0, 1440, "UTC")
    assert [
        {"times": [{"start_time": "18:00", "end_time": "24:00"}], "weekdays": ["friday"], "location": "UTC"},
        {"weekdays": ["saturday"], "location": "UTC"},
        {"weekdays": ["sunday"], "location": "UTC"},
        {"times": [{"start_time": "00:00", "end_time": "08:00"}], "weekdays": ["monday"], "location": "UTC"},
    ] == window([5], 18 * 60, 62 * 60, "UTC")


def test_two_people_of_one_name_stay_two() -> None:
    """Each with an address of their own: who is told apart there is told apart here."""
    users = [{"id": f"u{number}", "name": "John Smith", "email": f"john{number}@example.org"} for number in (1, 2)]
    day = [{"start": "00:00", "end": "00:00", "weekdayFilter": [True] * 7}]
    plan = {"targets": [{"target": {"type": "user", "id": uid}, "rules": day} for uid in ("u1", "u2")]}
    attended = [
        event(attendee=f"john{number}@example.org", attendee_name="John Smith", rule={"FREQ": ("WEEKLY",)})
        for number in (1, 2)
    ]
    found = [
        goalert(plan, users=users).values["people"],
        adopt_calendar(attended, "shop", "Europe/Berlin", NOW).values["people"],
    ]

    expected = [
        {"name": "John-Smith", "email": "john1@example.org"},
        {"name": "John-Smith-2", "email": "john2@example.org"},
    ]
    assert [expected, expected] == found


def test_goalert_a_rule_without_a_day_never_holds() -> None:
    """It is no target that is always on call."""
    never = [{"start": "00:00", "end": "00:00", "weekdayFilter": [False] * 7}]
    found = goalert({"targets": [{"target": {"type": "user", "id": "u1"}, "rules": never}]})

    assert "rotations" not in found.values["schedules"][0]
    assert "schedules[0].targets[0]: has no rule that names a day, so it never holds" in left(found)


def test_goalert_a_temporary_schedule_wins_over_overrides() -> None:
    """Of ours the later one wins, so it comes last; that an override only adds somebody is told."""
    times = {"start": "2026-12-24T00:00:00Z", "end": "2026-12-25T00:00:00Z"}
    found = goalert(
        {"temporarySchedules": [times | {"shifts": [times | {"userID": "u1"}]}]},
        userOverrides=[times | {"addUserID": "u2", "target": {"id": "s1"}}],
    )

    assert ["Bo", None, "Ann"] == [one.get("person") for one in found.values["schedules"][0]["overrides"]]
    assert "userOverrides[0]: is told beside whoever is on call there; here it is of the whole schedule" in left(found)


def test_oncall_turns_count_from_the_start_of_the_shift() -> None:
    """Also those before the rotation begins (custom_on_call_shift.py there): after one week it is the second's turn."""
    found = grafana(WEEKLY | {"rotation_start": "2026-11-25T00:00:00"})

    assert [{"start": "2026-11-30T09:00", "every": "7d", "people": ["bo-smith", "ann"]}] == found.values["schedules"][
        0
    ]["rotations"]


def test_two_who_are_on_call_at_once_are_told() -> None:
    """There both are, here one is: of each event the first time."""
    shift = (NOW, NOW.replace(hour=18))
    other = event(place="f", summary="bo@example.org", occurrences=(shift,))
    found = adopt_calendar([event(occurrences=(shift,)), other], "shop", "Europe/Berlin", NOW)

    assert ["f: at 2026-11-30 12:00 ann and bo are on call at once there; here one is"] == left(found)
