"""Who grows an isolation forest; the trees themselves are core's."""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.quality.forest import Grown, Rows


class Forest(Protocol):
    """Grows forests, always the same from the same rows."""

    async def grow(self, rows: Rows) -> Grown:
        """Grow a forest without holding the event loop; raises ForestError."""
        ...
