"""The recorded world: a week of a small web shop, ten hours in which things go wrong, and a day after that.

Enters: the moment at which the replay begins, and a seed. Leaves: recordings that a RecordedSource answers from, the
queries and objectives to watch, and the story of what was put in. The world is the same whenever it begins: its
calendar starts on a Thursday at eight. Built-in packs find their queries by the metric names given, as in a real run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.query import Direction, QuerySpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.packs import PACKS
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.demo import signals, story
from aiops_daemon.demo.shop import Labelled, Shop
from aiops_daemon.demo.story import Event
from aiops_daemon.edges.prometheus.recorded import RecordedSource, Recording

SOURCE = "shop"

_COUNTER = "http_request_duration_seconds_count"
_PROMISED = ("checkout", "frontend")
_OBJECTIVE = 0.999
_ORDERS = QuerySpec(
    "shop_orders",
    'sum by (currency) (rate(shop_orders_total{state="paid"}[5m])) * 60',
    labels=(("team", "shop"),),
    direction=Direction.DOWN,
    min_deviation_absolute=60.0,
    min_deviation_relative=0.25,
    unit="orders",
    title="orders a minute",
)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Everything to replay. Times are unix seconds: history from `start`, faults from `incident_start` to `end`."""

    recordings: Mapping[str, Recording]
    queries: tuple[QuerySpec, ...]  # the shop's own; the packs bring the others
    slos: tuple[SloSpec, ...]
    start: float
    incident_start: float
    end: float
    lasts_until: float  # the recording goes on after `end`, for whoever leaves the demo running
    metric_names: frozenset[str]
    story: tuple[Event, ...]

    def source(self, name: str = SOURCE) -> RecordedSource:
        """Return a metric source that answers from this world."""
        return RecordedSource(name, self.recordings, metric_names=self.metric_names)


def build(epoch: float, seed: int = 7) -> World:
    """Build the world whose replay begins at `epoch` (unix seconds, rounded down to five minutes)."""
    begin = epoch // signals.HISTORY_STEP * signals.HISTORY_STEP
    hours = signals.timeline()
    shop = Shop(hours, np.random.default_rng(seed))
    kept = signals.kept(hours)
    times = begin + np.rint(hours[kept] * HOUR)
    exprs = {query.spec.name: query.spec.expr for pack in PACKS for query in pack.queries}
    exprs[_ORDERS.name] = _ORDERS.expr
    recordings = {exprs[name]: _record(series, times, kept) for name, series in shop.answers().items()}
    for service in _PROMISED:
        questions = asked(_availability(service))
        events = _events(service)
        for selector, expr, failed_only in (
            (events.total, questions.total, False),
            (events.side, questions.bad, True),
        ):
            recordings[selector] = _record(shop.counters(service, failed_only=failed_only), times, kept)
            recordings[expr] = _record(shop.rates(service, failed_only=failed_only), times, kept)
    return World(
        recordings=recordings,
        queries=(_ORDERS,),
        slos=tuple(_availability(service) for service in _PROMISED),
        start=float(times[0]),
        incident_start=begin,
        end=begin + signals.REPLAY_HOURS * HOUR,
        lasts_until=float(times[-1]),
        metric_names=_metric_names(set(recordings)),
        story=story.tell(begin),
    )


def _record(series: Labelled, times: NDArray[np.float64], kept: NDArray[np.bool_]) -> Recording:
    keys = [json.dumps(labels, separators=(",", ":")).encode() for labels, _ in series]
    return Recording(keys, times, np.stack([values[kept] for _, values in series]))


def _events(service: str) -> EventsSli:
    return EventsSli(f'{_COUNTER}{{service="{service}"}}', bad=f'{_COUNTER}{{service="{service}",code=~"5.."}}')


def _availability(service: str) -> SloSpec:
    return SloSpec(
        name=f"{service}-availability",
        sli=_events(service),
        objective_ratio=_OBJECTIVE,
        window=Rolling(30 * DAY),
        labels=(("service", service), ("team", "shop")),
    )


def _metric_names(recorded: set[str]) -> frozenset[str]:
    """Name what the recorded pack queries are made of, so that the choice of packs takes exactly them."""
    queries = [query for pack in PACKS for query in pack.queries if query.spec.expr in recorded]
    return frozenset(name for query in queries for name in query.requires) | {"shop_orders_total"}
