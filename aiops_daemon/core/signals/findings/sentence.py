"""The sentence of a finding: what, where, how much, what was expected, since when, how long until.

Enters: a query, a label set and the numbers that made the finding. Leaves: one line of plain English for pages,
messages and the terminal. Never contains markup or control characters, whatever the labels hold, and never
two different numbers that read the same.
"""

from __future__ import annotations

import math
import unicodedata

from aiops_daemon.core.model.finding import Usual
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import possible_lower, speak, speak_duration, speak_time
from aiops_daemon.core.model.query import QuerySpec, Threshold

MOST_LABELS = 4
LONGEST_VALUE = 60
FAR = 3.0  # score from which a value is called far outside

_SUBJECTS = (
    "service", "app", "handler", "route", "path", "method", "code", "persistentvolumeclaim", "mountpoint", "device",
    "container", "pod", "deployment", "statefulset", "daemonset",
)  # fmt: skip
_PLACES = ("node", "instance", "namespace", "environment", "region", "zone", "cluster")
_NOISE = frozenset({
    "__name__", "aiops_query", "endpoint", "fstype", "id", "image", "image_id", "container_id", "job", "le",
    "metrics_path", "owner", "prometheus", "prometheus_replica", "receive", "replica", "severity", "team", "tenant_id",
    "uid",
})  # fmt: skip
_RANKS = {name: rank for rank, name in enumerate((*_SUBJECTS, "", *_PLACES))}
_PACES = ((600.0, 60.0, "minute"), (2 * 86_400.0, 3_600.0, "hour"), (math.inf, 86_400.0, "day"))


def anomaly_sentence(
    spec: QuerySpec,
    labels: Labels,
    *,
    value: float,
    usual: Usual,
    score: float,
    since: float,
    now: float,
) -> str:
    """Say how far `value` is outside what is usual; numbers in `spec.unit`, times in unix seconds."""
    expected, lower, upper = usual
    said, wanted, low, high = _apart(spec.unit, value, expected, lower, upper)
    shown_lower = possible_lower(lower, value, spec.unit)
    place = _side(value, lower, upper, score)
    return (
        f"{subject(spec, labels)} is {said}, {place} the expected range {_range(shown_lower, upper, low, high)} "
        f"({_compared(value, expected, spec.unit)}{wanted}), {_since(since, now)}."
    )


def breach_sentence(
    spec: QuerySpec,
    labels: Labels,
    threshold: Threshold,
    *,
    value: float,
    breach_at: float | None,
    probability: float,
    slope_per_second: float,
    now: float,
) -> str:
    """Say when `value` is expected to cross `threshold`, how fast it moves and how likely that is."""
    said, level = _apart(spec.unit, value, threshold.value)
    side = "above" if threshold.above else "below"
    limit = f"{side} the {clean(threshold.name)} threshold of {level}"
    opening = f"{subject(spec, labels)} is {said}"
    if value > threshold.value if threshold.above else value < threshold.value:
        return f"{opening}, {limit}."
    remaining = math.nan if breach_at is None else breach_at - now
    likely = f" (probability {speak(probability, 'ratio', digits=2)})" if math.isfinite(probability) else ""
    when = f" in {speak_duration(remaining)}, at {speak_time(breach_at)}" if remaining > 0 else ""
    return f"{opening}{_trend(slope_per_second, remaining, spec.unit)}; expected {limit}{when}{likely}."


def subject(spec: QuerySpec, labels: Labels) -> str:
    """Name the measured quantity and where: `p99 latency (service checkout, cluster eu1)`."""
    where = ", ".join(f"{name} {clean(value)}" for name, value in telling(labels))
    return f"{clean(spec.subject)} ({where})" if where else clean(spec.subject)


def telling(labels: Labels) -> Labels:
    """Choose at most four labels that identify: what it is, then the query's own dimensions, then where."""
    chosen = [pair for pair in labels if pair[0] not in _NOISE] or [pair for pair in labels if pair[0] == "job"]
    return tuple(sorted(chosen, key=lambda pair: _RANKS.get(pair[0], _RANKS[""]))[:MOST_LABELS])


def clean(text: str) -> str:
    """Make foreign text fit for one line: control and formatting characters become spaces, long text is cut."""
    flat = " ".join("".join(" " if unicodedata.category(char)[0] == "C" else char for char in text).split())
    return flat if len(flat) <= LONGEST_VALUE else flat[: LONGEST_VALUE - 1] + "…"


def _apart(unit: str, *values: float) -> list[str]:
    """Say values with as many digits (3 to 6) as it takes to tell different ones apart."""
    said: list[str] = []
    for digits in range(3, 7):
        said = [speak(value, unit, digits=digits) for value in values]
        if len(set(said)) >= len(set(values)):
            break
    return said


def _side(value: float, lower: float, upper: float, score: float) -> str:
    if lower <= value <= upper:
        return "within"
    side = "below" if value < lower else "above"
    return f"far {side}" if score >= FAR else side


def _range(lower: float, upper: float, low: str, high: str) -> str:
    if math.isinf(lower):
        return f"of at most {high}"
    if math.isinf(upper):
        return f"of at least {low}"
    return f"{low} to {high}"


def _compared(value: float, expected: float, unit: str) -> str:
    """Lead in to the expected value: `7.5 times the expected `, `20 % above the expected ` or `expected `."""
    if not (expected > 0 and value > 0 and math.isfinite(value / expected)):
        return "expected "
    times = value / expected
    if times >= 2:
        return f"{speak(times, digits=2)} times the expected "
    if unit in {"ratio", "percent"} or abs(times - 1) < 0.005:
        return "expected "  # percent of a percentage would be read as points
    return f"{speak(abs(times - 1), 'ratio', digits=2)} {'above' if times > 1 else 'below'} the expected "


def _since(since: float, now: float) -> str:
    age = now - since
    return f"since {speak_time(since)}" + (f" ({speak_duration(age)})" if age >= 1 else "")


def _trend(slope_per_second: float, remaining: float, unit: str) -> str:
    """Say the slope per minute, hour or day, whichever suits the time that is left."""
    if not math.isfinite(slope_per_second) or slope_per_second == 0:
        return ""
    _, period, word = next((pace for pace in _PACES if remaining <= pace[0]), _PACES[1])
    step = abs(slope_per_second) * period
    moved = f"{speak(step * 100, digits=2)} points" if unit == "ratio" else speak(step, unit, digits=2)
    return f" and {'rising' if slope_per_second > 0 else 'falling'} by {moved} per {word}"
