"""What commands that ask a running daemon share: flags, the token, and exit codes of what comes back.

Enters: flags and environment (AIOPS_URL, AIOPS_TOKEN). Leaves: a client, and an exit code: 1 when the daemon refuses, 2
when what was asked does not fit, 3 when it cannot be asked.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiops_daemon.cli.parsing import Exit
from aiops_daemon.edges.remote.client import DaemonClient
from aiops_daemon.errors import RefusedError, UsageError

URL = "http://127.0.0.1:9641"

Ask = Callable[[argparse.Namespace, DaemonClient], Awaitable[None]]


def add_daemon_flags(parser: argparse.ArgumentParser, *, repeated: bool = False) -> None:
    """Add the flags that say which daemon, with which token, and how to print.

    `repeated`: the noun has them too, and what stands before the verb counts where nothing stands after it.
    """
    url, form = (argparse.SUPPRESS,) * 2 if repeated else (os.environ.get("AIOPS_URL") or URL, "table")
    file = argparse.SUPPRESS if repeated else None
    parser.add_argument("--url", default=url, metavar="URL", help=f"the daemon; AIOPS_URL, else {URL}")
    parser.add_argument("--token-file", default=file, metavar="FILE", help="file with its token; else AIOPS_TOKEN")
    parser.add_argument("-o", "--output", dest="form", choices=["table", "json"], default=form, help="(table)")


def asking(ask: Ask) -> Callable[[argparse.Namespace], int]:
    """Make the function of a verb from what it asks."""

    def run(args: argparse.Namespace) -> int:
        client = client_of(args)
        try:
            asyncio.run(_awaited(ask(args, client)))
        except RefusedError as error:
            print(f"aiops-daemon: {error}", file=sys.stderr)
            return Exit.BAD
        return Exit.GOOD

    return run


def client_of(args: argparse.Namespace) -> DaemonClient:
    """Return the daemon that the flags name; raises UsageError."""
    return DaemonClient(args.url, _token(args.token_file))


def print_json(document: object) -> None:
    """Print for programs."""
    print(json.dumps(document, indent=2, ensure_ascii=False))


async def _awaited(asked: Awaitable[Any]) -> None:
    await asked


def _token(path: str | None) -> str:
    """Read the token; it may not be given as an argument, where every process of the machine could see it."""
    if path is None:
        return os.environ.get("AIOPS_TOKEN", "").strip()
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--token-file {path}: cannot be read: {error}") from error
