"""What people did elsewhere to a page of ours flows into its incident.

Enters: changes as PagerDuty tells them. Leaves: acts on the desk in the name of the person, confirmations of pages. A
resolve there does not close what still fires here: it answers, and says so. What comes again changes nothing, nor what
we wrote there ourselves, nor what was done before the incident took another turn. A change of which it cannot be asked
whose it is (PagerDuty's notes name no key) is kept and asked again: it holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from aiops_daemon.clock import Clock
from aiops_daemon.core.incidents.acts import MOST_TEXT
from aiops_daemon.core.model.action import Action, ActionKind, Done, Refusal, RefusalReason, Stored
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.remote import RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.response.keys import incident_of, is_storm
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.logs import fields
from aiops_daemon.ports.acts import ActStore
from aiops_daemon.ports.paging import PagingStore

log = logging.getLogger(__name__)

Act = Callable[[Action, Scope, str], Awaitable[Done | Refusal | Stored]]
"""Does an action in somebody's name; the text is the same over every delivery of one change."""

LOOK_EVERY = 5.0  # seconds between two looks at what was kept
ASKED_WITHIN = 2.0  # seconds in which it is known whose a change is; PagerDuty is answered within four
FIRST_PAUSE = 10.0  # seconds before a kept change is asked of again; doubled each time
LONGEST_PAUSE = 900.0
GIVES_UP = 2 * DAY  # as long as PagerDuty itself would repeat it
AT_ONCE = 20
_ACTS = {
    RemoteKind.ACK: ActionKind.ACK,
    RemoteKind.UNACK: ActionKind.UNACK,
    RemoteKind.RESOLVE: ActionKind.RESOLVE,
    RemoteKind.REOPEN: ActionKind.REOPEN,
    RemoteKind.REASSIGN: ActionKind.ASSIGN,
    RemoteKind.NOTE: ActionKind.NOTE,
    RemoteKind.PRIORITY: ActionKind.NOTE,
}
_ENDS = {RemoteKind.ACK: MessageEvent.ACKNOWLEDGE, RemoteKind.RESOLVE: MessageEvent.RESOLVE}


@dataclass(frozen=True, slots=True)
class Taken:
    """Where it is noted what came, and what is to be looked at again."""

    paging: PagingStore
    acts: ActStore


class Remote:
    """Carries changes made elsewhere to the desk."""

    def __init__(
        self,
        taken: Taken,
        act: Act,
        cluster: Callable[[], str],
        people: Callable[[], Iterable[PersonSpec]],
        key_of: Callable[[str], Awaitable[str | None]],
        leads: Callable[[], bool],
        clock: Clock,
    ) -> None:
        self._store = taken.paging
        self._kept = taken.acts
        self._act = act
        self._cluster = cluster
        self._people = people
        self._key_of = key_of  # dedup key of what the other side calls so; "": none of ours, None: not to be asked now
        self._leads = leads
        self._clock = clock

    async def deliver(self, change: RemoteChange) -> None:
        """Do what a change asks for, then remember it; raises StoreError when it must come again."""
        key = change.dedup_key or await self._whose(change)
        if key is None:
            log.warning("a change elsewhere is kept: it cannot be asked whose it is", extra=_told(change))
            await self._kept.keep(change, self._clock.now() + FIRST_PAUSE)
            return
        if change.kind in _ENDS and is_storm(key, self._cluster()):  # many acts, and the answer must not wait for them
            await self._kept.keep(change, self._clock.now())
            return
        if change.kind is RemoteKind.TRIGGER:
            await self._store.made(key, change.occurred_at)
        elif change.kind in _ENDS and await self._store.ours(key, _ENDS[change.kind], change.occurred_at):
            log.info("a change elsewhere is our own", extra=_told(change))
        else:
            await self._take(change, key)
        await self._store.seen(change.source, change.uid)

    async def run(self, beat: Callable[[], None]) -> None:
        """Ask again of what was kept, for ever, while this replica leads."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            for change, came_at, attempts in await self._kept.kept(AT_ONCE) if self._leads() else ():
                await self._again(change, came_at, attempts)
                beat()
            beat()

    async def _whose(self, change: RemoteChange) -> str | None:
        """Ask whose a change is, but not for longer than who told it waits for an answer."""
        try:
            async with asyncio.timeout(ASKED_WITHIN):
                return await self._key_of(change.remote_id)
        except TimeoutError:
            return None

    async def _again(self, change: RemoteChange, came_at: float, attempts: int) -> None:
        """Place a kept change, or keep it for longer; after two days it is given up."""
        key, now = change.dedup_key or await self._key_of(change.remote_id), self._clock.now()
        if key is not None:
            await self._take(change, key)
        elif now - came_at < GIVES_UP:
            await self._kept.put_off(change, now + min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(attempts + 1, 10)))
            return
        else:
            log.error("a change elsewhere is given up: it could not be asked whose it is", extra=_told(change))
        await self._kept.drop(change)

    async def _take(self, change: RemoteChange, key: str) -> None:
        """Follow a change: of its incident, or of every one that a storm page named when it was answered."""
        ours = incident_of(key, self._cluster())
        uid = f"{change.source}/{change.uid}"
        if ours is not None:
            await self._follow(change, ours[0], uid)
        elif change.kind in _ENDS and is_storm(key, self._cluster()):
            for incident in await self._store.named(key, change.occurred_at):
                await self._follow(change, incident, f"{uid}/{incident}")
        else:
            log.info("a change elsewhere is about none of ours", extra=fields(source=change.source, kind=change.kind))

    async def _follow(self, change: RemoteChange, incident: str, uid: str) -> None:
        actor = self._actor(change)
        scope = Scope(actor, None, Role.RESPONDER, change.source)
        answer = await self._act(_action(change, incident, actor), scope, uid)
        if isinstance(answer, Stored):  # told again, it has the same id, and the answer
            raise StoreError(StoreReason.FENCED, "it is stored, but no replica did it yet")
        if not isinstance(answer, Refusal):
            return
        if answer.reason is RefusalReason.UNAVAILABLE:
            raise StoreError(StoreReason.UNREACHABLE, answer.text)
        log.warning("a change elsewhere is not followed", extra=fields(kind=change.kind, why=answer.text))
        if change.kind is RemoteKind.RESOLVE and answer.reason is RefusalReason.CONFLICT:
            text = f"resolved in {change.source}, but alerts still fire here: {answer.text}"
            ack = Action(ActionKind.ACK, incident, text=text, at=change.occurred_at)
            await self._act(ack, scope, f"{uid}/ack")

    def _actor(self, change: RemoteChange) -> str:
        """Return the person's name here, or that of the other side."""
        known = (one.name for one in self._people() if change.actor_id and one.pagerduty_id == change.actor_id)
        return next(known, "") or change.actor or change.source


def _told(change: RemoteChange) -> dict[str, dict[str, object]]:
    return fields(source=change.source, kind=change.kind, uid=change.uid, about=change.remote_id)


def _action(change: RemoteChange, incident: str, actor: str) -> Action:
    kind, at = _ACTS[change.kind], change.occurred_at
    if change.kind is RemoteKind.REASSIGN:
        return Action(kind, incident, assignee=change.text or actor, at=at)
    if change.kind is RemoteKind.PRIORITY:
        return Action(kind, incident, text=f"priority in {change.source}: {change.text or 'none'}", at=at)
    text = change.text if change.kind is RemoteKind.NOTE else ""
    return Action(kind, incident, text=text if len(text) <= MOST_TEXT else f"{text[: MOST_TEXT - 1]}…", at=at)
