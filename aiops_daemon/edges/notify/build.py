"""The channel for every kind of specification: the one table of them.

Enters: a specification. Leaves: a notifier. Knows every kind, so that nobody else has to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.receiver import ChannelSpec
from aiops_daemon.edges.notify.log import LogNotifier
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier
from aiops_daemon.ports.notify import Notifier

_MAKERS: dict[str, Callable[[Any], Notifier]] = {
    "log": LogNotifier,
    "pagerduty": lambda spec: PagerDutyNotifier(spec, SystemClock().now),
}


def make_notifier(spec: ChannelSpec) -> Notifier:
    """Make the channel."""
    return _MAKERS[spec.integration](spec)
