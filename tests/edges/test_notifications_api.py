"""The delivery log as JSON, and test messages: shapes, filters, roles, refusals."""

from dataclasses import replace

import pytest
from incident_world import AlertDaemon, listening, notification, uid
from web_world import NOW

from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.core.model.message import MessageEvent, Named
from aiops_daemon.core.model.notification import NotificationQuery, Trial
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.api.notificationshapes import notification_item, told

LOG = "/api/v1/notifications"
TEST = "/api/v1/notifications/test"
EITHER = "exactly one of receiver and person must be given"


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
async def http(daemon):
    async with listening(daemon.ports()) as session:
        yield session


async def ask(http, path, method="GET", **request):
    async with http.request(method, path, **request) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_a_message_is_listed_whole_and_without_addresses(http):
    """Every field; of a person the name of the channel, even where the mail server repeats the address."""
    status, answer = await ask(http, LOG)

    assert (200, None, []) == (status, answer["next"], answer["warnings"])
    assert {
        "uid": uid(9002), "incident": uid(42), "name": "INC-42", "number": 42, "team": "shop",
        "at": "2026-11-21T02:45:00.000Z", "due_at": "2026-11-21T02:45:00.000Z", "event": "trigger",
        "destination": "person/ann/email", "integration": "email", "track": "shop", "step": "1.0.0", "state": "dead",
        "attempts": 3, "reason": "client_error", "detail": "550 no mailbox (address)", "sent_at": None,
        "confirmed_at": None, "severity": "critical", "title": "CheckoutLatencyHigh and 3 more rules in checkout",
        "why": "step 1 of shop: ann is on call in schedule shop", "names": [],
    } == answer["data"][0]  # fmt: skip
    assert "2026-11-21T02:45:02.000Z" == answer["data"][1]["sent_at"]


async def test_every_filter_reaches_the_query(http, daemon):
    """Repeated ones are alternatives; a duration counts back from now."""
    path = (
        f"{LOG}?incident=INC-42&state=dead&state=sent&integration=email&integration=sms&destination=person/ann/sms"
        "&since=7d&limit=7&cursor=0"
    )
    status, _ = await ask(http, path)

    assert 200 == status
    assert daemon.road.asked[0][0] == NotificationQuery(
        "INC-42", ("dead", "sent"), ("email", "sms"), "person/ann/sms", NOW - 7 * 86400, 7, "0"
    )


async def test_a_filter_that_is_not_known_is_a_400(http):
    """With what was meant."""
    status, answer = await ask(http, f"{LOG}?stat=dead&state=lost")

    assert 400 == status
    assert answer["errors"][0] == "stat: unknown parameter; did you mean state?"
    assert answer["errors"][1].startswith("state must be one of waiting, sent, dead")


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        (Trial("receiver/chat"), {"receiver": "chat"}),
        (Trial("person/ann", Severity.WARNING), {"person": "ann", "severity": "warning"}),
    ],
)
async def test_a_test_is_asked_for(http, daemon, expected, body):
    """A receiver or a person; the rows are those that were written."""
    status, answer = await ask(http, TEST, "POST", json=body)

    assert (200, expected) == (status, daemon.road.asked[0][0])
    assert [("test", "waiting", None)] == [(one["event"], one["state"], one["name"]) for one in answer["data"]]


@pytest.mark.parametrize(
    ("status", "errors", "body"),
    [
        (422, [EITHER], {}),
        (422, [EITHER], {"receiver": "chat", "person": "ann"}),
        (422, ["reciever: unknown field; did you mean receiver?"], {"reciever": "chat"}),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(http, status, errors, body):
    """Nothing is sent."""
    told_status, answer = await ask(http, TEST, "POST", json=body)

    assert (status, errors) == (told_status, answer["errors"])


async def test_nobody_reached_is_said(http, daemon):
    """In the words of the road."""
    daemon.road.refusal = Refusal(RefusalReason.INVALID, "Nobody is reached: receiver x is not in the configuration.")
    status, answer = await ask(http, TEST, "POST", json={"receiver": "x"})

    assert (422, "Nobody is reached: receiver x is not in the configuration.") == (status, answer["detail"])


async def test_a_test_needs_an_operator(http, daemon):
    """A responder may act on incidents, and not send messages to others."""
    daemon.road.tokens = (TokenSpec("desk", Role.RESPONDER, lambda: "s" * 32),)
    headers = {"Authorization": "Bearer " + "s" * 32}
    status, answer = await ask(http, TEST, "POST", json={"person": "ann"}, headers=headers)

    assert (403, "desk has the role responder; this needs operator.") == (status, answer["detail"])


def test_a_storm_page_names_its_incidents():
    """It belongs to none of them."""
    one = notification(event=MessageEvent.STORM, name="", incident="")
    named = tuple(Named(f"INC-{number}", "x", "warning") for number in (7, 8))
    one = replace(one, message=replace(one.message, named=named))
    item = notification_item(one)

    assert (None, None, ["INC-7", "INC-8"]) == (item.incident, item.number, item.names)


def test_only_an_address_is_blotted_out():
    """Other words stay, and no address blots out nothing."""
    assert ("no (address) here", "no mailbox") == (told("no A@b.org here", "a@B.org"), told("no mailbox", ""))
