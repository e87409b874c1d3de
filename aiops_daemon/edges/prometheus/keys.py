"""Keys for series that were read by remote read: the raw label objects of the query API.

Enters: raw label objects of the series endpoint, label sets of remote read. Leaves: for each label set the key
that an instant query gives for the same series. Remote read adds the server's external labels, the query API
leaves them out; they are learned by comparing the two. Never invents a key that the query API would not write,
except for a series that began between the two requests.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

from aiops_daemon.core.model.labels import Labels

_PER_TURN = 2_000  # label sets handled between two turns of the event loop
_MOST_COMPARISONS = 50  # each walks over all known series
# Go's encoding/json escapes these inside strings.
_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class KeyRing:
    """Finds the raw label object of a label set."""

    def __init__(self) -> None:
        self._raw: dict[frozenset[tuple[str, str]], bytes] = {}
        self._external: frozenset[tuple[str, str]] = frozenset()
        self._everywhere: frozenset[str] = frozenset()
        self._comparisons = 0

    async def learn(self, raw: Sequence[bytes]) -> None:
        """Take in raw label objects of the query API."""
        for start in range(0, len(raw), _PER_TURN):
            for one in raw[start : start + _PER_TURN]:
                self._raw[frozenset(json.loads(one).items())] = one
            await asyncio.sleep(0)

    async def keys(self, labels: Sequence[Labels]) -> list[bytes]:
        """Return the keys of label sets of remote read, all of one answer."""
        found: list[bytes] = []
        names = [frozenset(name for name, _ in one) for one in labels]
        self._everywhere = frozenset.intersection(*names) if names else frozenset()
        for start in range(0, len(labels), _PER_TURN):
            found += [self._key(frozenset(one)) for one in labels[start : start + _PER_TURN]]
            await asyncio.sleep(0)
        return found

    def _key(self, pairs: frozenset[tuple[str, str]]) -> bytes:
        own = pairs - self._external
        known = self._raw.get(own) or self._raw.get(pairs) or self._compare(pairs)
        return known if known is not None else render(own)

    def _compare(self, pairs: frozenset[tuple[str, str]]) -> bytes | None:
        """Learn external labels: what remote read has beyond the widest known series within `pairs`."""
        if self._comparisons == _MOST_COMPARISONS:
            return None
        self._comparisons += 1
        within = max((known for known in self._raw if self._explains(known, pairs)), key=len, default=None)
        if within is None:
            return None
        self._external |= pairs - within
        return self._raw[within]

    def _explains(self, known: frozenset[tuple[str, str]], pairs: frozenset[tuple[str, str]]) -> bool:
        """Say whether `pairs` may be `known` with external labels, whose names every series then has."""
        return known < pairs and all(name in self._everywhere for name, _ in pairs - known)


def render(pairs: frozenset[tuple[str, str]]) -> bytes:
    """Write a label object as Prometheus does: names sorted, no spaces, Go's escapes."""
    text = json.dumps(dict(sorted(pairs)), ensure_ascii=False, separators=(",", ":"))
    for character, escape in _GO_ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode()
