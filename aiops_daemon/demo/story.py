"""What goes wrong in the recorded world, and when.

Enters: hours since the replay began. Leaves: the effect of each fault on its signal, and the story told to people.
All else in the world is healthy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.demo.signals import Floats, trapezium

DEPLOY = 1.0
DISK = 2.0
REGRESSION = 3.0
REGRESSION_END = 13.0
LEAK = 4.0
SPIKE = 7.0
SPIKE_END = 7.75

_MEMORY_START = 0.48  # of the limit
_LEAK_HOURS = 5.8  # from there to the limit
_OUT_OF_MEMORY = 6.3  # hours after the leak began: reclaim holds it at the limit for a while
_DISK_START = 0.42
_DISK_PER_DAY = 0.004
_DISK_PER_HOUR = 0.0188  # once the log level is wrong


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens in the world; `at` is unix seconds."""

    at: float
    title: str


def tell(begin: float) -> tuple[Event, ...]:
    """Tell the story of a world whose replay begins at `begin`."""
    return tuple(Event(begin + hours * HOUR, title) for hours, title in _STORY)


_STORY = (
    (DEPLOY, "a deploy of checkout answers 12 % of its requests with errors for a quarter of an hour"),
    (DISK, "node-2 begins to log too much; its /data will be 95 % full about 20 hours after the replay"),
    (REGRESSION, "a release of payment is three times as slow, and checkout waits for it"),
    (LEAK, "cart begins to leak memory and reaches its limit within six hours"),
    (SPIKE, "a crawler sends two and a half times the usual traffic to frontend for 45 minutes"),
    (LEAK + _OUT_OF_MEMORY, "cart is killed at its memory limit, restarts, and leaks again"),
    (REGRESSION_END, "the release of payment is rolled back"),
)


def checkout_errors(hours: Floats) -> Floats:
    """Return the share of checkout's requests that the deploy breaks."""
    return 0.12 * trapezium(hours, DEPLOY, DEPLOY + 0.25, ramp=0.03)


def checkout_rollout(hours: Floats) -> Floats:
    """Return the replicas that the deploy takes away for four minutes."""
    return np.where((hours >= DEPLOY) & (hours < DEPLOY + 4 / 60), 1.0, 0.0)


def payment_slowdown(hours: Floats) -> Floats:
    """Return by how much payment is slower, in times of its usual latency."""
    return 2.0 * trapezium(hours, REGRESSION, REGRESSION_END, ramp=0.1)


def cart_memory(hours: Floats) -> Floats:
    """Return cart's memory in use of its limit: level, then leaking to the limit and killed, over and over."""
    leaking = np.maximum(hours - LEAK, 0.0) % _OUT_OF_MEMORY
    return np.minimum(_MEMORY_START + (1.0 - _MEMORY_START) * leaking / _LEAK_HOURS, 0.995)


def cart_restarts(hours: Floats) -> Floats:
    """Return cart's restarts within the last quarter of an hour."""
    since = np.where(hours > LEAK + _OUT_OF_MEMORY, (hours - LEAK) % _OUT_OF_MEMORY, 1.0)
    return np.where(since < 0.25, 1.0, 0.0)


def frontend_spike(hours: Floats) -> Floats:
    """Return frontend's traffic in times of its usual."""
    return 1.0 + 1.5 * trapezium(hours, SPIKE, SPIKE_END, ramp=0.08)


def disk_in_use(hours: Floats) -> Floats:
    """Return the filled share of /data on node-2: slowly rising, then fast."""
    return np.minimum(
        _DISK_START + _DISK_PER_DAY * hours / 24.0 + _DISK_PER_HOUR * np.maximum(hours - DISK, 0.0), 0.998
    )
