"""One table says what the answers and failures of every channel mean."""

import errno
import socket
import ssl
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.notification import Failed, FailureReason
from aiops_daemon.edges.notify.statuses import LONGEST_WAIT, failed, retry_after, unreachable

TABLE = [
    (200, FailureReason.OTHER, True),
    (202, FailureReason.OTHER, True),
    (301, FailureReason.CLIENT_ERROR, False),
    (307, FailureReason.CLIENT_ERROR, False),
    (400, FailureReason.CLIENT_ERROR, False),
    (401, FailureReason.AUTH_ERROR, False),
    (403, FailureReason.AUTH_ERROR, False),
    (404, FailureReason.CLIENT_ERROR, False),
    (407, FailureReason.AUTH_ERROR, False),
    (408, FailureReason.DEADLINE_EXCEEDED, True),
    (410, FailureReason.CLIENT_ERROR, False),
    (413, FailureReason.CLIENT_ERROR, False),
    (422, FailureReason.CLIENT_ERROR, False),
    (425, FailureReason.SERVER_ERROR, True),
    (429, FailureReason.RATE_LIMITED, True),
    (500, FailureReason.SERVER_ERROR, True),
    (502, FailureReason.SERVER_ERROR, True),
    (503, FailureReason.SERVER_ERROR, True),
    (504, FailureReason.SERVER_ERROR, True),
    (599, FailureReason.SERVER_ERROR, True),
    (999, FailureReason.OTHER, True),
]
NOW = 1_780_000_000.0
SECRET = "https://hooks.example.org/services/T0/B0/canary-6f1b"


@pytest.mark.parametrize(("status", "reason", "retry"), TABLE)
def test_a_status_means_one_thing(status: int, reason: FailureReason, retry: bool) -> None:
    """Every status has a reason, and says whether another attempt may help."""
    told = failed(status, "invalid event", 7.0)

    assert Failed(reason, f"HTTP {status}: invalid event", retry, 7.0 if retry else None) == told


def test_words_are_one_short_line() -> None:
    """What a talkative server says is cut, and loses its line breaks."""
    assert "HTTP 500: a b" == failed(500, "a\n\tb", None).detail
    assert "HTTP 500" == failed(500, "", None).detail
    assert 300 == len(failed(500, "x" * 1000, None).detail)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 30 ", 30.0),
        ("999999999999999999", LONGEST_WAIT),
        (formatdate(NOW + 90, usegmt=True), 90.0),
        (formatdate(NOW - 90, usegmt=True), 0.0),
        (formatdate(NOW + 90), 90.0),  # ends in -0000
        (formatdate(NOW + 30 * 86_400, usegmt=True), LONGEST_WAIT),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    """Both forms of the header are read, whatever the case of its name; others say nothing."""
    assert seconds == retry_after({"retry-AFTER": text}, NOW)


def test_without_the_header_nothing_is_asked() -> None:
    """Other headers do not matter."""
    assert retry_after({"X-Retry-After": "3"}, NOW) is None


@given(st.text(), st.floats(0, 4e9))
def test_no_header_breaks_the_reading(text: str, now: float) -> None:
    """Whatever stands in the header, it is a bounded wait or nothing."""
    seconds = retry_after({"Retry-After": text}, now)

    assert seconds is None or 0 <= seconds <= LONGEST_WAIT


class LibraryTimeoutError(Exception):
    """As client libraries name theirs."""


class ConnectError(Exception):
    """As client libraries name theirs; its words repeat the address."""

    def __init__(self, os_error: OSError | None = None) -> None:
        super().__init__(SECRET)
        if os_error is not None:
            self.os_error = os_error


def caused(inner: BaseException) -> BaseException:
    """Return a library's error that came from another."""
    outer = ConnectError()
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (TimeoutError(), FailureReason.DEADLINE_EXCEEDED, "no answer in time"),
        (LibraryTimeoutError(SECRET), FailureReason.DEADLINE_EXCEEDED, "no answer in time"),
        (caused(TimeoutError(SECRET)), FailureReason.DEADLINE_EXCEEDED, "no answer in time"),
        (ConnectionRefusedError(errno.ECONNREFUSED, SECRET), FailureReason.UNREACHABLE, "connection refused"),
        (caused(OSError(errno.ECONNRESET, SECRET)), FailureReason.UNREACHABLE, "connection reset by peer"),
        (ConnectError(OSError(errno.EHOSTUNREACH, SECRET)), FailureReason.UNREACHABLE, "no route to host"),
        (
            caused(socket.gaierror(socket.EAI_NONAME, "Name or service not known")),
            FailureReason.UNREACHABLE,
            "the name of the server was not found: Name or service not known",
        ),
        (caused(ssl.SSLError(1, SECRET)), FailureReason.UNREACHABLE, "TLS failed: no reason given"),
        (
            caused(ssl.SSLCertVerificationError(1, SECRET)),
            FailureReason.UNREACHABLE,
            "the server's certificate was refused: no reason given",
        ),
        (ConnectError(), FailureReason.UNREACHABLE, "the connection failed (ConnectError)"),
        (ConnectionResetError(), FailureReason.UNREACHABLE, "the connection failed (ConnectionResetError)"),
    ],
)
def test_without_an_answer_another_attempt_may_help(error: BaseException, reason: FailureReason, words: str) -> None:
    """What the system said is told, never the words of a library: they repeat the address."""
    assert Failed(reason, words, retry=True) == unreachable(error)


def test_errors_that_go_in_circles_end() -> None:
    """A chain of causes that comes back to itself is told all the same."""
    first, second = ConnectError(), ConnectError()
    first.__cause__, second.__cause__ = second, first

    assert "the connection failed (ConnectError)" == unreachable(first).detail
