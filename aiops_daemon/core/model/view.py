"""What pages and the API show: one frozen picture of the daemon, swapped once a cycle."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.budget import Health
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.findingspage import FindingsPage
from aiops_daemon.core.model.slo import SloStatus


@dataclass(frozen=True, slots=True)
class Plot:
    """The recent past of one series for a small plot; arrays share one length, NaN where unknown."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StreamView:
    """One query on one source, for the page's table of what is watched."""

    query: str
    source: str
    expr: str
    pack: str
    series: int
    dropped: int
    last_success: float | None
    last_error: str  # empty: the last poll was good
    warming: int = 0  # series too young for a band: nothing is said of them yet


@dataclass(frozen=True, slots=True)
class View:
    """The daemon at one moment. `plots` is keyed by finding uid."""

    at: float
    page: FindingsPage | None = None
    findings: tuple[Finding, ...] = ()  # open ones, newest first
    recent: tuple[Finding, ...] = ()  # lately closed, newest first
    plots: dict[str, Plot] | None = None
    streams: tuple[StreamView, ...] = ()
    slos: tuple[SloStatus, ...] = ()
    services: tuple[Health, ...] = ()  # the worst first
    packs: tuple[tuple[str, str, str], ...] = ()  # source, pack, reason
    warnings: tuple[str, ...] = ()
    history_progress_ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether traffic may come; `waiting` names what is not ready."""

    ready: bool
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReloadOutcome:
    """What a reload did: faults are finished lines, one each; none means it took effect."""

    faults: tuple[str, ...] = ()
