"""Service level objectives: what is promised over which time, how it is budgeted and alerted on, and how it stands.

Enters: what the configuration or an importer read. Leaves: frozen values that the live engine, the generated rules and
the reports share. Ratios are 0 to 1, durations seconds. Never computes a status.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from aiops_daemon.core.model.budget import DEFAULT_POLICY, HeldStep, PolicyStep
from aiops_daemon.core.model.durations import DAY, WEEK, prometheus_duration
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.query import OnFinding
from aiops_daemon.core.model.sli import Sli

PAGE = "page"
TICKET = "ticket"
SEVERITIES = (PAGE, TICKET)


class DataState(StrEnum):
    """Whether an SLO can be judged: traffic seen, series there but without traffic, or series gone."""

    OK = "ok"
    IDLE = "idle"
    GONE = "gone"


class Withheld(StrEnum):
    """Why an alert is held back though the budget burns faster than its factor: too few events to tell."""

    FEW_ERRORS = "few_errors"  # fewer than two errors in the long window
    UNCERTAIN = "uncertain"  # the lower bound of the error ratio is below what the factor allows


class CalendarUnit(StrEnum):
    """What a calendar window is long; weeks begin on Monday."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last `seconds`, at every moment."""

    seconds: float


# What burn rates are reckoned with, for they need one length: the mean month, quarter and year would make the
# workbook's 14.4 into 14.61, so that nobody knew it again.
_NOMINAL = {
    CalendarUnit.DAY: DAY,
    CalendarUnit.WEEK: WEEK,
    CalendarUnit.MONTH: 30 * DAY,
    CalendarUnit.QUARTER: 90 * DAY,
    CalendarUnit.YEAR: 365 * DAY,
}


@dataclass(frozen=True, slots=True)
class Calendar:
    """The running day, week, month, quarter or year in a time zone; the budget is whole again when the next begins."""

    unit: CalendarUnit
    time_zone: str = "UTC"

    @property
    def seconds(self) -> float:
        """Return the nominal length: a month has 30 days."""
        return _NOMINAL[self.unit]


Window: TypeAlias = Rolling | Calendar


class Budgeting(StrEnum):
    """What counts against the budget, as OpenSLO means it.

    Occurrences: bad events over all events. Time slices: slices whose ratio misses their target over all slices.
    Ratio time slices: the mean of the slices' ratios, so that a quiet slice weighs as much as a busy one.
    """

    OCCURRENCES = "occurrences"
    TIME_SLICES = "time_slices"
    RATIO_TIME_SLICES = "ratio_time_slices"


@dataclass(frozen=True, slots=True)
class BudgetSpec:
    """How the budget is counted; `slice_target_ratio` is what makes a slice good, for TIME_SLICES only."""

    method: Budgeting = Budgeting.OCCURRENCES
    slice_seconds: float = 60.0
    slice_target_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class BurnPair:
    """An alert condition: the burn rate exceeds a factor over both windows (seconds).

    The factor is given as such, or follows from the share of the budget that the long window spends at exactly it:
    factor = share * P / long.
    """

    severity: str  # page, ticket
    long: float
    short: float
    budget_share: float | None = None
    factor: float | None = None


@dataclass(frozen=True, slots=True)
class BurnWindows:
    """The pairs of an SLO as data, with where they come from."""

    source: str  # for people: a book, a table, "set by the user"
    pairs: tuple[BurnPair, ...]
    chosen: bool = False  # set by the user: a pair that can never fire is then a fault, not a warning


# Google, The Site Reliability Workbook, chapter 5: table 5-8 (2 %, 5 %, 10 % of 30 days' budget) and, for 1d/2h, the
# alerting example of the same chapter. The short window is a twelfth of the long one and makes the alert end soon.
# Windows and shares hold for every length of the SLO's window; the factors scale: 14.4, 6, 3, 1 at 30d, 13.44, 5.6,
# 2.8, 1 at 28d.
WORKBOOK = BurnWindows(
    "Google SRE workbook, chapter 5",
    (
        BurnPair(PAGE, 3600.0, 300.0, 0.02),
        BurnPair(PAGE, 21_600.0, 1800.0, 0.05),
        BurnPair(TICKET, 86_400.0, 7200.0, 0.10),
        BurnPair(TICKET, 259_200.0, 21_600.0, 0.10),
    ),
)


@dataclass(frozen=True, slots=True)
class SloAlert:
    """What a user wants of one alert of an SLO; texts of annotations may be Go templates where `templated`."""

    enabled: bool = True
    name: str = ""  # empty: ours
    labels: Labels = ()
    annotations: Labels = ()
    templated: bool = False  # imported from a format whose texts are templates


@dataclass(frozen=True, slots=True)
class SloAlerts:
    """The alerts of an SLO: page, ticket, and on series that are gone."""

    page: SloAlert = SloAlert()
    ticket: SloAlert = SloAlert()
    gone: SloAlert = SloAlert()

    def of(self, severity: str) -> SloAlert:
        """Return what is wanted of one severity."""
        return self.page if severity == PAGE else self.ticket


@dataclass(frozen=True, slots=True)
class SloSpec:
    """One objective. `grouping`: each combination of these labels' values has a budget of its own."""

    name: str
    sli: Sli
    objective_ratio: float  # 0.999, not 99.9
    window: Window
    labels: Labels = ()
    sources: tuple[str, ...] = ()
    on_finding: OnFinding = OnFinding.ENRICH
    grouping: tuple[str, ...] = ()
    budget: BudgetSpec = BudgetSpec()
    burn: BurnWindows = WORKBOOK
    alerts: SloAlerts = SloAlerts()
    description: str = ""
    policy: tuple[PolicyStep, ...] = DEFAULT_POLICY
    max_groups: int = 100  # budgets that the daemon keeps
    service_implied: bool = False  # the label `service` is the file's: Sloth's own rules would not carry it

    @property
    def budget_ratio(self) -> float:
        """Share of events that may fail; without the noise of binary fractions, so that 99.9 % leaves 0.001."""
        return float(f"{1.0 - self.objective_ratio:.12g}")

    @property
    def window_seconds(self) -> float:
        """Length of the window; of a calendar window the nominal one."""
        return self.window.seconds

    @property
    def window_name(self) -> str:
        """Name the window as statuses and the label `aiops_window` do: 30d, or month where it is one of a calendar."""
        return prometheus_duration(self.window.seconds) if isinstance(self.window, Rolling) else str(self.window.unit)


@dataclass(frozen=True, slots=True)
class SloStatus:
    """How one budget of an SLO stands at one moment. Ratios are None where there was no traffic.

    Windows are named as in `aiops_window`: 5m, 1h, ..., and that of the SLO by `spec.window_name`.
    """

    spec: SloSpec
    at: float
    state: DataState
    error_ratio: dict[str, float | None] = field(default_factory=dict)  # by window name: "5m", "1h", ...
    burn_rate: dict[str, float | None] = field(default_factory=dict)  # by window name
    budget_remaining_ratio: float | None = None  # may be negative
    window_spent_ratio: float | None = None  # of what the whole window allows at the traffic so far; policies go by it
    exhaustion_at: float | None = None  # unix seconds; None: not in sight
    active: frozenset[str] = frozenset()  # alert severities that hold now: page, ticket
    since: dict[str, float] = field(default_factory=dict)  # by severity: since when it holds
    error_ratio_lower: dict[str, float | None] = field(default_factory=dict)  # by long window: Wilson's bounds, one-
    error_ratio_upper: dict[str, float | None] = field(default_factory=dict)  # sided 95 % each; none without events
    guard: dict[str, Withheld] = field(default_factory=dict)  # by severity: why it is held back though it burns
    group: Labels = ()  # values of the grouping labels; () where there is one budget
    source: str = ""  # name of the Prometheus
    period: tuple[float, float] | None = None  # begin and end of a calendar period, unix seconds
    returns_at: float | None = None  # when some of a budget that is spent, or will be, is back; None: not in sight
    policy: tuple[HeldStep, ...] = ()  # steps of the error-budget policy that hold, the gravest first
