"""Changes: whom they are told to, what they say, and when they are only recorded."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import Matcher, MatchOp
from aiops_daemon.core.model.message import Link, MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.changes import change_messages
from aiops_daemon.core.response.keys import incident_of, parse
from aiops_daemon.core.response.telling import Telling

SHOP = PagerDutySpec(lambda: "s" * 32)
BANK = PagerDutySpec(lambda: "b" * 32)
RECEIVERS = (
    ReceiverSpec("shop", (LogSpec(), SHOP)),
    ReceiverSpec("bank", (BANK, BANK)),
    ReceiverSpec("chat", (LogSpec(),)),
)
LADDER = EscalationSpec(
    "ladder", (StepSpec(("receiver/chat",)), StepSpec(("receiver/shop",))), fallback="receiver/bank"
)
PIPELINE = Scope("pipeline")


def equals(name: str, value: str) -> Matcher:
    """Return a matcher."""
    return Matcher(name, MatchOp.EQUAL, value)


def tree(mode: Mode = Mode.LIVE) -> RouteSpec:
    """Return routes: checkout's critical alerts climb the ladder, all of the bank's go there, others to the chat."""
    critical = RouteSpec(
        "route.routes[0].routes[0]", matchers=(equals("severity", "critical"),), escalation="ladder", mode=mode
    )
    checkout = RouteSpec(
        "route.routes[0]", matchers=(equals("service", "checkout"),), receiver="chat", routes=(critical,)
    )
    bank = RouteSpec("route.routes[1]", matchers=(equals("team", "bank"),), receiver="bank", mode=mode)
    return RouteSpec("route", receiver="chat", routes=(checkout, bank))


def tell(
    labels: Labels, mode: Mode = Mode.LIVE, muted: bool = False, change: Change | None = None
) -> tuple[tuple[Notification, ...], str]:
    """Tell a small configuration of a change."""
    settings = Settings(
        cluster="eu1",
        mode=Mode.MUTED if muted else Mode.LIVE,
        receivers=RECEIVERS,
        escalations=(LADDER,),
        route=tree(mode),
    )
    uids = count(1)
    told = change or Change("checkout 41 rolled out", 940.0, labels, (Link("ci", "https://ci.example.org/41"),))
    return change_messages(told, PIPELINE, settings, Telling(settings), lambda: f"u{next(uids)}", 1000.0)


def test_it_goes_where_a_page_of_any_severity_would() -> None:
    """Only critical alerts climb the ladder; a change has no severity. No fallback is told, and no chat."""
    rows, why = tell((("service", "checkout"), ("version", "41")))

    assert ["receiver/shop/pagerduty/0"] == [row.destination for row in rows]
    assert "" == why


def test_it_says_what_when_and_by_whom() -> None:
    """The time is that of the change."""
    (row,), _ = tell((("service", "checkout"), ("version", "41")))
    message = row.message

    assert (MessageEvent.CHANGE, "checkout 41 rolled out", "checkout") == (
        message.event,
        message.title,
        message.service,
    )
    assert (940.0, 1000.0, "pipeline") == (message.opened_at, message.at, message.actor)
    assert (("service", "checkout"), ("version", "41")) == message.labels
    assert (
        'pipeline told of a change; route.routes[0].routes[0]: service="checkout", severity="critical"'
        == message.why_you
    )


def test_each_channel_is_told_once() -> None:
    """Whatever number of severities and priorities lead there."""
    rows, _ = tell((("team", "bank"),))

    assert ["receiver/bank/pagerduty/0", "receiver/bank/pagerduty/1"] == [row.destination for row in rows]
    assert 2 == len({row.key for row in rows})
    assert {"bank"} == {row.team for row in rows}


@pytest.mark.parametrize(
    ("state", "mode", "muted"),
    [
        (NotificationState.WAITING, Mode.LIVE, False),
        (NotificationState.SHADOW, Mode.SHADOW, False),
        (NotificationState.MUTED, Mode.LIVE, True),
    ],
)
def test_what_is_not_live_is_recorded_only(state: NotificationState, mode: Mode, muted: bool) -> None:
    """As a page would be."""
    assert {state} == {row.state for row in tell((("team", "bank"),), mode, muted)[0]}


def test_nobody_told_has_a_reason() -> None:
    """A chat is no PagerDuty channel."""
    rows, why = tell((("service", "search"),))

    assert () == rows
    assert "no policy of a route that takes these labels has a step with a PagerDuty channel" == why


@given(st.text(max_size=40), st.dictionaries(st.text(max_size=10), st.text(max_size=10), max_size=4))
def test_no_change_passes_for_a_page(summary: str, labels: dict[str, str]) -> None:
    """Whatever it says: its key is that of no incident and no storm."""
    given_labels = tuple(sorted((labels | {"team": "bank"}).items()))
    rows, _ = tell((), change=Change(summary, 0.0, given_labels))

    assert rows
    assert all(incident_of(row.dedup_key, "eu1") is None and parse(row.dedup_key) is None for row in rows)
