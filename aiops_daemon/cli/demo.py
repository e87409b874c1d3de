"""`aiops-daemon demo`: a recorded web shop, replayed in under a minute, with what was found in it."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiops_daemon import logs
from aiops_daemon.cli.demopage import gravest, page_lines
from aiops_daemon.cli.parsing import Exit, Nouns, add_level_flag, add_listen_flag
from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.durations import HOUR
from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.quantity import speak_time
from aiops_daemon.demo.run import Progress, Replay
from aiops_daemon.demo.signals import REPLAY_HOURS
from aiops_daemon.demo.world import build

_BAR = 30


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("demo", help="replay a recorded world and show what is found in it")
    add_listen_flag(parser)
    parser.add_argument("--seconds", type=float, default=30.0, help="real time that the replay may take (%(default)g)")
    parser.add_argument("--once", action="store_true", help="exit after the findings are printed")
    add_level_flag(parser, "error")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Replay, print, and serve until Ctrl-C."""
    logs.configure(level=arguments.log_level, style="logfmt", stream=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="aiops-demo-") as folder:
        return asyncio.run(_run(arguments, Path(folder)))


async def _run(arguments: argparse.Namespace, folder: Path) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    world = await asyncio.to_thread(build, SystemClock().now() - REPLAY_HOURS * HOUR)
    replay = Replay(world, folder=folder, listen_address=arguments.listen_address, seconds=arguments.seconds)
    print(f"A small web shop: a week of metrics is learned, then {REPLAY_HOURS:.0f} hours are replayed.", flush=True)
    try:
        showing = asyncio.create_task(_show(replay))
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({showing, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not showing.done():
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
            return Exit.GOOD
        showing.result()
        _report_findings(replay)
        incidents = await replay.incidents()
        _report_incidents(replay.sent, incidents)
        await _report_page(replay, incidents)
        _report_addresses(replay.daemon.address)
        if not arguments.once:
            print("Ctrl-C ends the demo.", flush=True)
            await waiting
        waiting.cancel()
    finally:
        await replay.daemon.stop()
        print("Stopped.", flush=True)
    return Exit.GOOD


async def _show(replay: Replay) -> None:
    """Draw progress: over and over on one line of a terminal, a line a tenth elsewhere."""
    shown = -1
    async for step in replay.progress():
        tenth = int(step.ratio * 10)
        if sys.stdout.isatty():
            print(f"{_progress_line(step):<100}", end="\r", flush=True)
        elif tenth != shown:
            print(_progress_line(step), flush=True)
        shown = tenth
    print(flush=True)


def _progress_line(step: Progress) -> str:
    done = round(step.ratio * _BAR)
    bar = "#" * done + "-" * (_BAR - done)
    return f"[{bar}] {step.ratio:4.0%}  {speak_time(step.at)}  open {step.open}, over {step.closed}"


def _report_findings(replay: Replay) -> None:
    found = replay.found()
    print(f"Watched {sum(stream.series for stream in replay.daemon.view().streams)} series. Found {len(found)}:\n")
    for finding in found:
        _print_finding(finding, is_open=replay.is_open(finding))


def _report_incidents(sent: int, incidents: list[dict[str, Any]]) -> None:
    """Say how many alerts became how many incidents, and why."""
    alerts = sum(one["incident"]["alerts_total"] for one in incidents)
    print(f"\nIts Alertmanager sent {sent} alerts in webhooks, repetitions and ends included.")
    print(f"{alerts} alerts became {len(incidents)} incidents:\n")
    for one in incidents:
        _print_incident(one)


def _print_incident(told: dict[str, Any]) -> None:
    incident = told["incident"]
    state = f"{incident['state']:8}  {incident['severity']:8}  {incident['priority']}"
    count = incident["alerts_total"]
    print(f"  {incident['name']}  {state}  {count:2} {'alert ' if count == 1 else 'alerts'}  {incident['title']}")
    why = [(one["rule"], one["joined_reason"]) for one in told["alerts"] if "score" in one["joined_reason"]]
    for rule, reason in why[:1]:
        print(f"         {rule} joined: {reason}")
    apart = [line["text"] for line in told["timeline"] if line["kind"] == "apart"]
    for text in apart[:1]:
        print(f"         {text}")


async def _report_page(replay: Replay, incidents: list[dict[str, Any]]) -> None:
    """Show the page that a person would have got for the gravest incident, and how it would have gone on."""
    worst = gravest(incidents)
    if worst is not None:
        print()
        for line in page_lines(worst, await replay.page(worst["incident"]["name"])):
            print(line)


def _report_addresses(address: str) -> None:
    print(f"\nLanding page      {address}/")
    print(f"Findings metrics  {address}/findings/metrics")
    print(f"Own metrics       {address}/metrics")
    print(f"Incidents         {address}/incidents")
    print(f"Findings as JSON  {address}/api/v1/findings", flush=True)


def _print_finding(finding: Finding, *, is_open: bool) -> None:
    state = "open" if is_open else "over"
    print(f"  {state}  {finding.severity:8}  {finding.kind.replace('_', ' '):15}  {finding.sentence}")
