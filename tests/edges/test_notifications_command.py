"""`aiops-daemon notifications` against a listener: table, JSON, filters, test messages, exit codes."""

import json

import pytest
from background import in_background
from incident_world import AlertDaemon, notification, uid
from web_world import NOW

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.core.model.notification import NotificationQuery, NotificationState, Trial
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.edges.web.server import WebServer


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
def told(daemon, capsys, monkeypatch):
    """Run one command; returns exit code, output and complaints."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    with in_background(server) as address:

        def run(*arguments):
            code = dispatch(["notifications", "--url", address, *arguments])
            return (code, *capsys.readouterr())

        yield run


def test_the_log_is_a_table(told):
    """One message a line, latest first, with the reason of what failed and why it was sent."""
    code, out, _ = told()
    head, failed, sent = out.splitlines()

    assert 0 == code
    assert ["AT", "INCIDENT", "EVENT", "DESTINATION", "STATE", "TRIES", "REASON", "WHY"] == head.split()
    assert failed.startswith(
        "2026-11-21 02:45 UTC  INC-42    trigger  person/ann/email  dead   3      client_error: 550"
    )
    assert ["person/ann/sms", "sent", "1", "step"] == sent.split()[5:9]
    assert head.index("WHY") == sent.index("step 1 of shop: ann is on call in schedule shop")


def test_filters_are_those_of_the_api(told, daemon):
    """Repeated ones are alternatives."""
    code, _, _ = told(
        "--incident", "INC-42", "--state", "dead", "--state", "sent", "--integration", "sms", "--destination",
        "person/ann/sms", "--since", "7d", "--limit", "7",
    )  # fmt: skip

    assert 0 == code
    assert daemon.road.asked[0][0] == NotificationQuery(
        "INC-42", ("dead", "sent"), ("sms",), "person/ann/sms", NOW - 7 * 86400, 7
    )


def test_json_is_for_programs(told):
    """What the API says, as it says it."""
    code, out, _ = told("-o", "json", "--state", "sent")

    assert (0, ["sent"]) == (code, [each["state"] for each in json.loads(out)])


def test_pages_are_followed_up_to_the_limit(told, daemon):
    """And that there is more is said."""
    daemon.road.told = [notification(number) for number in range(1203)]
    _, out, _ = told("--limit", "1100")

    assert [500, 500, 100] == [query.limit for query, _ in daemon.road.asked]
    assert out.endswith("there are more; --limit shows them\n")


def test_nothing_is_said_to_be_nothing(told, daemon):
    """Not an empty table."""
    daemon.road.told = []

    assert (0, "no notifications\n", "") == told()


def test_what_a_service_has_not_shown_is_no_page(told, daemon):
    """PagerDuty accepted it, which says little."""
    daemon.road.told = [notification(1, confirmed_at=None)]

    assert "sent, unconfirmed" in told()[1]


def test_a_test_says_what_became_of_it(told, daemon):
    """The flags of the noun count for the verb too."""
    code, out, _ = told("test", "--person", "ann", "--severity", "warning")

    assert (0, Trial("person/ann", Severity.WARNING)) == (code, daemon.road.asked[0][0])
    assert ["person/ann/log/0", "sent,", "unconfirmed", "1"] == out.splitlines()[1].split()


def test_a_test_as_json(told):
    """The row as the API has it."""
    code, out, _ = told("test", "--receiver", "chat", "-o", "json")

    assert (0, [uid(9009)]) == (code, [each["uid"] for each in json.loads(out)])


@pytest.mark.parametrize(
    ("code", "words", "outcome"),
    [
        (1, "not sent: receiver/chat/log/0", {"state": NotificationState.DEAD, "reason": "auth_error", "attempts": 1}),
        (1, "not sent: receiver/chat/log/0", {"state": NotificationState.MUTED}),
        (3, "not known yet of receiver/chat/log/0", {"state": NotificationState.WAITING}),
    ],
)
def test_a_test_that_did_not_arrive_is_no_success(told, daemon, code, words, outcome):
    """1 when it failed, 3 when that is not known in time."""
    daemon.road.outcome = outcome
    found, _, complaint = told("test", "--receiver", "chat", "--wait", "1s")

    assert code == found
    assert words in complaint


def test_nobody_reached_is_wrong_use(told, daemon):
    """2, in the words of the daemon."""
    daemon.road.refusal = Refusal(RefusalReason.INVALID, "Nobody is reached: receiver x is not in the configuration.")
    code, _, complaint = told("test", "--receiver", "x")

    assert 2 == code
    assert "receiver x is not in the configuration" in complaint
