"""`aiops-daemon rules`: alert rules on the exported metrics, with their unit tests.

Enters: the configuration. Leaves: rule files in a folder, or all rules as one document on standard output. Built-in
packs are chosen only against a live server, so here the rules cover the queries and SLOs of the configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aiops_daemon.cli import slorules
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.cli.rulesbacktest import add_backtest
from aiops_daemon.cli.ruleslint import add_lint
from aiops_daemon.config.load import Loaded, Overrides, load
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.rules.document import RuleFile
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.edges.rulefiles.promtool import StructuralCheck, checker_for
from aiops_daemon.edges.rulefiles.render import render
from aiops_daemon.edges.rulefiles.write import Written, check_rules, write_rules
from aiops_daemon.errors import RuleFileError
from aiops_daemon.ports import RuleChecker

NONE = "none"


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("rules", help="generate, lint and backtest alert rules")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    verb = verbs.add_parser("generate", help="write alert rules for what is configured, or for files of SLOs")
    slorules.add_arguments(verb)
    verb.add_argument("-o", dest="output", metavar="DIR|-", default="-", help="folder, or - for standard output")
    verb.add_argument("--config.file", dest="config_file", metavar="FILE", help="YAML configuration")
    verb.add_argument(
        "--prometheus.url", dest="prometheus_urls", metavar="URL", action="append", default=[],
        help="a Prometheus that the daemon watches; it is not asked",
    )  # fmt: skip
    verb.add_argument("--web.external-url", dest="external_url", metavar="URL", default="", help="link in descriptions")
    verb.add_argument(
        "--promtool", metavar="PATH|none", help="program that checks the rules; default: that of the configuration"
    )
    verb.set_defaults(run=run)
    add_lint(verbs)
    add_backtest(verbs)


def run(arguments: argparse.Namespace) -> int:
    """Generate, check, write; exit 1 when the checker refuses."""
    if arguments.input == "":  # as an unset variable of a script gives it; without -i other rules are meant
        print("aiops-daemon: -i: no file is named", file=sys.stderr)
        return Exit.USAGE
    settings = _settings(arguments)
    checker = _checker(arguments.promtool, settings)
    if checker is None:
        print(f"aiops-daemon: {arguments.promtool}: no such program; --promtool=none goes without", file=sys.stderr)
        return Exit.USAGE
    if arguments.compat and not arguments.input:
        print("aiops-daemon: --compat is for files of SLOs: give -i FILE", file=sys.stderr)
        return Exit.USAGE
    try:
        if arguments.input:
            return asyncio.run(slorules.generate(arguments, settings.rules, checker))
        if arguments.format != slorules.PROMETHEUS:
            print(f"aiops-daemon: --format={arguments.format} is for files of SLOs: give -i FILE", file=sys.stderr)
            return Exit.USAGE
        files = generate(settings, settings.queries, settings.slos)
        if arguments.output == "-":
            return asyncio.run(_print(files, settings, checker))
        return asyncio.run(_write(Path(arguments.output), files, settings, checker))
    except RuleFileError as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        return Exit.BAD


def _settings(arguments: argparse.Namespace) -> Settings:
    if not arguments.config_file and not arguments.prometheus_urls:
        return Settings()
    path = Path(arguments.config_file) if arguments.config_file else None
    overrides = Overrides(prometheus_urls=tuple(arguments.prometheus_urls), external_url=arguments.external_url)
    loaded: Loaded = load(path, environ=os.environ, overrides=overrides)
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return loaded.settings


def _checker(chosen: str | None, settings: Settings) -> RuleChecker | None:
    """Return the checker; None when one was asked for by name and is not there."""
    if chosen == NONE:
        return StructuralCheck()
    checker = checker_for(chosen or settings.rules.promtool)
    return None if chosen and isinstance(checker, StructuralCheck) else checker


async def _print(files: Sequence[RuleFile], settings: Settings, checker: RuleChecker) -> int:
    verdict = await check_rules(files, checker)
    document = {"groups": [group for file in files for group in file.document["groups"]]}
    print(render(document), end="")
    _tell(files, settings, checked=verdict.checked)
    return Exit.GOOD


async def _write(directory: Path, files: Sequence[RuleFile], settings: Settings, checker: RuleChecker) -> int:
    written: Written = await write_rules(directory, files, checker)
    for file in files:
        print(f"{directory / file.file_name}: {file.rules} rules, unit test {file.test_name}")
    for path in written.removed:
        print(f"{path}: removed, nothing generates it any more")
    _tell(files, settings, checked=written.verdict.checked)
    return Exit.GOOD


def _tell(files: Sequence[RuleFile], settings: Settings, *, checked: bool) -> None:
    rules = sum(file.rules for file in files)
    how = "promtool accepted them and their unit tests" if checked else "no promtool: only their structure was checked"
    print(f"{rules} rules; {how}.", file=sys.stderr)
    queries, slos = len(settings.queries), len(settings.slos)
    covered = f"{queries} {'query' if queries == 1 else 'queries'} and {slos} SLO{'s' * (slos != 1)}"
    print(
        f"They cover {covered} of the configuration and the daemon's own health. Built-in packs are chosen against "
        "a live server: set rules.directory, and the running daemon writes rules for their queries too.",
        file=sys.stderr,
    )
