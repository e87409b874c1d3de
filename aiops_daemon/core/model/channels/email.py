"""A channel that sends e-mail through one SMTP server."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.source import Secret, TlsSpec


@dataclass(frozen=True, slots=True)
class EmailSpec:
    """Where letters are handed in, and to whom they go; without `to`, to the person's own address."""

    sender: str
    host: str
    port: int
    to: tuple[str, ...] = ()
    hello: str = "localhost"
    username: str = ""
    password: Secret | None = None
    require_tls: bool = True  # STARTTLS, unless the connection begins with TLS
    implicit_tls: bool = False
    tls: TlsSpec = TlsSpec()
    headers: tuple[tuple[str, str], ...] = ()
    send_resolved: bool = False

    integration = "email"
    pages = False

    @property
    def destination(self) -> str:
        """Return the addresses, "" when a person's is needed."""
        return ", ".join(self.to)
