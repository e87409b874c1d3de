"""What people did elsewhere to a page of ours flows into its incident.

Enters: changes as PagerDuty tells them. Leaves: acts on the desk in the name of the person, confirmations of pages. A
resolve there does not close what still fires here: it answers, and says so. What comes again changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.remote import RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.response.keys import incident_of
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.logs import fields
from aiops_daemon.ports.paging import PagingStore

log = logging.getLogger(__name__)

Act = Callable[[Action, Scope], Awaitable[Done | Refusal]]
_ACTS = {
    RemoteKind.ACK: ActionKind.ACK,
    RemoteKind.UNACK: ActionKind.UNACK,
    RemoteKind.RESOLVE: ActionKind.RESOLVE,
    RemoteKind.REOPEN: ActionKind.REOPEN,
    RemoteKind.REASSIGN: ActionKind.ASSIGN,
    RemoteKind.NOTE: ActionKind.NOTE,
    RemoteKind.PRIORITY: ActionKind.NOTE,
}


class Remote:
    """Carries changes made elsewhere to the desk."""

    def __init__(
        self,
        store: PagingStore,
        act: Act,
        cluster: Callable[[], str],
        people: Callable[[], Iterable[PersonSpec]],
        key_of: Callable[[str], Awaitable[str | None]],
    ) -> None:
        self._store = store
        self._act = act
        self._cluster = cluster
        self._people = people
        self._key_of = key_of  # dedup key of what the other side calls so

    async def deliver(self, change: RemoteChange) -> None:
        """Do what a change asks for, then remember it; raises StoreError when it must come again."""
        key = change.dedup_key or await self._key_of(change.remote_id) or ""
        if change.kind is RemoteKind.TRIGGER:
            await self._store.confirm(key)
        else:
            await self._take(change, key)
        await self._store.seen(change.source, change.uid)

    async def _take(self, change: RemoteChange, key: str) -> None:
        ours = incident_of(key, self._cluster())
        if ours is None:
            log.info("a change elsewhere is about none of ours", extra=fields(source=change.source, kind=change.kind))
            return
        actor = self._actor(change)
        scope = Scope(actor, None, Role.RESPONDER, change.source)
        answer = await self._act(_action(change, ours[0], actor), scope)
        if not isinstance(answer, Refusal):
            return
        if answer.reason is RefusalReason.UNAVAILABLE:
            raise StoreError(StoreReason.UNREACHABLE, answer.text)
        log.warning("a change elsewhere is not followed", extra=fields(kind=change.kind, why=answer.text))
        if change.kind is RemoteKind.RESOLVE and answer.reason is RefusalReason.CONFLICT:
            text = f"resolved in {change.source}, but alerts still fire here: {answer.text}"
            await self._act(Action(ActionKind.ACK, ours[0], text=text), scope)

    def _actor(self, change: RemoteChange) -> str:
        """Return the person's name here, or that of the other side."""
        known = (one.name for one in self._people() if change.actor_id and one.pagerduty_id == change.actor_id)
        return next(known, "") or change.actor or change.source


def _action(change: RemoteChange, incident: str, actor: str) -> Action:
    kind = _ACTS[change.kind]
    if change.kind is RemoteKind.REASSIGN:
        return Action(kind, incident, assignee=change.text or actor)
    if change.kind is RemoteKind.PRIORITY:
        return Action(kind, incident, text=f"priority in {change.source}: {change.text or 'none'}")
    return Action(kind, incident, text=change.text if change.kind is RemoteKind.NOTE else "")
