"""`aiops-daemon alertmanager import`: routes, time intervals and receivers of an Alertmanager as sections of ours.

The sections go to standard output, everything that was not carried over to standard error, each with the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from aiops_daemon.cli.amlint import read_bytes
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.cli.table import plain
from aiops_daemon.config.load import Overrides, inspect_text
from aiops_daemon.config.outline import keys
from aiops_daemon.config.show import write
from aiops_daemon.core.alertmanager.channels import Keys
from aiops_daemon.core.alertmanager.translate import translate
from aiops_daemon.edges.alertmanager.document import read_document
from aiops_daemon.errors import InputError

_BELOW_RECEIVERS = ("receivers", "[]")
_HEAD = """\
# Made from an Alertmanager's configuration: put it into the daemon's. Nothing is sent before a route, or global.mode,
# says live; compare first with `aiops-daemon config routes test`.
"""


def add_import(verbs: Nouns) -> None:
    """Add the verb."""
    parser = verbs.add_parser("import", help="print routes, time intervals and receivers as sections of ours")
    parser.add_argument("file", metavar="ALERTMANAGER.YML", help="the configuration; - is standard input")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Translate one file."""
    raw = read_bytes(arguments.file)
    try:
        found = translate(read_document(raw).values, receiver_keys())
    except (InputError, ValueError) as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return Exit.BAD
    text = _HEAD + write(found.values)
    print(text, end="")
    print_left([(one.place, one.why) for one in found.left])
    return print_faults(text)


def receiver_keys() -> Keys:
    """Return the keys that a receiver of ours may have."""
    return frozenset(key.path[2:] for key in keys() if key.path[:2] == _BELOW_RECEIVERS and len(key.path) > 2)


def print_left(left: Iterable[tuple[str, str]]) -> None:
    """Print what was not carried over."""
    for place, why in left:
        print(f"not carried over: {plain(place)}: {plain(why)}", file=sys.stderr)


def print_faults(text: str) -> Exit:
    """Say what is to be mended in sections that were made; they need no Prometheus of their own."""
    faults = inspect_text(text, overrides=Overrides(prometheus_urls=("http://localhost:9090",))).faults
    for fault in faults:
        print(f"to be mended: {fault}", file=sys.stderr)
    return Exit.BAD if faults else Exit.GOOD
