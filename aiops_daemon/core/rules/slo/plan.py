"""What is recorded for an SLO, and how it is called: the one place that rules, alerts and tests look names up in.

Enters: an SLO and the style of its names (ours, or exactly Sloth's). Leaves: names of records, the labels that identify
them, the windows that are needed and how each is computed. Never writes an expression over users' metrics.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.durations import HOUR, prometheus_duration
from aiops_daemon.core.model.labels import Labels, get, legacy_name, make
from aiops_daemon.core.model.selector import LabelMatch, Selector
from aiops_daemon.core.model.slo import Budgeting, Calendar, CalendarUnit, SloSpec
from aiops_daemon.core.rules.slo.measure import Counts, Ratios, Samples, measure
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair, pairs_of

RAW_UP_TO = HOUR  # longer windows are chained
INTERVAL = 60.0  # seconds between evaluations
PERIOD_INTERVAL = 240.0  # of rules over the whole period; the lookback is a minute more, for late evaluations

BAD, TOTAL = "aiops:slo_bad:rate", "aiops:slo_total:rate"
SLICE = "aiops:slo_slice:bad"
VALUE = "aiops:slo_value"  # what an expression gave, be it no number: it tells idle from gone
OBJECTIVE, REMAINING = "aiops:slo_objective:ratio", "aiops:slo_error_budget_remaining:ratio"
BURN, PERIOD_START = "aiops:slo_burn_rate:ratio", "aiops:slo_period_start:timestamp"

SLOTH_REMAINING = "slo:period_error_budget_remaining:ratio"

_PERIOD_BASE = {CalendarUnit.MONTH: HOUR, CalendarUnit.QUARTER: HOUR, CalendarUnit.YEAR: 6 * HOUR}
SLOTH_WINDOWS = (300.0, 1800.0, 3600.0, 7200.0, 21_600.0, 86_400.0, 259_200.0)


@dataclass(frozen=True, slots=True)
class Style:
    """How records are called: `ratio` before the window, `identity` in selectors, `window` the label for it or ''."""

    ratio: str
    identity: Labels
    labels: Labels  # of every record, the identity among them
    window: str = ""
    remaining: str = REMAINING
    severity: str = "aiops_severity"  # the label of alerts


def ours(spec: SloSpec) -> Style:
    """Return our own names."""
    identity = make({"aiops_slo": spec.name})
    static = {legacy_name(name): value for name, value in spec.labels}
    return Style("aiops:slo_error:ratio_rate", identity, make(static | dict(identity)))


def sloth(spec: SloSpec) -> Style:
    """Return Sloth's names: `sloth_id` is the service and the SLO with a dash between them.

    A label `service` stays beside them where a user wrote it, as Sloth keeps every label of its users.
    """
    service = get(spec.labels, "sloth_service") or get(spec.labels, "service")
    prefix = f"{service}-" if service else ""
    slo = spec.name.removeprefix(prefix)
    identity = (("sloth_id", f"{prefix}{slo}"), ("sloth_service", service), ("sloth_slo", slo))
    left_out = "service" if spec.service_implied else ""
    static = {legacy_name(name): value for name, value in spec.labels if name != left_out}
    return Style(
        "slo:sli_error:ratio_rate",
        identity,
        make(static | dict(identity)),
        window="sloth_window",
        remaining=SLOTH_REMAINING,
        severity="sloth_severity",
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """An SLO with everything that its rules are made of."""

    spec: SloSpec
    style: Style
    measured: Counts | Ratios | Samples
    pairs: tuple[WindowPair, ...]
    extra: tuple[float, ...] = ()  # windows that are recorded though no pair needs them

    @property
    def windows(self) -> tuple[float, ...]:
        """Return the windows of ratios, shortest first."""
        needed = {BASE, self.period_base, *self.extra, *self.longs, *(pair.short for pair in self.pairs)}
        kept = {BASE, *self.longs}
        return tuple(sorted(window for window in needed if window < self.spec.window_seconds or window in kept))

    @property
    def counted(self) -> frozenset[float]:
        """Return the windows whose events are recorded, not only their ratio."""
        return frozenset({BASE, self.period_base, *self.longs})

    @property
    def period_base(self) -> float:
        """Return the window whose records, laid end to end, make the period: longer for long calendar ones.

        A calendar period is a subquery that asks the clock at each step, and promtool allows a query 10,000 samples.
        """
        window = self.spec.window
        return _PERIOD_BASE.get(window.unit, BASE) if isinstance(window, Calendar) else BASE

    @property
    def longs(self) -> tuple[float, ...]:
        """Return the windows whose number of events the guard asks for."""
        return tuple(sorted({pair.long for pair in self.pairs}))

    @property
    def slices(self) -> bool:
        """Say whether time slices are what counts; the samples of a threshold are slices too."""
        return self.spec.budget.method is not Budgeting.OCCURRENCES or isinstance(self.measured, Samples)

    @property
    def guarded(self) -> bool:
        """Say whether numbers of events are known, so that few of them can be told from many."""
        return isinstance(self.measured, Counts) and self.measured.counted

    @property
    def pulse(self) -> str:
        """Select what is there as long as the service's series are, with traffic or without."""
        if isinstance(self.measured, Counts):
            return self.select(f"{TOTAL}{self.name(BASE)}")
        return self.select(VALUE)

    @property
    def period_record(self) -> str:
        """Name the error ratio of the whole period; a calendar one is no window of its nominal length."""
        if isinstance(self.spec.window, Calendar):
            return f"{self.style.ratio}_period"
        return f"{self.style.ratio}{self.name(self.spec.window_seconds)}"

    def name(self, seconds: float) -> str:
        """Write a window."""
        return prometheus_duration(seconds)

    def select(self, record: str) -> str:
        """Select a record of this SLO."""
        matches = tuple(LabelMatch(name, "=", value) for name, value in self.style.identity)
        return str(Selector(record, matches))

    def ratio(self, seconds: float) -> str:
        """Select the error ratio over a window."""
        return self.select(f"{self.style.ratio}{self.name(seconds)}")


def plan(spec: SloSpec, *, like_sloth: bool = False) -> Plan:
    """Plan the rules of an SLO; pairs that can never fire are left out."""
    style = sloth(spec) if like_sloth else ours(spec)
    return Plan(spec, style, measure(spec), pairs_of(spec), SLOTH_WINDOWS if like_sloth else ())
