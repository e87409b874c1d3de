"""Leases: who may process, with a fencing token that rises with every change of holder.

Enters: a name, a holder, for how long. Leaves: a lease or none; a refusal of a token that is no longer the latest.
One clock decides for all replicas: the database's own, or on SQLite, where there is one process, the caller's.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, case, cast, extract, func, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_postgres
from sqlalchemy.dialects.sqlite import insert as insert_sqlite

from aiops_daemon.edges.store.schema import leases
from aiops_daemon.errors import StoreError, StoreReason
from aiops_daemon.ports.store import DESK_LEASE, Lease


def take(connection: Connection, name: str, holder: str, seconds: float, now: float) -> Lease | None:
    """Take a lease that is free or expired, or renew one's own; None while somebody else holds it."""
    on_postgres = connection.dialect.name == "postgresql"
    clock: ColumnElement[float] = (
        cast(extract("epoch", func.clock_timestamp()), Double) if on_postgres else literal(now, Double)
    )
    statement: Any = (insert_postgres if on_postgres else insert_sqlite)(leases).values(
        name=name, holder=holder, token=1, expires_at=clock + seconds
    )
    mine = leases.c.holder == statement.excluded.holder
    statement = statement.on_conflict_do_update(
        index_elements=[leases.c.name],
        set_={
            "holder": statement.excluded.holder,
            "token": case((mine, leases.c.token), else_=leases.c.token + 1),
            "expires_at": statement.excluded.expires_at,
        },
        where=mine | (leases.c.expires_at <= clock),
    ).returning(leases.c.token, leases.c.expires_at)
    row = connection.execute(statement).first()
    return None if row is None else Lease(name, holder, row.token, row.expires_at)


def check(connection: Connection, token: int) -> None:
    """Raise StoreError unless this is the desk's latest token; nobody can take the lease until the transaction ends."""
    latest = connection.execute(select(leases.c.token).where(leases.c.name == DESK_LEASE).with_for_update()).scalar()
    if latest != token:
        raise StoreError(
            StoreReason.FENCED, f"another replica took over (lease {latest}, not {token}); nothing was written"
        )
