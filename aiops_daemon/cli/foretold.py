"""An escalation that was run ahead, for the terminal and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from aiops_daemon.cli.table import table
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.response.calendar import words
from aiops_daemon.core.response.rehearsal import Foretold


def foretold_text(told: Sequence[Foretold], start: float, zone: str) -> str:
    """Write who is told when, through which channel, and why."""
    if not told:
        return "nobody is told"
    rows = [(_after(one.at - start), words(one.at, zone), *_who(one), one.why) for one in told]
    return table(("AFTER", "AT", "MODE", "TOLD", "ADDRESS", "WHY"), rows)


def foretold_json(told: Sequence[Foretold], start: float) -> list[dict[str, Any]]:
    """Write the same for programs; `destination` null: nobody is told."""
    return [
        {
            "at": datetime.fromtimestamp(one.at, UTC).isoformat().replace("+00:00", "Z"),
            "after_seconds": one.at - start,
            "destination": one.destination.id if one.destination else None,
            "integration": one.destination.channel.integration if one.destination else None,
            "address": (one.destination.address or one.destination.channel.destination) if one.destination else None,
            "policy": one.track or None,
            "mode": str(one.mode) if one.destination else None,
            "why": one.why,
        }
        for one in told
    ]


def _after(seconds: float) -> str:
    return "at once" if seconds <= 0 else prometheus_duration(round(seconds))


def _who(one: Foretold) -> tuple[str, str, str]:
    if one.destination is None:
        return "", "nobody", ""
    return str(one.mode), one.destination.id, one.destination.address or one.destination.channel.destination
