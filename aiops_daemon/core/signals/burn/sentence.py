"""What a burning SLO is called in a sentence with numbers.

Enters: the status of an SLO and an alert severity. Leaves: text for findings, pages and notices. Never judges:
it names the window pair of that severity that burns fastest against its factor.
"""

from __future__ import annotations

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.labels import get
from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.model.sli import RawSli, ThresholdSli
from aiops_daemon.core.model.slo import Budgeting, DataState, SloStatus
from aiops_daemon.core.signals.burn.windows import WindowPair, all_pairs


def burn_sentence(status: SloStatus, severity: str) -> str:
    """Say how fast the budget burns, over which windows, what is left and when it ends."""
    pair = worst_pair(status, severity)
    if pair is None:
        return f"{_subject(status)} has no {severity} window that fits it."
    return " ".join([_pace(status, pair), *_budget(status), *_data(status)])


def worst_pair(status: SloStatus, severity: str) -> WindowPair | None:
    """Return the pair of a severity that burns fastest against its factor."""
    pairs = [pair for pair in all_pairs(status.spec) if pair.severity == severity]
    return max(pairs, key=lambda pair: _excess(status, pair), default=None)


def _excess(status: SloStatus, pair: WindowPair) -> float:
    return min(_burn(status, pair.long), _burn(status, pair.short)) / pair.factor


def _burn(status: SloStatus, seconds: float) -> float:
    return status.burn_rate.get(prometheus_duration(seconds)) or 0.0


def _subject(status: SloStatus) -> str:
    service = get(status.spec.labels, "service")
    name = status.spec.name
    told = f"SLO {name} of {service}" if service and service not in name else f"SLO {name}"
    group = " ".join(f"{label}={value}" for label, value in status.group)
    return f"{told} ({group})" if group else told


def _pace(status: SloStatus, pair: WindowPair) -> str:
    long, short = prometheus_duration(pair.long), prometheus_duration(pair.short)
    failed = speak(status.error_ratio.get(long), "ratio")
    lately = status.error_ratio.get(short)
    recent = f"{speak(lately, 'ratio')} in the last {short}" if lately is not None else f"the last {short} unknown"
    budget = speak(status.spec.budget_ratio, "ratio")
    return (
        f"{_subject(status)} burns its error budget {speak(_burn(status, pair.long))} times as fast as it may: "
        f"{failed} of {_counted(status)} failed in the last {long} ({recent}), {budget} may."
    )


def _counted(status: SloStatus) -> str:
    """Say what the ratios are of: slices and ready ratios weigh by time."""
    sliced = status.spec.budget.method is not Budgeting.OCCURRENCES
    return "the time" if sliced or isinstance(status.spec.sli, RawSli | ThresholdSli) else "events"


def _budget(status: SloStatus) -> list[str]:
    remaining = status.budget_remaining_ratio
    if remaining is None:
        return []
    window = status.spec.window_name
    if remaining <= 0.0:
        return [f"The {window} budget is spent, {speak(1.0 - remaining, 'ratio')} of it."]
    left = f"{speak(remaining, 'ratio')} of the {window} budget is left"
    if status.exhaustion_at is None:
        return [f"{left}."]
    return [f"{left}; at this rate it ends in {speak_duration(status.exhaustion_at - status.at)}."]


def _data(status: SloStatus) -> list[str]:
    if status.state is DataState.GONE:
        return ["Its series are gone from the source, so this is the last that is known."]
    return []
