"""`aiops-daemon quality`: what came of each alert rule, and which changes would spare people incidents.

Enters: rows of the store or the answer of a running daemon, and rule files of one's own. Leaves: a table, rules that
promtool accepts, or JSON. Changes nothing anywhere.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from aiops_daemon.cli.parsing import Exit, Nouns, duration
from aiops_daemon.cli.qualitytable import as_json, proposed, table
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.durations import DAY, prometheus_duration
from aiops_daemon.core.model.rulequality import RuleQuality
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.rulefiles.read import read_definitions
from aiops_daemon.edges.store.rulepast import read_histories
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
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="(%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the table, the proposals, or both as JSON."""
    definitions = read_definitions(arguments.rules)
    rules = _from_store(arguments, definitions)
    if arguments.output == "json":
        print(as_json(rules))
    elif arguments.proposals:
        print(proposed(rules))
    elif rules:
        print(table(rules))
    else:
        print(f"no alert came in the last {prometheus_duration(arguments.since)}")
    return Exit.GOOD


def _from_store(arguments: argparse.Namespace, definitions: Definitions) -> list[RuleQuality]:
    since = SystemClock().now() - arguments.since
    return summed_up(read_histories(_storage(arguments), since), definitions)


def _storage(arguments: argparse.Namespace) -> StorageSpec:
    if not arguments.config_file:
        return StorageSpec(url=arguments.storage_url or StorageSpec().url)
    overrides = Overrides(storage_url=arguments.storage_url)
    return load(Path(arguments.config_file), environ=os.environ, overrides=overrides).settings.storage
