"""Changes as they are told to the API and by the command line: shapes, roles, refusals, repetitions."""

import json

import pytest
from background import in_background
from incident_world import AlertDaemon, listening
from web_world import NOW

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.action import Refusal, RefusalReason
from aiops_daemon.core.model.change import Change
from aiops_daemon.core.model.message import Link
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.web.server import WebServer

CHANGES = "/api/v1/changes"
WHOLE = {
    "summary": "checkout 41 rolled out",
    "labels": {"service": "checkout", "empty": ""},
    "at": "2026-11-21T02:00:00Z",
    "links": [{"url": "https://ci.example.org/41", "name": "pipeline"}],
}


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
async def http(daemon):
    async with listening(daemon.ports()) as session:
        yield session


async def tell(http, body, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    async with http.post(CHANGES, json=body, headers=names) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.fixture
def command(daemon, capsys, monkeypatch):
    """Run one command; returns exit code, output and complaints."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    with in_background(server) as address:

        def run(*arguments):
            code = dispatch(["changes", "add", "--url", address, *arguments])
            return (code, *capsys.readouterr())

        yield run


async def test_a_change_is_told(http, daemon):
    """With all that belongs to it; an empty label is none. The rows are those that were written."""
    status, answer = await tell(http, WHOLE)
    change, key = daemon.road.asked[0][0]

    assert 200 == status
    assert ("", Change(
        "checkout 41 rolled out", 1795226400.0, (("service", "checkout"),),
        (Link("pipeline", "https://ci.example.org/41"),),
    )) == (key, change)  # fmt: skip
    assert [("change", "waiting", "receiver/duty/pagerduty/0")] == [
        (one["event"], one["state"], one["destination"]) for one in answer["data"]
    ]


async def test_what_is_not_said_is_now_and_nothing(http, daemon):
    """A summary is enough."""
    await tell(http, {"summary": "restarted the queue"})

    assert Change("restarted the queue", NOW) == daemon.road.asked[0][0][0]


async def test_a_repetition_is_told_once(http):
    """With the same key; it is said that it was."""
    first = await tell(http, WHOLE, Idempotency_Key="run-7")
    second = await tell(http, WHOLE, Idempotency_Key="run-7")

    assert ([], 1) == (first[1]["warnings"], len(first[1]["data"]))
    assert (200, []) == (second[0], second[1]["data"])
    assert ["This change was told before, with the same Idempotency-Key."] == second[1]["warnings"]


@pytest.mark.parametrize(
    ("place", "body"),
    [
        ("summary", {}),
        ("summary", {"summary": " "}),
        ("summary", {"summary": "x" * 1025}),
        ("at: must be an RFC 3339 time", {"summary": "x", "at": "yesterday"}),
        ("links[0].url", {"summary": "x", "links": [{"url": "javascript:alert(1)"}]}),
        ("labels", {"summary": "x", "labels": {str(number): "x" for number in range(65)}}),
        ("lables: unknown field; did you mean labels?", {"summary": "x", "lables": {}}),
    ],
)
async def test_a_body_that_does_not_fit_is_told_where(http, daemon, place, body):
    """Nothing is told."""
    status, answer = await tell(http, body)

    assert 422 == status
    assert place in answer["errors"][0]
    assert [] == daemon.road.asked


async def test_it_needs_a_responder(http, daemon):
    """Who only reads may not tell of changes."""
    daemon.road.tokens = (TokenSpec("wall", Role.VIEWER, lambda: "s" * 32),)
    status, answer = await tell(http, WHOLE, Authorization="Bearer " + "s" * 32)

    assert (403, "wall has the role viewer; this needs responder.") == (status, answer["detail"])


async def test_nobody_told_is_said(http, daemon):
    """In the words of the road."""
    daemon.road.refusal = Refusal(RefusalReason.INVALID, "Nobody is told: no policy.")

    assert (422, "Nobody is told: no policy.") == ((told := await tell(http, WHOLE))[0], told[1]["detail"])


def test_the_command_tells_and_lists_the_channels(command, daemon):
    """Labels, a time and links as the API has them."""
    code, out, _ = command(
        "checkout 41", "--label", "service=checkout", "--label", "image=a=b", "--at", "2026-11-21T03:00:00+01:00",
        "--link", "https://ci.example.org/41", "--key", "run-7",
    )  # fmt: skip
    change, key = daemon.road.asked[0][0]

    assert (0, ["DESTINATION", "STATE", "receiver/duty/pagerduty/0", "waiting"]) == (code, out.split())
    assert key.endswith("/change/run-7")
    assert Change(
        "checkout 41", 1795226400.0, (("image", "a=b"), ("service", "checkout")),
        (Link("link", "https://ci.example.org/41"),),
    ) == change  # fmt: skip


def test_the_command_says_that_it_was_told_before(command):
    """A pipeline that runs again succeeds."""
    command("checkout 41", "--key", "run-7")
    code, out, _ = command("checkout 41", "--key", "run-7")

    assert (0, "This change was told before, with the same Idempotency-Key.\n") == (code, out)


def test_the_command_prints_json(command):
    """As the API answers."""
    code, out, _ = command("checkout 41", "-o", "json")

    assert (0, ["change"]) == (code, [one["event"] for one in json.loads(out)])


@pytest.mark.parametrize(
    ("code", "complaint", "refusal"),
    [
        (2, "Nobody is told", Refusal(RefusalReason.INVALID, "Nobody is told: no policy.")),
        (1, "belongs to the team", Refusal(RefusalReason.FORBIDDEN, "It belongs to the team bank.")),
    ],
)
def test_the_command_fails_when_nobody_is_told(command, daemon, code, complaint, refusal):
    """With the daemon's words."""
    daemon.road.refusal = refusal
    found, _, said = command("x")

    assert code == found
    assert complaint in said


def test_a_label_is_name_and_value(command, capsys):
    """Anything else is told before the daemon is asked."""
    with pytest.raises(SystemExit) as left:
        command("x", "--label", "checkout")

    assert 2 == left.value.code
    assert "'checkout' is no label: write name=value" in capsys.readouterr().err
