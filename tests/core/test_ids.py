"""Ids: uuid7, rising, however fast they are made."""

from __future__ import annotations

import uuid

from aiops_daemon.clock import SystemClock
from aiops_daemon.ids import Ids


def test_ids_rise_and_are_never_the_same() -> None:
    """Ten thousand in a row, more than the system is asked for at once, and as many of another process."""
    mint, other = Ids(SystemClock()), Ids(SystemClock())
    made = [mint() for _ in range(10_000)]

    assert sorted(set(made)) == made
    assert not set(made) & {other() for _ in range(10_000)}
    assert {7} == {uuid.UUID(one).version for one in made}


def test_chance_fills_every_bit() -> None:
    """Of a thousand ids each bit that is left to chance is 0 in some and 1 in others."""
    mint = Ids(SystemClock())
    tails = [uuid.UUID(mint()).int & ((1 << 62) - 1) for _ in range(1_000)]

    assert {0, 1} == {tail >> 61 for tail in tails}
    assert [] == [bit for bit in range(62) if len({tail >> bit & 1 for tail in tails}) != 2]
