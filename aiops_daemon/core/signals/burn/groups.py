"""Series told apart by the labels that an SLO is grouped by: each combination of values has a budget of its own.

Enters: raw label objects of series. Leaves: groups, and sums over the series of each. A label that a series lacks is no
part of its group, as in `sum by`. Never counts anything itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.labels import Labels, make, parse

_REMEMBERED = 200_000  # raw label objects, until all are read anew


class Grouping:
    """Finds the group of each series; one for each SLO and source."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._names = frozenset(names)
        self._known: dict[bytes, Labels] = {}

    def of(self, key: bytes) -> Labels:
        """Return the group of one series."""
        if not self._names:
            return ()
        group = self._known.get(key)
        if group is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            group = make((name, value) for name, value in parse(key) if name in self._names)
            self._known[key] = group
        return group

    def present(self, keys: Sequence[bytes]) -> frozenset[Labels]:
        """Return the groups that have a series."""
        if not self._names:
            return frozenset([()]) if keys else frozenset()
        return frozenset(map(self.of, keys))

    def rows(
        self, keys: Sequence[bytes], values: NDArray[np.float64], *, mean: bool = False
    ) -> Mapping[Labels, NDArray[np.float64]]:
        """Add up, or average, the series of each group at every moment; values (len(keys), n), NaN where none is."""
        if not self._names:
            return {(): _over(values, mean=mean)} if keys else {}
        members: dict[Labels, list[int]] = {}
        for row, key in enumerate(keys):
            members.setdefault(self.of(key), []).append(row)
        return {group: _over(values[chosen], mean=mean) for group, chosen in members.items()}

    def sums(self, keys: Sequence[bytes], values: NDArray[np.float64], *, mean: bool = False) -> Mapping[Labels, float]:
        """Do so at one moment; a group whose values are no numbers is left out."""
        places: dict[Labels, int] = {}
        where = np.array([places.setdefault(self.of(key), len(places)) for key in keys], dtype=np.intp)
        usable = np.isfinite(values)
        count = np.bincount(where[usable], minlength=len(places))
        summed = np.bincount(where, np.where(usable, values, 0.0), minlength=len(places))
        found = (summed / np.maximum(1, count) if mean else summed).tolist()
        return {group: found[place] for group, place in places.items() if count[place]}


def _over(values: NDArray[np.float64], *, mean: bool) -> NDArray[np.float64]:
    usable = np.isfinite(values)
    count = usable.sum(axis=0)
    summed = np.where(usable, values, 0.0).sum(axis=0)
    divided = summed / np.maximum(1, count) if mean else summed
    return np.asarray(np.where(count > 0, divided, np.nan), dtype=np.float64)
