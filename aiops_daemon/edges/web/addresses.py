"""Listen addresses as Prometheus writes them.

Enters: the text of a flag. Leaves: host and port. Never resolves a name.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiops_daemon.errors import UsageError


def split_address(listen_address: str, flag: str = "--web.listen-address") -> tuple[str, int]:
    """Read host and port of a flag: `:9641` listens on every interface."""
    try:
        parts = urlsplit(f"//{listen_address}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if port is None or parts.path or parts.username is not None:
        raise UsageError(f"{flag} must be host:port, as 127.0.0.1:9641; it is {listen_address!r}")
    return host, port
