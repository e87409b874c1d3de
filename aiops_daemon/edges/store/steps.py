"""What the writer's thread does in one go: a transaction, several in one commit, or a group of deliveries.

Enters: requests with the futures that wait for them. Leaves: rows on disk, and for each its own outcome or error. A
request that fails never touches another one's: what cannot be written together is written one by one. `run` is called
on the thread, `settle` on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection

from aiops_daemon.core.model.inbox import Delivery
from aiops_daemon.edges.store import inbox
from aiops_daemon.edges.store.ballast import Ballast
from aiops_daemon.edges.store.engine import Database
from aiops_daemon.edges.store.faults import is_about_data
from aiops_daemon.errors import StoreError, StoreReason

_Result = TypeVar("_Result")
Work = Callable[[Connection], _Result]
_FAULTS = (StoreError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError)  # of one, not of all


class Step(Protocol):
    """One transaction: `run` on the thread, then `settle` on the loop."""

    def run(self) -> Any: ...

    def settle(self, outcome: Any, error: BaseException | None) -> None: ...


class Waiting:
    """A delivery and who waits for its id."""

    __slots__ = ("delivery", "future")

    def __init__(self, delivery: Delivery, future: asyncio.Future[int]) -> None:
        self.delivery = delivery
        self.future = future


class Transaction:
    """One whole transaction."""

    __slots__ = ("_future", "_then", "_transact", "together", "work")

    def __init__(
        self,
        transact: Callable[[Work[Any]], Any],
        work: Work[Any],
        future: asyncio.Future[Any],
        then: Callable[[Any], None] | None,
        together: bool,
    ) -> None:
        self.work = work
        self.together = together
        self._transact = transact
        self._future = future
        self._then = then

    def run(self) -> Any:
        return self._transact(self.work)

    def is_abandoned(self) -> bool:
        """Say whether nobody waits for it any more."""
        return self._future.done()

    def settle(self, outcome: Any, error: BaseException | None) -> None:
        if error is None and self._then is not None:
            self._then(outcome)
        _settle(self._future, outcome, error)


class Together:
    """Small transactions in one commit; comes out as what each returned, or the error of each.

    `patient`: a lock that was waited for in vain is one transaction's, and not the whole file's.
    """

    def __init__(self, transact: Callable[[Work[Any]], Any], group: Sequence[Transaction], *, patient: bool) -> None:
        self._transact = transact
        self._group = group
        self._patient = patient

    def run(self) -> list[tuple[Any, BaseException | None]]:
        try:
            return [(outcome, None) for outcome in self._transact(self._all)]
        except _FAULTS as error:
            if isinstance(error, StoreError) and not self._is_of_one(error):
                raise
        return [self._alone(one) for one in self._group]

    def settle(self, outcome: list[tuple[Any, BaseException | None]] | None, error: BaseException | None) -> None:
        for index, one in enumerate(self._group):
            own, fault = outcome[index] if outcome is not None else (None, error)
            one.settle(own, copied(fault) if fault is not None else None)

    def _all(self, connection: Connection) -> list[Any]:
        return [one.work(connection) for one in self._group]

    def _alone(self, one: Transaction) -> tuple[Any, BaseException | None]:
        try:
            return one.run(), None
        except _FAULTS as error:
            return None, error

    def _is_of_one(self, error: StoreError) -> bool:
        if error.reason is StoreReason.LOCKED:
            return self._patient
        return error.__cause__ is None or is_about_data(error.__cause__)


class Intake:
    """A group of deliveries; comes out as an id or an error for each."""

    def __init__(self, database: Database, ballast: Ballast, group: Sequence[Waiting]) -> None:
        self.database = database
        self.ballast = ballast
        self._group = group

    def run(self) -> Sequence[int | StoreError]:
        rows = [inbox.parameters(waiting.delivery) for waiting in self._group]
        self.ballast.check()
        try:
            return self._insert(rows)
        except StoreError as error:
            if error.reason is StoreReason.FULL:
                self.ballast.give_up()
            if error.__cause__ is None or not is_about_data(error.__cause__):
                raise
        return [self._insert_one(row) for row in rows]

    def settle(self, outcome: Sequence[int | StoreError] | None, error: BaseException | None) -> None:
        for index, waiting in enumerate(self._group):
            one = outcome[index] if outcome is not None else error
            _settle(waiting.future, one, copied(one) if isinstance(one, BaseException) else None)

    def _insert(self, rows: list[dict[str, Any]]) -> list[int]:
        with self.database.writing() as connection:
            return inbox.insert_all(connection, rows)

    def _insert_one(self, row: dict[str, Any]) -> int | StoreError:
        try:
            return self._insert([row])[0]
        except StoreError as error:
            return error


def copied(error: BaseException) -> BaseException:
    """Copy an error that several tasks raise: each adds its own traceback."""
    return StoreError(error.reason, str(error)) if isinstance(error, StoreError) else error


def _settle(future: asyncio.Future[Any], outcome: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(outcome)
    else:
        future.set_exception(error)
