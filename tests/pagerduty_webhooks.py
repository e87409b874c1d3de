"""PagerDuty's webhooks v3: what happens at the fake is sent, signed, and sent again when it is not taken."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from typing import Any

import aiohttp
from fake_pagerduty import FakePagerDuty, Incident, iso, person

ATTEMPTS = 4
PAUSE_SECONDS = 0.01
ANSWER_SECONDS = 5.0  # PagerDuty waits so long for an answer


def event(
    incident: Incident,
    kind: str,
    agent: dict[str, Any] | None,
    *,
    uid: str,
    at: float,
    more: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the body of one event; notes name their incident by its id alone."""
    reference = {"id": incident.id, "summary": incident.title, "type": "incident_reference"}
    data: dict[str, Any] = {
        "id": incident.id,
        "type": "incident",
        "number": incident.number,
        "status": incident.status,
        "incident_key": incident.dedup_key,
        "title": incident.title,
        "assignees": [person("Bo")],
        "priority": {"id": "P1", "summary": incident.priority, "type": "priority_reference"}
        if incident.priority
        else None,
        "resolve_reason": None,
    }
    if kind == "incident.annotated":
        data = {"incident": reference, "id": "N1", "content": "", "trimmed": False, "type": "incident_note"}
    return {
        "event": {
            "id": uid,
            "event_type": kind,
            "resource_type": "incident",
            "occurred_at": iso(at),
            "agent": agent,
            "client": None,
            "data": {**data, **(more or {})},
        }
    }


def signature(body: bytes, *secrets: str) -> str:
    """Sign a body with every secret, as while one is rotated."""
    digests = (hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets)
    return ",".join(f"v1={digest}" for digest in digests)


class Subscription:
    """Sends every event of a fake to a URL."""

    def __init__(self, fake: FakePagerDuty, url: str, *secrets: str) -> None:
        self.statuses: list[int] = []  # of every delivery; 0: no answer
        self._url = url
        self._secrets = secrets
        self._count = 0
        self._now = fake.now
        fake.heard = self._hear

    async def _hear(self, incident: Incident, kind: str, agent: dict[str, Any] | None, more: dict[str, Any]) -> None:
        self._count += 1
        document = event(incident, kind, agent, uid=f"E{self._count}", at=self._now(), more=more)
        await self.deliver(json.dumps(document).encode())

    async def deliver(self, body: bytes) -> None:
        """Send one body until it is taken or refused; 429, 5xx and silence are tried again."""
        for _ in range(ATTEMPTS):
            status = await self._post(body)
            self.statuses.append(status)
            if status // 100 in (2, 4) and status != 429:
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _post(self, body: bytes) -> int:
        headers = {
            "Content-Type": "application/json",
            "X-PagerDuty-Signature": signature(body, *self._secrets),
            "X-Webhook-Id": f"W{self._count}",
            "User-Agent": "PagerDuty-Webhook/V3.0",
        }
        timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._url, data=body, headers=headers) as response,
            ):
                return response.status
        except (aiohttp.ClientError, TimeoutError):
            return 0
