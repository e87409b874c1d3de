"""Socket Mode: clicks and commands over a connection that the daemon opens, through slack_sdk itself."""

import asyncio
import logging
import subprocess
import sys

import pytest
from fake_slack import APP_TOKEN, FakeSlack, click, command
from incident_world import uid
from slack_world import SlackDaemon

from aiops_daemon.clock import SystemClock
from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.edges import slacksocket
from aiops_daemon.edges.slacksocket import SlackSocket
from aiops_daemon.edges.web.slack.desk import SlackDesk
from aiops_daemon.errors import SocketError


class HastyClock(SystemClock):
    """A clock whose sleeps are short and whose seconds are many: nobody waits a minute in a test."""

    def monotonic(self):
        """Return seconds that run a hundred times as fast."""
        return super().monotonic() * 100

    async def sleep(self, seconds):
        """Wait a hundredth."""
        await super().sleep(seconds / 100)


@pytest.fixture
async def slack():
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def daemon(slack):
    return SlackDaemon(slack=slack)


async def until(holds):
    """Wait for something with a deadline."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


class Running:
    """A socket that runs until the block ends."""

    def __init__(self, slack, take, token=APP_TOKEN):
        self._slack = slack
        self._socket = SlackSocket(HeldSecret(token), take, HastyClock(), web_api_url=slack.api)

    async def __aenter__(self):
        self.task = asyncio.create_task(self._socket.run())
        await until(lambda: self._slack.sockets or self.task.done())
        return self

    async def __aexit__(self, *_error):
        self.task.cancel()
        await asyncio.wait([self.task])
        await asyncio.sleep(0.05)  # the library's tasks end one after another


async def test_a_click_and_a_command_come_through(daemon, slack):
    """Each envelope is acknowledged, acted on once, and answered to its response URL."""
    desk = SlackDesk(daemon.slack_ports())
    url = slack.response_url()
    async with Running(slack, desk.begin):
        await slack.push("interactive", click("aiops_ack", uid(42), url), "e1")
        await until(lambda: len(slack.responses["canary-response"]) == 1)
        await slack.push("slash_commands", command("oncall", url), "e2")
        await until(lambda: len(slack.responses["canary-response"]) == 2)
    await desk.stop()

    assert ["e1", "e2"] == [each["envelope_id"] for each in slack.acknowledged]
    assert [(uid(42), "ann", "slack")] == [(a.incident, s.actor, s.origin) for a, s in daemon.road.acted]
    assert "shop: *ann*" in str(slack.responses["canary-response"][1])


async def test_an_envelope_that_comes_twice_acts_once(daemon, slack):
    """Slack repeats what it thinks was not acknowledged."""
    desk = SlackDesk(daemon.slack_ports())
    async with Running(slack, desk.begin):
        for _ in range(2):
            await slack.push("interactive", click("aiops_ack", uid(42), slack.response_url()), "e1")
        await until(lambda: len(slack.acknowledged) == 2 and slack.responses["canary-response"])
        await desk.stop()

    assert 1 == len(daemon.road.acted)


async def test_what_slack_never_sends_is_left_alone(daemon, slack, caplog):
    """It is acknowledged and logged without its content; the connection goes on."""
    desk = SlackDesk(daemon.slack_ports())
    async with Running(slack, desk.begin):
        await slack.push("slash_commands", {"text": "canary"}, "e1")
        await slack.push("events_api", {"event": "canary"}, "e2")
        await until(lambda: len(slack.acknowledged) == 2)

    assert "left a document of Slack alone" in caplog.text
    assert "canary" not in caplog.text


async def test_slack_may_move_the_connection(daemon, slack):
    """On Slack's `disconnect` another connection is opened, and clicks come through it."""
    desk = SlackDesk(daemon.slack_ports())
    async with Running(slack, desk.begin):
        await slack.sockets[-1].send_json({"type": "disconnect", "reason": "refresh_requested"})
        await until(lambda: len(slack.sockets) == 2)
        await slack.push("interactive", click("aiops_ack", uid(42), slack.response_url()))
        await until(lambda: daemon.road.acted)
        await desk.stop()


@pytest.mark.parametrize("answer", ["", "not_allowed_token_type"])
async def test_a_refusal_says_what_to_do(slack, answer):
    """A wrong token, or Socket Mode switched off."""
    slack.answers = [answer] if answer else []
    async with Running(slack, lambda kind, document, key: None, token="xapp-canary-wrong") as running:
        with pytest.raises(SocketError, match=f"{answer or 'invalid_auth'}.*connections:write") as caught:
            await running.task

    assert "canary" not in str(caught.value)


async def test_nobody_there_is_told():
    """Without a network the caller hears it, and tries again."""
    socket = SlackSocket(
        HeldSecret(APP_TOKEN), lambda kind, document, key: None, SystemClock(), web_api_url="http://127.0.0.1:1/api"
    )
    with pytest.raises(SocketError, match="cannot be reached for Socket Mode"):
        await socket.run()


async def test_a_token_that_cannot_be_read_is_told(tmp_path):
    """By the kind of fault, not by its path."""
    socket = SlackSocket(FileSecret(tmp_path / "canary"), lambda kind, document, key: None, SystemClock())
    with pytest.raises(SocketError, match="cannot be read: FileNotFoundError") as caught:
        await socket.run()

    assert "canary" not in str(caught.value)


async def test_a_connection_that_stays_lost_ends_the_run(slack, caplog):
    """Whoever runs it opens another; what the library logs meanwhile holds no secret."""
    caplog.set_level(logging.DEBUG)
    async with Running(slack, lambda kind, document, key: None) as running:
        slack.answers = ["fatal_error"] * 1_000
        await slack.sockets[-1].close()
        with pytest.raises(SocketError, match="is lost since"):
            await running.task

    assert "canary" not in caplog.text


def test_what_the_library_logs_is_stripped():
    """Addresses with their tickets, tokens and traces go; words stay."""
    quiet = slacksocket._quiet_logger()
    trace = (ValueError, ValueError("canary"), None)
    told = quiet.makeRecord(
        quiet.name, logging.ERROR, "x", 1, "Failed (%s) at wss://x.slack.com/?ticket=canary with xapp-1-canary",
        ("boom",), trace,
    )  # fmt: skip
    assert quiet.filter(told)

    assert "Failed (boom) at <secret> with <secret>" == logging.Formatter("%(message)s").format(told)
    assert not slacksocket._quiet_logger().isEnabledFor(logging.INFO)


def test_the_missing_extra_is_told():
    """Without slack_sdk the words name the extra; nothing else of the daemon needs it."""
    code = (
        "import sys; sys.modules['slack_sdk'] = None\n"
        "import aiops_daemon.edges.notify.slack, aiops_daemon.edges.web.slack.endpoint\n"
        "import aiops_daemon.edges.slacksocket as s\n"
        "from aiops_daemon.errors import SocketError\n"
        "try: s.require()\n"
        "except SocketError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert "Socket Mode needs slack_sdk: install aiops-daemon[slack-socket], or remove app_level_token\n" == done.stdout
