"""The one writer: requests of many tasks, written in turn by one thread, intake in groups.

Enters: deliveries and whole transactions. Leaves: what each asked for, once it is on disk. Whatever waits while a
commit is on its way goes into the next one together (group commit): deliveries, and the transactions that may. A
request whose task is gone never touches another one's. But where one waited for a lock in vain, so did all that were
behind it. A delivery is refused after some seconds at most. All bookkeeping is on the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.edges.store.ballast import Ballast
from aiops_daemon.edges.store.engine import PATIENCE, Database, Patience
from aiops_daemon.edges.store.steps import Intake, Step, Together, Transaction, Waiting, Work, copied
from aiops_daemon.errors import StoreError, StoreReason

GROUP_ROWS = 256
GROUP_BYTES = 8 * 1024 * 1024
GROUP_WORKS = 32
WAITING_BYTES = 256 * 1024 * 1024  # of bodies in memory; beyond it intake is refused

_Result = TypeVar("_Result")


class Writer:
    """Owns the writer's thread. Methods are called on the event loop."""

    def __init__(self, database: Database, ballast: Ballast, patience: Patience = PATIENCE) -> None:
        self.database = database
        self.ballast = ballast
        self._intake_seconds = patience.intake_seconds
        self._thread = ThreadPoolExecutor(1, "store-writer")
        self._deliveries: deque[Waiting] = deque()
        self._work: deque[Transaction] = deque()
        self._bytes = 0
        self._running: asyncio.Future[Any] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._last_was_intake = False
        self._closed = False
        self.accepted = 0  # rows written by `accept`, those whose task was gone by then too

    async def accept(self, delivery: Delivery) -> int:
        """Write one delivery and return its row's id; one that was refused too late may be written all the same."""
        self._check_open()
        if self._bytes + len(delivery.body) > WAITING_BYTES:
            raise StoreError(StoreReason.FAILED, "too many alerts wait to be written; the disk is too slow for them")
        waiting = Waiting(delivery, asyncio.get_running_loop().create_future())
        self._bytes += len(delivery.body)
        self._deliveries.append(waiting)
        self._pump()
        try:
            async with asyncio.timeout(self._intake_seconds):
                return await waiting.future
        except TimeoutError as error:
            words = f"{self.database.where}: nothing was written within {self._intake_seconds:g} s"
            raise StoreError(StoreReason.UNREACHABLE, words) from error

    async def run(
        self, work: Work[_Result], then: Callable[[_Result], None] | None = None, *, together: bool = False
    ) -> _Result:
        """Run one transaction and return what `work` returned; `then` is told it even when nobody waits any more.

        `together`: it may share its commit with others, and `work` may be run a second time when one of those fails.
        """
        self._check_open()
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._work.append(Transaction(self._transact, work, future, then, together))
        self._pump()
        return await future

    async def close(self) -> None:
        """Write what waits, then end the thread and the connections; idempotent."""
        if self._closed:
            return
        self._closed = True
        while self._running is not None:
            await asyncio.wait({self._running})
            await asyncio.sleep(0)  # its own callback starts the next step
        await asyncio.get_running_loop().run_in_executor(self._thread, self.database.dispose)
        self._thread.shutdown(wait=False)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError(StoreReason.CLOSED, "the store is closed: the daemon is stopping")

    def _transact(self, work: Work[_Result]) -> _Result:
        """Run a transaction; on a full disk once more with the ballast's room."""
        try:
            with self.database.writing() as connection:
                return work(connection)
        except StoreError as error:
            if error.reason is not StoreReason.FULL or self.ballast.given_up:
                raise
        self.ballast.give_up()
        with self.database.writing() as connection:
            return work(connection)

    def _pump(self) -> None:
        """Start the next step unless one is running."""
        if self._running is not None:
            return
        step = self._next()
        if step is None:
            return
        lines = self.database.writing_lines
        self._alarm = lines.watch() if lines else None
        self._running = asyncio.get_running_loop().run_in_executor(self._thread, step.run)
        self._running.add_done_callback(partial(self._finished, step))

    def _finished(self, step: Step, done: asyncio.Future[Any]) -> None:
        self._running = None
        if self._alarm:
            self._alarm.cancel()
        if done.cancelled():  # only a loop that is torn down does that
            step.settle(None, StoreError(StoreReason.CLOSED, "the event loop is stopping"))
            return
        error = done.exception()
        if error is None and isinstance(step, Intake):
            self.accepted += sum(isinstance(one, int) for one in done.result())
        step.settle(None if error else done.result(), error)
        if isinstance(error, StoreError) and error.reason is StoreReason.LOCKED and self.database.is_sqlite:
            self._refuse_waiting(error)
        self._pump()

    def _refuse_waiting(self, error: StoreError) -> None:
        """Refuse all that waits for the same lock: one after the other they would wait as long as this one did."""
        waiting: list[Step] = [*self._work, Intake(self.database, self.ballast, tuple(self._deliveries))]
        self._work.clear()
        self._deliveries.clear()
        self._bytes = 0
        for step in waiting:
            step.settle(None, copied(error))

    def _next(self) -> Step | None:
        """Take turns between intake and transactions while both wait."""
        intake = bool(self._deliveries) and not (self._work and self._last_was_intake)
        self._last_was_intake = intake
        if intake:
            group = self._take_group()
            return Intake(self.database, self.ballast, group) if group else self._next()
        works = self._take_works()
        if len(works) > 1:
            return Together(self._transact, works, patient=not self.database.is_sqlite)
        return works[0] if works else None

    def _take_works(self) -> list[Transaction]:
        """Return the next transaction that somebody waits for, with those behind it that may share its commit."""
        group: list[Transaction] = []
        while self._work and len(group) < GROUP_WORKS and (not group or (group[0].together and self._work[0].together)):
            step = self._work.popleft()
            if not step.is_abandoned():
                group.append(step)
        return group

    def _take_group(self) -> list[Waiting]:
        group: list[Waiting] = []
        size = 0
        while self._deliveries and len(group) < GROUP_ROWS and size < GROUP_BYTES:
            waiting = self._deliveries.popleft()
            self._bytes -= len(waiting.delivery.body)
            if not waiting.future.done():  # else its task is gone: whoever sent it did not get an answer
                group.append(waiting)
                size += len(waiting.delivery.body)
        return group
