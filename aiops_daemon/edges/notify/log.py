"""Messages as lines of the daemon's own log: for trying out a route without disturbing anybody.

Enters: a notification. Leaves: one log record. Text of alerts is a field, never part of the format.
"""

from __future__ import annotations

import logging

from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.notification import Notification, Sent
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class LogNotifier:
    """Writes a line for each message."""

    def __init__(self, spec: LogSpec) -> None:
        self._level = _LEVELS[spec.level]

    async def send(self, notification: Notification) -> Sent:
        """Write the line."""
        message = notification.message
        told = {"event": str(message.event), "incident": message.name, "title": message.title}
        more = {"severity": message.severity, "destination": notification.destination, "why": message.why_you}
        log.log(self._level, "notification", extra=fields(**told, **more))
        return Sent()

    async def close(self) -> None:
        """Nothing to release."""
