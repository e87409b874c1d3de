"""Messages as signed JSON, posted to a URL of the user's own.

Enters: a notification. Leaves: one POST with `Idempotency-Key` (the same over all attempts) and, with a secret,
`X-Aiops-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "t.body">`. Where the configuration points it is the user's affair;
a server cannot lead it elsewhere, for redirects are not followed.
"""

from __future__ import annotations

import hashlib
import hmac
import json

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.webhook import WebhookSpec
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import Secret
from aiops_daemon.edges.http import secret_pieces
from aiops_daemon.edges.notify.exchange import Exchange
from aiops_daemon.edges.notify.render import Renderer, TemplateError
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.webhookbody import webhook_body

CHANNEL = "webhook"


class WebhookNotifier:
    """Posts to one URL."""

    def __init__(self, spec: WebhookSpec, renderer: Renderer, clock: Clock) -> None:
        self._spec, self._renderer, self._clock = spec, renderer, clock
        self._exchange = Exchange(spec.http, clock, spec.timeout)

    async def send(self, notification: Notification) -> Outcome:
        """Post once."""
        url, key = _read(self._spec.url), _read(self._spec.secret)
        if url is None or key is None:
            what = "url" if url is None else "secret"
            return Failed(FailureReason.AUTH_ERROR, f"the {what} cannot be read", retry=True)
        if not url.startswith(("http://", "https://")) or not url.isprintable():
            return Failed(FailureReason.CLIENT_ERROR, "the url is no http or https URL", retry=False)
        try:
            body = await self._body(notification)
        except TemplateError as error:
            return Failed(FailureReason.TEMPLATE_ERROR, str(error), retry=False)
        if len(body) > self._spec.max_body_bytes:
            return Failed(FailureReason.CLIENT_ERROR, "the body is larger than max_body_size", retry=False)
        headers = self._headers(notification, body, key)
        answer = await self._exchange.ask(
            "POST", url, headers=headers, body=body, secrets=(*secret_pieces(url), *((key,) if key else ()))
        )
        return answer if isinstance(answer, Failed) else Sent()

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._exchange.close()

    def _headers(self, notification: Notification, body: bytes, key: str) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": notification.uid}
        if key:
            headers["X-Aiops-Signature"] = signature(body, key, int(self._clock.now()))
        return headers

    async def _body(self, notification: Notification) -> bytes:
        """Write the body by the user's template where there is one; raises TemplateError."""
        message = notification.message
        if not self._renderer.replaces(CHANNEL, Medium.JSON, message):
            return webhook_body(notification, self._spec.max_body_bytes)
        text = await self._renderer.render(CHANNEL, Medium.JSON, message)
        try:
            json.loads(text)
        except ValueError:
            raise TemplateError("what it writes is no JSON", file=f"{CHANNEL}.json.j2", line=1) from None
        return text.encode("utf-8", "replace")


def signature(body: bytes, secret: str, at: int) -> str:
    """Sign a body with the moment, so that a receiver can refuse what is replayed later."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def _read(secret: Secret | None) -> str | None:
    """Read a secret: "" where none is configured, None where it cannot be read."""
    if secret is None:
        return ""
    try:
        return secret().strip()
    except (OSError, ValueError):
        return None
