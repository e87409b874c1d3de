"""`aiops-daemon config check|schema|show|routes`: what is wrong with a configuration, what may be in it, what it does.

`check` tells every fault at once and exits 1; a file that cannot be read is 3. `check-config` is `config check`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from aiops_daemon.cli.loading import inspect_all
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.cli.routestest import add_routes
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.faults import Fault
from aiops_daemon.config.load import Inspection, Overrides, inspect
from aiops_daemon.config.reference import markdown
from aiops_daemon.config.show import schema, show


def register(nouns: Nouns) -> None:
    """Add the noun and its alias."""
    noun = nouns.add_parser("config", help="check, show or describe the configuration")
    verbs = noun.add_subparsers(metavar="VERB", required=True)
    _add_check(verbs, "check", "tell every fault of a configuration file")
    _add_check(nouns, "check-config", "the same as `config check`")
    shown = verbs.add_parser("show", help="print the running configuration, defaults included, secrets hidden")
    _add_inputs(shown)
    shown.set_defaults(run=_show)
    described = verbs.add_parser("schema", help="print the JSON Schema of the file, or its reference")
    described.add_argument("-o", dest="output", choices=["json", "markdown"], default="json", help="form of the output")
    described.set_defaults(run=_schema)
    add_routes(verbs)


def _add_check(verbs: Nouns, name: str, summary: str) -> None:
    parser = verbs.add_parser(name, help=summary)
    _add_inputs(parser)
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")
    parser.add_argument(
        "--syntax-only", action="store_true", help="do not look whether files that are named can be read"
    )
    parser.set_defaults(run=_check)


def _add_inputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="YAML configuration")
    parser.add_argument(
        "--prometheus.url", dest="prometheus_urls", metavar="URL", action="append", default=[], help="as for `run`"
    )
    parser.add_argument("--storage.url", dest="storage_url", metavar="URL", default="", help="as for `run`")
    parser.add_argument("--web.external-url", dest="external_url", metavar="URL", default="", help="as for `run`")


def _inputs(arguments: argparse.Namespace) -> tuple[Path | None, Overrides]:
    overrides = Overrides(tuple(arguments.prometheus_urls), arguments.storage_url, arguments.external_url)
    return Path(arguments.config_file) if arguments.config_file else None, overrides


def _check(arguments: argparse.Namespace) -> int:
    path, overrides = _inputs(arguments)
    if path is None and not overrides.prometheus_urls:
        print("give --config.file=FILE", file=sys.stderr)
        return Exit.USAGE
    now = SystemClock().now()
    found = inspect_all(path, environ=os.environ, overrides=overrides, files=not arguments.syntax_only, now=now)
    if arguments.output == "json":
        print(json.dumps(_document(found), indent=2))
    else:
        _print_text(found, path)
    return _exit(found)


def _exit(found: Inspection) -> Exit:
    if not found.readable:
        return Exit.UNKNOWN
    return Exit.GOOD if found.loaded else Exit.BAD


def _document(found: Inspection) -> dict[str, object]:
    def plain(faults: tuple[Fault, ...]) -> list[dict[str, object]]:
        return [asdict(fault) for fault in faults]

    return {"valid": found.loaded is not None, "faults": plain(found.faults), "warnings": plain(found.warnings)}


def _print_text(found: Inspection, path: Path | None) -> None:
    for fault in found.faults:
        print(fault, file=sys.stderr)
    for warning in found.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if found.loaded is None:
        print(f"{len(found.faults)} fault{'s' * (len(found.faults) != 1)}", file=sys.stderr)
        return
    settings = found.loaded.settings
    queries, slos = len(settings.queries), len(settings.slos)
    alertmanagers = len(settings.alertmanagers)
    counts = (
        f"{len(settings.sources)} Prometheus",
        f"{alertmanagers} Alertmanager{'s' * (alertmanagers != 1)}",
        f"{queries} {'query' if queries == 1 else 'queries'}",
        f"{slos} SLO{'s' * (slos != 1)}",
    )
    print(f"{path or 'the flags'}: valid ({', '.join(counts)})")


def _show(arguments: argparse.Namespace) -> int:
    path, overrides = _inputs(arguments)
    found = inspect(path, environ=os.environ, overrides=overrides)
    if found.loaded is None:
        _print_text(found, path)
    else:
        print(show(found.loaded), end="")
    return _exit(found)


def _schema(arguments: argparse.Namespace) -> int:
    print(markdown() if arguments.output == "markdown" else json.dumps(schema(), indent=2) + "\n", end="")
    return Exit.GOOD
