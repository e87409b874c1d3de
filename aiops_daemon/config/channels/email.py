"""`email_configs`: e-mail through one SMTP server. Each entry is complete; there are no global `smtp_` keys."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from aiops_daemon.config.build_http import tls_spec
from aiops_daemon.config.channels.fields import (
    HostName,
    MailAddress,
    MailAddresses,
    MailHeader,
    OneLine,
    Smarthost,
    split_addresses,
)
from aiops_daemon.config.fields import Flag, SecretText, Section
from aiops_daemon.config.http import TlsConfig
from aiops_daemon.config.secret import secret
from aiops_daemon.config.texts import FilePath, Text
from aiops_daemon.core.model.channels.email import EmailSpec
from aiops_daemon.core.model.source import TlsSpec

_TLS_PORT = 465  # submissions, RFC 8314: TLS from the first byte


class EmailConfig(Section):
    """Send e-mail, with HTML and text parts; messages of one incident are one thread."""

    send_resolved: Flag = False
    """Tell the end too."""

    to: MailAddresses | None = None
    """Addresses, parted by commas. Default: the channel is how people are reached by `email`."""

    from_: MailAddress = Field(alias="from")
    """Address of the sender. Required."""

    smarthost: Smarthost
    """Mail server that takes letters, as `host:port`. Required."""

    hello: HostName = "localhost"
    """Name by which the daemon greets the server."""

    auth_username: Text | None = None
    """User name for the server. Default: none, and no password."""

    auth_password: SecretText | None = None
    """Password. At most one of this and `auth_password_file`; never sent over an unencrypted connection, except to
    the machine itself."""

    auth_password_file: FilePath | None = None
    """File that holds the password; read again for every letter."""

    require_tls: Flag = True
    """Encrypt by STARTTLS before anything is sent, and send nothing when the server does not offer it."""

    force_implicit_tls: Flag | None = None
    """Begin with TLS (true), or with STARTTLS (false). Default: TLS on port 465."""

    tls_config: TlsConfig | None = None
    """TLS options."""

    headers: dict[MailHeader, OneLine] = Field(default={})
    """Further headers, such as `X-Team`; those that the daemon writes itself cannot be set."""


def email_spec(section: EmailConfig, folder: Path) -> EmailSpec:
    """Build the channel."""
    host, _, port = section.smarthost.rpartition(":")
    implicit = section.force_implicit_tls
    return EmailSpec(
        sender=section.from_,
        host=host.strip("[]"),
        port=int(port),
        to=split_addresses(section.to) if section.to else (),
        hello=section.hello,
        username=section.auth_username or "",
        password=secret(section.auth_password, section.auth_password_file, folder),
        require_tls=section.require_tls,
        implicit_tls=int(port) == _TLS_PORT if implicit is None else implicit,
        tls=tls_spec(section.tls_config, folder) if section.tls_config else TlsSpec(),
        headers=tuple(section.headers.items()),
        send_resolved=section.send_resolved,
    )
