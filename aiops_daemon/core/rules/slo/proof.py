"""The promtool unit test of an SLO's rules, made from the same plan.

Enters: a plan and the names of its alerts. Leaves: a test document in which healthy, idle and little traffic, a counter
reset and a single error are silent, 100 %, 10 % and 2 % of errors fire at the minute that the definition gives and not
before, recovery ends a page within seven minutes, and gone series are told. Where no series can be known (any PromQL,
native histograms), the records are given instead, so that everything but the user's own expression is proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.selector import LabelMatch, Selector
from aiops_daemon.core.model.slo import PAGE, SEVERITIES
from aiops_daemon.core.rules.document import Document
from aiops_daemon.core.rules.slo.alerts import GONE_HOLD
from aiops_daemon.core.rules.slo.examples import Given, Part, given_series
from aiops_daemon.core.rules.slo.measure import Counts, Samples
from aiops_daemon.core.rules.slo.plan import BAD, RAW_UP_TO, SLICE, TOTAL, VALUE, Plan
from aiops_daemon.core.rules.slo.story import (
    Minutes,
    Story,
    chained,
    fires,
    notation,
    over,
    ratio,
    sliced,
    steady,
)
from aiops_daemon.core.signals.burn.windows import BASE

_EVENTS = 1_000_000.0  # a minute: so many that the lower bound of a ratio is the ratio
_LONGEST_INCIDENT = 480  # minutes
_WARM, _BRIEF = 4320, 360  # minutes of a clean start: three days, and the longest window of a page
_CLEARS = 7  # minutes after which a page must have ended
_SLACK = 3  # minutes that a chained window may be late
_SHARES = (1.0, 0.1, 0.02)


@dataclass(frozen=True, slots=True)
class Named:
    """How the alerts are found: names by severity, the label that tells severities apart, the gone alert if any."""

    burn: Mapping[str, str]
    label: str
    gone: str = ""
    like_sloth: bool = False


@dataclass(frozen=True, slots=True)
class _Check:
    """At a minute, how many series a query must return."""

    minute: int
    expr: str
    count: int


def proof(plan: Plan, named: Named, rule_file: str, *, full: bool = False) -> Document:
    """Return the test document; `rule_file` is the rules' path as seen from the test.

    promtool takes half a minute for three days, so only the smallest share of errors, which tickets are for, begins
    with so many; what is expected is reckoned from what there is. `full`: every share begins with three days.
    """
    prover = _Prover(plan, named, given_series(plan.spec), full)
    tests = [prover.healthy(), *(prover.outage(share) for share in prover.shares), *prover.quiet(), *prover.gone()]
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


class _Prover:
    """Writes one test after the other for one plan."""

    def __init__(self, plan: Plan, named: Named, given: tuple[Given, ...], full: bool) -> None:
        self._plan, self._named, self._given, self._full = plan, named, given, full
        self._gauge = any(one.part is Part.GAUGE for one in given)
        self._events = 1.0 if self._gauge else _EVENTS

    @property
    def shares(self) -> tuple[float, ...]:
        """Return the shares of errors to prove; what is looked at once a minute is bad or not."""
        return _SHARES[:1] if self._gauge or isinstance(self._plan.measured, Samples) else _SHARES

    def healthy(self) -> Document:
        """Serve without an error for three hours; counters begin anew in between."""
        story = steady([(180, self._events, 0.0)])
        silent = [check for minute in (10, 60, 95, 120, 180) for check in self._silent(minute)]
        return self._test("healthy, with a counter reset", self._world(story, reset_at=90), silent)

    def outage(self, share: float) -> Document:
        """Fail a share of events after a clean warm-up, until every alert that can has fired; then recover."""
        whole = self._full or share == self.shares[-1]
        warm = min(_WARM if whole else _BRIEF, round(max([*self._plan.longs, HOUR]) / 60))
        probe = steady([(warm, self._events, 0.0), (_LONGEST_INCIDENT, self._events, share)])
        begun = {severity: self._first(probe, severity) for severity in SEVERITIES}
        known = [minute for minute in begun.values() if minute is not None]
        ends = min(max([*(minute + _SLACK + 5 for minute in known), warm + 15]), warm + _LONGEST_INCIDENT)
        rest = self._recovery(known, whole=whole)
        story = steady([(warm, self._events, 0.0), (ends - warm, self._events, share), (rest, self._events, 0.0)])
        checks = self._silent(warm)
        for severity, minute in begun.items():
            checks += self._timed(severity, minute, warm, ends, story.minutes)
        return self._test(f"{share:.0%} of events fail", self._world(story), checks)

    def quiet(self) -> Sequence[Document]:
        """Be idle, or have a single error among ten events an hour: nobody is told."""
        if self._gauge or not isinstance(self._plan.measured, Counts):
            return ()
        idle = steady([(30, self._events, 0.0), (330, 0.0, 0.0)])
        silent = [check for minute in (60, 120, 240, 360) for check in self._silent(minute)]
        tests = [self._test("idle", self._world(idle), silent)]
        if not self._plan.guarded or self._plan.slices:
            return tests
        total = np.zeros(361)
        total[6::6] = 1.0
        bad = np.zeros(361)
        bad[120] = 1.0
        silent = [check for minute in (120, 121, 123, 126, 150, 180, 360) for check in self._silent(minute)]
        return [*tests, self._test("one error among ten events an hour", self._world(Story(total, bad)), silent)]

    def gone(self) -> Sequence[Document]:
        """Lose the series: told after a while, and not before."""
        if not self._named.gone:
            return ()
        end, last = 60, 60 + round(GONE_HOLD / 60) + 8
        world = self._world(steady([(last, self._events, 0.0)]), until=end)
        gone = self._alert(self._named.gone, "")
        return (
            self._test("series gone", world, [_Check(end, gone, 0), _Check(end + 8, gone, 0), _Check(last, gone, 1)]),
        )

    def _first(self, story: Story, severity: str) -> int | None:
        if severity not in self._named.burn:
            return None
        held = fires(self._plan, story, severity, like_sloth=self._named.like_sloth)
        return int(np.argmax(held)) if held.any() else None

    def _recovery(self, known: list[int], *, whole: bool) -> int:
        """Return minutes of recovery: until a page has ended, and of the whole story a ticket too."""
        ends = [self._clears(severity) for severity in self._named.burn if whole or severity == PAGE]
        return max(ends, default=0) + 1 if known else 1

    def _clears(self, severity: str) -> int:
        """Return the minutes of recovery after which an alert must have ended: when its short windows are clean."""
        shorts = [pair.short for pair in self._plan.pairs if pair.severity == severity]
        brief = severity == PAGE and not self._named.like_sloth
        slices = round(self._plan.spec.budget.slice_seconds / 60) if self._plan.slices else 0
        return (_CLEARS if brief else round(max(shorts) / 60) + 8) + slices

    def _timed(self, severity: str, minute: int | None, warm: int, ends: int, last: int) -> list[_Check]:
        """Check the minute before the alert may fire, that by which it must, and that by which it must have ended."""
        if severity not in self._named.burn:
            return []
        alert = self._alert(self._named.burn[severity], severity)
        if minute is None or minute > ends:
            return [_Check(ends, alert, 0)]
        late = _SLACK if chained(self._plan, severity) else 1
        before = [_Check(minute - 2, alert, 0)] if minute - 2 > warm else []
        ended = ends + self._clears(severity)
        after = [_Check(ended, alert, 0)] if ended <= last else []
        return [*before, _Check(minute + late, alert, 1), *after]

    def _silent(self, minute: int) -> list[_Check]:
        return [_Check(minute, self._alert(name, severity), 0) for severity, name in self._named.burn.items()]

    def _alert(self, name: str, severity: str) -> str:
        chosen = {"alertname": name, "alertstate": "firing", **dict(self._plan.style.identity)}
        if severity:
            chosen[self._named.label] = severity
        return f"count({Selector('ALERTS', tuple(LabelMatch(key, '=', value) for key, value in chosen.items()))})"

    def _world(self, story: Story, *, reset_at: int = 0, until: int | None = None) -> dict[str, Sequence[float | None]]:
        world = self._counters(story, reset_at) if self._given else self._records(story)
        return {name: values if until is None else values[:until] for name, values in world.items()}

    def _counters(self, story: Story, reset_at: int) -> dict[str, Sequence[float | None]]:
        parts: dict[Part, Minutes] = {Part.ERRORS: story.bad, Part.ALL: story.total, Part.GOOD: story.total - story.bad}
        world: dict[str, Sequence[float | None]] = {}
        for one in self._given:
            if one.part is Part.GAUGE:
                world[one.series] = [float(value) for value in 1.0 - story.bad]
                continue
            counted = np.cumsum(parts[one.part])
            if reset_at:
                counted[reset_at:] -= counted[reset_at]
            world[one.series] = [float(value) for value in counted]
        return world

    def _records(self, story: Story) -> dict[str, Sequence[float | None]]:
        """Give what the rules over the user's expressions would record."""
        plan, measured = self._plan, self._plan.measured
        world: dict[str, Minutes] = {}
        raw = [seconds for seconds in plan.windows if seconds <= RAW_UP_TO]
        if isinstance(measured, Counts):
            for seconds in [BASE] if plan.slices else [one for one in raw if one in plan.counted]:
                world[self._record(f"{BAD}{plan.name(seconds)}")] = over(story.bad, seconds) / seconds
                world[self._record(f"{TOTAL}{plan.name(seconds)}")] = over(story.total, seconds) / seconds
        if not isinstance(measured, Counts):
            world[self._record(VALUE)] = np.zeros(len(story.total))
        if plan.slices:
            world[self._record(SLICE)] = sliced(plan, story).bad
        else:
            given = [one for one in raw if not isinstance(measured, Counts) or one not in plan.counted]
            for seconds in given:
                world[self._ratio(seconds)] = ratio(story, seconds)
        return {name: [None if np.isnan(value) else float(value) for value in values] for name, values in world.items()}

    def _record(self, name: str, more: Mapping[str, str] | None = None) -> str:
        labels = dict.fromkeys(self._plan.spec.grouping, "example")
        labels |= dict(self._plan.style.labels) | dict(more or {})
        return str(Selector(name, tuple(LabelMatch(key, "=", value) for key, value in labels.items())))

    def _ratio(self, seconds: float) -> str:
        window = self._plan.name(seconds)
        more = {self._plan.style.window: window} if self._plan.style.window else {}
        return self._record(f"{self._plan.style.ratio}{window}", more)

    def _test(self, name: str, world: Mapping[str, Sequence[float | None]], checks: list[_Check]) -> Document:
        return {
            "name": name,
            "interval": "1m",
            "input_series": [{"series": series, "values": notation(values)} for series, values in world.items()],
            "promql_expr_test": [
                {
                    "expr": check.expr,
                    "eval_time": f"{check.minute}m",
                    "exp_samples": [{"labels": "{}", "value": check.count}] if check.count else [],
                }
                for check in sorted(checks, key=lambda check: check.minute)
            ],
        }
