"""The health of the monitoring itself: targets, scrapes, storage, rules, notifications, queries."""

from __future__ import annotations

from aiops_daemon.core.model.query import Direction, QuerySpec
from aiops_daemon.core.packs.model import Pack, PackQuery

_BY = "by (cluster, job, instance)"


def _mishap(name: str, metric: str, unit: str, title: str) -> PackQuery:
    """Watch a counter that stands still while all is well; one event in five minutes is 0.0033 a second."""
    spec = QuerySpec(
        name,
        f"sum {_BY} (rate({metric}[5m]))",
        direction=Direction.UP,
        min_deviation_absolute=0.001,
        unit=unit,
        title=title,
    )
    return PackQuery(spec, (metric,))


PROMETHEUS = Pack(
    "prometheus",
    "Prometheus itself: targets up, scrape duration, samples, head series, rules, notifications, queries, WAL",
    (
        PackQuery(
            QuerySpec(
                "prometheus_targets_up",
                "avg by (cluster, job) (up)",
                direction=Direction.DOWN,
                min_deviation_absolute=0.05,
                open_after=3,
                unit="ratio",
                title="share of targets that can be scraped",
            ),
            ("up",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_scrape_duration",
                "max by (cluster, job) (avg_over_time(scrape_duration_seconds[5m]))",
                direction=Direction.UP,
                min_deviation_absolute=0.5,
                min_deviation_relative=0.5,
                unit="seconds",
                title="scrape duration, slowest target",
            ),
            ("scrape_duration_seconds",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_samples_appended",
                f"sum {_BY} (rate(prometheus_tsdb_head_samples_appended_total[5m]))",
                min_deviation_absolute=100.0,
                min_deviation_relative=0.25,
                unit="samples_per_second",
                title="samples stored",
            ),
            ("prometheus_tsdb_head_samples_appended_total",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_head_series",
                f"max {_BY} (prometheus_tsdb_head_series)",
                direction=Direction.UP,
                min_deviation_absolute=10_000.0,
                min_deviation_relative=0.25,
                unit="series",
                title="series in memory",
            ),
            ("prometheus_tsdb_head_series",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_query_duration",
                f'max {_BY} (prometheus_engine_query_duration_seconds{{quantile="0.9",slice="inner_eval"}}) >= 0',
                direction=Direction.UP,
                min_deviation_absolute=0.5,
                min_deviation_relative=1.0,
                unit="seconds",
                title="p90 query duration",
            ),
            ("prometheus_engine_query_duration_seconds",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_notification_queue",
                f"max {_BY} (prometheus_notifications_queue_length)"
                f" / (max {_BY} (prometheus_notifications_queue_capacity) > 0)",
                direction=Direction.UP,
                min_deviation_absolute=0.1,
                unit="ratio",
                title="notification queue in use",
            ),
            ("prometheus_notifications_queue_length", "prometheus_notifications_queue_capacity"),
        ),
        _mishap(
            "prometheus_notifications_dropped",
            "prometheus_notifications_dropped_total",
            "notifications_per_second",
            "notifications dropped",
        ),
        _mishap(
            "prometheus_rule_failures",
            "prometheus_rule_evaluation_failures_total",
            "failures_per_second",
            "rule evaluations failed",
        ),
        _mishap(
            "prometheus_rule_iterations_missed",
            "prometheus_rule_group_iterations_missed_total",
            "iterations_per_second",
            "rule group iterations missed",
        ),
        PackQuery(
            QuerySpec(
                "prometheus_wal_corruptions",
                f"max {_BY} (increase(prometheus_tsdb_wal_corruptions_total[1h]))",
                direction=Direction.UP,
                min_deviation_absolute=0.5,
                title="corruptions of the write-ahead log in the last hour",
            ),
            ("prometheus_tsdb_wal_corruptions_total",),
        ),
        PackQuery(
            QuerySpec(
                "prometheus_config_reload",
                f"min {_BY} (prometheus_config_last_reload_successful)",
                direction=Direction.DOWN,
                min_deviation_absolute=0.5,
                title="success of the last configuration reload",
            ),
            ("prometheus_config_last_reload_successful",),
        ),
    ),
)
