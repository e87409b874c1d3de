"""Long work of the event loop in short pieces, so that webhooks, people and timers have their turn in between.

Enters: many things. Leaves: the same, one after the other. Never changes their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

BREATH = 15  # alerts after which the event loop may turn to others; about 5 ms

T = TypeVar("T")


async def breathing(things: Iterable[T]) -> AsyncIterator[T]:
    """Yield each; after every BREATH of them others have their turn."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % BREATH == 0:
            await asyncio.sleep(0)
