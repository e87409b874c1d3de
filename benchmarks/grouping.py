"""How rightly alerts are grouped, and how fast, on labelled streams.

Enters: a folder of `*.jsonl` files of {"ts", "labels", "truth"} a line. Leaves: a table with F1 of pairs next to
grouping by alertname (as Alertmanager is usually configured) and by a silence of 120 s, whole and by halves in time,
with labels taken away, and with every fault's time scaled. Run: python benchmarks/grouping.py FOLDER [--quick]
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from aiops_daemon.cli.alertfile import Record, read_alerts
from aiops_daemon.core.incidents.grouping.agreement import agreement
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert, rehearse
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.grouping import GroupingSpec, TopologySpec

SILENCE = 120.0


def by_silence(alerts: Sequence[PastAlert]) -> list[str]:
    """Begin a new incident after every silence."""
    number, found, last = 0, [], alerts[0].at
    for one in alerts:
        number, last = number + (one.at - last > SILENCE), one.at
        found.append(str(number))
    return found


def by_name(alerts: Sequence[PastAlert]) -> list[str]:
    """Group by alertname."""
    return [label_sets.get(one.labels, "alertname") for one in alerts]


def ours(alerts: Sequence[PastAlert]) -> list[str]:
    """Group as the daemon does with default settings."""
    return list(rehearse(alerts, Grouper(GroupingSpec(), Graph(TopologySpec()))))


def relabelled(record: Record, change: Callable[[dict[str, str]], dict[str, str]]) -> Record:
    """Return the record with other labels; alerts that become the same have the same key."""
    changed = []
    for one in record.alerts:
        labels = label_sets.make(change(dict(one.labels)))
        changed.append(replace(one, labels=labels, key=("", label_sets.text(labels))))
    return Record(tuple(changed), record.truth)


def without(*names: str) -> Callable[[dict[str, str]], dict[str, str]]:
    """Return a change that takes labels away."""
    return lambda labels: {name: value for name, value in labels.items() if name not in names}


def renamed(labels: dict[str, str]) -> dict[str, str]:
    """Replace every value, and every label's name but alertname, by a digest."""
    return {
        name if name == "alertname" else _digest(name): _digest(value) if value else ""
        for name, value in labels.items()
    }


def _digest(text: str) -> str:
    return "x" + hashlib.blake2b(text.encode(), digest_size=4).hexdigest()


def scaled(record: Record, factor: float) -> Record:
    """Return the record with all times stretched."""
    begin = record.alerts[0].at
    return Record(tuple(replace(one, at=begin + (one.at - begin) * factor) for one in record.alerts), record.truth)


def part(record: Record, begin: int, end: int) -> Record:
    """Return a stretch of the record."""
    return Record(record.alerts[begin:end], record.truth[begin:end])


def variants(record: Record, *, quick: bool) -> Iterator[tuple[str, Record]]:
    """Yield the record whole, and changed."""
    middle = len(record.alerts) // 2
    yield "whole", record
    yield "first half", part(record, 0, middle)
    yield "second half", part(record, middle, len(record.alerts))
    if quick:
        return
    yield "all renamed", relabelled(record, renamed)
    yield "without peers, operation", relabelled(record, without("peer", "peer_service", "operation"))
    yield "without entity", relabelled(record, without("entity"))
    yield "alertname and service", relabelled(record, without("entity", "peer", "peer_service", "operation", "host"))
    yield "five times slower", scaled(record, 5.0)
    yield "five times faster", scaled(record, 0.2)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--quick", action="store_true", help="whole and halves only")
    arguments = parser.parse_args()
    print(f"{'':42}{'F1':>7}{'prec.':>7}{'recall':>7}{'inc.':>6}{'faults':>7}{'us':>6}{'120 s':>8}{'name':>7}")
    for path in sorted(arguments.folder.glob("*.jsonl")):
        print(path.stem)
        for name, record in variants(read_alerts(str(path)), quick=arguments.quick):
            started = time.process_time()
            found = ours(record.alerts)
            each = (time.process_time() - started) / len(found) * 1e6
            agreed = agreement(found, record.truth)
            silence, names = (agreement(way(record.alerts), record.truth).f1 for way in (by_silence, by_name))
            counts = f"{len(set(found)):6}{len(set(record.truth)):7}{each:6.0f}"
            figures = f"{agreed.f1:7.3f}{agreed.precision:7.3f}{agreed.recall:7.3f}"
            print(f"  {name:40}{figures}{counts}{silence:8.3f}{names:7.3f}")


if __name__ == "__main__":
    main()
