"""One attempt is one request, without sleep, within its deadline; and the loop stays free meanwhile."""

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest
from fake_pagerduty import FakePagerDuty
from pagerduty_world import DEDUP_KEY, message, row, spec, two_way

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.edges.notify.pagerduty.clients import TIMEOUT
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier
from aiops_daemon.edges.notify.pagerduty.lane import DEADLINE_SECONDS

SHORT = 0.4  # seconds; the deadline of tests that wait for it
SLEEP = 3.0  # seconds; the shortest that the library sleeps before it tries again (1.5 s, doubled)


@pytest.fixture
async def fake() -> AsyncIterator[FakePagerDuty]:
    """Start a PagerDuty."""
    async with FakePagerDuty() as started:
        yield started


async def send(url: str, rows: Notification | None = None, *, deadline: float = DEADLINE_SECONDS) -> Outcome:
    """Make one attempt."""
    notifier = PagerDutyNotifier(spec(url), time.time, deadline=deadline)
    try:
        return await notifier.send(rows or row())
    finally:
        await notifier.close()


@pytest.mark.parametrize(
    ("fault", "reason", "retry"),
    [
        (202, None, False),
        (400, FailureReason.CLIENT_ERROR, False),
        (401, FailureReason.AUTH_ERROR, False),
        (403, FailureReason.AUTH_ERROR, False),
        (307, FailureReason.CLIENT_ERROR, False),
        (429, FailureReason.RATE_LIMITED, True),
        (500, FailureReason.SERVER_ERROR, True),
        (502, FailureReason.SERVER_ERROR, True),
        (503, FailureReason.SERVER_ERROR, True),
        (504, FailureReason.SERVER_ERROR, True),
        ("reset", FailureReason.UNREACHABLE, True),
        ("page", FailureReason.OTHER, True),
    ],
)
async def test_an_answer_ends_the_attempt(
    fake: FakePagerDuty, fault: int | str, reason: FailureReason | None, retry: bool
) -> None:
    """Whatever is answered, there was one request, and it took less than the library's shortest sleep."""
    fake.script.extend([fault] * 10)
    began = time.monotonic()

    outcome = await send(fake.url)

    assert time.monotonic() - began < SLEEP
    assert 1 == len(fake.requests)
    if reason is None:
        assert Sent(DEDUP_KEY) == outcome
    else:
        assert isinstance(outcome, Failed)
        assert (reason, retry) == (outcome.reason, outcome.retry)


@pytest.mark.parametrize("event", [MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE])
@pytest.mark.parametrize("fault", [429, 503, "reset"])
async def test_acts_are_one_request_too(fake: FakePagerDuty, event: MessageEvent, fault: int | str) -> None:
    """Acknowledge and resolve are not repeated either."""
    fake.script.extend([fault] * 10)
    began = time.monotonic()

    outcome = await send(fake.url, row(message(event)))

    assert (True, True, 1) == (isinstance(outcome, Failed), time.monotonic() - began < SLEEP, len(fake.requests))


@pytest.mark.parametrize("fault", [429, 503, "reset"])
async def test_questions_are_one_request_too(fake: FakePagerDuty, fault: int | str) -> None:
    """The REST API is asked once; without an answer nothing is known."""
    fake.script.extend([fault] * 10)
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    began = time.monotonic()

    answer = await notifier.confirmed(row())

    assert (None, True, 1) == (answer, time.monotonic() - began < SLEEP, len(fake.requests))
    await notifier.close()


async def test_the_wait_that_is_asked_for_is_handed_on(fake: FakePagerDuty) -> None:
    """Retry-After reaches the outbox, which waits; the attempt does not."""
    fake.script.append(429)
    fake.retry_after = "37"

    outcome = await send(fake.url)

    assert Failed(FailureReason.RATE_LIMITED, "HTTP 429: scripted 429", True, 37.0) == outcome


@pytest.mark.parametrize("fault", ["hang", "stall", "drip"])
async def test_the_deadline_ends_what_hangs_while_the_loop_goes_on(fake: FakePagerDuty, fault: str) -> None:
    """Nobody answers, or without end: at the deadline it is over, and the loop turned all the while."""
    fake.script.append(fault)
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    turning = asyncio.create_task(turn())
    began = time.monotonic()
    outcome = await send(fake.url, deadline=SHORT)
    took = time.monotonic() - began
    turning.cancel()

    assert Failed(FailureReason.DEADLINE_EXCEEDED, "no answer in time", retry=True) == outcome
    assert SHORT <= took < SHORT + SLEEP
    assert turns > 5


def test_the_librarys_own_waiting_ends_before_the_deadline() -> None:
    """A thread that nobody waits for any more ends by itself: its timeouts are set, and together below the deadline."""
    waits = TIMEOUT.as_dict().values()

    assert None not in waits
    assert sum(wait or 0.0 for wait in waits) < DEADLINE_SECONDS


async def test_who_is_not_there_is_unreachable() -> None:
    """A refused connection, and a name that nobody has, are told in the system's words."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    outcome = await send(f"http://127.0.0.1:{port}")

    assert Failed(FailureReason.UNREACHABLE, "connection refused", retry=True) == outcome


async def test_a_server_without_tls_is_unreachable(fake: FakePagerDuty) -> None:
    """What does not speak TLS is told as that."""
    outcome = await send(fake.url.replace("http:", "https:"))

    assert isinstance(outcome, Failed)
    assert (FailureReason.UNREACHABLE, True) == (outcome.reason, outcome.detail.startswith("TLS failed: "))


async def test_an_attempt_that_was_given_up_sends_nothing_later() -> None:
    """A server that takes connections late gets no request from an attempt whose deadline has passed.

    A late trigger would open a page again that was resolved meanwhile.
    """
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        port = server.getsockname()[1]
        crowd = [_knock(port) for _ in range(3)]  # the kernel's queue is full: the next one waits in connect

        outcome = await send(f"http://127.0.0.1:{port}", deadline=SHORT)
        for one in crowd:
            one.close()
        heard = await asyncio.to_thread(_drain, server)

    assert Failed(FailureReason.DEADLINE_EXCEEDED, "no answer in time", retry=True) == outcome
    assert b"" == heard


def _knock(port: int) -> socket.socket:
    client = socket.socket()
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", port))
    return client


def _drain(server: socket.socket) -> bytes:
    """Return all bytes of all connections that come while our thread still lives."""
    heard = b""
    server.settimeout(0.2)
    until = time.monotonic() + 8.0
    while time.monotonic() < until and any(one.name == "pagerduty" for one in threading.enumerate()):
        try:
            connection, _ = server.accept()
        except TimeoutError:
            continue
        with connection:
            connection.settimeout(0.2)
            try:
                heard += connection.recv(65536)
            except OSError:
                continue
    return heard


async def test_a_cancelled_attempt_frees_its_thread(fake: FakePagerDuty) -> None:
    """Cancelling does not wait for the thread, and the channel can send afterwards."""
    fake.script.append("hang")
    notifier = PagerDutyNotifier(spec(fake.url), time.time)
    hanging = asyncio.create_task(notifier.send(row()))
    while not fake.requests:
        await asyncio.sleep(0.01)

    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging

    assert Sent(DEDUP_KEY) == await notifier.send(row())
    await notifier.close()


async def test_more_attempts_than_threads_take_turns(fake: FakePagerDuty) -> None:
    """Beyond the threads of a channel attempts wait, and all arrive."""
    notifier = PagerDutyNotifier(spec(fake.url), time.time)

    outcomes = await asyncio.gather(*(notifier.send(row(dedup_key=f"aiops/eu1/u{number}")) for number in range(40)))

    assert [True] * 40 == [isinstance(outcome, Sent) for outcome in outcomes]
    assert 40 == len(set(fake.pages))
    await notifier.close()


async def test_attempts_that_find_no_thread_in_time_send_nothing(fake: FakePagerDuty) -> None:
    """When every thread hangs, those that wait behind end at their deadline without a request."""
    fake.fault = lambda path, body: "hang"
    notifier = PagerDutyNotifier(spec(fake.url), time.time, deadline=SHORT)

    outcomes = await asyncio.gather(*(notifier.send(row()) for _ in range(7)))

    assert {FailureReason.DEADLINE_EXCEEDED} == {one.reason for one in outcomes if isinstance(one, Failed)}
    assert (7, 4) == (len(outcomes), len(fake.requests))
    await notifier.close()


async def test_closing_is_done_twice_without_harm(fake: FakePagerDuty) -> None:
    """Close is idempotent, with and without anything sent."""
    notifier = PagerDutyNotifier(spec(fake.url), time.time)
    await notifier.close()
    await notifier.send(row())

    await notifier.close()
    await notifier.close()

    assert 1 == len(fake.pages)


STUCK = """
import asyncio, threading
from aiops_daemon.edges.notify.pagerduty.lane import Lane

async def main():
    try:
        await Lane("http://127.0.0.1:9", deadline=0.1).attempt(lambda transport: threading.Event().wait())
    except TimeoutError:
        print("given up")

asyncio.run(main())
"""


def test_a_thread_that_never_ends_does_not_hold_the_process_up() -> None:
    """A name server that is silent blocks a thread beyond every timeout; the daemon can stop all the same."""
    ended = subprocess.run([sys.executable, "-c", STUCK], capture_output=True, text=True, timeout=60, check=False)

    assert (0, "given up\n", "") == (ended.returncode, ended.stdout, ended.stderr)
