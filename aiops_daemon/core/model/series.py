"""Series are columns, not objects: a table maps raw label bytes to rows of numpy arrays.

Enters: slices of a poll (raw label objects and values). Leaves: row numbers for the columnar mathematics,
finished label text for the page. Rows are recycled; learners are told which rows are new and which went.
Never parses a label set twice, and never lets an incomplete answer age a series out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.labels import Labels

Rows = NDArray[np.intp]
Floats = NDArray[np.float64]

_SMALLEST = 64
_ALIASES = 64  # raw label objects remembered for one row
_LARGE = 4096


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where the elements of one slice went: `values[i]` belongs to row `rows[i]`."""

    rows: Rows
    values: Floats
    fresh: Rows  # rows that began with this slice; learners reset them


class SeriesTable:
    """All series of one query on one source.

    `values` and `seen_at` (float64, unix seconds; NaN: free row) are columns over rows; `capacity` grows by
    doubling, large tables by a quarter: a row costs its learners more than a kilobyte. `limit` caps live rows;
    what it refuses is counted in `dropped` by reason. `texts[row]` is the finished label text, with the query's
    labels and `aiops_query`.
    """

    def __init__(self, *, limit: int, add: Labels = (), drop: frozenset[str] = frozenset(), own: Labels = ()) -> None:
        self.limit = limit
        self.dropped: Counter[str] = Counter()
        self.values: Floats = np.full(_SMALLEST, np.nan)
        self.seen_at: Floats = np.full(_SMALLEST, np.nan)
        self.texts: list[str] = [""] * _SMALLEST
        self._silent_since: Floats = np.full(_SMALLEST, np.nan)
        self._add = add
        self._own = own
        self._drop = drop
        self._raw: list[tuple[bytes, ...]] = [()] * _SMALLEST
        self._row_of_raw: dict[bytes, int] = {}
        self._row_of_text: dict[str, int] = {}
        self._aliased = False
        self._free: list[int] = list(range(_SMALLEST - 1, -1, -1))

    def __len__(self) -> int:
        return len(self._row_of_text)

    @property
    def capacity(self) -> int:
        """Length of every column."""
        return len(self.texts)

    def live(self) -> Rows:
        """Return the rows in use, rising."""
        return np.flatnonzero(~np.isnan(self.seen_at))

    def row_of(self, text: str) -> int:
        """Return the row of a finished label text, -1 where there is none."""
        return self._row_of_text.get(text, -1)

    def labels(self, row: int) -> Labels:
        """Return a row's label set: the series' own, external labels, and the query's labels."""
        return self._merge(self._raw[row][0])

    def raw_labels(self, row: int) -> Labels | None:
        """Return a row's labels as its source has them, less those dropped; None until it is seen after a restore."""
        raw = self._raw[row]
        return label_sets.adapt(label_sets.parse(raw[0]), drop=self._drop) if raw else None

    def reserve(self, series: int) -> None:
        """Make room for so many series, within the limit, where that is twice the present room or more."""
        wanted = min(series, self.limit)
        if wanted >= 2 * self.capacity:
            self._grow(wanted - self.capacity)

    def assign(self, keys: Sequence[bytes], values: Floats, at: float) -> Assigned:
        """Place one slice. Samples that are NaN count as seen but are returned to no learner."""
        known = self._row_of_raw.get
        rows = np.fromiter((known(key, -1) for key in keys), dtype=np.intp, count=len(keys))
        fresh: list[int] = []
        for index in np.flatnonzero(rows < 0).tolist():
            rows[index] = self._admit(keys[index], fresh)
        keep = (rows >= 0) & self._first_of_row(rows)
        placed, given = rows[keep], values[keep]
        self.values[placed] = given
        self.seen_at[placed] = at
        usable = np.isfinite(given)
        self._silent_since[placed[usable]] = np.nan
        return Assigned(placed[usable], given[usable], np.array(fresh, dtype=np.intp))

    def find(self, keys: Sequence[bytes]) -> Rows:
        """Return the row of each raw key, -1 where it has none; admits nothing."""
        known = self._row_of_raw.get
        return np.fromiter((known(key, -1) for key in keys), dtype=np.intp, count=len(keys))

    def restore(self, texts: Sequence[str], at: float) -> Rows:
        """Make rows for saved label texts, last seen at `at`; their raw keys follow with the next poll.

        -1 stands where the limit leaves no room.
        """
        rows: list[int] = []
        for text in texts:
            row = self.row_of(text)
            if row < 0 and len(self) < self.limit:
                row = self._take(text)
                self.seen_at[row] = at
            rows.append(row)
        return np.array(rows, dtype=np.intp)

    def age_out(self, at: float, *, after: float) -> Rows:
        """Free rows that complete answers have lacked for `after` seconds; call after complete polls only."""
        live = self.live()
        missing: Rows = live[self.seen_at[live] != at]
        self.seen_at[missing] = np.minimum(self.seen_at[missing], np.nextafter(at, -np.inf))  # the clock was set back
        self._note_silence(live, at)
        gone: Rows = missing[at - self._silent_since[missing] >= after]
        for row in gone.tolist():
            self._release(row)
        return gone

    def silent_for(self, rows: Rows, at: float) -> Floats:
        """Return for how many seconds complete answers have held no number for rows; 0 where the last one did."""
        return np.nan_to_num(at - self._silent_since[rows])

    def _note_silence(self, live: Rows, at: float) -> None:
        silent = live[(self.seen_at[live] != at) | ~np.isfinite(self.values[live])]
        since = self._silent_since[silent]
        self._silent_since[silent] = np.where(np.isnan(since), at, np.minimum(since, at))

    def _admit(self, key: bytes, fresh: list[int]) -> int:
        try:
            text = label_sets.text(self._merge(key))
        except ValueError:
            self.dropped["malformed"] += 1
            return -1
        row = self._row_of_raw.get(key, self._row_of_text.get(text, -1))
        if row >= 0:
            self._alias(key, row)
            return row
        if len(self) >= self.limit:
            self.dropped["limit"] += 1
            return -1
        row = self._take(text)
        self._alias(key, row)
        fresh.append(row)
        return row

    def _take(self, text: str) -> int:
        if not self._free:
            self._grow(self.capacity if self.capacity < _LARGE else self.capacity // 4)
        row = self._free.pop()
        self.texts[row] = text
        self._row_of_text[text] = row
        return row

    def _alias(self, key: bytes, row: int) -> None:
        if key not in self._row_of_raw:
            self._row_of_raw[key] = row
            self._raw[row] += (key,)
            if len(self._raw[row]) > _ALIASES:  # a dropped label that churns must not fill memory
                oldest, *rest = self._raw[row]
                del self._row_of_raw[oldest]
                self._raw[row] = tuple(rest)
            self._aliased = self._aliased or len(self._raw[row]) > 1

    def _merge(self, key: bytes) -> Labels:
        adapted = label_sets.adapt(label_sets.parse(key), add=self._add, drop=self._drop)
        renamed = {f"exported_{name}" if name.startswith("aiops_") else name: value for name, value in adapted}
        return label_sets.make(renamed | dict(self._own))

    def _first_of_row(self, rows: Rows) -> NDArray[np.bool_]:
        """Mark the first element of each row: dropped labels can make two series of an answer one."""
        if not self._aliased:
            return np.ones(len(rows), dtype=np.bool_)
        order = np.arange(len(rows))
        first = np.full(self.capacity, -1, dtype=np.intp)
        placed = rows >= 0
        first[rows[placed][::-1]] = order[placed][::-1]
        unique = np.ones(len(rows), dtype=np.bool_)
        unique[placed] = first[rows[placed]] == order[placed]
        self.dropped["duplicate"] += int((~unique).sum())
        return unique

    def _release(self, row: int) -> None:
        del self._row_of_text[self.texts[row]]
        for key in self._raw[row]:
            del self._row_of_raw[key]
        self._raw[row] = ()
        self.texts[row] = ""
        self.values[row] = self.seen_at[row] = self._silent_since[row] = np.nan
        self._free.append(row)

    def _grow(self, more: int) -> None:
        old = self.capacity
        empty = np.full(more, np.nan)
        self.values = np.concatenate([self.values, empty])
        self.seen_at = np.concatenate([self.seen_at, empty])
        self._silent_since = np.concatenate([self._silent_since, empty])
        self.texts.extend([""] * more)
        self._raw.extend([()] * more)
        self._free.extend(range(old + more - 1, old - 1, -1))
