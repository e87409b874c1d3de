"""What the daemon asks a source about an SLO: the same expressions that its rules record, and the same guard.

Enters: an SLO. Leaves: PromQL for every poll and for the past, what its values are, and, where an indicator is nothing
but counters, their selectors: those are better followed one by one, for then the first error counts too. Never asks.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.selector import LabelMatch, Selector, parse_selector
from aiops_daemon.core.model.sli import EventsSli, LatencySli
from aiops_daemon.core.model.slo import Budgeting, SloSpec
from aiops_daemon.core.rules.expression import number
from aiops_daemon.core.rules.slo.alerts import least_bad
from aiops_daemon.core.rules.slo.measure import Counts, Ratios, Samples, every_form, le
from aiops_daemon.core.rules.slo.plan import INTERVAL, Plan, plan
from aiops_daemon.core.rules.slo.records import slice_now
from aiops_daemon.core.signals.burn.guard import TWO_EVENTS, UNGUARDED, Guard
from aiops_daemon.core.signals.burn.windows import BASE

_ARRIVAL = 30.0  # seconds: samples that arrived while the look before was taken may be older than it


@dataclass(frozen=True, slots=True)
class Counters:
    """Selectors of counters; `bad` says whether the side counts bad or good events."""

    total: str
    side: str
    bad: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """PromQL of one SLO. With `total`: events per second over five minutes, all and bad. Without: a share of errors.

    `pulse` has series as long as the service has, with traffic or without. `errors`: bad events per second, where the
    guard counts them beside shares. A value speaks for the `step` seconds before it.
    """

    bad: str
    pulse: str
    total: str = ""
    errors: str = ""
    step: float = BASE
    guard: Guard = UNGUARDED
    counters: Counters | None = None


def watched_or_born(jobs: frozenset[str], looked_at: float, at: float) -> str:
    """Ask which targets were scraped at a moment before `at`, or run processes that began since.

    What such a target counts and did not have at that moment has come since: it is no sum of a life before. A process
    may have begun up to five minutes earlier, for so long it may take until a target is found and scraped.
    """
    of_job = (LabelMatch("job", "=", *jobs),) if len(jobs) == 1 else ()
    up, began = Selector("up", of_job), Selector("process_start_time_seconds", of_job)
    before = prometheus_duration(max(1, round(at - looked_at + _ARRIVAL)))
    return f"(({up} offset {before}) == 1) or ({began} >= {number(round(min(looked_at, at - BASE)))})"


def asked(spec: SloSpec) -> Asked:
    """Return what is asked about an SLO."""
    planned = plan(spec)
    measured = planned.measured
    if planned.slices:
        return _slices(planned)
    if isinstance(measured, Ratios):
        share = measured.error(BASE)
        return Asked(share, pulse=share)
    if isinstance(measured, Samples):
        raise AssertionError("samples are slices")
    counters = _counters(spec)
    total = measured.total(BASE)
    guard = TWO_EVENTS if counters is not None else Guard(least_bad(planned), bounded=planned.guarded)
    return Asked(measured.bad(BASE, total), pulse=total, total=total, guard=guard, counters=counters)


def _slices(planned: Plan) -> Asked:
    """Ask for the slice that ends now, once a minute, as the rules do."""
    measured, guard = planned.measured, Guard(least_bad(planned))
    share, pulse, errors = slice_now(planned), _pulse(planned), ""
    if isinstance(measured, Counts) and planned.spec.budget.method is Budgeting.RATIO_TIME_SLICES:
        errors = measured.bad(BASE, measured.total(BASE)) if planned.guarded else ""
    return Asked(share, pulse=pulse, errors=errors, step=INTERVAL, guard=guard)


def _pulse(planned: Plan) -> str:
    """Select what is there also when a slice is not: without traffic, or while the value is no number."""
    measured = planned.measured
    if isinstance(measured, Counts):
        return measured.total(BASE)
    return measured.error(BASE) if isinstance(measured, Ratios) else measured.value


def _counters(spec: SloSpec) -> Counters | None:
    sli = spec.sli
    if isinstance(sli, LatencySli):
        good = parse_selector(sli.bucket).having(le(sli.threshold))
        return Counters(str(parse_selector(sli.count)), str(good), bad=False)
    if isinstance(sli, EventsSli):
        total, side = (str(every_form(parse_selector(text))) for text in (sli.total, sli.side))
        return Counters(total, side, bad=sli.bad is not None)
    return None
