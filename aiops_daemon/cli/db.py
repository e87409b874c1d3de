"""`aiops-daemon db`: look whether the store is whole, copy it, put a copy back, migrate it.

Enters: where rows are kept, from the configuration or a flag. Leaves: what was found or done, for people or as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aiops_daemon.cli.parsing import Exit, Nouns
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.edges.store import upkeep
from aiops_daemon.edges.store.store import stamp
from aiops_daemon.errors import StoreError, StoreReason

_BAD = {StoreReason.CORRUPT, StoreReason.VERSION, StoreReason.FAILED}
_POSTGRES = "PostgreSQL keeps its own backups: use {tool}, or archiving of its log (point-in-time recovery)"


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("db", help="check, back up, restore or migrate the store")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    _verb(verbs, "check", "look at every page and at the schema; a running daemon is not disturbed", check)
    _verb(verbs, "backup", "make a checked copy; a running daemon is not disturbed", backup)
    verb = _verb(verbs, "restore", "put a backup in place of the store; stop the daemon before", restore)
    verb.add_argument("backup", nargs="?", metavar="FILE", help="which copy; default: the newest that is whole")
    _verb(verbs, "migrate", "bring the store to this release's schema; the daemon does so itself at its start", migrate)


def _verb(verbs: Nouns, name: str, summary: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=summary, description=summary)
    verb.add_argument("--config.file", dest="config_file", metavar="FILE", help="YAML configuration")
    verb.add_argument(
        "--storage.url", dest="storage_url", metavar="URL", default="",
        help="sqlite:////data/aiops.db or postgresql://user@host/database; wins over the file",
    )  # fmt: skip
    verb.add_argument("-o", dest="output", choices=["text", "json"], default="text", help="(%(default)s)")
    verb.set_defaults(run=lambda arguments: _run(run, arguments))
    return verb


def _run(run: Callable[[argparse.Namespace], int], arguments: argparse.Namespace) -> int:
    """Run a verb; what is wrong with the store itself is 1, what kept us from looking is 3."""
    try:
        return run(arguments)
    except StoreError as error:
        print(f"aiops-daemon: {error}", file=sys.stderr)
        return Exit.BAD if error.reason in _BAD else Exit.UNKNOWN


def check(arguments: argparse.Namespace) -> int:
    """Exit 1 when something is broken, or the schema is not this release's."""
    found = upkeep.check(_spec(arguments))
    good = found.current and not found.faults
    if arguments.output == "json":
        _print_json({**asdict(found), "good": good})
        return Exit.GOOD if good else Exit.BAD
    print(f"{found.where}: {found.engine}, schema {found.revision or 'unknown'}")
    if found.rows is not None:
        print("rows: " + ", ".join(f"{name} {count}" for name, count in found.rows.items()))
    if found.size_bytes is not None:
        print(f"size: {found.size_bytes / 1e6:.1f} MB, newest backup: {found.newest_backup or 'none'}")
    for fault in found.faults:
        print(f"broken: {fault}")
    if found.faults and found.newest_backup:
        print("stop the daemon and run `aiops-daemon db restore`; what came after the backup is lost")
    if not found.faults and not found.current:
        print("the schema is older than this release: start the daemon, or run `aiops-daemon db migrate`")
    print("good" if good else "bad")
    return Exit.GOOD if good else Exit.BAD


def backup(arguments: argparse.Namespace) -> int:
    """Print the copy's path."""
    path = upkeep.back_up(_spec(arguments), _now())
    if path is None:
        return _refuse("pg_dump")
    return _told(arguments, {"backup": str(path)}, str(path))


def restore(arguments: argparse.Namespace) -> int:
    """Print which copy is in place now, and where the file before it lies."""
    source = Path(arguments.backup) if arguments.backup else None
    done = upkeep.restore(_spec(arguments), _now(), source)
    if done is None:
        return _refuse("pg_restore")
    words = f"{done.backup} is in place"
    if done.replaced:
        words += f"; the file before it is {done.replaced}"
    replaced = str(done.replaced) if done.replaced else None
    return _told(arguments, {"backup": str(done.backup), "replaced": replaced}, words)


def migrate(arguments: argparse.Namespace) -> int:
    """Print the schema's revision."""
    revision, changed = upkeep.migrate_by_hand(_spec(arguments))
    words = f"migrated to {revision}" if changed else f"at {revision} already, nothing to do"
    return _told(arguments, {"revision": revision, "changed": changed}, words)


def _spec(arguments: argparse.Namespace) -> StorageSpec:
    if not arguments.config_file:
        return StorageSpec(url=arguments.storage_url or StorageSpec().url)
    overrides = Overrides(storage_url=arguments.storage_url)
    return load(Path(arguments.config_file), environ=os.environ, overrides=overrides).settings.storage


def _now() -> str:
    return stamp(SystemClock().now())


def _refuse(tool: str) -> int:
    print(f"aiops-daemon: {_POSTGRES.format(tool=tool)}", file=sys.stderr)
    return Exit.USAGE


def _told(arguments: argparse.Namespace, fields: dict[str, Any], words: str) -> int:
    if arguments.output == "json":
        _print_json(fields)
    else:
        print(words)
    return Exit.GOOD


def _print_json(fields: dict[str, Any]) -> None:
    print(json.dumps(fields, indent=2))
