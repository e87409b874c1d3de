"""Names here of names there: ours have no blanks or slashes, and stay apart."""

from __future__ import annotations

import re

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.:-]+")
_LONGEST = 100


class Names:
    """Gives each name of one kind its name here, the same for the same."""

    def __init__(self) -> None:
        self.ours: dict[str, str] = {}

    def add(self, name: str) -> str:
        """Return the name here."""
        if name not in self.ours:
            base = _NOT_IN_NAMES.sub("-", name).strip("-.:")[: _LONGEST - 4] or "unnamed"
            taken, made, number = set(self.ours.values()), base, 2
            while made in taken:
                made, number = f"{base}-{number}", number + 1
            self.ours[name] = made
        return self.ours[name]

    def renamed(self) -> list[tuple[str, str]]:
        """Return what is called otherwise here."""
        return [(there, here) for there, here in self.ours.items() if there != here]
