"""What answers mean, the same for every channel: which are tried again, when, and by which reason they are counted."""

from __future__ import annotations

import pytest
from channel_table import CHANNELS, Channel, opened
from http_channel_server import Recorder, http_server
from notify_world import notification

from aiops_daemon.core.model.notification import Failed, FailureReason, Sent

TABLE = [
    # status, headers, reason, tried again, not before
    (301, {"Location": "/elsewhere"}, FailureReason.CLIENT_ERROR, False, None),
    (307, {"Location": "http://169.254.169.254/latest"}, FailureReason.CLIENT_ERROR, False, None),
    (400, {}, FailureReason.CLIENT_ERROR, False, None),
    (401, {}, FailureReason.AUTH_ERROR, False, None),
    (403, {}, FailureReason.AUTH_ERROR, False, None),
    (404, {}, FailureReason.CLIENT_ERROR, False, None),
    (408, {}, FailureReason.DEADLINE_EXCEEDED, True, None),
    (410, {}, FailureReason.CLIENT_ERROR, False, None),
    (413, {}, FailureReason.CLIENT_ERROR, False, None),
    (422, {}, FailureReason.CLIENT_ERROR, False, None),
    (429, {}, FailureReason.RATE_LIMITED, True, None),
    (429, {"Retry-After": "17"}, FailureReason.RATE_LIMITED, True, 17.0),
    (429, {"Retry-After": "Fri, 21 Nov 2025 03:51:00 GMT"}, FailureReason.RATE_LIMITED, True, 60.0),
    (429, {"Retry-After": "soon"}, FailureReason.RATE_LIMITED, True, None),
    (500, {}, FailureReason.SERVER_ERROR, True, None),
    (502, {}, FailureReason.SERVER_ERROR, True, None),
    (503, {"Retry-After": "120"}, FailureReason.SERVER_ERROR, True, 120.0),
    (504, {}, FailureReason.SERVER_ERROR, True, None),
]


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize(("status", "headers", "reason", "retry", "wait"), TABLE)
async def test_a_status_means_the_same_everywhere(
    channel: Channel, status: int, headers: dict[str, str], reason: FailureReason, retry: bool, wait: float | None
) -> None:
    """One request, no repetition, no redirect followed, and the same outcome."""
    recorder = Recorder(status, headers, body='{"message": "as told"}')
    async with http_server(recorder) as url, opened(channel.spec(url)) as notifier:
        outcome = await notifier.send(notification())

    assert isinstance(outcome, Failed)
    assert (reason, retry, wait) == (outcome.reason, outcome.retry, outcome.retry_after)
    assert outcome.detail.startswith(f"HTTP {status}")
    assert 1 == len(recorder.requests)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
@pytest.mark.parametrize("status", [200, 201, 202])
async def test_2xx_is_sent(channel: Channel, status: int) -> None:
    """Whatever number it is."""
    async with http_server(Recorder(status, body=channel.body)) as url, opened(channel.spec(url)) as notifier:
        assert isinstance(await notifier.send(notification()), Sent)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
async def test_nobody_there_is_tried_again(channel: Channel) -> None:
    """A refused connection is no verdict on the message."""
    async with opened(channel.spec("http://127.0.0.1:1")) as notifier:
        outcome = await notifier.send(notification())

    assert Failed(FailureReason.UNREACHABLE, "connection refused", retry=True) == outcome


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
async def test_closing_twice_does_no_harm(channel: Channel) -> None:
    """Before the first message, and after it."""
    async with http_server(Recorder(200, body=channel.body)) as url, opened(channel.spec(url)) as notifier:
        await notifier.close()
        await notifier.send(notification())
        await notifier.close()
        await notifier.close()
