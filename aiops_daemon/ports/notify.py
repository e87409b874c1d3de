"""Channels as the delivery flow sees them: one attempt to send one message.

Enters: a row of the outbox. Leaves: what became of it. An attempt ends within its deadline, never repeats by itself
(the outbox does) and never raises for anything that the other side, the network or a template did.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from aiops_daemon.core.model.notification import Notification, Outcome


class Notifier(Protocol):
    """One configured channel."""

    async def send(self, notification: Notification) -> Outcome:
        """Send one message once; the words of a failure hold no secret."""

    async def close(self) -> None:
        """Release connections; idempotent."""


@runtime_checkable
class Confirmer(Protocol):
    """A channel whose service can be asked whether what it accepted became a page."""

    async def confirmed(self, notification: Notification) -> bool | None:
        """Say whether the page exists; None when it could not be asked."""


@runtime_checkable
class Counterpart(Protocol):
    """A channel whose service has incidents of its own, told apart by our dedup keys."""

    async def note(self, dedup_key: str, text: str) -> Outcome:
        """Write a note to the incident there, once."""

    async def dedup_key(self, remote_id: str) -> str | None:
        """Return the key of the incident that it calls so, "" when it has none; None: it could not be asked."""
