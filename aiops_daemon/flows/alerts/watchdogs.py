"""The dead man's switch: alerts that must keep coming, and an incident when one does not.

Enters: events as they are processed. Leaves: notices about clusters that fell silent, and metrics. One never seen
counts as missing from the start on. A deadline that a healthy Alertmanager cannot keep is told, never refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.alert import AlertEvent, AlertStatus
from aiops_daemon.core.model.alertmanager import WatchdogSpec
from aiops_daemon.core.model.labels import Labels, get, make, text
from aiops_daemon.core.model.matcher import MatchOp, all_match
from aiops_daemon.flows.alerts.notices import Notices
from aiops_daemon.logs import fields
from aiops_daemon.meter import Meter

log = logging.getLogger(__name__)

LOOK_EVERY = 5.0  # seconds
MISSING = "AiopsWatchdogMissing"

Timing = Callable[[Labels], tuple[float, float] | None]
"""repeat_interval and group_interval (seconds) of an alert's route, where the Alertmanager's configuration is known."""


@dataclass(slots=True)
class _Expected:
    """One clock: the labels that one expects, and when they were last seen."""

    spec: WatchdogSpec
    labels: Labels
    since: float
    seen_at: float | None = None
    source: str = ""
    missing: bool = False
    short: bool = False

    @property
    def cluster(self) -> str:
        """Name it: by the label `cluster`, or all that is expected."""
        return get(self.labels, "cluster") or text(self.labels) or "any"


class Watchdogs:
    """All clocks; `succeed` keeps what an earlier configuration saw."""

    def __init__(self, specs: tuple[WatchdogSpec, ...], clock: Clock, meter: Meter, notices: Notices) -> None:
        self._clock = clock
        self._meter = meter
        self._notices = notices
        now = clock.now()
        self._clocks = [_Expected(spec, labels, now) for spec in specs for labels in spec.expect or ((),)]

    def succeed(self, old: Watchdogs) -> None:
        """Keep when each was seen; end the notices of those that nobody expects any more."""
        known = {(one.spec.matchers, one.labels): one for one in old._clocks}
        for expected in self._clocks:
            before = known.pop((expected.spec.matchers, expected.labels), None)
            if before is not None:
                expected.since, expected.seen_at = before.since, before.seen_at
                expected.source, expected.missing = before.source, before.missing
        for gone in known.values():
            self._notices.let_go(MISSING, cluster=gone.cluster)
            self._meter.forget(cluster=gone.cluster)

    def watch(self, event: AlertEvent) -> None:
        """Note a Watchdog that fires."""
        if event.status is not AlertStatus.FIRING:
            return
        for expected in self._clocks:
            if set(expected.labels) <= set(event.labels) and all_match(expected.spec.matchers, event.labels):
                expected.seen_at, expected.source = event.received_at, event.source

    async def run(self, timing: Timing, beat: Callable[[], None]) -> None:
        """Look at every clock, for ever."""
        while True:
            self.look(timing)
            beat()
            await self._clock.sleep(LOOK_EVERY)

    def look(self, timing: Timing) -> None:
        """Tell of the clocks that ran out, and of those that were wound again."""
        now = self._clock.now()
        for expected in self._clocks:
            last = expected.seen_at if expected.seen_at is not None else expected.since
            self._judge(expected, now - last > expected.spec.within, now - last)
            self._check(expected, timing)
            self._measure(expected)

    def _judge(self, expected: _Expected, missing: bool, silent: float) -> None:
        if missing and not expected.missing:
            never = "was never seen" if expected.seen_at is None else f"was last seen {round(silent)} s ago"
            summary = (
                f"The Watchdog alert of {expected.cluster} {never} (expected every {expected.spec.within:.0f} s): "
                "alerts of this cluster may not reach us. Look at its Prometheus, its Alertmanager and the way between."
            )
            self._notices.hold(MISSING, summary, cluster=expected.cluster)
        elif expected.missing and not missing:
            self._notices.let_go(MISSING, cluster=expected.cluster)
        expected.missing = missing

    def _measure(self, expected: _Expected) -> None:
        names = {"source": expected.source, "cluster": expected.cluster}
        if expected.source:
            self._meter.forget(source="", cluster=expected.cluster)
        self._meter.set("aiops_watchdog_last_seen_timestamp_seconds", expected.seen_at or 0.0, **names)
        self._meter.set("aiops_watchdog_missing", float(expected.missing), **names)
        self._meter.set("aiops_watchdog_deadline_too_short", float(expected.short), **names)

    def _check(self, expected: _Expected, timing: Timing) -> None:
        """Compare the deadline with how often a healthy Alertmanager repeats."""
        intervals = timing(_likely(expected))
        if intervals is None:
            return
        repeat, group = intervals
        short = expected.spec.within < repeat + 2 * group
        if short and not expected.short:
            wanted = repeat + 2 * group
            log.warning(
                "a watchdog's `within` is shorter than its route repeats",
                extra=fields(cluster=expected.cluster, within=expected.spec.within, at_least=wanted),
            )
        expected.short = short


def _likely(expected: _Expected) -> Labels:
    """Return the labels that the alert must have at least."""
    named = {one.name: one.value for one in expected.spec.matchers if one.op is MatchOp.EQUAL}
    return make(named | dict(expected.labels))
