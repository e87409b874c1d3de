"""What a paging daemon talks to, on loopback: PagerDuty, a phone and a fallback, in a thread with a loop of its own.

Enters: nothing. Leaves: what each was told, in its order. Lives on while daemons are killed and halted.
"""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import real_servers
from aiohttp import web
from fake_pagerduty import FakePagerDuty, Incident, person
from pagerduty_webhooks import Subscription

Result = TypeVar("Result")

SECRET = "secret-of-the-subscription"
KEY = "0123456789abcdef0123456789abcdef"
FAULTS = ((0.20, 503), (0.25, 429), (0.30, "reset"))  # cumulated shares

CONFIG = """\
global: {{cluster: real, external_url: "https://aiops.example.org", mode: {mode}}}
prometheus: [{{name: main, urls: ["http://127.0.0.1:{nobody}"], external_labels: {{cluster: none}}}}]
alertmanagers: [{{name: prod}}]
packs: {{enable: []}}
grouping: {{never_across: ["n"]}}
people:
  - {{name: ann, phone: "+493012345678", pagerduty_id: PANN}}
schedules:
  - name: shop
    rotations: [{{start: "2026-01-05T09:00", every: 7d, people: [ann]}}]
route:
  escalation: shop
  routes:
    - {{matchers: ['team="lab"'], mode: shadow}}
escalations:
  - name: shop
    steps:
      - {{notify: [receiver/duty]}}
      - {{notify: [schedule/shop], after: {after}}}
    fallback: receiver/fallback
receivers:
  - name: duty
    storm: {{pages: 10000, within: 1m}}
    pagerduty_configs:
      - routing_key: {key}
        url: {pagerduty}/v2/enqueue
        api_url: {pagerduty}
        webhook_secrets: [{{secret: {secret}}}]
  - name: phones
    sms_configs:
      - {{account_sid: AC0123456789abcdef0123456789abcdef, auth_token: t, from: "+4930123", url: "{other}"}}
  - name: fallback
    webhook_configs: [{{url: "{other}/fallback", secret: of-the-webhook}}]
    log_configs: [{{level: warning}}]
"""


@dataclass(frozen=True)
class Told:
    """Something that the phone or the fallback was told."""

    at: float
    path: str
    body: str


class PagingWorld:
    """All that is outside of the daemon."""

    def __init__(self) -> None:
        self.pagerduty = FakePagerDuty()
        self.told: list[Told] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="paging world")
        self._others: web.AppRunner | None = None
        self.other_url = ""
        self.subscription: Subscription | None = None

    def start(self) -> None:
        """Listen."""
        self._thread.start()
        self.run(self._listen())

    def stop(self) -> None:
        """Close everything."""
        self.run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, what: Coroutine[Any, Any, Result]) -> Result:
        """Do something on its loop."""
        future: Future[Result] = asyncio.run_coroutine_threadsafe(what, self._loop)
        return future.result(30)

    def subscribe(self, url: str) -> None:
        """Send what happens at PagerDuty to a daemon, signed."""
        self.subscription = Subscription(self.pagerduty, f"{url}/webhooks/pagerduty", SECRET)

    def acknowledge(self, incident: Incident) -> None:
        """Let Ann acknowledge a page."""
        self.run(self.pagerduty.change_status(incident, "acknowledged", person("Ann A.") | {"id": "PANN"}))

    def config(self, *, mode: str = "live", after: str = "15m") -> str:
        """Write the configuration of a daemon that pages here."""
        given = {"pagerduty": self.pagerduty.url, "other": self.other_url, "key": KEY, "secret": SECRET}
        return CONFIG.format(mode=mode, after=after, nobody=real_servers.free_port(), **given)

    def posts(self, dedup_key: str = "") -> list[dict[str, Any]]:
        """List the alert events that came in, whatever became of them."""
        bodies = [one.body for one in list(self.pagerduty.requests) if one.path == "/v2/enqueue"]
        return [body for body in bodies if not dedup_key or body.get("dedup_key") == dedup_key]

    def actions(self, dedup_key: str) -> list[str]:
        """List what a key was sent, in its order, each once."""
        return list(dict.fromkeys(body["event_action"] for body in self.posts(dedup_key)))

    def paged(self, dedup_key: str) -> Incident | None:
        """Return the last incident of a key."""
        found = [one for one in list(self.pagerduty.incidents) if one.dedup_key == dedup_key]
        return found[-1] if found else None

    def heard(self, path: str, words: str) -> list[Told]:
        """List what the phone or the fallback was told with these words."""
        return [one for one in list(self.told) if path in one.path and words in one.body]

    def extra(self) -> int:
        """Count the POSTs that were taken beyond one of each action and key."""
        taken = [one for one in list(self.pagerduty.requests) if one.status in (202, "reset")]
        counts = Counter((one.body.get("dedup_key"), one.body.get("event_action")) for one in taken)
        return sum(counts.values()) - len(counts)

    async def _listen(self) -> None:
        await self.pagerduty.start()
        app = web.Application()
        app.router.add_post("/{path:.*}", self._hear)
        self._others = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._others.setup()
        await web.TCPSite(self._others, "127.0.0.1", 0).start()
        self.other_url = f"http://127.0.0.1:{self._others.addresses[0][1]}"

    async def _close(self) -> None:
        await self.pagerduty.stop()
        if self._others is not None:
            await self._others.cleanup()

    async def _hear(self, request: web.Request) -> web.Response:
        self.told.append(Told(time.time(), request.path, await request.text()))
        return web.json_response({"sid": "SM0123"}, status=201)


def faulty(seed: int) -> Callable[[str, dict[str, Any]], int | str | None]:
    """Return what answers 20 % 5xx, 5 % 429, and resets 5 % after it took them."""
    chance = random.Random(seed)

    def fault(path: str, body: dict[str, Any]) -> int | str | None:
        drawn = chance.random()
        return next((what for share, what in FAULTS if drawn < share), None)

    return fault


def webhook(names: Iterable[str], *, firing: bool = True, team: str = "shop", since: float | None = None) -> Any:
    """Write a body of Alertmanager with an alert of each name, each of a service of its own."""
    now = time.time()
    started = datetime.fromtimestamp(since or now, UTC).isoformat()
    ends = "0001-01-01T00:00:00Z" if firing else datetime.fromtimestamp(now, UTC).isoformat()
    alerts = [
        {
            "status": "firing" if firing else "resolved",
            "labels": {"alertname": f"Down{name}", "severity": "critical", "team": team, "n": name, "service": name},
            "annotations": {"summary": f"{name} is down", "runbook_url": "https://runbooks.example.org/down"},
            "startsAt": started,
            "endsAt": ends,
            "generatorURL": "",
        }
        for name in names
    ]
    status = "firing" if firing else "resolved"
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "a",
        "alerts": alerts,
    }


def keys_of(incidents: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return incidents by the dedup key of their first generation."""
    return {f"aiops/real/{one['uid']}": one for one in incidents}
