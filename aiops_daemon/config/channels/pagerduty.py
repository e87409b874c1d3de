"""`pagerduty_configs`: pages through PagerDuty. Key names are Alertmanager's, and some of our own for the way back."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from aiops_daemon.config.channels.fields import GuardedUrl
from aiops_daemon.config.fields import Flag, SecretText, Section, choice, refusal
from aiops_daemon.config.secret import secret
from aiops_daemon.config.texts import FilePath, Text, WebUrl
from aiops_daemon.core.model.channels.pagerduty import API_URLS, EVENTS_URLS, SEVERITIES, PagerDutySpec

_KEY = re.compile(r"[A-Za-z0-9]{32}")  # PagerDuty answers 400 to any other, and the page is lost
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_EVENTS_PATH = "/v2/enqueue"


def _routing_key(value: SecretStr) -> SecretStr:
    if not _KEY.fullmatch(value.get_secret_value()):
        raise refusal("is no integration key", "copy the 32 letters and digits of an Events API v2 integration")
    return value


def _email(value: str) -> str:
    if not _ADDRESS.fullmatch(value):
        raise refusal("is no e-mail address", "give that of a user of the PagerDuty account")
    return value


def _signing_secret(value: Any) -> Any:
    return {"secret": value} if isinstance(value, str) else value


def _word_for_all(value: Any) -> Any:
    return dict.fromkeys(("critical", "warning", "info"), value) if isinstance(value, str) else value


class SigningSecret(Section):
    """The secret of one webhook subscription. A plain text is taken for `secret`."""

    secret: SecretText | None = None
    """Secret, shown once when the subscription is made. Exactly one of this and `secret_file`."""

    secret_file: FilePath | None = None
    """File that holds the secret; read again on every use."""


_Word = Annotated[str, choice(*SEVERITIES)]


class SeverityMap(Section):
    """PagerDuty's severity for each of ours; one word stands for all three."""

    critical: _Word = "critical"
    """PagerDuty's severity (critical, error, warning, info) for critical incidents."""

    warning: _Word = "warning"
    """For incidents of severity warning."""

    info: _Word = "info"
    """For incidents of severity info."""


class PagerDutyConfig(Section):
    """Page through one Events API v2 integration of a PagerDuty service."""

    send_resolved: Flag = True
    """Resolve in PagerDuty what is resolved here."""

    routing_key: Annotated[SecretText, AfterValidator(_routing_key)] | None = None
    """Integration key. Exactly one of this and `routing_key_file`."""

    routing_key_file: FilePath | None = None
    """File that holds the integration key; read again on every use."""

    region: Annotated[str, choice("us", "eu")] = "us"
    """Service region of the account."""

    url: GuardedUrl | None = None
    """URL of the Events API, with or without `/v2/enqueue`; https, or http to this machine. Default: that of the
    region."""

    api_url: GuardedUrl | None = None
    """URL of the REST API. Default: that of the region."""

    client: Text = "aiops-daemon"
    """Name of the sender, shown in PagerDuty."""

    client_url: WebUrl | None = None
    """Where the sender's name leads. Default: the page of the incident."""

    severity: Annotated[SeverityMap, BeforeValidator(_word_for_all, json_schema_input_type=_Word | SeverityMap)] = (
        SeverityMap()
    )
    """PagerDuty's severity for each of ours; one word stands for all three."""

    source: Text | None = None
    """What is told as affected. Default: the service of the incident, else the cluster."""

    component: Text | None = None
    """Told as component, for event rules in PagerDuty. Default: nothing."""

    group: Text | None = None
    """Told as group. Default: the team."""

    class_: Annotated[Text | None, Field(alias="class")] = None
    """Told as class. Default: nothing."""

    details: dict[Text, Text] = Field(default={})
    """Texts added to the details of every page, as they are."""

    api_token: SecretText | None = None
    """Token of the REST API, by which a page that PagerDuty did not make is noticed, and notes are written. At most one
    of this and `api_token_file`."""

    api_token_file: FilePath | None = None
    """File that holds the token; read again on every use."""

    from_: Annotated[Annotated[Text, AfterValidator(_email)] | None, Field(alias="from")] = None
    """E-mail address of the PagerDuty user in whose name the REST API writes. Needs a token of the REST API."""

    webhook_secrets: list[
        Annotated[SigningSecret, BeforeValidator(_signing_secret, json_schema_input_type=str | SigningSecret)]
    ] = Field(default=[])
    """Secrets of the webhook subscriptions (v3) that send to `/webhooks/pagerduty`, old and new ones while one is
    rotated. Without any, what people do in PagerDuty stays unknown here."""


def pagerduty_spec(section: PagerDutyConfig, folder: Path) -> PagerDutySpec:
    """Build the channel; that it has a key was checked between keys."""
    key = secret(section.routing_key, section.routing_key_file, folder)
    if key is None:
        raise ValueError("a PagerDuty channel without a key")
    signing = [secret(one.secret, one.secret_file, folder) for one in section.webhook_secrets]
    words = section.severity
    return PagerDutySpec(
        routing_key=key,
        url=(section.url or EVENTS_URLS[section.region]).removesuffix(_EVENTS_PATH),
        api_url=section.api_url or API_URLS[section.region],
        send_resolved=section.send_resolved,
        client=section.client,
        client_url=section.client_url or "",
        severities=(("critical", words.critical), ("warning", words.warning), ("info", words.info)),
        source=section.source or "",
        component=section.component or "",
        group=section.group or "",
        kind=section.class_ or "",
        details=tuple(sorted(section.details.items())),
        api_token=secret(section.api_token, section.api_token_file, folder),
        sender=section.from_ or "",
        webhook_secrets=tuple(one for one in signing if one is not None),
    )
