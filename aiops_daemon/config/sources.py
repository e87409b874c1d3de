"""The section `prometheus`: where metrics are read, and with which credentials.

Key names are those of Prometheus' http_config where it has one.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from aiops_daemon.config.fields import CountIn, DurationIn, Flag, SecretText, Section, SizeIn, unique
from aiops_daemon.config.texts import FilePath, HeaderName, LabelName, Name, OwnLabelName, Text, WebUrl


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


class Prometheus(Section):
    """One Prometheus, or a highly available pair of them. Any server with Prometheus' query API will do."""

    name: Name
    """Name by which queries, SLOs, logs and metrics speak of it. Required, unique."""

    urls: Annotated[list[WebUrl], Field(min_length=1), AfterValidator(unique)]
    """Base URLs of replicas that hold the same data, tried in order; answers are never merged. Required."""

    external_labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels added to every series read here, as this Prometheus adds them to its alerts (its query API leaves
    them out). A label of the series itself wins."""

    drop_labels: Annotated[list[LabelName], AfterValidator(unique)] = Field(default=[])
    """Labels removed from every series, such as the one that tells replicas apart."""

    interval: Annotated[float, DurationIn("1s", "1d")] = 60.0
    """Time between two polls of a query. A query may set its own."""

    timeout: Annotated[float, DurationIn("100ms", "10m")] = 30.0
    """Deadline of one request. Keep it below `interval`."""

    basic_auth: BasicAuth | None = None
    """User name and password. At most one of this and `authorization`."""

    authorization: Authorization | None = None
    """Bearer token. At most one of this and `basic_auth`."""

    headers: dict[HeaderName, Annotated[Header, BeforeValidator(_header, json_schema_input_type=str | Header)]] = Field(
        default={}
    )
    """Headers sent with every request, such as `X-Scope-OrgID`; text, or a mapping with `secret_file`."""

    tls_config: TlsConfig | None = None
    """TLS options for https URLs."""

    compression: Flag = False
    """Ask for compressed answers. Costs the server CPU; worth it over slow links."""

    max_concurrency: Annotated[int, CountIn(1, 64)] = 4
    """Requests in flight at once. Prometheus itself runs 20 queries at once by default."""

    max_body_size: Annotated[int, SizeIn(64 * 1024, 16 * 1024**3)] = 256 * 1024 * 1024
    """Largest answer that is read; a larger one counts as a failure. KB, MB and GB are powers of 1024."""
