"""`webhook_configs`: signed JSON to a URL of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from aiops_daemon.config.build_http import http_spec
from aiops_daemon.config.channels.fields import SecretUrl
from aiops_daemon.config.fields import DurationIn, Flag, SecretText, Section, SizeIn
from aiops_daemon.config.http import HttpConfig
from aiops_daemon.config.secret import HeldSecret, secret
from aiops_daemon.config.texts import FilePath
from aiops_daemon.core.model.channels.webhook import WebhookSpec


class WebhookConfig(Section):
    """Post JSON to a URL of your own. Redirects are not followed."""

    send_resolved: Flag = True
    """Tell the end too."""

    url: SecretUrl | None = None
    """URL that gets a POST. Exactly one of this and `url_file`. Never shown but for its host."""

    url_file: FilePath | None = None
    """File that holds the URL; read again for every message."""

    secret: SecretText | None = None
    """Secret that signs the body, in the header `X-Aiops-Signature`. At most one of this and `secret_file`; without
    either nothing is signed."""

    secret_file: FilePath | None = None
    """File that holds the secret; read again for every message."""

    timeout: Annotated[float, DurationIn("100ms", "15s")] = 10.0
    """Deadline of one attempt."""

    max_body_size: Annotated[int, SizeIn(4 * 1024, 64 * 1024**2)] = 1024 * 1024
    """Largest body. A larger message is sent without its evidence, labels and list of incidents, and says so."""

    http_config: HttpConfig = HttpConfig()
    """Credentials, headers and TLS."""


def webhook_spec(section: WebhookConfig, folder: Path) -> WebhookSpec:
    """Build the channel."""
    url = secret(section.url, section.url_file, folder) or HeldSecret("")
    return WebhookSpec(
        url=url,
        destination=_shown(section),
        secret=secret(section.secret, section.secret_file, folder),
        http=http_spec(section.http_config, folder),
        timeout=section.timeout,
        max_body_bytes=section.max_body_size,
        send_resolved=section.send_resolved,
    )


def _shown(section: WebhookConfig) -> str:
    """Return what may be seen of the URL: paths and queries of webhooks are often secrets."""
    if section.url is None:
        return section.url_file or ""
    parts = urlsplit(section.url.get_secret_value())
    return f"{parts.scheme}://{parts.netloc}"
