"""A channel that posts JSON to a URL of one's own."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.source import HttpSpec, Secret


@dataclass(frozen=True, slots=True)
class WebhookSpec:
    """A URL, which may be a secret itself; `destination` is what may be shown of it."""

    url: Secret
    destination: str
    secret: Secret | None = None  # signs the body
    http: HttpSpec = HttpSpec()
    timeout: float = 10.0
    max_body_bytes: int = 1024 * 1024
    send_resolved: bool = True

    integration = "webhook"
    pages = False
