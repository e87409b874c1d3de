"""`aiops-daemon config routes test`: which routes take an alert, and who would be told of it when.

Enters: a configuration, and labels as amtool takes them. Leaves: the routes with the reason, and the escalation run
ahead from a moment. Sends nothing, asks nobody.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aiops_daemon.cli.foretold import Answer, answer, answer_json, answer_text
from aiops_daemon.cli.parsing import Exit, Nouns, moment
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model import labels as label_sets
from aiops_daemon.core.model.incident import Priority
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.errors import UsageError

_EXAMPLE = "aiops-daemon config routes test --config.file=config.yaml severity=critical team=shop"


def add_routes(verbs: Nouns) -> None:
    """Add the verb and what is below it."""
    routes = verbs.add_parser("routes", help="find out who is told of an alert", epilog=f"example: {_EXAMPLE}")
    below = routes.add_subparsers(metavar="VERB", required=True)
    parser = below.add_parser("test", help="print the routes that take an alert, and who would be told when")
    add_question(parser)
    parser.add_argument(
        "--verify.receivers", dest="verify", metavar="NAMES", default=None,
        help="exit 1 unless the alert goes to these receivers and escalations, parted by commas, in this order",
    )  # fmt: skip
    parser.add_argument("labels", metavar="NAME=VALUE", nargs="*", help="labels of the alert")
    parser.set_defaults(run=run)


def add_question(parser: argparse.ArgumentParser) -> None:
    """Add what every question about the future needs."""
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", required=True, help="YAML configuration")
    parser.add_argument("--at", type=moment, metavar="TIME", help="as of then, RFC 3339 with Z or an offset (now)")
    parser.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="form of the output")


def run(arguments: argparse.Namespace) -> int:
    """Test one alert."""
    labels = _labels(arguments.labels)
    urgency = next((one for one in Priority if one == get(labels, "priority")), None)
    settings, at = read_question(arguments)
    found = answer(settings, [labels], at, urgency)
    code = print_answer(found, arguments.output)
    wanted = None if arguments.verify is None else [name.strip() for name in arguments.verify.split(",")]
    if wanted is not None and list(dict.fromkeys(wanted)) != found.names:
        print(f"expected {', '.join(wanted)}, but it goes to {', '.join(found.names) or 'nobody'}", file=sys.stderr)
        return Exit.BAD
    return code


def read_question(arguments: argparse.Namespace) -> tuple[Settings, float]:
    """Load the configuration; raises ConfigError with its faults. Return it with the moment that is asked about."""
    now = SystemClock().now()
    loaded = load(Path(arguments.config_file), environ=os.environ, overrides=Overrides(), now=now)
    return loaded.settings, now if arguments.at is None else arguments.at


def print_answer(found: Answer, form: str) -> Exit:
    """Print the answer; that no route takes the alerts is one that nobody wants."""
    print(json.dumps(answer_json(found), indent=2) if form == "json" else answer_text(found))
    if not found.matched:
        print("the configuration has no route: nobody is told of anything", file=sys.stderr)
        return Exit.BAD
    return Exit.GOOD


def _labels(texts: Sequence[str]) -> Labels:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise UsageError(f"{text!r} is no label: write name=value")
        found[name.strip()] = value.strip().removeprefix('"').removesuffix('"')
    return label_sets.make(found)
