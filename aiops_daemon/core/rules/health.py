"""Alerts on the daemon itself: down, stalled, blind, or not taking what it was given.

Enters: settings, for their slowest poll. Leaves: a fixed list of alerts on the self metrics, whatever the scrape
job is called. None asks for a label that a user must set.
"""

from __future__ import annotations

from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.alert import Alert, poll_interval
from aiops_daemon.core.rules.alerthealth import alert_road_alerts
from aiops_daemon.core.rules.expression import number, selector, series
from aiops_daemon.core.rules.ownalert import TARGET, Proof, ago, at, grows, own_alert, too_old
from aiops_daemon.core.rules.paginghealth import paging_alerts
from aiops_daemon.core.rules.template import label, words

_UP = 'up{instance="one",job="aiops"}'
_BUILD = series("aiops_build_info", {**TARGET, "version": "1"})
_SOURCE = {**TARGET, "source": "eu1"}
_FILE = {**TARGET, "file": "aiops-anomalies.yaml"}
_QUERY = {**_SOURCE, "query": "checkout"}


def health_alerts(settings: Settings) -> tuple[Alert, ...]:
    """Build every alert on the daemon's own health."""
    slowest = poll_interval(settings, ())
    reading = (_stalled(slowest), _source(slowest), _query(slowest), _stale(slowest), _skipped(), _dropped())
    return (
        _down(),
        _absent(),
        *reading,
        _reload(),
        _refused(),
        _not_loaded(),
        _rules_failing(),
        _unsaved(),
        *paging_alerts(),
        *alert_road_alerts(settings),
    )


def _down() -> Alert:
    return own_alert(
        "AiopsDaemonDown",
        f"up == 0 and on (job, instance) last_over_time({selector('aiops_build_info')}[1h])",
        "An aiops-daemon cannot be scraped.",
        at(words("Prometheus has not reached the aiops-daemon at "))
        + words(" for 5 minutes. No incidents, anomalies, forecasts or burn rates come from it."),
        Proof(((_BUILD, "1 stale"), (_UP, "1 0x8")), ((_BUILD, "1x9"), (_UP, "1x9")), 9, make(TARGET)),
    )


def _absent() -> Alert:
    return own_alert(
        "AiopsDaemonAbsent",
        f"absent({selector('aiops_build_info')})",
        "No aiops-daemon is scraped.",
        words("No target has exported aiops_build_info for 10 minutes: the daemon is down or not scraped."),
        Proof(((_UP, "0x12"),), ((_BUILD, "1x12"),), 12),
        hold=600.0,
    )


def _stalled(slowest: float) -> Alert:
    limit = max(900.0, 10 * slowest)
    metric = "aiops_loop_last_success_timestamp_seconds"
    return own_alert(
        "AiopsLoopStalled",
        f'time() - {selector(metric)}{{loop!~"history-.*"}} > {number(limit)}',
        "A loop of aiops-daemon is stalled.",
        at(words("Loop ") + label("loop", "publish") + words(" of the aiops-daemon at "))
        + words(" last finished its work ")
        + ago(limit),
        too_old(metric, {**TARGET, "loop": "publish"}, limit),
    )


def _source(slowest: float) -> Alert:
    limit = max(600.0, 5 * slowest)
    metric = "aiops_source_last_success_timestamp_seconds"
    return own_alert(
        "AiopsSourceFailing",
        f"time() - {selector(metric)} > {number(limit)}",
        "A metric source gives aiops-daemon no answers.",
        at(words("Source ") + label("source", "eu1") + words(" last answered the aiops-daemon at "))
        + words(" ")
        + ago(limit)
        + words(" What it holds is not watched."),
        too_old(metric, _SOURCE, limit),
    )


def _query(slowest: float) -> Alert:
    limit = max(900.0, 10 * slowest)
    metric, source = "aiops_query_last_success_timestamp_seconds", "aiops_source_last_success_timestamp_seconds"
    return own_alert(
        "AiopsQueryFailing",
        f"time() - {selector(metric)} > {number(limit)}\n"
        f"unless on (job, instance, source) time() - {selector(source)} > {number(max(600.0, 5 * slowest))}",
        "A query of aiops-daemon gets no usable answers.",
        at(words("Query ") + label("query", "checkout") + words(" of the aiops-daemon at "))
        + words(" last got a full answer from source ")
        + label("source", "eu1")
        + words(" ")
        + ago(limit)
        + words(" The source itself answers."),
        too_old(metric, _QUERY, limit),
    )


def _stale(slowest: float) -> Alert:
    minutes = max(15, int(10 * slowest // 60))
    counted = f"{selector('aiops_cycle_duration_seconds')}_count"
    name = f'{counted}{{instance="one",job="aiops",stage="publish"}}'
    last = minutes + 15
    return own_alert(
        "AiopsFindingsStale",
        f'increase({counted}{{stage="publish"}}[{minutes}m]) == 0',
        "The findings page of aiops-daemon is stale.",
        at(words("The aiops-daemon at ")) + words(f" has published no findings for {minutes} minutes."),
        Proof(((name, f"7x{last}"),), ((name, f"7+1x{last}"),), last, make({**TARGET, "stage": "publish"})),
        hold=600.0,
    )


def _skipped() -> Alert:
    metric = "aiops_cycles_skipped_total"
    return own_alert(
        "AiopsCyclesSkipped",
        f"increase({selector(metric)}[30m]) > 3",
        "Polls of aiops-daemon take longer than their interval.",
        at(words("Polls of source ") + label("source", "eu1") + words(" by the aiops-daemon at "))
        + words(" were skipped more than three times in 30 minutes."),
        grows(metric, _SOURCE),
    )


def _dropped() -> Alert:
    metric = "aiops_series_dropped_total"
    return own_alert(
        "AiopsSeriesDropped",
        f"increase({selector(metric, {'reason': 'limit'})}[1h]) > 0",
        "A query of aiops-daemon has more series than its limit.",
        at(words("Query ") + label("query", "checkout") + words(" of the aiops-daemon at "))
        + words(" matches more series than its max_series; those beyond are not watched."),
        grows(metric, {**_QUERY, "reason": "limit"}),
        severity="info",
    )


def _reload() -> Alert:
    metric = "aiops_config_last_reload_successful"
    name = series(metric, TARGET)
    return own_alert(
        "AiopsConfigReloadFailed",
        f"{selector(metric)} == 0",
        "The last reload of aiops-daemon's configuration failed.",
        at(words("The aiops-daemon at ")) + words(" runs with its old configuration; its log lists the faults."),
        Proof(((name, "0x9"),), ((name, "1x9"),), 9, make(TARGET)),
    )


def _refused() -> Alert:
    metric = "aiops_rule_files_refused_total"
    return own_alert(
        "AiopsRuleFilesRefused",
        f"increase({selector(metric)}[1h]) > 0",
        "Generated alert rules were refused.",
        at(words("The checker refused the rule files of the aiops-daemon at "))
        + words("; the old ones stay. Its log has the checker's words."),
        grows(metric, TARGET),
    )


def _not_loaded() -> Alert:
    metric = "aiops_rules_loaded"
    name = series(metric, _FILE)
    return own_alert(
        "AiopsRulesNotLoaded",
        f"{selector(metric)} == 0",
        "Generated rules are not what Prometheus evaluates.",
        at(words("No Prometheus has loaded ") + label("file", _FILE["file"]) + words(" as the aiops-daemon at "))
        + words(" last wrote it; its log and landing page say what is lacking."),
        Proof(((name, "0x19"),), ((name, "1x19"),), 19, make(_FILE)),
        hold=900.0,
    )


def _rules_failing() -> Alert:
    metric = "aiops_rules_failing"
    name = series(metric, _FILE)
    return own_alert(
        "AiopsRulesFailing",
        f"{selector(metric)} > 0",
        "Prometheus cannot evaluate a generated rule.",
        at(words("Rules of ") + label("file", _FILE["file"]) + words(" written by the aiops-daemon at "))
        + words(" fail in Prometheus; its log and landing page have Prometheus' words."),
        Proof(((name, "1x9"),), ((name, "0x9"),), 9, make(_FILE)),
    )


def _unsaved() -> Alert:
    metric = "aiops_state_save_failures_total"
    return own_alert(
        "AiopsStateNotSaved",
        f"increase({selector(metric)}[30m]) > 2",
        "What aiops-daemon has learned is not saved.",
        at(words("The aiops-daemon at "))
        + words(" could not save its learned state again and again; a restart would learn from history again."),
        grows(metric, TARGET),
    )
