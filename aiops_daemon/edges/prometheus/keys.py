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

_PER_TURN = 2_000  # label sets parsed between two turns of the event loop
# Go's encoding/json escapes these inside strings.
_GO_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class KeyRing:
    """Finds the raw label object of a label set."""

    def __init__(self) -> None:
        self._raw: dict[frozenset[tuple[str, str]], bytes] = {}
        self._external: frozenset[tuple[str, str]] = frozenset()

    async def learn(self, raw: Sequence[bytes]) -> None:
        """Take in raw label objects of the query API."""
        for start in range(0, len(raw), _PER_TURN):
            for one in raw[start : start + _PER_TURN]:
                self._raw[frozenset(json.loads(one).items())] = one
            await asyncio.sleep(0)

    def key(self, labels: Labels) -> bytes:
        """Return the key of a label set of remote read."""
        pairs = frozenset(labels)
        for candidate in (pairs - self._external, pairs):
            if candidate in self._raw:
                return self._raw[candidate]
        within = max((known for known in self._raw if known < pairs), key=len, default=None)
        if within is None:
            return render(pairs - self._external)
        # What remote read has beyond the widest known series within it can only be external labels.
        self._external |= pairs - within
        return self._raw[within]


def render(pairs: frozenset[tuple[str, str]]) -> bytes:
    """Write a label object as Prometheus does: names sorted, no spaces, Go's escapes."""
    text = json.dumps(dict(sorted(pairs)), ensure_ascii=False, separators=(",", ":"))
    for character, escape in _GO_ESCAPES.items():
        text = text.replace(character, escape)
    return text.encode()
