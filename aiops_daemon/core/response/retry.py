"""When an attempt is made again, and when it is given up.

Enters: how often it was tried, since when, and what the other side asked for. Leaves: a moment, or none. Exponential
from seconds to ten minutes, for six hours, but never longer than half a minute or an eighth of its age: who is paged
late must not wait for minutes because of a run of bad luck. The jitter comes from the message's own id, so that a
decision can be repeated, and replicas do not all come at once.
"""

from __future__ import annotations

import hashlib

from aiops_daemon.core.model.notification import Failed, Notification

FIRST = 2.0  # seconds
SOON = 30.0  # what a pause may be however young the message is: what PagerDuty advises between tries
AGE_SHARE = 8.0
MOST = 600.0
SPAN = 6 * 3600.0  # seconds after which nobody waits for it any more


def next_attempt(notification: Notification, outcome: Failed, now: float) -> float | None:
    """Return when to try again; None: never."""
    age = now - notification.created_at
    if not outcome.retry or age >= SPAN:
        return None
    tries = max(0, min(notification.attempts - 1, 16))
    pause = min(FIRST * 2.0**tries, max(SOON, age / AGE_SHARE), MOST)
    wished = max(pause * (0.5 + _fraction(notification)), outcome.retry_after or 0.0)
    return now + wished


def _fraction(notification: Notification) -> float:
    """Return a number from 0 to 1 that depends on the message and the attempt alone."""
    text = f"{notification.uid}/{notification.attempts}".encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=4).digest(), "big") / 2**32
