"""`aiops-daemon rules lint`: traps of alert and recording rules, with file, line, check, words and remedy.

Exit 0 good, 1 when something is found (information aside), 3 when the server cannot be asked. Asks no server unless
told to (--prometheus.url).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from aiops_daemon.cli.parsing import Exit, Nouns, duration
from aiops_daemon.cli.rulesserver import add_server_flags, server, source
from aiops_daemon.cli.table import plain
from aiops_daemon.core.rules.lint.checks import CHECKS, RULE_CHECKS, lint, ordered
from aiops_daemon.core.rules.lint.live import FIRED_LAST_WEEK, LIVE_CHECKS, looks_of_text
from aiops_daemon.core.rules.lint.model import DEFAULT_SCRAPE, Finding, Weight
from aiops_daemon.core.rules.written import WrittenFile
from aiops_daemon.edges.rulefiles.written import find_files, parse_written, read_written
from aiops_daemon.errors import UsageError

PAST_SECONDS = 30.0
_IDS = tuple(check.name for check in (*CHECKS, *LIVE_CHECKS))


def add_lint(verbs: Nouns) -> None:
    """Add the verb."""
    parser = verbs.add_parser("lint", help="find the traps of any alert and recording rules")
    parser.add_argument(
        "paths", metavar="FILE|DIR", nargs="+", help="rule files or PrometheusRules; - is standard input"
    )
    add_server_flags(parser, needed=False)
    parser.add_argument(
        "--scrape.interval", dest="scrape", type=duration, default=DEFAULT_SCRAPE, metavar="TIME",
        help="how often targets are scraped, where no server is asked (30s)",
    )  # fmt: skip
    parser.add_argument(
        "--past.timeout", dest="past_timeout", type=duration, default=PAST_SECONDS, metavar="TIME",
        help="how long a server is asked what would have fired last week (30s)",
    )  # fmt: skip
    parser.add_argument("--disable", action="append", default=[], metavar="CHECK", help="leave a check out; repeatable")
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Lint files."""
    unknown = [name for name in arguments.disable if name not in _IDS]
    if unknown:
        raise UsageError(f"--disable={unknown[0]}: there is no such check; docs/rules-lint.md lists them")
    files = written_files(arguments.paths)
    looks = looks_of_text(RULE_CHECKS) if arguments.prometheus_url else RULE_CHECKS
    found = list(lint(files, arguments.scrape, looks))
    if arguments.prometheus_url:
        found += asyncio.run(_asked(arguments, files))
    told = [one for one in ordered(files, found) if one.check.name not in arguments.disable]
    if arguments.output == "json":
        print(json.dumps([_plain(one) for one in told], indent=2))
    else:
        _print(told, files)
    return Exit.BAD if any(one.check.weight is not Weight.INFO for one in told) else Exit.GOOD


def written_files(paths: Sequence[str]) -> list[WrittenFile]:
    """Read what the command line names; raises UsageError for no rules, InputError for what is not there."""
    found: list[WrittenFile] = []
    for name in paths:
        if name == "-":
            read = [parse_written("-", sys.stdin.buffer.read())]
        else:
            path = Path(name)
            read = [read_written(one, of_folder=path.is_dir()) for one in find_files(path)]
        kept = [one for one in read if one is not None]
        if not kept:
            raise UsageError(f"{name}: no rule files here")
        found += kept
    return found


async def _asked(arguments: argparse.Namespace, files: Sequence[WrittenFile]) -> list[Finding]:
    from aiops_daemon.cli.ruleslive import ask_server

    async with server(arguments) as client:
        past = 0.0 if FIRED_LAST_WEEK.name in arguments.disable else arguments.past_timeout
        return await ask_server(client, source(arguments), files, past)


def _plain(one: Finding) -> dict[str, object]:
    check = one.check
    return {
        "file": one.path,
        "line": one.line,
        "rule": one.rule,
        "check": check.name,
        "severity": str(check.weight),
        "sentence": one.sentence,
        "what": check.what,
        "why": check.why,
        "remedy": check.remedy,
    }


def _print(found: Sequence[Finding], files: Sequence[WrittenFile]) -> None:
    for one in found:
        check = one.check
        rule = f"{one.rule}: " if one.rule else ""
        remedy = f"; {check.remedy}" if check.remedy else ""
        print(plain(f"{one.path}:{one.line}: {check.weight}: {check.name}: {rule}{one.sentence}{remedy}"))
    errors, warnings = (sum(one.check.weight is weight for one in found) for weight in (Weight.ERROR, Weight.WARNING))
    rules = sum(len(group.rules) for file in files for group in file.groups)
    counted = f"{rules} rule{'s' * (rules != 1)} in {len(files)} file{'s' * (len(files) != 1)}"
    print(f"{counted}: {errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}", file=sys.stderr)
