"""The Prometheus that `rules lint` and `rules backtest` ask: its flags, and a client that is closed at the end."""

from __future__ import annotations

import argparse
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiops_daemon.cli.parsing import duration
from aiops_daemon.config.load import Overrides, load
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import UsageError


def add_server_flags(parser: argparse.ArgumentParser, *, needed: bool) -> None:
    """Add the flags that name a server."""
    parser.add_argument(
        "--prometheus.url", dest="prometheus_url", metavar="URL", default="", required=needed, help="the server to ask"
    )
    parser.add_argument(
        "--config.file", dest="config_file", metavar="FILE",
        help="the daemon's configuration: credentials and TLS of the source that has this URL",
    )  # fmt: skip
    parser.add_argument(
        "--timeout", type=duration, default=30.0, metavar="TIME", help="how long one query may take (30s)"
    )


def source(arguments: argparse.Namespace) -> SourceSpec:
    """Return the server as it is asked; raises UsageError for a URL that is none, ConfigError for a bad file."""
    url = arguments.prometheus_url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"--prometheus.url={url}: write http://host:9090 or https://...")
    if arguments.config_file:
        settings = load(Path(arguments.config_file), environ=os.environ, overrides=Overrides()).settings
        for one in settings.sources:
            if url in (each.rstrip("/") for each in one.urls):
                return one
    return SourceSpec(name=url, urls=(url,), timeout=arguments.timeout)


@asynccontextmanager
async def server(arguments: argparse.Namespace) -> AsyncIterator[PrometheusClient]:
    """Open a client; every failure to ask is a SourceError, and exit 3."""
    client = PrometheusClient(source(arguments))
    try:
        yield client
    finally:
        await client.close()
