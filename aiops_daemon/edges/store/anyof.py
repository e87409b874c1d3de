"""Conditions on columns of which several values are asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from sqlalchemy import ColumnElement

from aiops_daemon.edges.store.storable import storable


def any_of(*asked: tuple[ColumnElement[str], Collection[str]]) -> Iterator[ColumnElement[bool]]:
    """Yield a condition for each column of which something is asked; values as they are stored."""
    for column, values in asked:
        if values:
            yield column.in_(sorted(map(storable, values)))
