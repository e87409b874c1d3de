"""No secret of any channel reaches a log line, an outcome, a repr or a message, whatever the other side answers."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from channel_table import CANARY, CHANNELS, Channel, canary, opened
from http_channel_server import Recorder, http_server
from mail_server import Mailbox, mail_server
from notify_world import notification

from aiops_daemon import logs
from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.receiver import ChannelSpec


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Everything that is logged, at the most talkative level, as the daemon writes it."""
    stream = io.StringIO()
    logs.configure(level="debug", style="json", stream=stream)
    logging.getLogger("asyncio").setLevel(logging.DEBUG)
    server = logging.getLogger("mail.log")  # of the mail server, not ours
    server.disabled = True
    yield stream
    server.disabled = False


async def told(spec: ChannelSpec) -> str:
    """Send, and return what can be seen of the channel and of what became of the message."""
    async with opened(spec) as notifier:
        outcome = await notifier.send(notification())
        seen = (outcome, spec, notifier, vars(notifier), spec.destination)
        return " ".join(map(repr, seen))


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500, 503])
async def test_a_server_that_repeats_everything_makes_us_tell_nothing(
    channel: Channel, status: int, written: io.StringIO
) -> None:
    """It answers with the whole request: path, headers, body."""
    recorder = Recorder(status, {"Location": f"/{CANARY}"}, echo=True)
    async with http_server(recorder) as url:
        seen = await told(channel.spec(url))

    assert CANARY not in seen
    assert CANARY not in written.getvalue()
    assert recorder.requests


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid", "https://127.0.0.1:1"])
async def test_nobody_there_makes_us_tell_nothing(channel: Channel, url: str, written: io.StringIO) -> None:
    """Libraries like to repeat the address."""
    seen = await told(channel.spec(url))

    assert CANARY not in seen + written.getvalue()


@pytest.mark.parametrize("answer", ["250 OK", f"550 {CANARY}-mail is wrong", f"451 {CANARY}-mail"])
async def test_a_mail_server_that_repeats_the_password(answer: str, written: io.StringIO) -> None:
    """Its words are told without it."""
    async with mail_server(Mailbox({"RCPT": answer})) as port:
        spec = EmailSpec(
            "a@example.org", "127.0.0.1", port, ("b@example.org",), password=canary("mail"), require_tls=False
        )
        seen = await told(spec)

    assert CANARY not in seen + written.getvalue()
    assert ("<secret>" in seen) == (not answer.startswith("250"))
