"""What alerts on the daemon itself have in common: how long they hold, how they are proved, how they speak of time.

Enters: name, expression and texts of one alert with the input that proves it. Leaves: the alert, with an example in
which it fires and one in which it is silent. Never knows what is watched.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.rules.alert import Alert, Example
from aiops_daemon.core.rules.expression import number, selector, series
from aiops_daemon.core.rules.template import Text, label, value, words

TARGET = {"instance": "one", "job": "aiops"}
HOLD = 300.0  # seconds that something must last, unless an alert says otherwise
_KEEP = 120.0


@dataclass(frozen=True, slots=True)
class Proof:
    """Input under which an alert fires with `labels`, input under which it does not, and when both are judged."""

    bad: tuple[tuple[str, str], ...]
    good: tuple[tuple[str, str], ...]
    minute: int
    labels: Labels = ()


def own_alert(
    name: str,
    expr: str,
    summary: str,
    description: Text,
    proof: Proof,
    *,
    hold: float = HOLD,
    severity: str = "warning",
) -> Alert:
    """Build one alert on the daemon itself."""
    fires = Example(f"{name} fires", proof.bad, proof.minute, proof.labels, fires=True)
    silent = Example(f"{name} is silent", proof.good, proof.minute)
    return Alert(name, expr, severity, summary, description, (fires, silent), hold=hold, keep=_KEEP)


def at(before: Text) -> Text:
    """End a text with the instance."""
    return before + label("instance", "one")


def age(metric: str, limit: float) -> str:
    """Ask for a timestamp (0: there is none) that is older than `limit` seconds."""
    return f"time() - ({selector(metric)} > 0) > {number(limit)}"


def ago(limit: float) -> Text:
    """Show the value of the alert as an age, as `too_old` proves it."""
    hours, minutes = divmod(_late(limit), 60)
    return value("seconds", f"{hours}h {minutes}m 0s" if hours else f"{minutes}m 0s") + words(" ago.")


def too_old(metric: str, labels: dict[str, str], limit: float) -> Proof:
    """Prove an age beyond `limit` (seconds) by a timestamp that stands still, and by one that does not."""
    late, name = _late(limit), series(metric, labels)
    return Proof(((name, f"0x{late}"),), ((name, f"0+60x{late}"),), late, make(labels))


def grows(metric: str, labels: dict[str, str]) -> Proof:
    """Prove an increase by a counter that grows, and by one that does not."""
    name = series(metric, labels)
    return Proof(((name, "0+1x12"),), ((name, "5x12"),), 12, make(labels))


def _late(limit: float) -> int:
    """Return the minute at which an example that stands still since 0 is judged."""
    return int((limit + HOLD) // 60) + 3
