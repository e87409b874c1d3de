"""A change that somebody or something made: a deployment, a new configuration, a flag.

Values only. Times are unix seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.message import Link


@dataclass(frozen=True, slots=True)
class Change:
    """What was changed when; labels say of what, as those of alerts do."""

    summary: str
    at: float
    labels: Labels = ()
    links: tuple[Link, ...] = ()
