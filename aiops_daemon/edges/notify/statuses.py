"""What an answer or a failure of a channel means: one table for all of them.

Enters: a status code, the header that says when to come back, or what the client library raised. Leaves: a Failed
with its reason and whether another attempt may help. Never repeats an address or the words of an exception: both may
hold secrets (the URL of a Slack webhook is one); `detail` is the caller's own, free of secrets.
"""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from aiops_daemon.core.model.notification import Failed, FailureReason

LONGEST_WAIT = 6 * 3600.0  # seconds; the outbox waits no longer between two attempts, whatever a server asks for
_TOLD = 300  # characters of a detail; servers can be talkative
_CHAIN = 8  # errors looked at; client libraries wrap what the system said

_EXCEPTIONS: dict[int, tuple[FailureReason, bool]] = {
    401: (FailureReason.AUTH_ERROR, False),
    403: (FailureReason.AUTH_ERROR, False),
    407: (FailureReason.AUTH_ERROR, False),
    408: (FailureReason.DEADLINE_EXCEEDED, True),  # the server waited too long for our request
    425: (FailureReason.SERVER_ERROR, True),
    429: (FailureReason.RATE_LIMITED, True),
}
_CLASSES: dict[int, tuple[FailureReason, bool]] = {
    2: (FailureReason.OTHER, True),  # accepted by something that is not the service: a proxy's page
    3: (FailureReason.CLIENT_ERROR, False),  # redirects are not followed, credentials would travel
    4: (FailureReason.CLIENT_ERROR, False),
    5: (FailureReason.SERVER_ERROR, True),
}


def failed(status: int, detail: str, retry_after: float | None) -> Failed:
    """Return what an answer means that does not accept the message."""
    reason, retry = _EXCEPTIONS.get(status) or _CLASSES.get(status // 100, (FailureReason.OTHER, True))
    words = " ".join(f"HTTP {status}: {detail}".split()).rstrip(":")
    return Failed(reason, words[:_TOLD], retry, retry_after if retry else None)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that Retry-After asks to wait (RFC 9110, 10.2.3), None when it asks for nothing readable."""
    text = next((value.strip() for name, value in headers.items() if name.lower() == "retry-after"), "")
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # "-0000" says that the zone is unknown; HTTP knows no other than UTC
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, moment.timestamp() - now), LONGEST_WAIT)


def unreachable(error: BaseException) -> Failed:
    """Return what it means that there was no answer; another attempt may always help."""
    chain = tuple(_chain(error))
    if any(isinstance(one, TimeoutError) or "timeout" in type(one).__name__.lower() for one in chain):
        return Failed(FailureReason.DEADLINE_EXCEEDED, "no answer in time", retry=True)
    return Failed(FailureReason.UNREACHABLE, _words(chain), retry=True)


def _words(chain: tuple[BaseException, ...]) -> str:
    """Say why there is no connection, in the system's words: those of the libraries repeat the address."""
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"the server's certificate was refused: {getattr(one, 'verify_message', 'no reason given')}"
        if isinstance(one, ssl.SSLError):
            return f"TLS failed: {getattr(one, 'reason', None) or 'no reason given'}"
        if isinstance(one, socket.gaierror):
            return f"the name of the server was not found: {one.strerror}"
        if isinstance(one, OSError) and one.errno in errno.errorcode:
            return os.strerror(one.errno or 0).lower()
    return f"the connection failed ({type(chain[-1]).__name__})"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what it came from, the outermost first."""
    current: BaseException | None = error
    for _ in range(_CHAIN):
        if current is None:
            return
        yield current
        inner = getattr(current, "os_error", None)  # aiohttp keeps what the system said here
        following = current.__cause__ or current.__context__
        current = inner if isinstance(inner, OSError) else following
