"""A channel that pages through PagerDuty: the Events API out, webhooks back, the REST API where a token is given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.source import Secret

EVENTS_URLS = {"us": "https://events.pagerduty.com", "eu": "https://events.eu.pagerduty.com"}
API_URLS = {"us": "https://api.pagerduty.com", "eu": "https://api.eu.pagerduty.com"}
SEVERITIES = ("critical", "error", "warning", "info")  # PagerDuty's words, gravest first
SAME = (("critical", "critical"), ("warning", "warning"), ("info", "info"))


@dataclass(frozen=True, slots=True)
class PagerDutySpec:
    """One integration of one PagerDuty service. URLs are bases, without a path and without a slash at the end."""

    routing_key: Secret
    url: str = EVENTS_URLS["us"]
    api_url: str = API_URLS["us"]
    send_resolved: bool = True
    client: str = "aiops-daemon"
    client_url: str = ""  # "": the incident's page
    severities: tuple[tuple[str, str], ...] = SAME  # ours to PagerDuty's
    source: str = ""  # "": the service, else the cluster
    component: str = ""
    group: str = ""
    kind: str = ""  # PagerDuty calls it class
    details: Labels = ()  # added to custom_details
    api_token: Secret | None = None
    sender: str = ""  # e-mail address of the PagerDuty user in whose name the REST API writes
    webhook_secrets: tuple[Secret, ...] = ()

    integration = "pagerduty"
    pages = True

    @property
    def destination(self) -> str:
        """Return the host that is spoken to."""
        return self.url.partition("://")[2].partition("/")[0]

    @property
    def confirmable(self) -> bool:
        """Say whether it can be known that an accepted event became a page."""
        return self.api_token is not None or bool(self.webhook_secrets)

    @property
    def writes(self) -> bool:
        """Say whether the REST API may be written to: it wants a user in whose name that is done."""
        return self.api_token is not None and bool(self.sender)

    def severity(self, ours: str) -> str:
        """Return PagerDuty's word; one that is not mapped is grave."""
        return dict(self.severities).get(ours, SEVERITIES[0])


def webhook_secrets(channels: Iterable[object]) -> tuple[Secret, ...]:
    """Collect the secrets of all PagerDuty channels, each once: one address takes the webhooks of all."""
    found = [one for channel in channels if isinstance(channel, PagerDutySpec) for one in channel.webhook_secrets]
    return tuple(dict.fromkeys(found))
