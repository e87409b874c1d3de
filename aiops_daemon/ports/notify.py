"""Channels as the delivery flow sees them: one attempt to send one message.

Enters: a row of the outbox. Leaves: what became of it. An attempt ends within its deadline, never repeats by itself
(the outbox does) and never raises for anything that the other side, the network or a template did.
"""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.model.notification import Notification, Outcome


class Notifier(Protocol):
    """One configured channel."""

    async def send(self, notification: Notification) -> Outcome:
        """Send one message once; the words of a failure hold no secret."""

    async def close(self) -> None:
        """Release connections; idempotent."""
