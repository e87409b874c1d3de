"""Acts that reach a replica which does not hold the desk: handed over through the store, and answered.

Enters: an act, at any replica. Leaves: what came of it, or that it is stored and will be done. A follower writes the
act and waits for its answer; the replica that leads takes what waits, in order, and puts what it is asked itself behind
it. Never does an act twice: answer and act are one transaction, and who lost the lease meanwhile writes neither. With
one process nothing is handed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.action import Action, Done, Handed, Refusal, Stored
from aiops_daemon.core.model.scope import Scope
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.flows.alerts.desk import Desk
from aiops_daemon.ids import Mint
from aiops_daemon.logs import fields
from aiops_daemon.ports.acts import ActStore

log = logging.getLogger(__name__)

PATIENCE = 5.0  # seconds that an asker waits for the answer of the replica that leads
LOOK_EVERY = 0.1  # seconds between two looks for that answer
TAKE_EVERY = 0.25  # seconds between two looks for acts that wait
MOST_ATTEMPTS = 20  # at one act; one that ends the process each time must not hold up all others for ever


class Handing:
    """Carries acts to the desk, wherever it is."""

    def __init__(self, store: ActStore, desk: Desk, clock: Clock, mint: Mint, *, shared: bool) -> None:
        self._store = store
        self._desk = desk
        self._clock = clock
        self._mint = mint
        self._shared = shared  # other replicas may hold the desk

    async def act(
        self, action: Action, scope: Scope, uid: str = "", *, patience: float = PATIENCE
    ) -> Done | Refusal | Stored:
        """Do it here, or have it done; `uid` is the same over repetitions of one request, of which one is done."""
        if not self._shared:
            return await self._desk.act(action, scope, uid)
        if self._desk.leads and not await self._store.waits():
            try:
                return await self._desk.act(action, scope, uid)
            except StoreError as error:
                if error.reason is not StoreReason.FENCED:
                    raise
        return await self._hand(Handed(uid or self._mint(), action, scope, self._clock.now()), patience)

    async def run(self, beat: Callable[[], None]) -> None:
        """Carry out what waits, for ever, while this replica leads."""
        while True:
            while self._desk.leads and await self._carry_out():
                beat()
            beat()
            await self._clock.sleep(TAKE_EVERY)

    async def _hand(self, handed: Handed, patience: float) -> Done | Refusal | Stored:
        await self._store.hand(handed)
        ends = self._clock.monotonic() + patience
        while self._clock.monotonic() < ends:
            with suppress(StoreError):  # it is on disk: nobody may be told that it is not
                if (answer := await self._store.answer(handed.uid)) is not None:
                    return answer
            await self._clock.sleep(LOOK_EVERY)
        told = fields(act=handed.uid, kind=handed.action.kind, incident=handed.action.incident)
        log.warning("an act waits for a replica that leads", extra=told)
        return Stored(handed.uid)

    async def _carry_out(self) -> bool:
        """Do the oldest act that waits; say whether there was one."""
        begun = await self._store.begin()
        if begun is None:
            return False
        handed, uid, attempts = begun
        if handed is None:
            await self._desk.refuse(uid, "the replica that leads runs a release that does not know this act")
        elif attempts > MOST_ATTEMPTS:
            log.error("an act is given up", extra=fields(act=uid, kind=handed.action.kind, attempts=attempts))
            await self._desk.refuse(uid, f"it broke {MOST_ATTEMPTS} times; see the log")
        else:
            await self._desk.act(handed.action, handed.scope, uid)
        return True
