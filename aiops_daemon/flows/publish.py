"""Give everything back: blocks for the findings page, and the frozen view that pages and the API show.

Enters: streams, SLO watches and the book. Leaves: one View, swapped once a cycle. What a stream exports is
dropped when its last good poll is older than three intervals: stale numbers are worse than none.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Protocol

from aiops_daemon.core.model.findingspage import Block, FindingsPage
from aiops_daemon.core.model.view import Plot, StreamView, View
from aiops_daemon.flows.blocks import finding_block, read_lately, slo_blocks, stream_blocks
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.discover import Discovery
from aiops_daemon.flows.exports import exported_rows, fresh_streams
from aiops_daemon.flows.poll import Poller, Surroundings
from aiops_daemon.flows.standing import Standings, Told, service_healths, standing_blocks
from aiops_daemon.flows.stream import Stream
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

PLOTS = 500  # more than any page shows: in a storm the newest findings have plots


class Render(Protocol):
    """Makes finished bytes of blocks."""

    def __call__(self, blocks: Sequence[Block], *, at: float) -> Awaitable[FindingsPage]:
        """Render the page of `blocks` as of `at` (unix seconds)."""


class Publisher:
    """Builds the view of one generation of the configuration."""

    def __init__(
        self,
        pollers: Sequence[Poller],
        discoveries: Sequence[Discovery],
        around: Surroundings,
        render: Render,
        more: Callable[[], list[Block]] = list,
    ) -> None:
        self._pollers = pollers
        self._discoveries = discoveries
        self._around = around
        self._render = render
        self._more = more
        self.standings = Standings()
        self.view = View(at=0.0)
        self.published = 0

    async def run(self, beat: Callable[[], None]) -> None:
        """Publish whenever a cycle ended, for ever."""
        while True:
            try:
                async with asyncio.timeout(self.patience() / 2):
                    await self._around.changed.wait()
            except TimeoutError:
                beat()
                continue
            self._around.changed.clear()
            await self.publish()
            beat()

    def succeed(self, old: Publisher) -> None:
        """Show what the configuration before published until the first cycle ends."""
        self.view, self.published = old.view, old.published
        self.standings.succeed(old.standings, (watch.spec.name for watch in self._watches()))

    def patience(self) -> float:
        """Return the longest interval between polls, times three, in seconds."""
        return 3 * max((poller.interval for poller in self._pollers), default=60.0)

    async def publish(self) -> None:
        """Render the page and swap the view."""
        meter, clock, now = self._around.meter, self._around.clock, self._around.clock.now()
        started = clock.monotonic()
        told = self.standings.settle(self._told(now), now)
        page = await self._render(await self._blocks(told, now), at=now)
        meter.observe("aiops_cycle_duration_seconds", clock.monotonic() - started, stage="publish")
        meter.set("aiops_exported_series", page.samples)
        self._around.book.measure()
        self.view = self._build(page, told, now)
        self.published += 1
        if self.published == 1:
            _tell_first(self.view)

    async def _blocks(self, standing: list[Told], now: float) -> list[Block]:
        streams = fresh_streams(self._streams(), now)
        rows = exported_rows(streams, self._around.settings.export)
        blocks: list[Block] = []
        for stream in streams:
            blocks += stream_blocks(stream, rows[stream.key])
            await asyncio.sleep(0)
        told: set[str] = set()
        for watch in self._watches():
            blocks += slo_blocks(watch, now, told)
        blocks += standing_blocks(standing, service_healths(standing))
        blocks += finding_block(self._around.book, streams)
        return blocks + self._more()

    def _build(self, page: FindingsPage, told: list[Told], now: float) -> View:
        book = self._around.book
        return View(
            at=now,
            page=page,
            findings=book.open(),
            recent=book.recent(),
            plots=self._plots(),
            streams=tuple(_stream_view(stream) for stream in self._streams()),
            slos=tuple(one.status for one in told),
            services=service_healths(told),
            packs=tuple(
                (poller.spec.name, choice.pack.name, choice.reason)
                for poller, discovery in zip(self._pollers, self._discoveries, strict=True)
                for choice in discovery.choices
                if choice.taken
            ),
            warnings=self._warnings(),
            history_progress_ratio=self._progress(),
        )

    def _told(self, now: float) -> list[Told]:
        """Return how every budget stands, with the text of its metrics."""
        return [
            Told(status, watch.text_of(status), poller.spec.external_labels, read_lately(watch, now))
            for poller in self._pollers
            for watch in poller.slos
            for status in watch.statuses
        ]

    def _plots(self) -> dict[str, Plot]:
        by_key = {stream.key: stream for stream in self._streams()}
        plots: dict[str, Plot] = {}
        newest = sorted(self._around.book.open_places().items(), key=lambda item: -item[1].since)
        for place, finding in newest[:PLOTS]:
            stream = by_key.get(place.owner)
            if stream is not None and stream.trail is not None and place.row >= 0:
                plots[finding.uid] = stream.trail.plot(place.row)
        return plots

    def _warnings(self) -> tuple[str, ...]:
        told = [(f"{one.spec.name} on {one.source.name}", one.health.last_error) for one in self._streams()]
        told += [(f"SLO {watch.name}", watch.last_error) for watch in self._watches()]
        return (*(f"{name}: {error}" for name, error in told if error), *self._around.rule_troubles)

    def _progress(self) -> float:
        return min((poller.progress() for poller in self._pollers), default=0.0)

    def _streams(self) -> list[Stream]:
        return [stream for poller in self._pollers for stream in poller.streams.values()]

    def _watches(self) -> Iterable[SloWatch]:
        return [watch for poller in self._pollers for watch in poller.slos]


def _tell_first(view: View) -> None:
    """Say once that the daemon has begun to judge, and how much of what it watches."""
    series = sum(stream.series for stream in view.streams)
    warming = sum(stream.warming for stream in view.streams)
    told = fields(queries=len(view.streams), series=series, with_bands=series - warming, findings=len(view.findings))
    log.info("first cycle done", extra=told)


def _stream_view(stream: Stream) -> StreamView:
    return StreamView(
        query=stream.spec.name,
        source=stream.source.name,
        expr=stream.spec.expr,
        pack=stream.spec.pack,
        series=len(stream.table),
        dropped=stream.health.dropped,
        last_success=stream.health.last_success,
        last_error=stream.health.last_error,
        warming=stream.warming(),
    )
