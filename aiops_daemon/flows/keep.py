"""Keep what was learned: save it now and then and at the end, take it back at start.

Enters: streams and SLO watches. Leaves: learned states of at most 20,000 rows each, so that neither the event
loop nor memory feels a save. State that does not fit the present query is left out with a note, never forced.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.core.model.series import Floats, Rows
from aiops_daemon.core.signals.burn.packed import packed, unpacked
from aiops_daemon.core.signals.burn.rings import coarse_step
from aiops_daemon.errors import StateFileError
from aiops_daemon.flows.budgetpast import in_parts
from aiops_daemon.flows.burn import SloWatch, counted
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.standing import STATE, Standings
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

SAVE_EVERY = 300.0  # seconds
_FIRST_SAVE = 90.0
_ROWS = 20_000

Save = Callable[[Mapping[str, LearnedState]], None]


class Keeper:
    """Saves the learned state of one generation of the configuration."""

    def __init__(
        self, pollers: Sequence[Poller], around: Surroundings, save: Save, standings: Standings | None = None
    ) -> None:
        self._pollers = pollers
        self._standings = standings
        self._around = around
        self._save = save

    async def run(self, beat: Callable[[], None]) -> None:
        """Save soon after history was read, which is dear, then every five minutes, for ever."""
        pause = _FIRST_SAVE
        while True:
            await self._around.clock.sleep(pause)
            pause = SAVE_EVERY
            await self.save()
            beat()

    async def save(self) -> None:
        """Save everything learned, stream by stream; a failure is counted and logged, and the old file stays."""
        clock, meter = self._around.clock, self._around.meter
        started = clock.monotonic()
        try:
            for poller in self._pollers:
                for stream in list(poller.streams.values()):
                    await self._save_stream(stream)
                for watch in poller.slos:
                    if watch.known_until is not None:
                        await self._save_slo(watch, watch.known_until)
            if self._standings is not None and any(poller.slos for poller in self._pollers):
                await asyncio.to_thread(self._save, {STATE: self._standings.export_state()})
        except StateFileError as error:
            meter.inc("aiops_state_save_failures_total")
            log.warning("learned state not saved", extra=fields(err=error))
            return
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="save")
        meter.set("aiops_state_last_save_timestamp_seconds", clock.now())

    async def _save_slo(self, watch: SloWatch, at: float) -> None:
        """Copy a few budgets a turn; those that were polled meanwhile know more than `at` says, which does no harm."""
        groups: list[Labels] = []
        parts: list[dict[str, Floats]] = []
        for part in in_parts(watch.budgets.groups()):
            there = frozenset(watch.budgets.groups())  # some may have gone while the part before was packed
            kept = [group for group in part if group in there]
            if kept:
                groups += kept
                parts.append(await asyncio.to_thread(packed, watch.budgets.export_state(kept)))
        meta: dict[str, str | int | float] = {"measured": _measured(watch), "counted": _counted(watch), "at": at}
        meta["whole"] = int(not watch.past.trouble)
        await asyncio.to_thread(self._write_slo, _slo_name(watch), meta, groups, parts)

    def _write_slo(
        self, name: str, meta: dict[str, str | int | float], groups: list[Labels], parts: list[dict[str, Floats]]
    ) -> None:
        arrays = {key: np.concatenate([part[key] for part in parts]) for key in (parts[0] if parts else ())}
        texts = [json.dumps(group) for group in groups]
        self._save({name: LearnedState(meta, texts, {"seen": np.empty(0), **arrays})})

    async def _save_stream(self, stream: Stream) -> None:
        if not stream.learned_until:
            return
        rows = stream.table.live()
        for number, start in enumerate(range(0, len(rows), _ROWS)):
            part = rows[start : start + _ROWS]
            part = part[~np.isnan(stream.table.seen_at[part])]  # some may have gone while the part before was written
            await asyncio.to_thread(self._save, {part_name(stream, number): learned_part(stream, part)})


def part_name(stream: Stream, number: int = 0) -> str:
    """Name the state of a part of a stream's rows."""
    return f"{_name(stream)}#{number}"


def learned_part(stream: Stream, rows: Rows) -> LearnedState:
    """Copy what was learned about some rows of a stream."""
    texts, arrays = stream.export_state(rows)
    meta: dict[str, str | int | float] = {
        "learns_from": stream.learns_from,
        "at": stream.learned_until,
        "rows": len(stream.table),
    }
    return LearnedState(meta=meta, texts=texts, arrays=arrays)


def restore_stream(stream: Stream, states: dict[str, LearnedState], now: float) -> None:
    """Give a stream back what was saved of it.

    Parts come oldest first, so that where a series is in two of them the newer one stays; parts beyond the rows
    of the newest are left from a time when there were more series.
    What is the stream's is taken out of `states`: a hundred thousand series are too large to be held twice.
    """
    names = [name for name in states if name.rpartition("#")[0] == _name(stream)]
    found = {int(name.rpartition("#")[2]): states.pop(name) for name in names}
    fitting = _fitting(found, stream.learns_from)
    if found and not fitting:
        log.info("saved state is of another query; learning anew", extra=fields(query=stream.spec.name))
    stream.reserve(sum(len(state.texts) for state in fitting))
    try:
        for state in fitting:
            stream.import_state(state.texts, state.arrays, min(now, float(state.meta["at"])))
    except ValueError as error:
        log.warning("saved state does not fit; learning anew", extra=fields(query=stream.spec.name, err=error))
        stream.begin()
        return
    if fitting:
        log.debug("learned state restored", extra=fields(query=stream.spec.name, series=len(stream.table)))


def _fitting(found: Mapping[int, LearnedState], learns_from: str) -> list[LearnedState]:
    numbers = [number for number, state in found.items() if state.meta.get("learns_from") == learns_from]
    numbers.sort(key=lambda number: float(found[number].meta["at"]))
    rows = int(found[numbers[-1]].meta["rows"]) if numbers else 0
    return [found[number] for number in numbers if number * _ROWS < rows]


def restore_slo(watch: SloWatch, states: dict[str, LearnedState]) -> None:
    """Give an SLO its budgets back; of another window it keeps what fits, and the rest is read.

    What is the SLO's is taken out of `states`: a thousand budgets are too large to be held twice.
    """
    state = states.pop(_slo_name(watch), None)
    if state is None:
        return
    whole = state.meta.get("measured") == _measured(watch)
    if not whole and state.meta.get("counted") != _counted(watch):
        return
    try:
        watch.budgets.import_state([make(json.loads(text)) for text in state.texts], unpacked(state.arrays))
    except ValueError as error:
        log.warning("saved budget does not fit; reading it anew", extra=fields(slo=watch.spec.name, err=error))
        return
    watch.past.whole_until = float(state.meta["at"]) if whole and state.meta.get("whole", 1) else None


def restore_standings(standings: Standings, states: Mapping[str, LearnedState]) -> None:
    """Give back since when steps of policies hold."""
    if STATE not in states:
        return
    try:
        standings.import_state(states[STATE])
    except ValueError as error:
        log.warning("saved steps of policies do not fit; they begin anew", extra=fields(err=error))


def _name(stream: Stream) -> str:
    return f"{stream.spec.name}@{stream.source.name}"


def _slo_name(watch: SloWatch) -> str:
    return f"slo/{watch.name}"


def _counted(watch: SloWatch) -> str:
    """Describe what is counted, and by how long buckets: of another window these fit as far as they reach."""
    return f"{counted(watch.spec)} by {coarse_step(watch.spec):g}s"


def _measured(watch: SloWatch) -> str:
    """Describe what the sums of a budget are of; what burn windows make of them may change."""
    spec = watch.spec
    return repr((spec.sli, spec.window, spec.grouping, spec.budget))
