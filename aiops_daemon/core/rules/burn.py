"""Alerts on SLOs, built on what the daemon exports: budget burn and lost data.

Enters: an SLO. Leaves: a critical alert for pages, a warning for tickets (only those that can ever fire), and a
warning when the series of the SLO are gone, which is not the same as no traffic.
"""

from __future__ import annotations

from aiops_daemon.core.model import metrics
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import speak
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.slo import PAGE, SEVERITIES, SloSpec
from aiops_daemon.core.rules.alert import Alert, Example, keep_firing, plots_at, poll_interval
from aiops_daemon.core.rules.expression import selector, series
from aiops_daemon.core.rules.template import Text, if_known, prepare, reading, where, words
from aiops_daemon.core.signals.burn.windows import WindowPair, pairs_of

SEVERITY_OF = {"page": "critical", "ticket": "warning"}
BURN = {"page": "AiopsSloBudgetBurnFast", "ticket": "AiopsSloBudgetBurnSlow"}
GONE = "AiopsSloDataGone"
_EXAMPLE: Labels = (("service", "example"),)
_GONE_HOLD = 600.0


def slo_alerts(settings: Settings, slo: SloSpec) -> tuple[Alert, ...]:
    """Build the alerts of one SLO."""
    possible = pairs_of(slo)
    burns = [
        _burn_alert(settings, slo, next(pair for pair in possible if pair.severity == severity))
        for severity in SEVERITIES
        if any(pair.severity == severity for pair in possible)
    ]
    return (*burns, _gone_alert(settings, slo))


def _burn_alert(settings: Settings, slo: SloSpec, pair: WindowPair) -> Alert:
    chosen = selector(metrics.SLO_ALERT, {"aiops_slo": slo.name, "aiops_severity": pair.severity})
    pace = "fast" if pair.severity == PAGE else "slowly, but faster than it may"
    return Alert(
        name=BURN[pair.severity],
        expr=f"max without (aiops_severity) ({chosen}) == 1",
        severity=SEVERITY_OF[pair.severity],
        summary=f"SLO {slo.name} burns its error budget {pace}.",
        description=_burning(settings, slo, pair),
        examples=(_burns(slo, pair), *_quiet(slo, pair)),
        labels=(("aiops_slo", slo.name),),
        keep=keep_firing(poll_interval(settings, slo.sources)),
    )


def _burning(settings: Settings, slo: SloSpec, pair: WindowPair) -> Text:
    windows = [
        (prometheus_duration(seconds), {"aiops_window": prometheus_duration(seconds)})
        for seconds in (pair.long, pair.short)
    ]
    (long, in_long), (short, in_short) = windows
    return (
        prepare()
        + words(f"SLO {slo.name} burns its error budget ")
        + reading(metrics.SLO_BURN_RATE, "", "3", more=in_long)
        + words(f" times as fast as it may over {long} and ")
        + reading(metrics.SLO_BURN_RATE, "", "4", more=in_short)
        + words(f" times over {short}: ")
        + reading(metrics.SLO_ERROR_RATIO, "ratio", "2%", more=in_long)
        + words(f" of events failed, {speak(slo.budget_ratio, 'ratio').replace(' ', '')} may. Left of the ")
        + words(f"{slo.window_name} budget: ")
        + reading(metrics.SLO_BUDGET, "ratio", "50%")
        + if_known("; at this rate it ends in ", metrics.SLO_EXHAUSTION, "seconds", "1h 0m 0s", minus_now=True)
        + words(". Labels:")
        + where(_listed(slo))
        + words(".")
        + plots_at(settings)
    )


def _gone_alert(settings: Settings, slo: SloSpec) -> Alert:
    gone = {"aiops_slo": slo.name, "state": "gone"}
    minutes = int(_GONE_HOLD // 60)
    labels = _labels(slo)
    return Alert(
        name=GONE,
        expr=f"max without (state) ({selector(metrics.SLO_DATA_STATE, gone)}) == 1",
        severity="warning",
        summary=f"The series of SLO {slo.name} are gone.",
        description=words(f"No series match the total of SLO {slo.name} any more, so its budget cannot be judged. ")
        + words("A service without traffic would still have series. Labels:")
        + where(_listed(slo))
        + words(".")
        + plots_at(settings),
        examples=(
            Example(
                "gone",
                ((series(metrics.SLO_DATA_STATE, {**labels, "state": "gone"}), f"1x{minutes + 1}"),),
                minutes + 1,
                (*_EXAMPLE, ("aiops_slo", slo.name)),
                fires=True,
            ),
            Example(
                "idle is not gone",
                (
                    (series(metrics.SLO_DATA_STATE, {**labels, "state": "gone"}), f"0x{minutes + 1}"),
                    (series(metrics.SLO_DATA_STATE, {**labels, "state": "idle"}), f"1x{minutes + 1}"),
                ),
                minutes + 1,
            ),
        ),
        labels=(("aiops_slo", slo.name),),
        hold=_GONE_HOLD,
        keep=keep_firing(poll_interval(settings, slo.sources)),
    )


def _burns(slo: SloSpec, pair: WindowPair) -> Example:
    labels = _labels(slo)
    in_long = {**labels, "aiops_window": prometheus_duration(pair.long)}
    in_short = {**labels, "aiops_window": prometheus_duration(pair.short)}
    given = (
        (series(metrics.SLO_ALERT, {**labels, "aiops_severity": pair.severity}), "1x2 stale"),
        (series(metrics.SLO_BURN_RATE, in_long), "3x2 stale"),
        (series(metrics.SLO_BURN_RATE, in_short), "4x2 stale"),
        (series(metrics.SLO_ERROR_RATIO, in_long), "0.02x2 stale"),
        (series(metrics.SLO_BUDGET, labels), "0.5x2 stale"),
        (series(metrics.SLO_EXHAUSTION, labels), "3720x2 stale"),
    )
    return Example(f"burns: {pair.severity}", given, 3, (*_EXAMPLE, ("aiops_slo", slo.name)), fires=True)


def _quiet(slo: SloSpec, pair: WindowPair) -> tuple[Example, ...]:
    labels = _labels(slo)
    other = next(severity for severity in SEVERITIES if severity != pair.severity)
    return (
        Example("healthy", ((series(metrics.SLO_BUDGET, labels), "1x5"),), 5),
        Example(f"only {other}", ((series(metrics.SLO_ALERT, {**labels, "aiops_severity": other}), "1x5"),), 5),
    )


def _labels(slo: SloSpec) -> dict[str, str]:
    return {"aiops_slo": slo.name, **dict(_EXAMPLE)}


def _listed(slo: SloSpec) -> str:
    return "".join(f" {name}={text}" for name, text in sorted((*_EXAMPLE, ("aiops_slo", slo.name))))
