"""The configuration that the demo runs with: what `run` would use on a real Prometheus, save for the state's place.

Enters: the recorded world and a folder for state. Leaves: Settings. Never reads a file.
"""

from __future__ import annotations

from pathlib import Path

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.grouping import TopologySpec
from aiops_daemon.core.model.settings import HistorySpec, Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.demo import alerts
from aiops_daemon.demo.oncall import who_is_told
from aiops_daemon.demo.signals import STEP
from aiops_daemon.demo.world import SOURCE, World


def settings(world: World, state_directory: Path) -> Settings:
    """Return the settings of a demo run: automatic packs, the shop's own queries, objectives and people."""
    return Settings(
        cluster="demo",
        sources=(SourceSpec(SOURCE, ("recorded://shop",), interval=STEP),),
        history=HistorySpec(range_seconds=world.incident_start - world.start),
        queries=world.queries,
        slos=world.slos,
        alertmanagers=(AlertmanagerSpec(alerts.SOURCE),),
        topology=TopologySpec(dependencies=alerts.DEPENDENCIES, trace_metrics=False),
        storage_directory=str(state_directory),
        **who_is_told(world.incident_start),
    )
