"""Routes and policies: which leaves take an alert, why, and what runs for it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.matcher import parse_all
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.timeinterval import NamedIntervals
from aiops_daemon.core.response.routing import Matched, Router, made, tracks

OFFICE, NIGHTS = NamedIntervals("office", ()), NamedIntervals("nights", ())


def route(path: str, matchers: str = "", *children: RouteSpec, **rest: object) -> RouteSpec:
    """Make a route."""
    return replace(RouteSpec(path, parse_all(matchers), routes=children), **rest)


TREE = route(
    "route",
    "",
    route("route.routes[0]", 'copy="yes"', continues=True, receiver="copy"),
    route(
        "route.routes[1]",
        'team="shop"',
        route("route.routes[1].routes[0]", 'severity="critical"', escalation="shop"),
        route("route.routes[1].routes[1]", 'service=~"db-.*"', receiver="dba"),
        receiver="shop-chat",
    ),
    route("route.routes[2]", 'team=~"shop|web"', receiver="web"),
    receiver="chat",
)


def taken(labels: Labels, ours: Labels = ()) -> list[str]:
    """Return the reasons of the routes that take an alert."""
    return [each.why for each in Router(TREE).match(labels, ours or labels)]


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"alertname": "x"}, ["route: takes what no other route takes"]),
        ({"team": "shop"}, ['route.routes[1]: team="shop"']),  # itself, when no child matches
        ({"team": "shop", "severity": "critical"}, ['route.routes[1].routes[0]: team="shop", severity="critical"']),
        (
            {"team": "shop", "severity": "critical", "service": "db-1"},  # the first that matches wins
            ['route.routes[1].routes[0]: team="shop", severity="critical"'],
        ),
        ({"team": "web"}, ['route.routes[2]: team=~"shop|web"']),
        ({"copy": "yes", "team": "web"}, ['route.routes[0]: copy="yes"', 'route.routes[2]: team=~"shop|web"']),
        ({"copy": "yes"}, ['route.routes[0]: copy="yes"']),  # a child matched, so the root is left out
    ],
)
def test_routes_take_alerts_as_in_alertmanager(labels: dict[str, str], expected: list[str]) -> None:
    """Children in order, the first wins, `continue` goes on, a route itself only when no child takes the alert."""
    assert expected == taken(make(labels))


def test_what_we_made_of_an_alert_counts_too() -> None:
    """severity `page` is critical here, and an alert without a team belongs to one: routes may say either."""
    labels = make({"severity": "page", "alertname": "x"})
    ours = made(labels, severity="critical", team="shop", service="")

    assert ['route.routes[1].routes[0]: team="shop", severity="critical"'] == taken(labels, ours)
    assert (("alertname", "x"), ("severity", "page")) == made(labels, severity="", team="")


def test_the_labels_as_they_came_count_still() -> None:
    """A route that was written for the words of one's own alerts keeps matching."""
    tree = route("route", "", route("route.routes[0]", 'severity="page"', receiver="pd"), receiver="chat")
    labels = make({"severity": "page"})

    assert ['route.routes[0]: severity="page"'] == [
        each.why for each in Router(tree).match(labels, made(labels, severity="critical"))
    ]


def test_a_router_answers_the_same_from_memory() -> None:
    """Alerts that differ only in labels which no matcher names share one answer."""
    router = Router(TREE)
    first = router.match(make({"team": "shop", "pod": "a"}), ())
    second = router.match(make({"team": "shop", "pod": "b"}), ())

    assert first is second
    assert first is not router.match(make({"team": "shop", "service": "db-1"}), ())


SHOP = EscalationSpec("shop", (StepSpec(("schedule/shop",)),))
CHAT = EscalationSpec("receiver/chat", (StepSpec(("receiver/chat",)),))


def matched(**fields: object) -> Matched:
    """Make a route that matched."""
    return Matched(replace(RouteSpec("route.routes[0]"), **fields), "why")


def test_a_route_may_name_a_receiver_and_an_escalation() -> None:
    """Both run; a receiver is a policy of one step, told at once."""
    found = tracks([matched(receiver="chat", escalation="shop", mode=Mode.LIVE)], [SHOP])

    assert [CHAT, SHOP] == [track.policy for track in found]
    assert {(Mode.LIVE, "why")} == {(track.mode, track.why) for track in found}


def test_one_policy_of_two_routes_runs_once() -> None:
    """In the stronger mode: who is told in earnest by one route is not spared by another."""
    shadow, live = matched(escalation="shop"), matched(escalation="shop", mode=Mode.LIVE, mute_time_intervals=(NIGHTS,))

    for order in ([shadow, live], [live, shadow]):
        assert [(Mode.LIVE, (NIGHTS,))] == [(track.mode, track.muted) for track in tracks(order, [SHOP])]


def test_one_policy_of_two_routes_runs_whenever_either_says_so() -> None:
    """Active calendars add up, a mute counts only when both routes have it; no calendar at all is always."""
    office = matched(escalation="shop", active_time_intervals=(OFFICE,), mute_time_intervals=(NIGHTS,))
    nights = matched(escalation="shop", active_time_intervals=(NIGHTS,), mute_time_intervals=(NIGHTS, OFFICE))
    always = matched(escalation="shop")

    (both,) = tracks([office, nights], [SHOP])
    (any_time,) = tracks([office, always], [SHOP])

    assert ((OFFICE, NIGHTS), (NIGHTS,)) == (both.active, both.muted)
    assert ((), ()) == (any_time.active, any_time.muted)


def test_who_is_silent_on_purpose_is_no_policy() -> None:
    """A receiver without a channel, as Alertmanager's `null`: nobody is told, and nobody is missed."""
    found = tracks(
        [matched(receiver="null"), matched(receiver="null", escalation="shop")], [SHOP], frozenset(("null",))
    )

    assert [SHOP] == [track.policy for track in found]
