"""How fast one error budget is spent, from increments of bad and all events, or of bad and all time slices.

Enters: increments as they are polled, and increments read back from history. Leaves: an SloStatus with error ratio and
burn rate per window, the budget left, when it ends, which alerts hold and which are held back. Windows longer than what
was observed are computed on what is known. Ratios are always sum over sum, never a mean of ratios (which is wrong
by -46 % to +996 % on traffic with a day and a night). Never reads counters and never decides who is told.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from aiops_daemon.core.model.durations import HOUR, prometheus_duration
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.periods import period_of
from aiops_daemon.core.model.slo import SEVERITIES, Budgeting, Calendar, DataState, SloSpec, SloStatus, Withheld
from aiops_daemon.core.signals.budget.forecast import Pace, Past, forecast
from aiops_daemon.core.signals.budget.policy import window_spent
from aiops_daemon.core.signals.burn.guard import TWO_EVENTS, Guard, wilson
from aiops_daemon.core.signals.burn.ring import Sums
from aiops_daemon.core.signals.burn.rings import FINE_SPAN, FINE_STEP, READ_STEP, Rings
from aiops_daemon.core.signals.burn.turns import Turns
from aiops_daemon.core.signals.burn.windows import BASE, WindowPair, pairs_of, reported_windows

IDLE_WINDOW = HOUR  # no traffic this long: idle


class BurnLedger:
    """Bad and all events of one budget: minutes for six hours, five minutes for its window."""

    def __init__(self, spec: SloSpec, guard: Guard = TWO_EVENTS, *, group: Labels = (), source: str = "") -> None:
        self.spec, self.group = spec, group
        self._guard, self._source = guard, source
        self._pairs = pairs_of(spec)
        self._turns = {pair: Turns(2 * pair.short) for pair in self._pairs if pair.ends_early}
        self._unnoted = True  # what errors did before the first look
        self._windows = reported_windows(spec)
        self._judged = Rings(spec)
        # What the guard counts where slices are judged by their share of errors.
        self._errors = Rings(spec) if spec.budget.method is Budgeting.RATIO_TIME_SLICES else None
        self._last_at: float | None = None
        self._latest: tuple[float, Sums] | None = None
        self._holding: frozenset[int] = frozenset()  # positions in _pairs
        self._since: dict[str, float] = {}
        self._spent_at: float | None = None

    def add(
        self,
        at: float,
        bad: float,
        total: float,
        *,
        since: float | None = None,
        errors: float = 0.0,
        lately: Sums | None = None,
    ) -> None:
        """Count increments since the add before, or `since`, spread evenly over that stretch.

        `bad` may be below 0 for a moment where bad = total - good and the two were read apart; sums are clamped,
        not increments, so no bias builds up. The first add only sets the start. `errors` are bad events where `bad` are
        slices; `lately` is the window of five minutes where the source itself was asked for it.
        """
        start = since if since is not None else self._last_at
        start = at if start is None else min(start, at)
        self._last_at = at
        self._judged.add(start, at, bad, total)
        if self._errors is not None:
            self._errors.add(start, at, errors, total)
        self._latest = None if lately is None else (at, lately)

    def backfill(
        self,
        times: ArrayLike,
        bad: ArrayLike,
        total: ArrayLike,
        errors: ArrayLike | None = None,
        *,
        length: float = READ_STEP,
    ) -> None:
        """Count increments from history, each over the `length` seconds that end at its time; oldest first.

        Shapes equal (n,); NaN is unknown. What is already known, live or restored, is not counted again.
        """
        columns = (times, bad, total, bad if errors is None else errors)
        rows = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
        rows = rows[np.isfinite(rows).all(axis=1)]
        ends, chosen = np.unique(rows[:, 0], return_index=True)
        self._judged.fill(ends, length, rows[chosen, 1], rows[chosen, 2])
        if self._errors is not None:
            self._errors.fill(ends, length, rows[chosen, 3], rows[chosen, 2])

    def spread(self, start: float, end: float, bad: float, total: float) -> None:
        """Count what came at some time in (start, end], at its mean pace over what is not known of that stretch.

        In the SLO's window alone: a guess when it came must neither raise nor end a page.
        """
        pieces = max(1, round((end - start) / READ_STEP))
        length, share = (end - start) / pieces, np.full(pieces, 1.0 / pieces)
        ends = np.linspace(start + length, end, pieces, dtype=np.float64)
        self._judged.coarse.fill(ends, length, bad * share, total * share)

    def credit(self, start: float, end: float, bad: float, total: float) -> None:
        """Count what came at some time in (start, end] beside what is known of it, in the SLO's window alone."""
        self._judged.coarse.add(start, end, bad, total)

    def rewind(self, at: float) -> None:
        """Forget what came after a moment, and date to it what was seen later."""
        for rings in (self._judged, self._errors):
            if rings is not None:
                rings.rewind(at)
        self._last_at, self._latest = at, None
        self._since = {severity: min(moment, at) for severity, moment in self._since.items()}
        self._spent_at = None if self._spent_at is None else min(self._spent_at, at)
        self._turns, self._unnoted = {pair: Turns(2 * pair.short) for pair in self._turns}, True

    def status(self, at: float, *, present: bool) -> SloStatus:
        """Judge the budget at a moment; `present`: its series exist at the source.

        Remembers which pairs hold. A pair holds while the error ratio exceeds factor * budget over its long and its
        short window, a page also over five minutes unless errors come and go, and nothing of its guard withholds it: as
        in the generated rules. While a short window is unobserved or the series are gone, the others decide about what
        held before.
        """
        sums = {name: self._sums(at, seconds) for name, seconds in self._windows.items()}
        period = period_of(self.spec.window, at) if isinstance(self.spec.window, Calendar) else None
        whole = self._judged.coarse.window(at, self.spec.window_seconds if period is None else at - period[0])
        sums[self.spec.window_name] = whole
        withheld = self._judge(at, present)
        ratios = {name: part.error_ratio for name, part in sums.items()}
        bounds = {name: wilson(part.bad, part.total) for name, part in self._bounded(sums)}
        remaining = self._remaining(whole.error_ratio)
        exhaustion_at, returns_at = self._ahead(at, remaining, period)
        return SloStatus(
            spec=self.spec,
            at=at,
            state=self._state(at, present),
            error_ratio=ratios,
            burn_rate={name: self._burn(ratio) for name, ratio in ratios.items()},
            budget_remaining_ratio=remaining,
            window_spent_ratio=self._window_spent(at, whole, period),
            exhaustion_at=exhaustion_at,
            returns_at=returns_at,
            active=frozenset(self._since),
            since=dict(self._since),
            error_ratio_lower={name: lower for name, (lower, _) in bounds.items()},
            error_ratio_upper={name: upper for name, (_, upper) in bounds.items()},
            guard=withheld,
            group=self.group,
            source=self._source,
            period=period,
        )

    def buckets(self, at: float) -> tuple[float, float, NDArray[np.float64]]:
        """Return the window that ends at `at` in buckets: begin of the first, seconds of each, and sums.

        Sums have shape (3, n), oldest first: bad, total and known seconds; the first and the last bucket may reach
        beyond the window.
        """
        ring = self._judged.coarse
        oldest, sums = ring.buckets(at, self.length(at))
        return oldest * ring.step, ring.step, sums

    def length(self, at: float) -> float:
        """Return the seconds of the window that ends at a moment: of a calendar one those since it began."""
        window = self.spec.window
        return at - period_of(window, at)[0] if isinstance(window, Calendar) else window.seconds

    def is_empty(self, at: float) -> bool:
        """Say whether the whole window holds no event."""
        return self._judged.coarse.window(at, self.length(at)).total <= 0.0

    def succeed(self, old: BurnLedger) -> None:
        """Go on with what another ledger counted of the same events; windows and objective are one's own.

        Alerts that held go on holding while the new windows and objective bear them out, so that none begins anew.
        """
        self._judged.inherit(old._judged)
        if self._errors is not None and old._errors is not None:
            self._errors.inherit(old._errors)
        self._last_at, self._latest, self._spent_at = old._last_at, old._latest, old._spent_at
        self._since = dict(old._since)
        held = {(old._pairs[position].long, old._pairs[position].short) for position in old._holding}
        self._holding = frozenset(place for place, pair in enumerate(self._pairs) if (pair.long, pair.short) in held)

    def export_state(self) -> dict[str, NDArray[np.float64]]:
        """Return what a restart must keep: buckets, and since when each severity holds (NaN: it does not)."""
        since = [self._since.get(severity, np.nan) for severity in SEVERITIES]
        holding = [float(position in self._holding) for position in range(len(self._pairs))]
        spent = np.nan if self._spent_at is None else self._spent_at
        errors = {} if self._errors is None else self._errors.export("errors_")
        return {**self._judged.export(), **errors, "since": np.array([*since, spent]), "holding": np.array(holding)}

    def import_state(self, state: Mapping[str, ArrayLike]) -> None:
        """Take over exported state; a changed window keeps what fits. Raises ValueError for a wrong shape."""
        wanted = {"fine", "coarse", "since", "holding"} | (set() if self._errors is None else {"errors_coarse"})
        lacking = wanted - state.keys()
        if lacking:
            raise ValueError(f"saved burn state lacks {', '.join(sorted(lacking))}")
        since = np.asarray(state["since"], dtype=np.float64)
        holding = np.asarray(state["holding"], dtype=np.float64)
        if since.shape != (len(SEVERITIES) + 1,) or holding.ndim != 1:
            raise ValueError("saved burn alerts have the wrong shape")
        self._judged.restore(state)
        if self._errors is not None:
            self._errors.restore(state, "errors_")
        self._spent_at = None if np.isnan(since[-1]) else float(since[-1])
        known = zip(SEVERITIES, since.tolist(), strict=False)
        self._since = {severity: moment for severity, moment in known if not np.isnan(moment)}
        self._holding = frozenset(np.flatnonzero(holding).tolist())
        if holding.shape != (len(self._pairs),):  # of other windows: any that could have held, did
            self._holding = frozenset(place for place, pair in enumerate(self._pairs) if pair.severity in self._since)

    def _sums(self, at: float, seconds: float) -> Sums:
        if seconds == BASE and self._latest is not None and self._latest[0] == at:
            return self._latest[1]
        return self._judged.window(at, seconds)

    def _bounded(self, sums: Mapping[str, Sums]) -> list[tuple[str, Sums]]:
        """Return the windows that decide, with events in them; no bounds where what is counted are no events."""
        names = {prometheus_duration(pair.long) for pair in self._pairs} if self._guard.bounded else set()
        return [(name, part) for name, part in sums.items() if name in names and part.total > 0.0]

    def _burn(self, ratio: float | None) -> float | None:
        if ratio is None:
            return None
        budget = self.spec.budget_ratio
        return ratio / budget if budget > 0.0 else None

    def _remaining(self, ratio: float | None) -> float | None:
        burn = self._burn(ratio)
        return None if burn is None else 1.0 - burn

    def _window_spent(self, at: float, whole: Sums, period: tuple[float, float] | None) -> float | None:
        """Return how much of the whole window's budget is spent: nothing by fewer errors than the guard asks for."""
        ratio, budget = whole.error_ratio, self.spec.budget_ratio
        if ratio is None or budget <= 0.0:
            return None
        bad = whole.bad if self._errors is None else self._errors.coarse.window(at, self.length(at)).bad
        if bad < self._guard.least:
            return 0.0
        seconds = self.spec.window_seconds if period is None else period[1] - period[0]
        return window_spent(ratio, budget, whole.known_seconds / seconds)

    def _state(self, at: float, present: bool) -> DataState:
        if not present:
            return DataState.GONE
        return DataState.OK if self._sums(at, IDLE_WINDOW).total > 0.0 else DataState.IDLE

    def _judge(self, at: float, present: bool) -> dict[str, Withheld]:
        """Settle which pairs hold; return what is withheld, by severity."""
        holding: set[int] = set()
        withheld: dict[str, Withheld] = {}
        self._note_turns(at)
        for position, pair in enumerate(self._pairs):
            if not self._burns(pair, at, present, held=position in self._holding):
                continue
            reason = self._withholds(pair, at)
            if reason is None:
                holding.add(position)
            else:
                withheld.setdefault(pair.severity, reason)
        self._holding = frozenset(holding)
        active = {self._pairs[position].severity for position in holding}
        self._since = {severity: self._since.get(severity, at) for severity in SEVERITIES if severity in active}
        return {severity: reason for severity, reason in withheld.items() if severity not in active}

    def _note_turns(self, at: float) -> None:
        """Note whether errors are above the level now; at first also what they did before, from the minutes kept."""
        for pair, turns in self._turns.items():
            level = pair.level(self.spec.budget_ratio)
            past = np.arange(at - 2 * pair.short, at, FINE_STEP).tolist() if self._unnoted else []
            ratios = [
                *(self._judged.window(moment, BASE).error_ratio for moment in past),
                self._sums(at, BASE).error_ratio,
            ]
            for moment, ratio in zip([*past, at], ratios, strict=True):
                turns.note(moment, None if ratio is None else ratio > level)
        self._unnoted = False

    def _burns(self, pair: WindowPair, at: float, present: bool, *, held: bool) -> bool:
        level = pair.level(self.spec.budget_ratio)
        if not _above(self._sums(at, pair.long), level):
            return False
        short = self._sums(at, pair.short)
        if not (_above(short, level) or (held and _unseen(short, present))):
            return False
        if not pair.ends_early:
            return True
        base = self._sums(at, BASE)
        return _above(base, level) or (held and _unseen(base, present)) or self._turns[pair].came_back(at)

    def _withholds(self, pair: WindowPair, at: float) -> Withheld | None:
        long = self._sums(at, pair.long)
        bad = long.bad if self._errors is None else self._errors.window(at, pair.long).bad
        return self._guard.withholds(long, bad, pair.level(self.spec.budget_ratio))

    def _ahead(
        self, at: float, remaining: float | None, period: tuple[float, float] | None
    ) -> tuple[float | None, float | None]:
        """Return when the budget ends, if things go on as they do, and when some of it is back."""
        if period is not None and self._spent_at is not None and self._spent_at < period[0]:
            self._spent_at = None  # that was another budget
        if remaining is None:
            return None, None
        hour = self._sums(at, HOUR)
        present = hour if hour.bad >= TWO_EVENTS.least else self._sums(at, FINE_SPAN)
        rate = present.total / present.known_seconds if present.known_seconds > 0.0 else 0.0
        begin, step, sums = self.buckets(at)
        past = Past(sums[0], sums[1], sums[2], step, begin + step + self.length(at) - at)
        resets = None if period is None else period[1] - at
        told = forecast(past, Pace(present.error_ratio or 0.0, rate), self.spec.budget_ratio, resets=resets)
        returns = None if told.return_seconds is None else at + told.return_seconds
        if remaining <= 0.0:  # ended: keep the moment when that was first seen
            self._spent_at = at if self._spent_at is None else self._spent_at
            return self._spent_at, returns
        self._spent_at = None
        return (None if told.exhaustion_seconds is None else at + told.exhaustion_seconds), returns


def _above(sums: Sums, level: float) -> bool:
    ratio = sums.error_ratio
    return ratio is not None and ratio > level


def _unseen(sums: Sums, present: bool) -> bool:
    return sums.total <= 0.0 and (sums.known_seconds <= 0.0 or not present)
