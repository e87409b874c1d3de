"""`aiops-daemon run --dry-run`: what would be polled, and what our exports would cost that Prometheus."""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.app import estimate
from aiops_daemon.cli.parsing import Exit
from aiops_daemon.clock import Clock
from aiops_daemon.core.model.quantity import speak
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.flows.estimate import Estimate, SourceEstimate


async def dry_run(settings: Settings, clock: Clock) -> int:
    """Ask every source once and print the bill; 3 when a source or a query got no answer."""
    estimates = await estimate(settings, clock)
    for one in estimates:
        _print_source(one)
    answered = [one for one in estimates if not one.failure]
    if answered:
        _print_sum(answered)
    lacking = len(estimates) - len(answered)
    if lacking and answered:
        print(f"{lacking} of {len(estimates)} sources did not answer and {'is' if lacking == 1 else 'are'} not counted")
    failed = lacking or any(query.failure for one in answered for query in one.queries)
    return Exit.UNKNOWN if failed else Exit.GOOD


def _print_source(one: SourceEstimate) -> None:
    print(f"source {one.name}")
    if one.failure:
        print(f"  did not answer: {one.failure}")
    for pack, taken, reason in one.packs:
        print(f"  pack {pack}: {'taken' if taken else 'not taken'} ({reason})")
    if one.queries:
        print(f"  {'query':40} {'series':>8} {'samples read':>13} {'every':>6} {'exported samples':>17}")
    for query in one.queries:
        note = f"  {query.failure}" if query.failure else ""
        print(
            f"  {query.name:40} {query.series:8,} {query.samples_read:13,} {query.interval:5.0f}s "
            f"{query.exported:17,}{note}"
        )


def _print_sum(estimates: Sequence[SourceEstimate]) -> None:
    total = Estimate.of(estimates)
    print(
        f"each cycle: {total.polled:,} series polled, {total.samples_read:,} samples read by Prometheus\n"
        f"history at start: about {total.history_samples:,} samples\n"
        f"exports: {total.exported:,} head series, {speak(total.scrape_bytes, 'bytes')} a scrape, "
        f"about {speak(total.disk_bytes_per_day, 'bytes')} on disk a day at a scrape each {total.interval:.0f}s"
    )
