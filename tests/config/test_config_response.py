"""Valid configurations of paging: what comes out of them, and what is only doubtful."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from aiops_daemon.config.check_response import check_channels
from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.config.outline import siblings
from aiops_daemon.config.show import show
from aiops_daemon.config.tree import Tree
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.model.oncall import OverrideSpec, PersonSpec, PreferenceSpec, RotationSpec, ScheduleSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.routing import walk

SOURCE = 'prometheus: [{name: eu1, urls: ["http://prom:9090/"]}]\n'
PEOPLE = """\
global: {time_zone: Europe/Berlin}
people: [{name: ann, phone: "+4930111"}, {name: bo, email: bo@example.org}]
"""
WAYS = """\
receivers:
  - name: ways
    email_configs: [{from: aiops@example.org, smarthost: "mail:25"}]
    sms_configs: [{account_sid: AC1, auth_token: secret, from: "+493012345"}]
"""
OFFICE = """\
time_intervals:
  - name: office
    time_intervals:
      - weekdays: ["monday:friday"]
        times: [{start_time: "08:00", end_time: "18:00"}]
        location: Europe/Berlin
"""


def at(text: str) -> float:
    """Read an RFC 3339 time."""
    return datetime.fromisoformat(text).timestamp()


NOW = at("2026-11-21T00:00:00Z")


@pytest.fixture
def loaded(tmp_path: Path):
    """Load a text as a file `config.yaml` in a folder of its own, on 2026-11-21."""

    def from_text(text: str) -> Loaded:
        file = tmp_path / "config.yaml"
        file.write_text(SOURCE + text)
        return load(file, environ={}, overrides=Overrides(), now=NOW)

    return from_text


def test_without_a_route_nobody_is_told(loaded) -> None:
    """What is left out is the specification's default: shadow, and no route at all."""
    settings = loaded("").settings

    assert (Mode.SHADOW, None, (), (), ()) == (
        settings.mode, settings.route, settings.people, settings.schedules, settings.escalations,
    )  # fmt: skip


def test_a_whole_person(loaded) -> None:
    """A telephone number is for sms and voice; the zone is the installation's unless they have their own."""
    text = """\
people:
  - name: ann
    email: ann@example.org
    phone: "+4930111"
    slack: U012ABCDEF
    pagerduty_id: PANN
    time_zone: America/New_York
    quiet_hours: [office]
    preferences: [{channels: [voice, sms], severities: [critical]}, {channels: [email]}]
teams: [{name: shop, members: [ann], preferences: [{channels: [slack], severities: [info]}]}]
"""
    settings = loaded(OFFICE + text).settings
    (person,) = settings.people

    assert (
        PersonSpec(
            name="ann",
            addresses=(
                ("sms", "+4930111"),
                ("voice", "+4930111"),
                ("slack", "U012ABCDEF"),
                ("email", "ann@example.org"),
            ),
            preferences=(
                PreferenceSpec(("voice", "sms"), frozenset((Severity.CRITICAL,))),
                PreferenceSpec(("email",)),
            ),
            quiet_hours=person.quiet_hours,
            pagerduty_id="PANN",
            time_zone="America/New_York",
        )
        == person
    )
    assert ["office"] == [calendar.name for calendar in person.quiet_hours]
    assert (PreferenceSpec(("slack",), frozenset((Severity.INFO,))),) == settings.teams[0].preferences


def test_a_whole_schedule(loaded) -> None:
    """Whole days are days of the calendar, anything else is hours; times are those of the schedule's zone."""
    text = """\
schedules:
  - name: shop
    rotations:
      - {start: "2026-11-23T09:00", people: [ann, bo]}
      - {start: "2026-11-23T08:00:00", every: 12h, people: [bo], active_time_intervals: [office]}
    overrides:
      - {person: bo, starts_at: "2026-12-24T00:00:00+01:00", ends_at: "2026-12-27T00:00:00Z"}
      - {starts_at: "2026-12-25T00:00:00Z", ends_at: "2026-12-26T00:00:00Z"}
  - {name: late, time_zone: Australia/Lord_Howe}
"""
    shop, late = loaded(PEOPLE + OFFICE + text).settings.schedules

    assert (
        ScheduleSpec(
            name="shop",
            rotations=(
                RotationSpec(("ann", "bo"), datetime.fromisoformat("2026-11-23T09:00"), 7),
                RotationSpec(
                    ("bo",), datetime.fromisoformat("2026-11-23T08:00"), None, 43_200.0, shop.rotations[1].only
                ),
            ),
            overrides=(
                OverrideSpec("bo", at("2026-12-23T23:00Z"), at("2026-12-27T00:00Z")),
                OverrideSpec("", at("2026-12-25T00:00Z"), at("2026-12-26T00:00Z")),
            ),
            time_zone="Europe/Berlin",
        )
        == shop
    )
    assert "Australia/Lord_Howe" == late.time_zone


ROUTES = """\
receivers: [{name: chat, log_configs: [{}]}, {name: dba, log_configs: [{}]}]
escalations: [{name: shop, steps: [{notify: [receiver/chat]}]}]
route:
  receiver: chat
  routes:
    - matchers: ['severity="critical"', 'team=~"shop|web"']
      mode: live
      escalation: shop
      continue: true
      active_time_intervals: [office]
      routes:
        - {matchers: ['service="db"'], receiver: dba, mute_time_intervals: [office]}
        - {matchers: ['service="x"'], mode: shadow}
    - {matchers: ['severity="info"']}
"""


def routes(settings: Settings) -> list[RouteSpec]:
    """Return all routes of the tree."""
    assert settings.route is not None
    return list(walk(settings.route))


def test_what_a_route_inherits(loaded) -> None:
    """The mode, and receiver and escalation together; matchers, `continue` and calendars are its own."""
    settings = loaded(OFFICE + ROUTES).settings
    (calendar,) = settings.route.routes[0].active_time_intervals

    assert [
        ("route", "chat", "", Mode.SHADOW, False, (), ()),
        ("route.routes[0]", "", "shop", Mode.LIVE, True, (calendar,), ()),
        ("route.routes[0].routes[0]", "dba", "", Mode.LIVE, False, (), (calendar,)),
        ("route.routes[0].routes[1]", "", "shop", Mode.SHADOW, False, (), ()),
        ("route.routes[1]", "chat", "", Mode.SHADOW, False, (), ()),
    ] == [
        (
            one.path, one.receiver, one.escalation, one.mode, one.continues,
            one.active_time_intervals, one.mute_time_intervals,
        )
        for one in routes(settings)
    ]  # fmt: skip
    assert parse_all('severity="critical",team=~"shop|web"') == settings.route.routes[0].matchers


def test_the_mode_of_all_and_the_kill_switch(loaded) -> None:
    """`global.mode` is the default of routes; muted is a setting of its own, and leaves the routes' modes alone."""
    live = loaded("global: {mode: live}\n" + OFFICE + ROUTES).settings
    muted = loaded("global: {mode: muted}\n" + OFFICE + ROUTES).settings

    assert (Mode.LIVE, [Mode.LIVE, Mode.LIVE, Mode.LIVE, Mode.SHADOW, Mode.LIVE]) == (
        live.mode, [one.mode for one in routes(live)],
    )  # fmt: skip
    assert (Mode.MUTED, [Mode.SHADOW, Mode.LIVE, Mode.LIVE, Mode.SHADOW, Mode.SHADOW]) == (
        muted.mode, [one.mode for one in routes(muted)],
    )  # fmt: skip


def test_a_whole_escalation(loaded) -> None:
    """Durations in seconds; an acknowledgement that never expires is written 0s."""
    text = """\
receivers: [{name: chat, log_configs: [{}]}]
escalations:
  - name: shop
    steps: [{notify: [receiver/chat]}, {notify: [person/ann, person/bo], after: 15m}]
    repeat: 2
    repeat_after: 1h
    fallback: receiver/chat
    ack_timeout: 0s
  - {name: plain, steps: [{notify: [person/bo]}]}
route: {escalation: shop}
"""
    shop, plain = loaded(PEOPLE + text).settings.escalations
    steps = (StepSpec(("receiver/chat",)), StepSpec(("person/ann", "person/bo"), 900.0))

    assert EscalationSpec("shop", steps, 2, 3600.0, "receiver/chat", None) == shop
    assert EscalationSpec("plain", (StepSpec(("person/bo",)),)) == plain


def test_gaps_of_schedules_are_warnings(loaded) -> None:
    """Each with its local times, for the next 90 days, as long as they are few."""
    text = """\
route: {escalation: shop}
escalations: [{name: shop, steps: [{notify: [schedule/shop]}]}]
schedules:
  - name: shop
    rotations: [{start: "2026-11-23T09:00", people: [ann, bo]}]
    overrides: [{starts_at: "2026-12-25T00:00:00Z", ends_at: "2026-12-26T00:00:00Z"}]
"""
    words = [line.partition("schedules[0]: ")[2] for line in loaded(PEOPLE + WAYS + text).warnings]

    assert [
        "nobody is on call from Sat 2026-11-21 01:00 CET to Mon 2026-11-23 09:00 CET; add a rotation or an override",
        "nobody is on call from Fri 2026-12-25 01:00 CET to Sat 2026-12-26 01:00 CET; add a rotation or an override",
    ] == words


def test_many_gaps_are_counted(loaded) -> None:
    """Office hours leave one every night; ten are told, then their number."""
    text = """\
route: {escalation: shop}
escalations: [{name: shop, steps: [{notify: [schedule/shop]}]}]
schedules:
  - name: shop
    rotations: [{start: "2026-01-01T09:00", people: [ann, bo], active_time_intervals: [office]}]
  - name: nobody
"""
    words = [line.partition("schedules")[2] for line in loaded(PEOPLE + WAYS + OFFICE + text).warnings]

    assert 12 == len(words)
    assert "[0]: 55 more gaps within 90 days; add a rotation below that is always active" == words[10]
    assert "[1]: nobody is on call from Sat 2026-11-21 01:00 CET on; add a rotation or an override" == words[11]


def test_gaps_are_looked_for_only_when_the_moment_is_known(tmp_path: Path) -> None:
    """Like all that depends on the moment."""
    file = tmp_path / "config.yaml"
    file.write_text(SOURCE + "route: {receiver: c}\nreceivers: [{name: c}]\nschedules: [{name: shop}]\n")

    assert () == load(file, environ={}, overrides=Overrides()).warnings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'schedules: [{name: s, rotations: [{start: "2026-01-01T00:00", people: [ann, bo]}]}]\n',
            "schedules: there is no route: nobody is told of anything; add the section route",
        ),
        (
            "teams: [{name: shop, members: [bob]}]\n",
            "teams[0].members[0]: nobody has this name: not reached; did you mean 'bo'?",
        ),
    ],
)
def test_what_is_only_doubtful(loaded, text: str, expected: str) -> None:
    """It loads, with a warning."""
    assert [expected] == [line.split(": ", 1)[1] for line in loaded(PEOPLE + WAYS + text).warnings]


@pytest.mark.parametrize(
    "text",
    [
        'schedules: [{name: s, rotations: [{start: "2026-01-01T00:00", people: [ann]}]}]\n',
        "escalations: [{name: s, steps: [{notify: [person/ann]}]}]\n",
        "escalations: [{name: s, steps: [{notify: [receiver/log]}], fallback: team/shop}]\n",
    ],
)
def test_people_whom_nothing_reaches_are_a_warning(loaded, text: str) -> None:
    """When something is to be told them; a preference that leaves no way counts, and so does a missing channel."""
    base = (
        "people: [{name: ann, slack: U1}, {name: bo, slack: U2}]\nteams: [{name: shop, members: [ann]}]\n"
        "receivers: [{name: log, log_configs: [{}]}]\nroute: {receiver: log}\n"
    )
    words = [line.split(": ", 1)[1] for line in loaded(base + text).warnings]

    assert [
        (
            "people[0]: not even what is critical is told: ann is not reached: no receiver has slack without a "
            "destination; give a receiver such a channel, or change addresses or preferences"
        )
    ] == [line for line in words if line.startswith("people")]


def test_a_configuration_shown_is_one_that_loads(loaded, tmp_path: Path) -> None:
    """What `config show` prints of routes, people and schedules means the same."""
    first = loaded(
        PEOPLE + OFFICE + ROUTES + 'schedules: [{name: s, rotations: [{start: "2026-01-01T00:00", people: [bo]}]}]\n'
    )
    file = tmp_path / "shown.yaml"
    file.write_text(show(first))
    again = load(file, environ={}, overrides=Overrides())

    assert (first.settings.route, first.settings.people, first.settings.schedules, first.settings.escalations) == (
        again.settings.route, again.settings.people, again.settings.schedules, again.settings.escalations,
    )  # fmt: skip


def test_keys_of_nested_routes_are_known_at_any_depth() -> None:
    """So that a misspelt one is told with the one that was meant."""
    first = siblings(("route", "routes", 0, "x"))

    assert "matchers" in first
    assert first == siblings(("route", "routes", 0, "routes", 7, "routes", 1, "x"))


@dataclass(frozen=True)
class Channel:
    """A channel's section and specification at once."""

    integration: str
    destination: str = ""
    send_resolved: bool = True
    pages: bool = False


@dataclass(frozen=True)
class Receivers:
    """What the check needs of a document."""

    a_configs: list[Channel] = field(default_factory=list)
    b_configs: list[Channel] = field(default_factory=list)


@dataclass(frozen=True)
class Configured:
    """A document with receivers."""

    receivers: list[Receivers]


def test_only_one_channel_of_a_kind_may_carry_addresses() -> None:
    """A second one without a destination is a fault that names the first."""
    channels = (("a_configs", lambda one, _: one), ("b_configs", lambda one, _: one))
    sms, email, ops = Channel("sms"), Channel("email"), Channel("email", "ops@example.org")
    good = Configured([Receivers([sms, ops], [email]), Receivers([ops])])
    bad = Configured([Receivers([sms]), Receivers([], [email, sms])])

    assert [] == list(check_channels(good, Tree("f"), Path(), channels))
    assert [
        (
            "receivers[1].b_configs[1]: receivers[0].a_configs[0] has no destination of its own either; "
            "one of them carries people's addresses: give the other a destination"
        )
    ] == [str(fault).partition(": ")[2] for fault in check_channels(bad, Tree("f"), Path(), channels)]
