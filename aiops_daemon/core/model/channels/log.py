"""A channel that writes messages into the daemon's own log: for trying out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogSpec:
    """Write a line for each message."""

    send_resolved: bool = True
    level: str = "info"

    integration = "log"
    destination = "log"
    pages = False
