"""The one table of every metric that we export: name, type, help, labels.

The meter, the exporter, generated rules, docs/metrics.md and tests all read it. Labels are closed sets where
`values` lists them; those are initialised at 0. Units are base units; events are timestamps.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from aiops_daemon.core.model.alert import AlertStatus, VerdictKind, VerdictReason
from aiops_daemon.core.model.inbox import QuarantineReason
from aiops_daemon.core.model.notification import FailureReason
from aiops_daemon.core.model.repair import RepairClass
from aiops_daemon.errors import SourceReason, StoreReason

PREFIX = "aiops_"


class MetricType(StrEnum):
    """Prometheus metric types."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class PageName(StrEnum):
    """Which of our two pages a metric is on."""

    SELF = "/metrics"
    FINDINGS = "/findings/metrics"


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric. On the findings page `labels` lists ours; the labels of the series come besides."""

    name: str
    type: MetricType
    help: str
    labels: tuple[str, ...] = ()
    page: PageName = PageName.SELF
    values: dict[str, tuple[str, ...]] = field(default_factory=dict)
    buckets: tuple[float, ...] = ()


_G, _C, _H = MetricType.GAUGE, MetricType.COUNTER, MetricType.HISTOGRAM
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_REASONS = tuple(reason.value for reason in SourceReason)


def _finding(name: str, help_text: str, *labels: str) -> MetricSpec:
    return MetricSpec(PREFIX + name, _G, help_text, labels, PageName.FINDINGS)


VALUE = _finding("value", "Last value of the watched expression.", "aiops_query")
EXPECTED = _finding("expected", "Value expected at this time.", "aiops_query")
EXPECTED_LOWER = _finding("expected_lower", "Lower edge of the expected range.", "aiops_query")
EXPECTED_UPPER = _finding("expected_upper", "Upper edge of the expected range.", "aiops_query")
ANOMALY_SCORE = _finding(
    "anomaly_score",
    "Distance from the expected value: 0 expected, 1 edge of the band, above 1 anomalous.",
    "aiops_query",
)
ANOMALY_CONFIDENCE = _finding(
    "anomaly_confidence_ratio", "How well the band is known, from 0 (warming up) to 1.", "aiops_query"
)
ANOMALY_ACTIVE = _finding("anomaly_active", "1 while a finding is open.", "aiops_query", "aiops_kind")
FORECAST_VALUE = _finding("forecast_value", "Value expected at the horizon.", "aiops_query", "aiops_horizon")
FORECAST_LOWER = _finding("forecast_lower", "Lower edge of the forecast interval.", "aiops_query", "aiops_horizon")
FORECAST_UPPER = _finding("forecast_upper", "Upper edge of the forecast interval.", "aiops_query", "aiops_horizon")
BREACH_TIMESTAMP = _finding(
    "forecast_breach_timestamp_seconds",
    "When the threshold is expected to be crossed.",
    "aiops_query",
    "aiops_threshold",
)
BREACH_PROBABILITY = _finding(
    "forecast_breach_probability_ratio",
    "Probability that the threshold is crossed at the horizon.",
    "aiops_query",
    "aiops_threshold",
    "aiops_horizon",
)
SLO_OBJECTIVE = _finding("slo_objective_ratio", "Promised share of good events.", "aiops_slo")
SLO_BUDGET = _finding(
    "slo_error_budget_remaining_ratio", "Share of the error budget left; below 0 overspent.", "aiops_slo"
)
SLO_EXHAUSTION = _finding(
    "slo_error_budget_exhaustion_timestamp_seconds", "When the error budget ends at the present burn rate.", "aiops_slo"
)
SLO_ERROR_RATIO = _finding("slo_error_ratio", "Share of bad events in the window.", "aiops_slo", "aiops_window")
SLO_ERROR_RATIO_LOWER = _finding(
    "slo_error_ratio_lower", "Lower bound of that share (Wilson, one-sided 95 %), of windows that decide.",
    "aiops_slo", "aiops_window",
)  # fmt: skip
SLO_ERROR_RATIO_UPPER = _finding(
    "slo_error_ratio_upper", "Upper bound of that share (Wilson, one-sided 95 %), of windows that decide.",
    "aiops_slo", "aiops_window",
)  # fmt: skip
SLO_BURN_RATE = _finding(
    "slo_burn_rate", "Error ratio in the window over the error budget.", "aiops_slo", "aiops_window"
)
SLO_ALERT = _finding("slo_alert_active", "1 while a burn rate alert holds.", "aiops_slo", "aiops_severity")
SLO_GUARD = _finding(
    "slo_guard_active", "1 while an alert is held back though the budget burns: too few events to tell.",
    "aiops_slo", "aiops_severity",
)  # fmt: skip
SLO_DATA_STATE = _finding("slo_data_state", "1 for the state that holds: ok, idle or gone.", "aiops_slo", "state")
SLO_RETURN = _finding(
    "slo_error_budget_return_timestamp_seconds",
    "When some of an error budget that is spent, or will be, is back at the present burn rate.",
    "aiops_slo",
)
SLO_POLICY_STEP = _finding(
    "slo_policy_step_active", "1 while a step of the error-budget policy holds.", "aiops_slo", "aiops_step"
)
SLO_POLICY_STEP_SINCE = _finding(
    "slo_policy_step_since_timestamp_seconds",
    "Since when a step of the error-budget policy holds.",
    "aiops_slo",
    "aiops_step",
)
SERVICE_HEALTH = _finding(
    "service_health_ratio",
    "Health of a service: the least budget left of its SLOs, halved while a page alert holds, times 0.8 while a "
    "ticket does.",
    "service",
)

INCIDENT_INFO = MetricSpec(
    "aiops_incident_info", _G, "1 for an open incident; capped.", ("incident", "team", "service"), PageName.FINDINGS
)
INCIDENT_OPENED = MetricSpec(
    "aiops_incident_opened_timestamp_seconds", _G, "When an open incident was opened.",
    ("incident", "team", "service"), PageName.FINDINGS,
)  # fmt: skip
INCIDENT_STATE = MetricSpec(
    "aiops_incident_state", _G, "1 for the state of an open incident.", ("incident", "state"), PageName.FINDINGS
)
INCIDENT_SEVERITY = MetricSpec(
    "aiops_incident_severity", _G, "1 for the severity of an open incident.", ("incident", "severity"),
    PageName.FINDINGS,
)  # fmt: skip

_FINDINGS_PAGE = (
    VALUE, EXPECTED, EXPECTED_LOWER, EXPECTED_UPPER, ANOMALY_SCORE, ANOMALY_CONFIDENCE, ANOMALY_ACTIVE,
    FORECAST_VALUE, FORECAST_LOWER, FORECAST_UPPER, BREACH_TIMESTAMP, BREACH_PROBABILITY,
    SLO_OBJECTIVE, SLO_BUDGET, SLO_EXHAUSTION, SLO_ERROR_RATIO, SLO_ERROR_RATIO_LOWER, SLO_ERROR_RATIO_UPPER,
    SLO_BURN_RATE, SLO_ALERT, SLO_GUARD, SLO_DATA_STATE,
    SLO_RETURN, SLO_POLICY_STEP, SLO_POLICY_STEP_SINCE, SERVICE_HEALTH,
    INCIDENT_INFO, INCIDENT_OPENED, INCIDENT_STATE, INCIDENT_SEVERITY,
)  # fmt: skip

STAGES = ("fetch", "detect", "forecast", "publish", "rules", "save")
DROP_REASONS = ("limit", "duplicate", "malformed")
_KINDS = ("anomaly", "forecast_breach", "burn")
_LIVES = (60.0, 300.0, 900.0, 1800.0, 3600.0, 7200.0, 14400.0, 43200.0, 86400.0)  # seconds of an incident
_QUALITY = ("team", "alertname")

_ALERT_ROAD = (
    MetricSpec("aiops_webhooks_total", _C, "Requests of Alertmanagers by answer.", ("source", "code")),
    MetricSpec("aiops_webhook_body_too_large_total", _C, "Bodies over the limit, answered 503.", ("source",)),
    MetricSpec(
        "aiops_alerts_received_total", _C, "Alerts taken from webhooks.", ("source", "status"),
        values={"status": tuple(str(status) for status in AlertStatus)},
    ),
    MetricSpec(
        "aiops_alerts_repaired_total", _C, "Corrections by reconciliation.", ("source", "class"),
        values={"class": tuple(str(kind) for kind in RepairClass)},
    ),
    MetricSpec(
        "aiops_alert_verdicts_total", _C, "Decisions on alerts.", ("verdict", "reason"),
        values={
            "verdict": tuple(str(kind) for kind in VerdictKind),
            "reason": tuple(str(reason) for reason in VerdictReason),
        },
    ),
    MetricSpec("aiops_alerts_open", _G, "Alerts not known to have ended, by what is known.", ("source", "state")),
    MetricSpec("aiops_inbox_pending", _G, "Accepted bodies that wait to be processed."),
    MetricSpec("aiops_inbox_oldest_timestamp_seconds", _G, "When the oldest waiting body came; 0 when none waits."),
    MetricSpec(
        "aiops_inbox_quarantined_total", _C, "What was set aside, by reason.", ("reason",),
        values={"reason": tuple(str(reason) for reason in QuarantineReason)},
    ),
    MetricSpec("aiops_incidents", _G, "Incidents by state.", ("state", "severity", "team")),
    MetricSpec("aiops_incidents_opened_total", _C, "Incidents opened.", ("severity", "team")),
    MetricSpec(
        "aiops_incident_time_to_acknowledge_seconds", _H, "From opening to the first acknowledgement.",
        ("severity", "team"), buckets=_LIVES,
    ),
    MetricSpec(
        "aiops_incident_time_to_resolve_seconds", _H, "From opening to the end.", ("severity", "team"), buckets=_LIVES
    ),
    MetricSpec("aiops_grouping_decisions_total", _C, "Alerts that joined an incident or began one.", ("decision",),
               values={"decision": ("joined", "opened", "merged", "reopened")}),
    MetricSpec("aiops_watchdog_last_seen_timestamp_seconds", _G, "When a Watchdog alert last came.",
               ("source", "cluster")),
    MetricSpec("aiops_watchdog_missing", _G, "1 while a Watchdog alert is overdue.", ("source", "cluster")),
    MetricSpec("aiops_watchdog_deadline_too_short", _G,
               "1 when `within` is under repeat_interval + 2 x group_interval of its route.", ("source", "cluster")),
    MetricSpec("aiops_heartbeats_total", _C, "Outgoing heartbeats by outcome.", ("outcome",),
               values={"outcome": ("success", "failure")}),
    MetricSpec("aiops_alertmanager_up", _G, "1 when a peer of an Alertmanager answers.", ("source", "url")),
    MetricSpec("aiops_store_failures_total", _C, "Calls of the store that failed, by reason.", ("reason",),
               values={"reason": tuple(str(reason) for reason in StoreReason)}),
    MetricSpec("aiops_store_commit_duration_seconds", _H, "Time of one transaction.", ("kind",),
               values={"kind": ("intake", "desk")}, buckets=_SECONDS),
    MetricSpec("aiops_store_last_backup_timestamp_seconds", _G, "When the store was last copied and verified."),
    MetricSpec("aiops_store_last_check_timestamp_seconds", _G, "When every page of the store was last found whole."),
    MetricSpec("aiops_sqlite_version_info", _G, "Version of SQLite in use; always 1.", ("version",)),
    MetricSpec("aiops_rule_incidents", _G, "Incidents that a rule opened in 30 days.", _QUALITY),
    MetricSpec("aiops_rule_self_resolved_ratio", _G, "Share of those that ended before anybody acted.", _QUALITY),
    MetricSpec("aiops_rule_flaps", _G, "Flaps of a rule's alerts in 30 days.", _QUALITY),
    MetricSpec("aiops_rule_median_life_seconds", _G, "Median life of a rule's alerts in 30 days.", _QUALITY),
    MetricSpec("aiops_rule_muted_ratio", _G, "Share of a rule's alerts that were silenced or inhibited.", _QUALITY),
    MetricSpec("aiops_page_budget_used_ratio", _G, "Incidents that tell people over what the team's budget allows.",
               ("team",)),
)  # fmt: skip

_PAGING = (
    MetricSpec("aiops_pages_total", _C, "Messages that tell of an incident, by mode.", ("team", "severity", "mode")),
    MetricSpec("aiops_notifications_total", _C, "Messages that a channel accepted.", ("integration",)),
    MetricSpec("aiops_notifications_failed_total", _C, "Attempts that failed, by reason.", ("integration", "reason"),
               values={"reason": tuple(str(reason) for reason in FailureReason)}),
    MetricSpec("aiops_notification_latency_seconds", _H, "Time of one attempt.", ("integration",), buckets=_SECONDS),
    MetricSpec("aiops_outbox_pending", _G, "Messages that wait to be sent.", ("integration",)),
    MetricSpec("aiops_outbox_paused", _G, "Of these, those whose service asked for a pause; the fallback is told.",
               ("integration",)),
    MetricSpec("aiops_outbox_oldest_timestamp_seconds", _G, "When the oldest waiting message was made.",
               ("integration",)),
    MetricSpec("aiops_outbox_dead_letters_total", _C, "Messages given up.", ("integration",)),
    MetricSpec("aiops_escalation_overdue_timestamp_seconds", _G,
               "When the longest overdue timer was due; 0 when none is late."),
    MetricSpec("aiops_schedule_next_gap_timestamp_seconds", _G,
               "When a schedule's next gap begins, of those in 90 days; absent without one.", ("schedule",)),
    MetricSpec("aiops_auditor_violations", _G, "What the auditor found that must not be, by check.", ("check",),
               values={"check": ("without_timer", "overdue_timers", "stale_outbox", "stale_inbox", "stale_acts")}),
)  # fmt: skip

_SELF_PAGE = (
    MetricSpec("aiops_build_info", _G, "Version of this daemon; always 1.", ("version", "python")),
    MetricSpec("aiops_config_hash", _G, "Hash of the running configuration."),
    MetricSpec("aiops_config_last_reload_successful", _G, "1 when the last reload was good."),
    MetricSpec("aiops_config_last_reload_success_timestamp_seconds", _G, "When the configuration was last loaded."),
    MetricSpec("aiops_loop_last_success_timestamp_seconds", _G, "When a loop last finished its work.", ("loop",)),
    MetricSpec("aiops_loop_failures_total", _C, "Failures of a loop.", ("loop",)),
    MetricSpec("aiops_loop_restarts_total", _C, "Times a loop ended and was started again.", ("loop",)),
    MetricSpec("aiops_event_loop_lag_seconds", _G, "Longest delay of the event loop in the last minute."),
    MetricSpec("aiops_http_requests_total", _C, "Answers given, by pattern of the path.", ("handler", "code")),
    MetricSpec(
        "aiops_cycle_duration_seconds", _H, "Duration of one stage of a cycle.", ("stage",),
        values={"stage": STAGES}, buckets=_SECONDS,
    ),
    MetricSpec("aiops_cycles_skipped_total", _C, "Polls skipped because the one before still ran.", ("source",)),
    MetricSpec("aiops_source_last_success_timestamp_seconds", _G, "When a source last answered a query.", ("source",)),
    MetricSpec("aiops_source_warnings_total", _C, "Warnings that came with answers.", ("source",)),
    MetricSpec("aiops_source_partial_answers_total", _C, "Answers the source itself called partial.", ("source",)),
    MetricSpec(
        "aiops_query_duration_seconds", _H, "Time from request to answer.", ("source", "query"), buckets=_SECONDS
    ),
    MetricSpec(
        "aiops_query_failures_total", _C, "Queries without a usable answer.", ("source", "query", "reason"),
        values={"reason": _REASONS},
    ),
    MetricSpec(
        "aiops_query_last_success_timestamp_seconds", _G, "When a query last answered fully.", ("source", "query")
    ),
    MetricSpec("aiops_series", _G, "Series of a query.", ("source", "query")),
    MetricSpec("aiops_series_limit", _G, "Most series that a query may have.", ("source", "query")),
    MetricSpec(
        "aiops_series_dropped_total", _C, "Series not taken, by reason.", ("source", "query", "reason"),
        values={"reason": DROP_REASONS},
    ),
    MetricSpec("aiops_exported_series", _G, "Samples on the findings page."),
    MetricSpec("aiops_history_samples_read_total", _C, "Samples read back to learn from.", ("source",)),
    MetricSpec("aiops_history_progress_ratio", _G, "Share of the history that is learned.", ("source",)),
    MetricSpec("aiops_findings_total", _C, "Findings opened.", ("kind", "severity"), values={"kind": _KINDS}),
    MetricSpec("aiops_findings_open", _G, "Findings open now.", ("kind", "severity"), values={"kind": _KINDS}),
    MetricSpec("aiops_pack_active", _G, "1 for a built-in pack in use.", ("source", "pack")),
    MetricSpec("aiops_rule_files_last_write_timestamp_seconds", _G, "When rule files were last written."),
    MetricSpec("aiops_rule_files_refused_total", _C, "Rule files refused by the checker."),
    MetricSpec("aiops_rules_loaded", _G, "1 when a source has loaded a rule file as it was last written.", ("file",)),
    MetricSpec("aiops_rules_failing", _G, "Rules of a file whose last evaluation failed on a source.", ("file",)),
    MetricSpec("aiops_state_last_save_timestamp_seconds", _G, "When learned state was last saved."),
    MetricSpec("aiops_state_save_failures_total", _C, "Saves of learned state that failed."),
)  # fmt: skip

METRICS: tuple[MetricSpec, ...] = _SELF_PAGE + _ALERT_ROAD + _PAGING + _FINDINGS_PAGE
BY_NAME: dict[str, MetricSpec] = {spec.name: spec for spec in METRICS}
