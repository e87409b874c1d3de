"""How a server is spoken to over HTTP: credentials, headers, TLS. Key names are those of Prometheus' http_config."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from aiops_daemon.config.fields import Flag, SecretText, Section
from aiops_daemon.config.texts import FilePath, HeaderName, Text


class BasicAuth(Section):
    """HTTP basic authentication."""

    username: Text
    """User name. Required."""

    password: SecretText | None = None
    """Password. Give this or `password_file`; neither means an empty password."""

    password_file: FilePath | None = None
    """File that holds the password; read again on every use, so a rotated file needs no reload."""


class Authorization(Section):
    """An `Authorization` header, for bearer tokens."""

    type: Text = "Bearer"
    """Scheme, the first word of the header."""

    credentials: SecretText | None = None
    """Token, the rest of the header. Exactly one of this and `credentials_file`."""

    credentials_file: FilePath | None = None
    """File that holds the token; read again on every use."""


class Header(Section):
    """The value of one HTTP header. A plain text is taken for `secret`."""

    secret: SecretText | None = None
    """Value. Exactly one of this and `secret_file`. Never shown."""

    secret_file: FilePath | None = None
    """File that holds the value; read again on every use."""


class TlsConfig(Section):
    """TLS towards the server."""

    ca_file: FilePath | None = None
    """PEM file with the certificate authorities to trust. Default: those of the system."""

    cert_file: FilePath | None = None
    """PEM file with the client certificate. Needs `key_file`."""

    key_file: FilePath | None = None
    """PEM file with the client certificate's key. Needs `cert_file`."""

    server_name: Text | None = None
    """Name that the server's certificate must carry. Default: the host of the URL."""

    insecure_skip_verify: Flag = False
    """Accept any certificate. Only for trials."""


def _header(value: Any) -> Any:
    return {"secret": value} if isinstance(value, str) else value


HeaderOrText = Annotated[Header, BeforeValidator(_header, json_schema_input_type=str | Header)]


class HttpOptions(Section):
    """The keys that every section with a server in it has."""

    basic_auth: BasicAuth | None = None
    """User name and password. At most one of this and `authorization`."""

    authorization: Authorization | None = None
    """Bearer token. At most one of this and `basic_auth`."""

    headers: dict[HeaderName, HeaderOrText] = Field(default={})
    """Headers sent with every request, such as `X-Scope-OrgID`; text, or a mapping with `secret_file`."""

    tls_config: TlsConfig | None = None
    """TLS options for https URLs."""


class HttpConfig(HttpOptions):
    """How a server of a channel is spoken to; the place of these keys is Alertmanager's."""
