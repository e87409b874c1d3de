"""The questions of `rules lint --prometheus.url`, put to a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from aiops_daemon.cli.rulespast import Alert, Span, alerts_of, number, replay
from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.durations import WEEK
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.backtest.report import Outcome, figures
from aiops_daemon.core.rules.lint.checks import cases
from aiops_daemon.core.rules.lint.live import FIRED_LAST_WEEK, Known, costly, questions
from aiops_daemon.core.rules.lint.model import Case, Finding
from aiops_daemon.core.rules.written import WrittenFile
from aiops_daemon.edges.prometheus.apihistory import ApiHistory
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason


@dataclass(frozen=True, slots=True)
class Limit:
    """The end of the week that is asked about, and how many seconds the asking may take."""

    now: float
    seconds: float


async def ask_server(
    client: PrometheusClient, spec: SourceSpec, files: Sequence[WrittenFile], past_seconds: float
) -> list[Finding]:
    """Run every live check on every rule, one question at a time; raises SourceError when the server cannot be asked.

    The last week is asked about for `past_seconds` at most, and not at all where they are 0; what is left out is told.
    """
    now = SystemClock().now()
    known = Known(await client.metric_types(), await client.retention_seconds())
    found: list[Finding] = []
    for case in cases(files):
        if isinstance(case, Case):
            found += await _asked(client, case, known, now)
    return found + (await _last_week(client, spec, files, Limit(now, past_seconds)) if past_seconds else [])


async def _asked(client: PrometheusClient, case: Case, known: Known, now: float) -> list[Finding]:
    asking = questions(case, known)
    answer: float | None = None
    try:
        question = next(asking)
        while True:
            answer = await _number(client, question, now)
            question = asking.send(answer)
    except StopIteration as done:
        found: list[Finding] = done.value
    try:
        too_much = costly(case, await client.samples_read(case.rule.expr, now))
    except SourceError as error:
        _raise_unless_refused(error)
        too_much = None
    return found if too_much is None else [*found, too_much]


async def _number(client: PrometheusClient, question: str, now: float) -> float | None:
    """Ask for a number; what the server refuses to evaluate (many-to-many, too many samples) is no result."""
    try:
        return await number(client, question, now)
    except SourceError as error:
        _raise_unless_refused(error)
        return None


def _raise_unless_refused(error: SourceError) -> None:
    if error.reason is not SourceReason.QUERY_ERROR:
        raise error


async def _last_week(
    client: PrometheusClient, spec: SourceSpec, files: Sequence[WrittenFile], limit: Limit
) -> list[Finding]:
    wanted = [one for one in alerts_of(files) if FIRED_LAST_WEEK.name not in one.rule.disabled]
    past = ApiHistory(replace(spec, timeout=min(spec.timeout, limit.seconds)))
    span = Span(limit.now - WEEK, limit.now, coarse=True)
    tested: list[Outcome] = []
    try:
        async with (
            asyncio.timeout(limit.seconds),
            aclosing(replay(client, past, files, span, lambda _: None, wanted)) as replayed,
        ):
            async for one in replayed:
                tested.append(one)  # noqa: PERF401 - what was asked in time is kept
    except TimeoutError:
        pass  # what was not reached is told
    finally:
        past.close()
    found = [Finding(FIRED_LAST_WEEK, one.path, one.line, one.name, _said(one, span)) for one in tested]
    return found + _not_asked(wanted[len(tested) :], limit)


def _not_asked(left: Sequence[Alert], limit: Limit) -> list[Finding]:
    if not left:
        return []
    many = f"{len(left)} alert{'s' * (len(left) != 1)}, from {left[0].rule.name} on"
    spent = f"the {speak_duration(limit.seconds)} for the last week are over; --past.timeout gives more"
    return [Finding(FIRED_LAST_WEEK, left[0].path, left[0].rule.line, "", f"not asked of {many}: {spent}")]


def _said(one: Outcome, span: Span) -> str:
    if one.refused:
        return f"not known: {one.refused}"
    told = figures(one, span.start, span.end)
    if not told.episodes:
        return "would not have fired in the last week"
    times = f"{told.episodes} time{'s' * (told.episodes != 1)}"
    return f"would have fired {times} in the last week, {speak_duration(told.firing_seconds)} in all"
