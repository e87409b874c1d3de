"""`aiops-daemon quality`: what came of each alert rule, and which changes would spare people incidents.

Enters: rows of the store or the answer of a running daemon, and rule files of one's own. Leaves: a table, rules that
promtool accepts, or JSON. Changes nothing anywhere.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

from aiops_daemon.cli.daemon import add_daemon_flags, asking, print_json
from aiops_daemon.cli.parsing import Exit, Nouns, duration
from aiops_daemon.cli.qualitytable import listing, proposed
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.durations import DAY, prometheus_duration
from aiops_daemon.core.model.labels import make
from aiops_daemon.core.model.listing import RuleHistory
from aiops_daemon.core.model.rulequality import Proposal, RuleDefinition, RuleQuality
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.quality.memory import Rule
from aiops_daemon.core.rules.proposals import known_as
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.edges.rulefiles.read import read_definitions
from aiops_daemon.edges.store.rulepast import read_histories
from aiops_daemon.errors import UsageError
from aiops_daemon.flows.alerts.peaks import all_peaks
from aiops_daemon.flows.alerts.quality import Definitions, summed_up


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("quality", help="what came of each alert rule, and changes worth making")
    parser.add_argument("--since", type=duration, default=30 * DAY, metavar="DURATION", help="how far back (30d)")
    parser.add_argument("--proposals", action="store_true", help="print changed rules instead of the table")
    parser.add_argument(
        "--rules", dest="rules", action="append", default=[], type=Path, metavar="FILE",
        help="rule file of your own; proposals are then written as whole rules; repeatable",
    )  # fmt: skip
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="YAML configuration, for its storage")
    parser.add_argument(
        "--storage.url", dest="storage_url", metavar="URL", default="",
        help="read this store instead of asking a daemon: sqlite:////data/aiops.db or postgresql://user@host/database",
    )  # fmt: skip
    parser.add_argument(
        "--prometheus.url", dest="prometheus_url", metavar="URL", default="",
        help="Prometheus with the history of the rules of --rules: thresholds are proposed too; needs a store",
    )  # fmt: skip
    parser.set_defaults(run=run)
    add_daemon_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, the proposals, or both as JSON; from a store where one is named, else from the daemon."""
    definitions = read_definitions(arguments.rules)
    if not (arguments.storage_url or arguments.config_file):
        if arguments.prometheus_url:
            raise UsageError("--prometheus.url needs the episodes of a store: give --storage.url or --config.file")
        return asking(partial(_ask, definitions))(arguments)
    now = SystemClock().now()
    histories = read_histories(_storage(arguments), now - arguments.since)
    peaks = asyncio.run(_peaks(arguments.prometheus_url, histories, definitions, now))
    _print(summed_up(histories, definitions, peaks), arguments)
    return Exit.GOOD


async def _peaks(
    url: str, histories: list[RuleHistory], definitions: Definitions, now: float
) -> dict[Rule, dict[str, float]]:
    if not url:
        return {}
    source = PrometheusClient(SourceSpec("prometheus", (url,)))
    try:
        return await all_peaks(source, histories, definitions, now)
    finally:
        await source.close()


async def _ask(definitions: Definitions, arguments: argparse.Namespace, client: DaemonClient) -> None:
    answer = await client.get("/api/v1/quality", [("since", prometheus_duration(arguments.since))])
    rules = [_quality(item) for item in answer["data"]]
    _print([known_as(rule, definitions.get(rule.rule)) for rule in rules], arguments)


def _print(rules: list[RuleQuality], arguments: argparse.Namespace) -> None:
    if arguments.form == "json":
        print_json([asdict(rule) for rule in rules])
    elif arguments.proposals:
        print(proposed(rules))
    elif rules:
        print(listing(rules))
    else:
        print(f"no alert came in the last {prometheus_duration(arguments.since)}")


def _quality(item: dict[str, Any]) -> RuleQuality:
    """Read one rule of the API's answer; what it has besides is left out."""
    known = {field.name: item[field.name] for field in fields(RuleQuality) if field.name in item}
    proposals = tuple(Proposal(**({"rule": item["rule"]} | each)) for each in item["proposals"])
    rest = {"duplicate_of": item["duplicate_of"] or "", "duplicate_ratio": item["duplicate_ratio"] or 0.0}
    return RuleQuality(**(known | rest | {"proposals": proposals, "definition": _definition(item.get("definition"))}))


def _definition(item: dict[str, Any] | None) -> RuleDefinition | None:
    if item is None:
        return None
    texts = {name: make(item[name]) for name in ("labels", "annotations")}
    return RuleDefinition(item["name"], item["expr"], item["hold"], item["keep"], **texts)


def _storage(arguments: argparse.Namespace) -> StorageSpec:
    if not arguments.config_file:
        return StorageSpec(url=arguments.storage_url or StorageSpec().url)
    overrides = Overrides(storage_url=arguments.storage_url)
    return load(Path(arguments.config_file), environ=os.environ, overrides=overrides).settings.storage
