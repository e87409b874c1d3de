"""HTTP options as the specification that edges know.

Enters a valid section and the folder that relative paths begin at; nothing can fail here, no file is read.
"""

from __future__ import annotations

from pathlib import Path

from aiops_daemon.config.http import HttpOptions, TlsConfig
from aiops_daemon.config.secret import secret
from aiops_daemon.core.model.source import HttpSpec, TlsSpec


def http_spec(source: HttpOptions, folder: Path) -> HttpSpec:
    """Build what a server is spoken to with."""
    basic, bearer = source.basic_auth, source.authorization
    headers = {name: secret(header.secret, header.secret_file, folder) for name, header in source.headers.items()}
    return HttpSpec(
        bearer=secret(bearer.credentials, bearer.credentials_file, folder) if bearer else None,
        bearer_type=bearer.type if bearer else "Bearer",
        username=basic.username if basic else "",
        password=secret(basic.password, basic.password_file, folder) if basic else None,
        secret_headers=tuple((name, value) for name, value in headers.items() if value is not None),
        tls=tls_spec(source.tls_config, folder) if source.tls_config else TlsSpec(),
    )


def tls_spec(tls: TlsConfig, folder: Path) -> TlsSpec:
    """Build the TLS options."""
    return TlsSpec(
        ca_file=resolve(tls.ca_file, folder),
        cert_file=resolve(tls.cert_file, folder),
        key_file=resolve(tls.key_file, folder),
        server_name=tls.server_name or "",
        insecure_skip_verify=tls.insecure_skip_verify,
    )


def resolve(path: str | None, folder: Path) -> str:
    """Return a path from the folder of the configuration; empty stays empty."""
    return str(folder / path) if path else ""
