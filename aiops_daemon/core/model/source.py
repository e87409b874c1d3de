"""A metric source as configured, and the flags and files around it, free of any client library."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from aiops_daemon.core.model.labels import Labels

Secret = Callable[[], str]
"""Reads a secret at the moment of use, so a rotated file needs no reload. Never holds it in its repr."""


@dataclass(frozen=True, slots=True)
class TlsSpec:
    """TLS towards a server; files are paths, read when a connection pool is made."""

    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True)
class HttpSpec:
    """Credentials and headers, in the meaning of Prometheus' http_config."""

    bearer: Secret | None = None
    bearer_type: str = "Bearer"
    username: str = ""
    password: Secret | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    secret_headers: tuple[tuple[str, Secret], ...] = ()  # read again for every request
    tls: TlsSpec = TlsSpec()


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One Prometheus: `urls` are replicas of an HA pair, tried in order, never merged."""

    name: str
    urls: tuple[str, ...]
    external_labels: Labels = ()
    drop_labels: frozenset[str] = frozenset()
    interval: float = 60.0  # seconds between polls
    timeout: float = 30.0  # seconds for one query
    concurrency: int = 4  # queries in flight at once
    max_body_bytes: int = 256 * 1024 * 1024
    compression: bool = False  # ask for gzip; costs Prometheus CPU, worth it over slow links
    http: HttpSpec = HttpSpec()
