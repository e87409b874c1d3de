"""How reports on SLOs say things, on paper, in pages and in terminals alike.

Enters: rows and judgements. Leaves: short text. A ratio that was reached is rounded down: a report never says
100 %, nor the objective, of what fell short of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from zoneinfo import ZoneInfo

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.reports.breaches import Breach, BreachKind
from aiops_daemon.core.reports.compliance import WHOLE, Compliance, MonthReport, Verdict
from aiops_daemon.core.reports.status import StatusRow

GUARDS = {"few_errors": "fewer than two errors", "uncertain": "too few events to be sure"}
_STATES = {"ok": "ok", "idle": "no traffic", "gone": "series gone"}
_SPOKEN = ("1h", "6h", "1d")  # burn rates that say most, at most two of them


def reached(ratio: float | None, objective_ratio: float) -> str:
    """Write a ratio that was reached, rounded down to a digit more than the objective has, two at least."""
    if ratio is None:
        return "no events"
    exponent = (Decimal(repr(objective_ratio)) * 100).normalize().as_tuple().exponent
    places = max(2, 1 - exponent if isinstance(exponent, int) else 2)
    percent = (Decimal(repr(ratio)) * 100).quantize(Decimal(1).scaleb(-places), rounding=ROUND_FLOOR)
    return f"{_trimmed(percent)} %"


def month_reached(one: Compliance) -> str:
    """Write what was reached over a month; of one that is known in part no number that could be taken for its own."""
    if one.known_ratio < WHOLE:
        return "not known*"
    return reached(one.reached_ratio, one.spec.objective_ratio) + ("*" if one.gaps else "")


def month_spent(one: Compliance) -> str:
    """Write how much of a month's budget was spent."""
    return "not known*" if one.known_ratio < WHOLE else percent(one.spent_ratio)


def percent(ratio: float | None) -> str:
    """Write a share of a budget."""
    return "not known" if ratio is None else speak(ratio, "ratio", digits=2)


def amount(events: float) -> str:
    """Write a number of events, which extrapolation makes uneven: whole from ten on."""
    return f"{events:,.0f}" if events >= 10 else speak(events, digits=2)


def objective(ratio: float) -> str:
    """Write an objective exactly."""
    return f"{_trimmed(Decimal(repr(ratio)) * 100)} %"


def burns(row: StatusRow) -> str:
    """Write the burn rates that say most: `1h 16, 1d 3.1`."""
    known = {window: rate for window, rate in row.burn_rate if rate is not None}
    chosen = [window for window in _SPOKEN if window in known] or list(known)
    return ", ".join(f"{window} {speak(known[window], digits=2)}" for window in chosen[:2])


def exhaustion(row: StatusRow) -> str:
    """Say when the budget ends, or that it has, and when some of it is back."""
    back = "" if row.returns_at is None else f", back in {speak_duration(max(0.0, row.returns_at - row.at))}"
    if row.remaining_ratio is None:
        return "not known"
    if row.remaining_ratio <= 0.0:
        return f"spent{back}"
    if row.exhaustion_at is None:
        return "not in sight"
    return f"in {speak_duration(max(0.0, row.exhaustion_at - row.at))}{back}"


def guard(row: StatusRow) -> str:
    """Say which alerts are held back, and why."""
    return "; ".join(f"no {severity}: {GUARDS.get(why, why)}" for severity, why in row.guard)


def state(row: StatusRow, time_zone: str) -> str:
    """Say which alerts hold, else whether there is data."""
    if row.alerts:
        return ", ".join(f"{severity}{_since(since, time_zone)}" for severity, since in row.alerts)
    return _STATES.get(row.state, row.state)


def called(name: str, group: Labels) -> str:
    """Write an SLO with its group: `checkout{handler="/pay"}`."""
    return name + (f"{{{', '.join(f'{key}={value}' for key, value in group)}}}" if group else "")


def moment(unix: float | None, time_zone: str) -> str:
    """Write a moment to the minute in a time zone."""
    if unix is None:
        return ""
    local = datetime.fromtimestamp(unix, ZoneInfo(time_zone))
    return f"{local:%Y-%m-%d %H:%M} {local.tzname()}"


def verdict(one: Compliance, report: MonthReport) -> str:
    """Say whether the promise was kept, in a word or two."""
    if one.verdict is Verdict.UNKNOWN:
        return "not known"
    return f"{one.verdict} so far" if report.running else str(one.verdict)


def doubts(one: Compliance, time_zone: str, most: int = 3) -> list[str]:
    """Say what is not known of the month: how much, and when."""
    if not one.gaps:
        return []
    share = reached(one.known_ratio, WHOLE)
    part = reached(one.reached_ratio, one.spec.objective_ratio)
    parts = [f"{moment(gap.start, time_zone)} to {moment(gap.end, time_zone)}" for gap in one.gaps[:most]]
    more = f" and {len(one.gaps) - most} more stretches" if len(one.gaps) > most else ""
    said = [f"{share} of the month is known; nothing is known from {', '.join(parts)}{more}."]
    if one.known_ratio < WHOLE:
        said.append(f"So it cannot be said whether the objective was met; in what is known: {part}.")
    return said


def breach_title(one: Compliance, breach: Breach, time_zone: str) -> str:
    """Say what a breach was, when, how long; what a month that is not wholly known had as its budget is not known."""
    begin = moment(breach.begin, time_zone)
    if breach.kind is BreachKind.BUDGET:
        budget = "the month's budget" if one.known_ratio >= WHOLE else "the budget of what is known"
        return f"{begin}: {budget} was spent; {percent(breach.spent_ratio)} more than it since"
    what = " and ".join(breach.severities)
    if breach.end is None:
        return f"{begin}, still at the end: {what}, {percent(breach.spent_ratio)} of the budget"
    length, since = speak_duration(breach.end - breach.begin), moment(breach.since, time_zone)
    return f"{begin} for {length}: {what}, errors since {since}, {percent(breach.spent_ratio)} of the budget"


def reason_lines(breach: Breach) -> Sequence[str]:
    """Say which incidents were open then, and what people found."""
    if breach.reasons is None:
        return ("incidents were not read",)
    if not breach.reasons:
        return ("the daemon knows of no incident that was open then",)
    return [
        f"{one.incident} {one.title}{'' if one.own else ' (another service)'}: "
        + ("; ".join(one.causes) or "nobody recorded a cause")
        for one in breach.reasons
    ]


def _trimmed(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _since(since: float | None, time_zone: str) -> str:
    return "" if since is None else f" since {moment(since, time_zone)}"
