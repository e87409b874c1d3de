"""Names here of names there: ours have no blanks or slashes, and stay apart."""

from __future__ import annotations

import re

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.:-]+")
_LONGEST = 100


class Names:
    """Gives each name of one kind its name here, the same for the same."""

    def __init__(self) -> None:
        self._ours: dict[str, str] = {}
        self._there: dict[str, str] = {}

    def add(self, name: str, identity: str = "") -> str:
        """Return the name here; those of one name who are not the same, by their `identity`, get names apart."""
        key = identity or name
        if key not in self._ours:
            base = _NOT_IN_NAMES.sub("-", name).strip("-.:")[: _LONGEST - 4] or "unnamed"
            taken, made, number = set(self._ours.values()), base, 2
            while made in taken:
                made, number = f"{base}-{number}", number + 1
            self._ours[key], self._there[key] = made, name
        return self._ours[key]

    def renamed(self) -> list[tuple[str, str]]:
        """Return what is called otherwise here."""
        return [(self._there[key], here) for key, here in self._ours.items() if self._there[key] != here]
