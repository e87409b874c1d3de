"""A daemon that people reach from Slack, in memory, and Slack itself on loopback."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

from fake_slack import SIGNING_SECRET, FakeSlack, click, click_body, command, command_body, signed
from incident_world import AlertDaemon, busy_detail
from web_world import NOW, busy_view

from aiops_daemon.clock import SystemClock
from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.edges.web.slack.ports import Duty, SlackPorts
from aiops_daemon.edges.web.slack.replays import Replays
from aiops_daemon.edges.web.slack.respond import Responder
from aiops_daemon.errors import StoreError

ANN = PersonSpec("ann", (("email", "ann@example.org"), ("slack", "U0ANN")))
DUTIES = (
    Duty("shop", "ann", "rotation 1", NOW + 3600, "bo"),
    Duty("backup", "", "no rotation covers this time"),
)


@dataclass
class SlackDaemon(AlertDaemon):
    """A daemon with an alert road and with Slack."""

    slack: FakeSlack = field(default_factory=FakeSlack)
    secrets: tuple[Any, ...] = (HeldSecret("canary-old-secret"), HeldSecret(SIGNING_SECRET))
    people: tuple[PersonSpec, ...] = (ANN,)
    duties: tuple[Duty, ...] = DUTIES
    place: tuple[str, str] = ("https://aiops.example.org", "Europe/Berlin")
    hanging: asyncio.Event | None = None  # acts wait for it
    claims_fail: StoreError | None = None

    def __post_init__(self) -> None:
        self.shown = busy_view()
        self.road.details = [busy_detail()]
        self.responder = Responder(SystemClock(), ("http://127.0.0.1:",))
        self.replays = Replays(lambda: self.time)

    def slack_ports(self) -> SlackPorts:
        """Wire what Slack asks."""
        return SlackPorts(
            signing_secrets=lambda: self.secrets,
            people=lambda: self.people,
            claim=self.claim,
            act=self.act,
            find_incidents=self.road.find_incidents,
            find_incident=self.road.find_incident,
            on_call=lambda: self.duties,
            view=self.view,
            respond=self.responder.respond,
            now=lambda: self.time,
            place=lambda: self.place,
        )

    def ports(self, external_url: str = "") -> Any:
        """Wire everything."""
        return replace(super().ports(external_url), slack=self.slack_ports())

    async def claim(self, key: str, until: float) -> bool:
        """Claim, when the store may."""
        if self.claims_fail is not None:
            raise self.claims_fail
        return await self.replays.claim(key, until)

    async def act(self, action: Any, scope: Any) -> Any:
        """Act, when it may."""
        if self.hanging is not None:
            await self.hanging.wait()
        return await self.road.act(action, scope)


@dataclass
class Person:
    """Somebody in Slack, whose requests Slack signs."""

    http: Any
    daemon: SlackDaemon
    user: str = "U0ANN"
    name: str = "ann.s"
    secret: str = SIGNING_SECRET

    async def clicks(self, action: str, incident: str) -> int:
        """Click a button; return the status of the answer."""
        payload = click(action, incident, self.daemon.slack.response_url(), self.user, self.name)
        return await self.post("interactive", click_body(payload))

    async def types(self, text: str) -> int:
        """Type a command; return the status of the answer."""
        fields = command(text, self.daemon.slack.response_url(), self.user, self.name)
        return await self.post("command", command_body(fields))

    async def post(self, path: str, body: bytes, at: float | None = None, **headers: str) -> int:
        """Send a signed body; headers may be changed."""
        given = signed(body, self.daemon.time if at is None else at, self.secret) | headers
        async with self.http.post(f"/webhooks/slack/{path}", data=body, headers=given) as answer:
            assert not (answer.status == 200 and await answer.read())
            return answer.status

    async def hears(self, count: int = 1) -> dict[str, Any]:
        """Wait for the answer to the latest request."""
        async with asyncio.timeout(5):
            while len(self.daemon.slack.responses["canary-response"]) < count:
                await asyncio.sleep(0.005)
        return self.daemon.slack.responses["canary-response"][-1]
