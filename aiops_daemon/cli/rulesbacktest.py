"""`aiops-daemon rules backtest`: when alerts would have fired over a server's past, how long, how often, together.

Exit 0 when every alert was tested, 1 when some could not be, 3 when the server cannot be asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from aiops_daemon.cli.parsing import Exit, Nouns, duration
from aiops_daemon.cli.ruleslint import written_files
from aiops_daemon.cli.rulespast import DEFAULT_INTERVAL, Span, alerts_of, replay, step_in
from aiops_daemon.cli.rulesserver import add_server_flags, server, source
from aiops_daemon.cli.table import plain, table
from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.durations import WEEK, parse_duration
from aiops_daemon.core.model.quantity import speak_duration
from aiops_daemon.core.rules.backtest.report import Outcome, Report, figures, overlaps
from aiops_daemon.core.rules.written import WrittenFile
from aiops_daemon.edges.prometheus.apihistory import ApiHistory
from aiops_daemon.errors import UsageError

_MOST_EVALUATIONS = 6_000_000  # of one alert: ten years by the minute are 5.3 million
_MOST_SHOWN = 20  # episodes in the table, and pairs that overlap


def add_backtest(verbs: Nouns) -> None:
    """Add the verb."""
    parser = verbs.add_parser("backtest", help="tell when alerts would have fired over the past of a server")
    parser.add_argument(
        "paths", metavar="FILE|DIR", nargs="+", help="rule files or PrometheusRules; - is standard input"
    )
    add_server_flags(parser, needed=True)
    moment = "RFC 3339, unix seconds, or a length before now such as 7d"
    parser.add_argument("--start", metavar="TIME", default="", help=f"{moment} (a week before the end)")
    parser.add_argument("--end", metavar="TIME", default="", help=f"{moment} (now)")
    parser.add_argument(
        "--step", type=duration, default=None, metavar="TIME", help="evaluate as often (each group's interval, else 1m)"
    )
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Backtest the alerts of files."""
    span = _span(arguments, SystemClock().now())
    files = written_files(arguments.paths)
    _check_length(files, span)
    for file in files:
        for fault in file.faults:
            print(f"{file.path}:{fault.line}: {fault.words}", file=sys.stderr)
    report = asyncio.run(_report(arguments, files, span))
    if not report.tested:
        raise UsageError("there is no alert in these files")
    if arguments.output == "json":
        print(json.dumps(_document(report), indent=2))
    else:
        _print(report)
    refused = any(one.refused for one in report.tested) or any(file.faults for file in files)
    return Exit.BAD if refused else Exit.GOOD


async def _report(arguments: argparse.Namespace, files: Sequence[WrittenFile], span: Span) -> Report:
    past = ApiHistory(source(arguments))
    progress = sys.stderr.isatty()

    def tell(name: str) -> None:
        if progress:
            print(plain(f"testing {name}"), file=sys.stderr)

    try:
        async with server(arguments) as client:
            tested = tuple([one async for one in replay(client, past, files, span, tell)])
    finally:
        past.close()
    return Report(span.start, span.end, tested, overlaps(tested))


def _span(arguments: argparse.Namespace, now: float) -> Span:
    end = moment(arguments.end, now, "--end") if arguments.end else now
    start = moment(arguments.start, now, "--start") if arguments.start else end - WEEK
    if not start < end <= now + 1:
        raise UsageError("--start must lie before --end, and --end not in the future")
    if arguments.step is not None and (arguments.step < 1 or arguments.step % 1):
        raise UsageError("--step must be whole seconds, one at least")
    return Span(float(round(start)), float(round(end)), arguments.step)


def _check_length(files: Sequence[WrittenFile], span: Span) -> None:
    """Refuse a stretch that would be asked about for days; raises UsageError."""
    step = min((step_in(alert, span) for alert in alerts_of(files)), default=DEFAULT_INTERVAL)
    evaluations = (span.end - span.start) / step
    if evaluations > _MOST_EVALUATIONS:
        raise UsageError(
            f"{speak_duration(span.end - span.start)} by {speak_duration(step)} are {evaluations:,.0f} evaluations "
            f"of an alert, and at most {_MOST_EVALUATIONS:,} are asked for: give a later --start, or a longer --step"
        )


def moment(text: str, now: float, flag: str) -> float:
    """Read RFC 3339, unix seconds, or a length before now; raises UsageError."""
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return now - parse_duration(text)
    except ValueError:
        pass
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{flag}={text}: write 2026-11-21T03:00:00Z, unix seconds, or 7d") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()


def _print(report: Report) -> None:
    rows = [_row(one, report) for one in report.tested]
    print(table(("ALERT", "EPISODES", "PER DAY", "SERIES", "FIRING", "MEDIAN", "LONGEST", "NOTE"), rows))
    listed = sorted(
        ((fired, one) for one in report.tested for fired in one.fired), key=lambda pair: pair[0].episode.start
    )
    if listed:
        print()
        shown = [
            (when(fired.episode.start), _length(fired.episode.seconds), one.name, _labels(fired.labels))
            for fired, one in listed[:_MOST_SHOWN]
        ]
        print(table(("FIRED AT", "FOR", "ALERT", "LABELS"), shown))
        if len(listed) > _MOST_SHOWN:
            print(f"... and {len(listed) - _MOST_SHOWN} more; -o json lists all")
    if report.overlaps:
        print()
        pairs = [
            (one.first, one.second, _length(one.seconds), f"{one.share_of_first:.0%}", f"{one.share_of_second:.0%}")
            for one in report.overlaps[:_MOST_SHOWN]
        ]
        print(table(("ALERT", "TOGETHER WITH", "FOR", "OF FIRST", "OF SECOND"), pairs))
    print(f"{when(report.start)} to {when(report.end)}: {len(report.tested)} alerts", file=sys.stderr)


def _row(one: Outcome, report: Report) -> tuple[str, ...]:
    if one.refused:
        return (one.name, "?", "", "", "", "", "", f"not tested: {one.refused}")
    told = figures(one, report.start, report.end)
    notes = [f"{told.open} still firing"] if told.open else []
    if one.put_in:
        notes.append(f"put in, for the server lacks it: {', '.join(one.put_in)}")
    return (
        *(one.name, str(told.episodes), f"{told.per_day:.2f}", str(told.series), _length(told.firing_seconds)),
        *(_length(told.median_seconds), _length(told.longest_seconds), "; ".join(notes)),
    )


def _labels(labels: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name}={value}" for name, value in labels)


def _length(seconds: float) -> str:
    return speak_duration(round(seconds))


def when(at: float) -> str:
    """Write unix seconds as RFC 3339, UTC."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _document(report: Report) -> dict[str, object]:
    return {
        "start": when(report.start),
        "end": when(report.end),
        "alerts": [_alert(one, report) for one in report.tested],
        "overlaps": [
            {
                "alerts": [one.first, one.second],
                "seconds": one.seconds,
                "shares": [round(one.share_of_first, 6), round(one.share_of_second, 6)],
            }
            for one in report.overlaps
        ],
    }


def _alert(one: Outcome, report: Report) -> dict[str, object]:
    told = figures(one, report.start, report.end)
    return {
        "alert": one.name,
        "file": one.path,
        "line": one.line,
        "refused": one.refused or None,
        "substituted": list(one.put_in),
        "step_seconds": one.step,
        "episodes": told.episodes,
        "per_day": round(told.per_day, 6),
        "series": told.series,
        "firing_seconds": told.firing_seconds,
        "median_seconds": told.median_seconds,
        "longest_seconds": told.longest_seconds,
        "fired": [
            {
                "labels": dict(fired.labels),
                "start": when(fired.episode.start),
                "end": None if fired.episode.open else when(fired.episode.end),
                "seconds": fired.episode.seconds,
            }
            for fired in one.fired
        ],
    }
