"""`aiops-daemon alertmanager snippet`: a receiver and routes for this daemon that leave paging as it was.

With a file, the whole adjusted configuration is printed; without, a pattern with words on how to use it.
"""

from __future__ import annotations

import argparse
import sys
from urllib.parse import urlsplit

from aiops_daemon.cli.amlint import read_bytes
from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.core.alertmanager.lint.model import WEBHOOK_PATH
from aiops_daemon.core.alertmanager.snippet import Mode, Wish, with_ours
from aiops_daemon.edges.alertmanager.document import read_document, write_document
from aiops_daemon.errors import InputError, UsageError

PATTERN = {"route": {"receiver": "existing"}, "receivers": [{"name": "existing"}]}
_WORDS = {
    Mode.SHADOW: "The daemon gets a copy of everything; existing receivers get exactly what they got.",
    Mode.LIVE: "The daemon gets everything; existing receivers only hear that the daemon itself is down.",
    Mode.BYPASS: (
        "The daemon gets a copy of all but watchdogs and alerts on itself; existing receivers get what they got."
    ),
}
_SHADOW_USE = (
    "`existing` stands for your root receiver. Your routes belong between the first and the last route here.",
    "If one of them says `continue: true`, put all of them into `routes:` of the last route instead.",
    "Leave neither out: without the last route, the first one would end your root receiver.",
)
_LIVE_USE = ("`existing` stands for your root receiver. Your routes belong into `routes:` of the first route here.",)
_NO_PAGES = (
    "with --mode live this daemon alone pages, and only along its own routes with `mode: live`; "
    "`aiops-daemon config routes test` says who would be told"
)


def add_snippet(verbs: Nouns) -> None:
    """Add the verb."""
    parser = verbs.add_parser("snippet", help="print a receiver and routes that leave existing paging as it was")
    parser.add_argument("file", metavar="ALERTMANAGER.YML", nargs="?", help="put them into this; - is standard input")
    parser.add_argument("--mode", choices=[str(mode) for mode in Mode], default=str(Mode.SHADOW), help="(%(default)s)")
    parser.add_argument(
        "--url", default="http://127.0.0.1:9641", help="address of this daemon as Alertmanager reaches it (%(default)s)"
    )
    parser.add_argument(
        "--token-file", dest="token_file", default="", metavar="FILE", help="there, on Alertmanager's machine"
    )
    parser.add_argument("--receiver", default="aiops", help="name of the receiver (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print a configuration."""
    wish = Wish(Mode(arguments.mode), _webhook(arguments.url), arguments.receiver, arguments.token_file)
    raw = read_bytes(arguments.file) if arguments.file else b""
    try:
        before = read_document(raw).values if arguments.file else PATTERN
        text = write_document(with_ours(before, wish))
    except (InputError, ValueError) as error:
        print(f"{arguments.file}: {error}", file=sys.stderr)
        return Exit.BAD
    for line in _head(wish, whole=bool(arguments.file)):
        print(f"# {line}")
    print(text, end="")
    for warning in _warnings(wish, whole=bool(arguments.file)):
        print(f"warning: {warning}", file=sys.stderr)
    return Exit.GOOD


def _webhook(url: str) -> str:
    """Add the path where only the server is named."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise UsageError("--url must be http://host:port or https://host, without a password")
    return url if WEBHOOK_PATH in parts.path else url.rstrip("/") + WEBHOOK_PATH


def _head(wish: Wish, *, whole: bool) -> tuple[str, ...]:
    use = () if whole else _LIVE_USE if wish.mode is Mode.LIVE else _SHADOW_USE
    return (f"Mode {wish.mode}. {_WORDS[wish.mode]}", *use, "Check it with `amtool check-config` before you load it.")


def _warnings(wish: Wish, *, whole: bool) -> list[str]:
    found = [_NO_PAGES] if wish.mode is Mode.LIVE else []
    if whole:
        found.append("comments of the file are lost; groups that fire now are told once more after the reload")
    if not wish.token_file:
        found.append("no credentials: the daemon wants a token unless it listens on loopback only (--token-file)")
    return found
