"""`aiops-daemon alertmanager lint`: the traps of an Alertmanager configuration, with line, rule, words and remedy.

Exit 1 when there is an error, or with --strict a warning. Asks no server unless told to (--probe).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from aiops_daemon.cli.parsing import Exit, Nouns, duration
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.alertmanager.lint.checks import lint, our_urls
from aiops_daemon.core.alertmanager.lint.model import Finding, Ours, Weight
from aiops_daemon.core.alertmanager.lint.probed import judge
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.edges.alertmanager.document import Document, read_document
from aiops_daemon.edges.alertmanager.probe import probe
from aiops_daemon.errors import InputError

_RECEIVER = Ours().receiver


def add_lint(verbs: Nouns) -> None:
    """Add the verb."""
    parser = verbs.add_parser("lint", help="find the traps of an Alertmanager configuration")
    parser.add_argument("file", metavar="ALERTMANAGER.YML", help="the configuration; - is standard input")
    parser.add_argument(
        "--config.file", dest="config_file", metavar="FILE", help="this daemon's own: its tokens, watchdogs, names"
    )
    parser.add_argument("--url", default="", help="address of this daemon, where the webhook's path does not show it")
    parser.add_argument("--receiver", default="", help="receiver of this daemon (aiops, or what --config.file says)")
    parser.add_argument(
        "--data.retention", dest="retention", type=duration, default=5 * DAY, metavar="TIME",
        help="that flag of the Alertmanager (120h)",
    )  # fmt: skip
    parser.add_argument("--probe", action="store_true", help="ask the webhook's URL how it answers a GET")
    parser.add_argument("--strict", action="store_true", help="warnings count as errors")
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Lint one file."""
    ours = _ours(arguments)
    raw = read_bytes(arguments.file)
    try:
        document = read_document(raw)
    except InputError as error:
        print(f"{arguments.file}:{error}", file=sys.stderr)
        return Exit.BAD
    found = list(lint(document.values, ours))
    if arguments.probe:
        found += asyncio.run(_probed(document, ours))
    found.sort(key=lambda one: document.where(one.place))
    if arguments.output == "json":
        print(json.dumps([_plain(one, document) for one in found], indent=2))
    else:
        _print_text(found, document, arguments.file)
    return _exit(found, strict=arguments.strict)


def read_bytes(name: str) -> bytes:
    """Read a file or standard input; raises InputError when it cannot be read."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {(error.strerror or type(error).__name__).lower()}") from None


def _ours(arguments: argparse.Namespace) -> Ours:
    if not arguments.config_file:
        return Ours(arguments.receiver or _RECEIVER, arguments.url, retention_seconds=arguments.retention)
    settings = load(Path(arguments.config_file), environ=os.environ, overrides=Overrides()).settings
    names = [one.receiver for one in settings.alertmanagers] or [_RECEIVER]
    return Ours(
        receiver=arguments.receiver or names[0],
        url=arguments.url,
        watchdogs=settings.watchdogs,
        sources=tuple(one.name for one in settings.alertmanagers),
        tokens=bool(settings.tokens),
        retention_seconds=arguments.retention,
    )


async def _probed(document: Document, ours: Ours) -> list[Finding]:
    found = [judge(place, await probe(url)) for place, url in our_urls(document.values, ours)]
    return [one for one in found if one is not None]


def _exit(found: Iterable[Finding], *, strict: bool) -> Exit:
    bad = any(strict or one.rule.weight is Weight.ERROR for one in found)
    return Exit.BAD if bad else Exit.GOOD


def _plain(one: Finding, document: Document) -> dict[str, object]:
    line, column = document.where(one.place)
    rule = one.rule
    return {
        "line": line,
        "column": column,
        "path": one.place,
        "rule": rule.name,
        "severity": str(rule.weight),
        "sentence": one.sentence,
        "what": rule.what,
        "why": rule.why,
        "remedy": rule.remedy,
    }


def _print_text(found: list[Finding], document: Document, file: str) -> None:
    for one in found:
        line, column = document.where(one.place)
        rule = one.rule
        print(f"{file}:{line}:{column}: {rule.weight}: {rule.name}: {one.place}: {one.sentence}; {rule.remedy}")
    errors = sum(one.rule.weight is Weight.ERROR for one in found)
    warnings = len(found) - errors
    print(f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}", file=sys.stderr)
