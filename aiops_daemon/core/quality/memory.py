"""What the past says of each alert rule: how long its alerts lived, and whether people acted on them.

Enters: ends of episodes and acts of people. Leaves: one `Past` per rule, and all of it as bytes. Never grows without
bound (the rules used least recently go first, old lives make room for new ones), never fails on bytes it
cannot read: what was learned is then learned anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Rule = tuple[str, str]
"""Team and alertname."""

MOST_RULES = 10_000
MOST_LIVES = 30
_MOST_COUNTED = 64  # incidents from which counts are halved, so that the present weighs more than long ago
_ONE_FAULT = 60.0  # seconds: alerts of a rule that start this close are one trial, not many
_FORM = 1


@dataclass(slots=True)
class Past:
    """One rule's past. `lives` are seconds from first firing to the end, latest last, one for each fault."""

    lives: list[float] = field(default_factory=list)
    incidents: float = 0.0
    acted: float = 0.0
    last_start: float | None = None
    last_incident: str = ""

    def short(self, seconds: float) -> int:
        """Count the lives that ended within `seconds`."""
        return sum(1 for life in self.lives if life <= seconds)

    @property
    def acted_ratio(self) -> float:
        """Return (acted + 1) / (incidents + 2): the share acted upon, one half while nothing is known."""
        return (self.acted + 1.0) / (max(self.incidents, self.acted) + 2.0)


class Memory:
    """The pasts of all rules."""

    def __init__(self) -> None:
        self._pasts: dict[Rule, Past] = {}
        self.changes = 0  # rises with everything learned: what is unchanged need not be saved

    def __len__(self) -> int:
        """Return how many rules are known."""
        return len(self._pasts)

    def __iter__(self) -> Iterator[Rule]:
        """List the rules, used least recently first."""
        return iter(self._pasts)

    def get(self, rule: Rule) -> Past | None:
        """Return a rule's past, None when nothing is known of it."""
        return self._pasts.get(rule)

    def ended(self, rule: Rule, starts_at: float, life: float, incident: str) -> None:
        """Learn one life. Alerts that started within a minute of the last are the same fault: the longest counts."""
        past = self._use(rule)
        if past.lives and past.last_start is not None and abs(starts_at - past.last_start) < _ONE_FAULT:
            past.lives[-1] = max(past.lives[-1], life)
        else:
            past.lives.append(life)
            past.last_start = starts_at
        del past.lives[:-MOST_LIVES]
        if incident and incident != past.last_incident:
            past.incidents += 1.0
            past.last_incident = incident

    def acted(self, rule: Rule) -> None:
        """Learn that a person acted on an incident that the rule opened."""
        past = self._use(rule)
        past.acted += 1.0
        if max(past.acted, past.incidents) > _MOST_COUNTED:
            past.acted, past.incidents = past.acted / 2, past.incidents / 2

    def export(self) -> bytes:
        """Return everything as bytes that `load` reads."""
        rules = [
            [*rule, past.lives, past.incidents, past.acted, past.last_start, past.last_incident]
            for rule, past in self._pasts.items()
        ]
        return json.dumps({"form": _FORM, "rules": rules}, separators=(",", ":")).encode()

    def load(self, written: bytes) -> bool:
        """Take over what was exported; says whether it could be read. Nothing is kept of what could not."""
        try:
            read = json.loads(written)
            pasts = dict(_read(row) for row in read["rules"]) if read["form"] == _FORM else None
        except (ValueError, TypeError, KeyError, RecursionError):
            pasts = None
        self._pasts = pasts or {}
        return pasts is not None

    def _use(self, rule: Rule) -> Past:
        self.changes += 1
        past = self._pasts.pop(rule, None) or Past()
        self._pasts[rule] = past
        if len(self._pasts) > MOST_RULES:
            del self._pasts[next(iter(self._pasts))]
        return past


def _read(row: Any) -> tuple[Rule, Past]:
    """Read one exported row; raises ValueError or TypeError for any other form."""
    team, name, lives, incidents, acted, last_start, last_incident = row
    past = Past(
        [float(life) for life in lives][-MOST_LIVES:],
        float(incidents),
        float(acted),
        None if last_start is None else float(last_start),
        str(last_incident),
    )
    return (str(team), str(name)), past
