"""`aiops-daemon run`: the daemon itself, in the foreground, until a signal.

SIGTERM and SIGINT drain and exit 0; SIGHUP reloads. `--dry-run` only prints what would be polled and exported.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import hashlib
import os
import signal
import sys
from pathlib import Path

from aiops_daemon import logs
from aiops_daemon.app import Daemon, Options
from aiops_daemon.cli.dryrun import dry_run
from aiops_daemon.cli.loading import load_all
from aiops_daemon.cli.parsing import Exit, Nouns, add_listen_flag, add_log_flags
from aiops_daemon.clock import SystemClock
from aiops_daemon.config.load import Loaded, Overrides
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.edges.heap import give_back_large_blocks
from aiops_daemon.errors import UsageError

STORAGE = "where state lives: a SQLite file (sqlite:///aiops-data/aiops.db) or postgresql://user@host/name"
API_ADDRESS = "a second listener for API and pages, which then leave the first (none: the first has all)"
ANONYMOUS = "listen beyond loopback without tokens: everybody who reaches the port may do everything"


def register(nouns: Nouns) -> None:
    """Add the noun."""
    parser = nouns.add_parser("run", help="run the daemon")
    parser.add_argument("--config.file", dest="config_file", metavar="FILE", help="YAML configuration")
    parser.add_argument(
        "--prometheus.url",
        dest="prometheus_urls",
        metavar="URL",
        action="append",
        default=[],
        help="a Prometheus to watch, besides those of the file; may be given several times",
    )
    parser.add_argument("--storage.url", dest="storage_url", metavar="URL", help=STORAGE)
    add_listen_flag(parser)
    parser.add_argument(
        "--web.api-listen-address", dest="api_listen_address", metavar="HOST:PORT", default="", help=API_ADDRESS
    )
    parser.add_argument("--web.allow-anonymous", dest="allow_anonymous", action="store_true", help=ANONYMOUS)
    parser.add_argument("--web.external-url", dest="external_url", metavar="URL", help="how users reach this daemon")
    parser.add_argument("--dry-run", action="store_true", help="print what would be polled and exported, then exit")
    add_log_flags(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run until a signal; returns the exit code."""
    logs.configure(level=arguments.log_level, style=arguments.log_format, stream=sys.stderr)
    path = Path(arguments.config_file) if arguments.config_file else None
    overrides = Overrides(
        prometheus_urls=tuple(arguments.prometheus_urls),
        storage_url=arguments.storage_url,
        external_url=arguments.external_url,
    )
    if path is None and not overrides.prometheus_urls:
        raise UsageError("nothing to watch: give --prometheus.url=http://localhost:9090 or --config.file=config.yaml")

    def reload() -> Settings:
        return load_all(path, environ=os.environ, overrides=overrides).settings

    loaded: Loaded = load_all(path, environ=os.environ, overrides=overrides, now=SystemClock().now())
    for warning in loaded.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if arguments.dry_run:
        return asyncio.run(dry_run(loaded.settings, SystemClock()))
    options = Options(
        clock=SystemClock(),
        listen_address=arguments.listen_address,
        api_listen_address=arguments.api_listen_address,
        allow_anonymous=arguments.allow_anonymous,
        load=reload if path else None,
        fingerprint=(lambda: fingerprint(path)) if path else None,
        reloaded=_spare_the_collector,
    )
    give_back_large_blocks()
    return _run_loop(loaded.settings, options)


def _run_loop(settings: Settings, options: Options) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(serve(settings, options))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serve(settings, options))


async def serve(settings: Settings, options: Options) -> int:
    """Start the daemon, obey signals, drain."""
    daemon = Daemon(settings, options)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    loop.add_signal_handler(signal.SIGHUP, daemon.request_reload)
    try:
        await daemon.start()
        _spare_the_collector()
        await stopping.wait()
    finally:
        await daemon.stop()
    return Exit.GOOD


def _spare_the_collector() -> None:
    """Let no full collection look twice at what lives long: it would halt the loop, longer with every open alert.

    Modules and the like are set aside now, and after each full collection whatever survived it. What is set aside
    is freed as soon as nothing refers to it; only cycles of such objects wait, until the next reload.
    """
    if _set_aside not in gc.callbacks:
        gc.callbacks.append(_set_aside)
    gc.unfreeze()
    gc.collect()


def _set_aside(phase: str, told: dict[str, int]) -> None:
    if phase == "stop" and told["generation"] == 2:
        gc.freeze()


def fingerprint(path: Path) -> str:
    """Identify a file's content; a ConfigMap that swaps its `..data` link changes it too."""
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError as error:
        return f"unreadable: {error.errno}"
