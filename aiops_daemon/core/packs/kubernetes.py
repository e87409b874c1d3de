"""Workloads and volumes of a cluster, as kube-state-metrics, cAdvisor and the kubelet see them.

Pods come and go, so series are kept per namespace and container: the sum of what adds up, the worst of what does not.
"""

from __future__ import annotations

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.query import Direction, QuerySpec, Threshold
from aiops_daemon.core.packs.model import Pack, PackQuery

_CONTAINER = "(cluster, namespace, container)"
_POD = "(cluster, namespace, pod, container)"
_CLAIM = "(cluster, namespace, persistentvolumeclaim)"
_REAL = '{container!="",container!="POD"}'
_FULL = (Threshold("warning", 0.85), Threshold("critical", 0.95))
_ROLLOUT = 10  # polls: a rollout leaves replicas unavailable for some minutes


def _unavailable(kind: str, expr: str, *requires: str) -> PackQuery:
    """Watch the replicas of a workload that stay away longer than a rollout takes."""
    spec = QuerySpec(
        f"kube_{kind}_unavailable",
        f"max by (cluster, namespace, {kind}) ({expr})",
        direction=Direction.UP,
        min_deviation_absolute=0.5,
        open_after=_ROLLOUT,
        unit="replicas",
        title=f"{kind} replicas unavailable",
    )
    return PackQuery(spec, requires)


def _volume(name: str, used: str, capacity: str, title: str) -> PackQuery:
    spec = QuerySpec(
        name,
        f"max by {_CLAIM} ({used} / ({capacity} > 0))",
        direction=Direction.UP,
        min_deviation_absolute=0.05,
        thresholds=_FULL,
        horizons=(HOUR, DAY, 4 * DAY),
        unit="ratio",
        title=title,
    )
    return PackQuery(spec, (used, capacity))


KUBERNETES = Pack(
    "kubernetes",
    "kube-state-metrics, cAdvisor and kubelet: restarts, throttling, memory against limits, volumes, replicas",
    (
        PackQuery(
            QuerySpec(
                "kube_container_restarts",
                f"sum by {_CONTAINER} (increase(kube_pod_container_status_restarts_total[15m]))",
                direction=Direction.UP,
                min_deviation_absolute=2.5,
                title="container restarts in 15 minutes",
            ),
            ("kube_pod_container_status_restarts_total",),
        ),
        PackQuery(
            QuerySpec(
                "kube_cpu_throttled",
                f"sum by {_CONTAINER} (rate(container_cpu_cfs_throttled_periods_total{_REAL}[5m]))"
                f" / (sum by {_CONTAINER} (rate(container_cpu_cfs_periods_total{_REAL}[5m])) > 0)",
                direction=Direction.UP,
                min_deviation_absolute=0.25,
                min_deviation_relative=0.5,
                unit="ratio",
                title="share of CPU periods throttled",
            ),
            ("container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total"),
        ),
        PackQuery(
            QuerySpec(
                "kube_memory_of_limit",
                f"max by {_CONTAINER} (max by {_POD} (container_memory_working_set_bytes{_REAL})"
                f' / (max by {_POD} (kube_pod_container_resource_limits{{resource="memory"}}) > 0))',
                direction=Direction.UP,
                min_deviation_absolute=0.1,
                min_deviation_relative=0.15,
                thresholds=(Threshold("critical", 0.98),),
                horizons=(HOUR, DAY),
                unit="ratio",
                title="memory in use of its limit, fullest pod",
            ),
            ("container_memory_working_set_bytes", "kube_pod_container_resource_limits"),
        ),
        _volume(
            "kube_volume_used",
            "kubelet_volume_stats_used_bytes",
            "kubelet_volume_stats_capacity_bytes",
            "volume space in use",
        ),
        _volume(
            "kube_volume_inodes_used",
            "kubelet_volume_stats_inodes_used",
            "kubelet_volume_stats_inodes",
            "volume inodes in use",
        ),
        _unavailable(
            "deployment", "kube_deployment_status_replicas_unavailable", "kube_deployment_status_replicas_unavailable"
        ),
        _unavailable(
            "statefulset",
            "kube_statefulset_replicas - kube_statefulset_status_replicas_ready",
            "kube_statefulset_replicas",
            "kube_statefulset_status_replicas_ready",
        ),
        _unavailable(
            "daemonset", "kube_daemonset_status_number_unavailable", "kube_daemonset_status_number_unavailable"
        ),
    ),
)
