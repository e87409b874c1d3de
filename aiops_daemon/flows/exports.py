"""Decide which series of which streams are exported, and why.

Enters: streams and the export settings. Leaves: a rule per stream (all, anomalous, none), which the dry run asks
for too. `auto` exports everything while the sum stays under `export.max_series`, beyond that only what is anomalous.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from aiops_daemon.core.model.query import Export
from aiops_daemon.core.model.series import Rows
from aiops_daemon.core.model.settings import ExportSpec
from aiops_daemon.flows.stream import Stream, StreamKey

STALE_INTERVALS = 3


def fresh_streams(streams: Iterable[Stream], now: float) -> list[Stream]:
    """Return the streams whose last good poll is at most three intervals old."""
    return [
        stream
        for stream in streams
        if stream.health.last_success is not None
        and now - stream.health.last_success <= STALE_INTERVALS * stream.interval
    ]


def selection(streams: Sequence[Stream], spec: ExportSpec) -> dict[StreamKey, Export]:
    """Resolve `auto` for every stream."""
    return resolve({stream.key: (stream.spec.export, len(stream.table)) for stream in streams}, spec)


def resolve(series: Mapping[StreamKey, tuple[Export, int]], spec: ExportSpec) -> dict[StreamKey, Export]:
    """Resolve `auto`: a query's own choice first, then the global one, then the sum over all streams.

    `series` gives each stream's own choice and its number of series.
    """
    wanted = {key: Export(spec.series) if own is Export.AUTO else own for key, (own, _) in series.items()}
    total = sum(count for key, (_, count) in series.items() if wanted[key] in (Export.AUTO, Export.ALL))
    resolved = Export.ALL if total <= spec.max_series else Export.ANOMALOUS
    return {key: resolved if export is Export.AUTO else export for key, export in wanted.items()}


def exported_rows(streams: Sequence[Stream], spec: ExportSpec) -> dict[StreamKey, Rows]:
    """Return the rows of every stream that go on the page, no label set of a query twice.

    Two sources without external labels that tell them apart can have the same series; Prometheus would refuse
    a page that holds a sample twice, so the first source wins.
    """
    chosen = selection(streams, spec)
    rows = {stream.key: _rows(stream, chosen[stream.key]) for stream in streams}
    sources = Counter(stream.spec.name for stream in streams)
    seen: set[str] = set()
    for stream in streams:
        if sources[stream.spec.name] > 1:
            texts = stream.table.texts
            rows[stream.key] = np.array([row for row in rows[stream.key].tolist() if texts[row] not in seen], np.intp)
            seen.update(texts[row] for row in rows[stream.key].tolist())
    return rows


def _rows(stream: Stream, export: Export) -> Rows:
    rows = stream.current()
    if export is Export.ALL:
        return rows
    if export is Export.ANOMALOUS:
        striking = stream.onsets.open[rows] | (np.nan_to_num(stream.columns.score[rows]) > 1.0)
        for onsets in stream.outlook.breaches if stream.outlook else ():
            striking |= onsets.open[rows]
        return rows[striking]
    return rows[:0]
