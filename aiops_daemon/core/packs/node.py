"""Machines, as node exporter sees them: one series per instance, filesystem or disk."""

from __future__ import annotations

from aiops_daemon.core.model.durations import DAY, HOUR
from aiops_daemon.core.model.query import Direction, QuerySpec, Threshold
from aiops_daemon.core.packs.model import Pack, PackQuery

_BY = "sum by (cluster, job, instance)"
_FULL = (Threshold("warning", 0.85), Threshold("critical", 0.95))

# Filesystems without storage of their own, and images that are full by design.
_FILES = (
    '{fstype!~"tmpfs|ramfs|devtmpfs|overlay|squashfs|iso9660|erofs|rootfs|autofs|nsfs|fuse.lxcfs|'
    'proc|sysfs|cgroup2?|tracefs|debugfs|binfmt_misc|efivarfs",mountpoint!~"/boot/efi|/run/.*"}'
)
# Interfaces of containers and virtual machines repeat the traffic of the real ones.
_WIRES = '{device!~"(lo|veth|docker|br-|cali|flannel|cni|cilium|lxc|tap|tun|virbr|vnet|kube|dummy|ifb).*"}'
# Partitions of loop devices, memory disks, and mapped devices that repeat their parents.
_DISKS = '{device!~"(loop|ram|zram|fd|sr|dm-|md).*"}'


def _filled(free: str, size: str) -> str:
    """Return the used share of filesystems that can be written to; the others find no partner for `free`."""
    return (
        "max by (cluster, job, instance, device, mountpoint) "
        f"((1 - {free}{_FILES} / ({size} > 0)) and node_filesystem_readonly == 0)"
    )


NODE = Pack(
    "node",
    "node exporter: CPU, memory, disk space and inodes, network, load, disk I/O",
    (
        PackQuery(
            QuerySpec(
                "node_cpu_utilisation",
                '1 - avg by (cluster, job, instance) (rate(node_cpu_seconds_total{mode="idle"}[5m]))',
                direction=Direction.UP,
                min_deviation_absolute=0.15,
                min_deviation_relative=0.3,
                unit="ratio",
                title="CPU utilisation",
            ),
            ("node_cpu_seconds_total",),
        ),
        PackQuery(
            QuerySpec(
                "node_load_per_core",
                "max by (cluster, job, instance) (node_load5)"
                ' / (count by (cluster, job, instance) (node_cpu_seconds_total{mode="idle"}) > 0)',
                direction=Direction.UP,
                min_deviation_absolute=0.5,
                min_deviation_relative=0.5,
                title="load per core",
            ),
            ("node_load5", "node_cpu_seconds_total"),
        ),
        PackQuery(
            QuerySpec(
                "node_memory_used",
                "max by (cluster, job, instance)"
                " (1 - node_memory_MemAvailable_bytes / (node_memory_MemTotal_bytes > 0))",
                direction=Direction.UP,
                min_deviation_absolute=0.08,
                min_deviation_relative=0.1,
                unit="ratio",
                title="memory in use",
            ),
            ("node_memory_MemAvailable_bytes", "node_memory_MemTotal_bytes"),
        ),
        PackQuery(
            QuerySpec(
                "node_disk_space_used",
                _filled("node_filesystem_avail_bytes", "node_filesystem_size_bytes"),
                direction=Direction.UP,
                min_deviation_absolute=0.05,
                thresholds=_FULL,
                horizons=(HOUR, DAY, 4 * DAY),
                unit="ratio",
                title="disk space in use",
            ),
            ("node_filesystem_avail_bytes", "node_filesystem_size_bytes", "node_filesystem_readonly"),
        ),
        PackQuery(
            QuerySpec(
                "node_inodes_used",
                _filled("node_filesystem_files_free", "node_filesystem_files"),
                direction=Direction.UP,
                min_deviation_absolute=0.05,
                thresholds=_FULL,
                horizons=(HOUR, DAY, 4 * DAY),
                unit="ratio",
                title="inodes in use",
            ),
            ("node_filesystem_files_free", "node_filesystem_files", "node_filesystem_readonly"),
        ),
        PackQuery(
            QuerySpec(
                "node_disk_io_time",
                f"max by (cluster, job, instance, device) (rate(node_disk_io_time_seconds_total{_DISKS}[5m]))",
                direction=Direction.UP,
                min_deviation_absolute=0.2,
                min_deviation_relative=0.5,
                unit="ratio",
                title="time the disk was busy",
            ),
            ("node_disk_io_time_seconds_total",),
        ),
        PackQuery(
            QuerySpec(
                "node_network_receive",
                f"{_BY} (rate(node_network_receive_bytes_total{_WIRES}[5m]))",
                min_deviation_absolute=1e6,
                min_deviation_relative=0.5,
                unit="bytes_per_second",
                title="network traffic received",
            ),
            ("node_network_receive_bytes_total",),
        ),
        PackQuery(
            QuerySpec(
                "node_network_transmit",
                f"{_BY} (rate(node_network_transmit_bytes_total{_WIRES}[5m]))",
                min_deviation_absolute=1e6,
                min_deviation_relative=0.5,
                unit="bytes_per_second",
                title="network traffic sent",
            ),
            ("node_network_transmit_bytes_total",),
        ),
        PackQuery(
            QuerySpec(
                "node_network_errors",
                f"{_BY} (rate(node_network_receive_errs_total{_WIRES}[5m]))"
                f" + {_BY} (rate(node_network_transmit_errs_total{_WIRES}[5m]))",
                direction=Direction.UP,
                min_deviation_absolute=1.0,
                unit="errors_per_second",
                title="network errors",
            ),
            ("node_network_receive_errs_total", "node_network_transmit_errs_total"),
        ),
    ),
)
