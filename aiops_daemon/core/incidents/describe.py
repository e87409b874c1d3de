"""How an incident is called and how urgent it is, with the reason; both follow from the facts alone."""

from __future__ import annotations

from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.model.incident import Priority
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.severity import Severity

_WIDE = 3  # services from which an incident counts as wide
_SOON = 4 * 3600.0  # seconds to a breach that make a warning urgent
_TITLE = 200  # characters
_RANKS = {Severity.CRITICAL: 2, Severity.WARNING: 3, Severity.INFO: 4, Severity.NONE: 4}


def title(facts: Facts) -> str:
    """Name the gravest alerts and where they are: `HighLatency and 2 more rules on checkout and 3 more services`."""
    rules = _and_more([name for name, _ in facts.rules], "rule") or "alert"
    services = [name for name, _ in facts.services]
    place = _and_more(services, "service") or _place(facts)
    return (f"{rules} on {place}" if place else rules)[:_TITLE]


def priority(facts: Facts, severity: Severity, now: float) -> tuple[Priority, str]:
    """Return P1 to P4 and why: severity first, raised by a burning error budget, breadth, and a breach that is near."""
    rank, reasons = _RANKS[severity], [f"severity {severity}"]
    if facts.burning:
        rank, reasons = rank - 1, [*reasons, facts.burning]
    if len(facts.services) >= _WIDE and severity.rank >= Severity.WARNING.rank:
        rank, reasons = rank - 1, [*reasons, f"{len(facts.services)} services"]
    if facts.breach_at is not None and facts.breach_at - now < _SOON:
        minutes = max(0, round((facts.breach_at - now) / 60))
        rank, reasons = rank - 1, [*reasons, f"a breach is expected in {minutes} min"]
    return Priority(f"P{min(max(rank, 1), 4)}"), ", ".join(reasons)


def _and_more(names: list[str], noun: str) -> str:
    if not names:
        return ""
    more = len(names) - 1
    return names[0] + (f" and {more} more {noun}{'s' if more > 1 else ''}" if more else "")


def _place(facts: Facts) -> str:
    for name in ("namespace", "job", "cluster", "instance"):
        if get(facts.labels, name):
            return f"{name} {get(facts.labels, name)}"
    return ""
