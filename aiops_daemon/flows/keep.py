"""Keep what was learned: save it now and then and at the end, take it back at start.

Enters: streams and SLO watches. Leaves: learned states of at most 20,000 rows each, so that neither the event
loop nor memory feels a save. State that does not fit the present query is left out with a note, never forced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.learned import LearnedState
from aiops_daemon.errors import StateFileError
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

SAVE_EVERY = 300.0  # seconds
_ROWS = 20_000

Save = Callable[[Mapping[str, LearnedState]], None]


class Keeper:
    """Saves the learned state of one generation of the configuration."""

    def __init__(self, pollers: Sequence[Poller], around: Surroundings, save: Save) -> None:
        self._pollers = pollers
        self._around = around
        self._save = save

    async def run(self, beat: Callable[[], None]) -> None:
        """Save every five minutes, for ever."""
        while True:
            await self._around.clock.sleep(SAVE_EVERY)
            await self.save()
            beat()

    async def save(self) -> None:
        """Save everything learned, stream by stream; a failure is counted and logged, and the old file stays."""
        clock, meter = self._around.clock, self._around.meter
        started = clock.monotonic()
        try:
            for poller in self._pollers:
                for stream in list(poller.streams.values()):
                    await self._save_stream(stream, clock.now())
                for watch in poller.slos:
                    await asyncio.to_thread(self._save, {_slo_name(watch): _slo_state(watch, clock.now())})
        except StateFileError as error:
            meter.inc("aiops_state_save_failures_total")
            log.warning("learned state not saved", extra=fields(err=error))
            return
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="save")
        meter.set("aiops_state_last_save_timestamp_seconds", clock.now())

    async def _save_stream(self, stream: Stream, at: float) -> None:
        if not stream.learned:
            return
        rows = stream.table.live()
        for number, start in enumerate(range(0, len(rows), _ROWS)):
            texts, arrays = stream.export_state(rows[start : start + _ROWS])
            state = LearnedState(meta=_meta(stream, at), texts=texts, arrays=arrays)
            await asyncio.to_thread(self._save, {f"{_name(stream)}#{number}": state})


def restore_stream(stream: Stream, states: dict[str, LearnedState], now: float) -> float | None:
    """Give a stream back what was saved of it; returns the moment up to which it had learned.

    What is the stream's is taken out of `states`: a hundred thousand series are too large to be held twice.
    """
    names = [name for name in states if name.rpartition("#")[0] == _name(stream)]
    found = [states.pop(name) for name in names]
    fitting = [state for state in found if state.meta.get("expr") == stream.spec.expr]
    if not fitting:
        if found:
            log.info("saved state is of another expression; learning anew", extra=fields(query=stream.spec.name))
        return None
    until = max(float(state.meta["at"]) for state in fitting)
    stream.reserve(sum(len(state.texts) for state in fitting))
    try:
        for state in fitting:
            stream.import_state(state.texts, state.arrays, min(now, float(state.meta["at"])))
    except ValueError as error:
        log.warning("saved state does not fit; learning anew", extra=fields(query=stream.spec.name, err=error))
        stream.begin()
        return None
    return until


def restore_slo(watch: SloWatch, states: Mapping[str, LearnedState]) -> None:
    """Give an SLO its ledger back."""
    state = states.get(_slo_name(watch))
    if state is None or state.meta.get("expr") != _slo_expr(watch):
        return
    try:
        watch.ledger.import_state(dict(state.arrays))
    except ValueError as error:
        log.warning("saved budget does not fit; reading it anew", extra=fields(slo=watch.spec.name, err=error))
        return
    watch.restored_until = float(state.meta["at"])


def _name(stream: Stream) -> str:
    return f"{stream.spec.name}@{stream.source.name}"


def _meta(stream: Stream, at: float) -> dict[str, str | int | float]:
    return {"expr": stream.spec.expr, "at": at, "rows": len(stream.table)}


def _slo_name(watch: SloWatch) -> str:
    return f"slo/{watch.name}"


def _slo_expr(watch: SloWatch) -> str:
    return f"{watch.spec.total}\0{watch.spec.bad}\0{watch.spec.good}\0{watch.spec.window_seconds:g}"


def _slo_state(watch: SloWatch, at: float) -> LearnedState:
    arrays: dict[str, NDArray[Any]] = {name: np.asarray(value) for name, value in watch.ledger.export_state().items()}
    return LearnedState(meta={"expr": _slo_expr(watch), "at": at}, arrays=arrays)
