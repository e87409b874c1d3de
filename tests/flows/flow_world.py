"""Small worlds for tests of single flows: a stream, an answer, surroundings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from fakes import key

from aiops_daemon.clock import LoopClock
from aiops_daemon.core.model.finding import Finding, FindingKind
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.flows.poll import Surroundings
from aiops_daemon.flows.stream import Stream
from aiops_daemon.meter import Meter
from aiops_daemon.ports import InstantAnswer, VectorSlice

AT = 1_700_000_040.0
SOURCE = SourceSpec("main", ("http://recorded",))
FINDING = Finding(
    uid="u", kind=FindingKind.ANOMALY, query="q", source="main", labels=(), severity="info", value=9.0, unit="",
    lower=1.0, upper=2.0, score=3.0, confidence_ratio=1.0, since=AT, updated_at=AT, sentence="too high",
)  # fmt: skip


def answer(values: dict[str, float], *, partial: bool = False) -> InstantAnswer:
    """Answer with one series per name."""
    part = VectorSlice([key(name) for name in values], np.array(list(values.values()), dtype=np.float64))
    return InstantAnswer((part,) if values else (), partial=partial)


def stream(name: str = "q", *, series: int = 0, source: SourceSpec = SOURCE, at: float = AT, **spec: object) -> Stream:
    """Make a stream that has answered once with so many series."""
    made = Stream(replace(QuerySpec(name, name), **spec), source)  # type: ignore[arg-type]
    if series:
        made.place(answer({f"s{number}": 1.0 for number in range(series)}).slices[0], at)
        made.health.last_success = at
    return made


def surroundings(settings: Settings | None = None) -> Surroundings:
    """Surround flows with a virtual clock and a fresh meter."""
    meter = Meter()
    return Surroundings(LoopClock(AT), meter, FindingBook(meter), settings or Settings(), history_left=1_000_000)
