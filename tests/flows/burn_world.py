"""A source that answers what SLOs ask by functions of time, and polls of it, for tests of the watch."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable, Mapping

import numpy as np
from flow_world import AT, surroundings

from aiops_daemon.core.model.slo import SloSpec, SloStatus
from aiops_daemon.core.rules.slo.live import asked
from aiops_daemon.errors import SourceError, SourceReason
from aiops_daemon.flows.burn import SloWatch
from aiops_daemon.flows.findings import FindingBook
from aiops_daemon.ports import HistoryAnswer, InstantAnswer, VectorSlice

NAN = math.nan
ONE = b"{}"
Answers = Mapping[str, Callable[[float], Mapping[bytes, float]]]


class Answering:
    """A source that answers each expression by a function of time."""

    name = "main"

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.watched_or_born: Mapping[bytes, float] = {}  # up of a moment before, or when processes began
        self.read: list[tuple[float, float, float]] = []  # start, end and step of what was read back
        self.down = False

    async def instant(self, expr: str, at: float) -> InstantAnswer:
        if self.down:
            raise SourceError(SourceReason.CONNECTION, "refused")
        asks_for_targets = "process_start_time_seconds" in expr
        found = self.watched_or_born if asks_for_targets else self.answers[expr](at)
        return InstantAnswer((VectorSlice(list(found), np.array(list(found.values()))),) if found else ())

    async def history(
        self, expr: str, *, start: float, end: float, step: float, series: int
    ) -> AsyncIterator[HistoryAnswer]:
        self.read.append((start, end, step))
        times = np.arange(start, end + step / 2, step)
        rows = [self.answers[expr](at) for at in times.tolist()]
        keys = sorted({key for row in rows for key in row})
        values = np.array([[row.get(key, NAN) for row in rows] for key in keys]).reshape(len(keys), len(times))
        yield HistoryAnswer(keys, times, values, values.size)


def constant(spec: SloSpec, bad: float, total: float, *keys: bytes) -> Answers:
    """Answer with steady traffic, or with a steady share of errors."""
    questions = asked(spec)
    keys = keys or (ONE,)
    share = bad / total

    def values(number: float) -> Callable[[float], Mapping[bytes, float]]:
        return lambda _: dict.fromkeys(keys, number)

    def counter(rate: float) -> Callable[[float], Mapping[bytes, float]]:
        return lambda at: dict.fromkeys(keys, rate * at)

    answers = {questions.pulse: values(total), questions.bad: values(bad if questions.total else share)}
    if questions.counters is not None:
        side = bad if questions.counters.bad else total - bad
        answers |= {questions.counters.total: counter(total), questions.counters.side: counter(side)}
    return answers | {expr: values(bad) for expr in (questions.errors,) if expr}


async def poll(watch: SloWatch, source: Answering, minutes: int, *, begin: float = AT) -> list[SloStatus]:
    """Poll once a minute; return the statuses at the end."""
    book = FindingBook(surroundings().meter)
    for minute in range(minutes):
        await watch.poll(source, begin + 60 * minute, book)  # type: ignore[arg-type]
    return list(watch.statuses)
