"""`aiops-daemon incidents replay|what-if`: what grouping makes of a record of alerts, before it goes live.

Enters: alerts from a file or from the store, a configuration of grouping. Leaves: an incident id for each alert, and
how far alerts were brought together and how rightly. The grouping is the daemon's own, fed one alert after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from aiops_daemon.cli.alertfile import STDIO, read_alerts, write_ids
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.incidents.grouping.agreement import Agreement, agreement, compression, corrected
from aiops_daemon.core.incidents.grouping.grouper import Grouper
from aiops_daemon.core.incidents.grouping.rehearsal import PastAlert, rehearse
from aiops_daemon.core.incidents.topology import Graph
from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.grouping import GroupingSpec, TopologySpec
from aiops_daemon.core.model.incident import Correction
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store.history import read_past
from aiops_daemon.errors import ConfigError, UsageError

_Figures = dict[str, float | int]


class _Rules(NamedTuple):
    """What decides a grouping."""

    grouping: GroupingSpec
    topology: TopologySpec
    storage: StorageSpec


class _Past(NamedTuple):
    """A record, what is known of it, and how it was grouped when it happened."""

    alerts: Sequence[PastAlert]
    truth: Sequence[str]
    corrections: Sequence[Correction]
    present: Sequence[str]


def replay(arguments: argparse.Namespace) -> int:
    """Write the ids; figures go to standard output unless the ids do."""
    rules = _rules(arguments.config_file, "")
    record = read_alerts(arguments.input)
    ids = _grouped(record.alerts, rules)
    write_ids(arguments.output, ids)
    figures = _figures(ids, agreement(ids, record.truth) if record.truth else None)
    out = sys.stderr if arguments.output == STDIO else sys.stdout
    if arguments.form == "json":
        print(json.dumps(figures), file=out)
    else:
        print(_sentence("replayed", figures, "truth"), file=out)
    return Exit.GOOD


def what_if(arguments: argparse.Namespace) -> int:
    """Print present and tried grouping, one below the other."""
    rules = _rules(arguments.config, arguments.storage_url)
    past = _from_file(arguments.input) if arguments.input else _from_store(rules.storage, arguments.since)
    if not past.alerts:
        raise UsageError(f"no alert began in the last {prometheus_duration(arguments.since)}; give a longer --since")
    against = "truth" if past.truth else "corrections"
    shown = {
        "present": _judged(past.present, past),
        "tried": _judged(_grouped(past.alerts, rules), past),
    }
    if arguments.form == "json":
        print(json.dumps({**shown, "against": against}))
    else:
        for name, figures in shown.items():
            print(_sentence(name, figures, against))
    return Exit.GOOD


def _rules(path: str | None, storage_url: str) -> _Rules:
    if not path:
        return _Rules(GroupingSpec(), TopologySpec(), StorageSpec(url=storage_url or StorageSpec().url))
    try:
        settings = load(Path(path), environ=os.environ, overrides=Overrides(storage_url=storage_url)).settings
    except ConfigError:
        # Nothing is asked of a Prometheus here, so a file that names none will do.
        overrides = Overrides(("http://localhost:9090",), storage_url)
        settings = load(Path(path), environ=os.environ, overrides=overrides).settings
    return _Rules(settings.grouping, settings.topology, settings.storage)


def _grouped(alerts: Sequence[PastAlert], rules: _Rules) -> list[str]:
    return list(rehearse(alerts, Grouper(rules.grouping, Graph(rules.topology))))


def _from_file(path: str) -> _Past:
    """Read a record; the present grouping of a file is that of the defaults."""
    record = read_alerts(path)
    present = _grouped(record.alerts, _Rules(GroupingSpec(), TopologySpec(), StorageSpec()))
    return _Past(record.alerts, record.truth, (), present)


def _from_store(storage: StorageSpec, since: float) -> _Past:
    past = read_past(storage, SystemClock().now() - since)
    alerts = [
        PastAlert(episode.key, episode.labels, episode.first_starts_at, None if episode.open else episode.ends_at)
        for episode in past.episodes
    ]
    return _Past(alerts, (), past.corrections, [episode.incident for episode in past.episodes])


def _judged(ids: Sequence[str], past: _Past) -> _Figures:
    if past.truth:
        return _figures(ids, agreement(ids, past.truth))
    if not past.corrections:
        return _figures(ids, None)
    latest = {alert.labels: one for alert, one in zip(past.alerts, ids, strict=True)}
    return _figures(ids, corrected(past.corrections, latest))


def _figures(ids: Sequence[str], agreed: Agreement | None) -> _Figures:
    figures: _Figures = {"alerts": len(ids), "incidents": len(set(ids)), "compression": round(compression(ids), 4)}
    if agreed is not None:
        figures |= {
            "precision": round(agreed.precision, 4),
            "recall": round(agreed.recall, 4),
            "f1": round(agreed.f1, 4),
        }
    return figures


def _sentence(name: str, figures: Mapping[str, float | int], against: str) -> str:
    words = f"{name}: {_many(figures, 'alert')} in {_many(figures, 'incident')}"
    words += f" (compression {figures['compression']:.2%})"
    if "f1" not in figures:
        return words
    against = "people's merges and splits" if against == "corrections" else against
    told = ", ".join(f"{part} {figures[part]:.3f}" for part in ("precision", "recall"))
    return f"{words}; against {against}: {told}, F1 {figures['f1']:.3f}"


def _many(figures: Mapping[str, float | int], noun: str) -> str:
    number = figures[f"{noun}s"]
    return f"{number} {noun}{'s' * (number != 1)}"
