"""What people do in PagerDuty flows back: signed, once, in time; and our own echoes do not."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from alert_ports import FakeRoad
from fake_pagerduty import FakePagerDuty, Incident, iso, person
from pagerduty_webhooks import Subscription, event, signature
from pagerduty_world import DEDUP_KEY, row, two_way
from web_world import FakeDaemon

from aiops_daemon.core.model.remote import NOTE_MARK, REMEMBERED_SECONDS, RemoteChange, RemoteKind
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier
from aiops_daemon.edges.web.pagerduty.endpoint import PATH
from aiops_daemon.edges.web.pagerduty.signature import is_signed
from aiops_daemon.edges.web.ports import PagerDutyPorts, WebPorts
from aiops_daemon.edges.web.server import WebServer
from aiops_daemon.errors import StoreError, StoreReason

NOW = 1_780_000_000.0
SECRET, OLD = "canary-new", "canary-old"
ANN = {"id": "PANN", "summary": "Ann", "type": "user_reference"}


@dataclass
class Desk:
    """What changes are delivered to; tests set what goes wrong."""

    secrets: tuple[Any, ...] = (lambda: SECRET,)
    changes: list[RemoteChange] = field(default_factory=list)
    faults: list[StoreError] = field(default_factory=list)
    hangs: bool = False
    road: FakeRoad = field(default_factory=lambda: FakeRoad(daemon=FakeDaemon(time=NOW)))

    async def seen(self, uid: str) -> bool:
        """Say whether it was delivered."""
        return uid in {change.uid for change in self.changes}

    async def deliver(self, change: RemoteChange) -> None:
        """Remember, or fail as a full disk would, or never come back."""
        if self.hangs:
            await asyncio.Event().wait()
        if self.faults:
            raise self.faults.pop()
        self.changes.append(change)

    def ports(self) -> WebPorts:
        """Wire it to a listener."""
        pagerduty = PagerDutyPorts(secrets=lambda: self.secrets, seen=self.seen, deliver=self.deliver)
        return replace(self.road.ports(), pagerduty=pagerduty)


@pytest.fixture
def desk() -> Desk:
    """Make a desk."""
    return Desk()


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    """Listen, and say where webhooks go to."""
    server = WebServer(desk.ports(), listen_address="127.0.0.1:0")
    await server.start()
    yield server.address + PATH
    await server.stop()


def incident(dedup_key: str = DEDUP_KEY) -> Incident:
    """Make an incident as PagerDuty has it."""
    return Incident("Q1", 1, "r" * 32, dedup_key, "[P1] INC-42 Checkout", "critical", NOW, NOW, priority="P2")


def body(
    kind: str, agent: dict[str, Any] | None = ANN, *, dedup_key: str = DEDUP_KEY, at: float = NOW, **more: Any
) -> bytes:
    """Make the body of an event."""
    return json.dumps(event(incident(dedup_key), f"incident.{kind}", agent, uid="E1", at=at, more=more)).encode()


async def post(url: str, raw: bytes, *secrets: str, header: str | None = None) -> tuple[int, dict[str, Any]]:
    """Send one body, signed."""
    headers = {"X-PagerDuty-Signature": signature(raw, *(secrets or (SECRET,))) if header is None else header}
    async with aiohttp.ClientSession() as session, session.post(url, data=raw, headers=headers) as response:
        return response.status, await response.json(content_type=None)


@pytest.mark.parametrize(
    ("kind", "more", "heard", "text"),
    [
        ("acknowledged", {}, RemoteKind.ACK, ""),
        ("unacknowledged", {}, RemoteKind.UNACK, ""),
        ("resolved", {}, RemoteKind.RESOLVE, ""),
        ("reopened", {}, RemoteKind.REOPEN, ""),
        ("reassigned", {}, RemoteKind.REASSIGN, "Bo"),
        ("delegated", {}, RemoteKind.REASSIGN, "Bo"),
        ("escalated", {}, RemoteKind.REASSIGN, "Bo"),
        ("priority_updated", {}, RemoteKind.PRIORITY, "P2"),
        ("priority_updated", {"priority": None}, RemoteKind.PRIORITY, ""),
        (
            "resolved",
            {"resolve_reason": {"type": "merge_resolve_reason", "incident": {"id": "Q7", "summary": "all is down"}}},
            RemoteKind.NOTE,
            "merged in PagerDuty into all is down",
        ),
    ],
)
async def test_what_a_person_did_is_delivered(
    desk: Desk, url: str, kind: str, more: dict[str, Any], heard: RemoteKind, text: str
) -> None:
    """Each kind of event becomes a change with its actor; a merge there is no end of what is going on here."""
    assert 200 == (await post(url, body(kind, **more)))[0]

    expected = RemoteChange("pagerduty", "E1", heard, DEDUP_KEY, "Q1", "Ann", "PANN", text, NOW)
    assert [expected] == desk.changes


@pytest.mark.parametrize(
    ("kind", "more", "heard", "text"),
    [
        ("acknowledged", {"id": None, "assignees": None, "priority": None, "resolve_reason": None}, RemoteKind.ACK, ""),
        ("reassigned", {"assignees": [None, {"id": None, "type": None, "summary": "Bo"}]}, RemoteKind.REASSIGN, "Bo"),
        ("priority_updated", {"priority": {"id": None, "type": None, "summary": None}}, RemoteKind.PRIORITY, ""),
        ("resolved", {"resolve_reason": {"type": None, "incident": None}}, RemoteKind.RESOLVE, ""),
    ],
)
async def test_whatever_is_null_is_taken(
    desk: Desk, url: str, kind: str, more: dict[str, Any], heard: RemoteKind, text: str
) -> None:
    """Three refusals in a row disable the subscription, and nobody's answer comes back for a day."""
    agent = {"id": None, "type": "user_reference", "summary": None}

    assert 200 == (await post(url, body(kind, agent, **more)))[0]
    assert [(heard, text, "")] == [(one.kind, one.text, one.actor) for one in desk.changes]


async def test_an_event_of_nothing_is_none_of_ours(desk: Desk, url: str) -> None:
    """Its data are null."""
    raw = (
        b'{"event": {"id": "E1", "event_type": "incident.resolved", "occurred_at": "2026-05-28T20:26:40Z",'
        b' "agent": {"type": "user_reference"}, "data": null}}'
    )

    assert (200, []) == ((await post(url, raw))[0], desk.changes)


async def test_a_note_leads_to_its_incident_by_the_id_there(desk: Desk, url: str) -> None:
    """Notes come without a dedup key."""
    assert 200 == (await post(url, body("annotated", content="rolled back")))[0]

    assert [
        RemoteChange("pagerduty", "E1", RemoteKind.NOTE, "", "Q1", "Ann", "PANN", "rolled back", NOW)
    ] == desk.changes


@pytest.mark.parametrize("agent", [None, ANN, {"id": "S1", "type": "service_reference"}])
async def test_a_page_that_was_made_is_always_heard(desk: Desk, url: str, agent: dict[str, Any] | None) -> None:
    """It confirms what was sent, although no person did it."""
    assert 200 == (await post(url, body("triggered", agent)))[0]

    assert [RemoteKind.TRIGGER] == [change.kind for change in desk.changes]


@pytest.mark.parametrize(
    "raw",
    [
        body("acknowledged", None),
        body("resolved", {"id": "S1", "type": "service_reference", "summary": "aiops"}),
        body("resolved", {"id": "I1", "type": "inbound_integration_reference"}),
        body("escalated", None),
        body("annotated", ANN, content=NOTE_MARK + "merged into INC-7"),
        body("acknowledged", dedup_key="disk-full"),
        body("triggered", None, dedup_key="aiops/eu1"),
        body("responder.added"),
        b'{"event": {"id": "E1", "event_type": "pagey.ping", "occurred_at": "2026-05-28T20:26:40Z", "data": [1]}}',
        b'{"event": {"id": "E1", "event_type": "service.updated", "occurred_at": "2026-05-28T20:26:40Z", "data": 1}}',
        body("acknowledged", at=NOW - REMEMBERED_SECONDS - 1),
    ],
)  # fmt: skip
async def test_echoes_and_others_business_change_nothing(desk: Desk, url: str, raw: bytes) -> None:
    """They are answered 200, for PagerDuty disables a subscription that is refused."""
    status, answer = await post(url, raw)

    assert (200, "ignored", []) == (status, answer["status"], desk.changes)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"event": {}}',
        b'{"event": {"id": "", "event_type": "incident.resolved", "occurred_at": "2026-05-28T20:26:40Z"}}',
        b'{"event": {"id": "E", "event_type": "incident.resolved", "occurred_at": "soon"}}',
        b'{"event": {"id": "E", "event_type": "incident.resolved", "occurred_at": "2026-05-28T20:26:40Z", "data": 7}}',
        b'{"event": {"id": 7, "event_type": "incident.resolved", "occurred_at": "2026-05-28T20:26:40Z"}}',
        b"\xff\xfe",
        b'{"event": {"id": "E", "event_type": "incident.resolved", "occurred_at": "2026-05-28T20:26:40Z", "data": '
        + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    ],
)  # fmt: skip
async def test_what_is_signed_but_no_event_is_400(desk: Desk, url: str, raw: bytes) -> None:
    """It would be no better a second time."""
    assert (400, []) == ((await post(url, raw))[0], desk.changes)


@pytest.mark.parametrize(
    "header",
    ["", "v1=", "v1=" + "0" * 64, "v0={0}", "{0}", "v1=\u00e9", "v1={0}x", ",,,", "v1=" + ",v1=".join(["0" * 64] * 20)],
)
async def test_what_is_not_signed_is_403(desk: Desk, url: str, header: str) -> None:
    """Whatever stands in the header, nothing is delivered, and the answer holds no secret."""
    raw = body("acknowledged")
    digest = signature(raw, SECRET).removeprefix("v1=")

    status, answer = await post(url, raw, header=header.format(digest))

    assert (403, []) == (status, desk.changes)
    assert "canary" not in str(answer)


def test_a_header_that_is_no_text_is_no_signature() -> None:
    """Bytes that are no UTF-8 come as lone surrogates; they are refused, and are no fault of ours."""
    assert not is_signed(b"x", "v1=\udcff", [SECRET])


async def test_a_body_that_was_changed_is_403(desk: Desk, url: str) -> None:
    """The signature is of the raw body: a blank more is another body."""
    raw = body("acknowledged")

    assert 403 == (await post(url, raw + b" ", header=signature(raw, SECRET)))[0]
    assert 403 == (await post(url, raw, "another secret"))[0]
    assert [] == desk.changes


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ((OLD, SECRET), (SECRET,)),
        ((SECRET,), (OLD, SECRET)),
        ((OLD, SECRET), (SECRET, OLD)),
        ((f"{SECRET}\n",), (SECRET,)),
    ],
)
async def test_while_a_secret_is_rotated_any_match_will_do(
    desk: Desk, url: str, ours: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    """Several secrets here, several signatures there."""
    desk.secrets = tuple(lambda secret=secret: secret for secret in ours)

    assert 200 == (await post(url, body("acknowledged"), *theirs))[0]


@pytest.mark.parametrize("secrets", [(), (lambda: "",), (lambda: "\n",)])
async def test_without_a_secret_nobody_is_let_in(desk: Desk, url: str, secrets: tuple[Any, ...]) -> None:
    """No secret, and an empty one, sign nothing."""
    desk.secrets = secrets
    raw = body("acknowledged")

    assert 403 == (await post(url, raw, header=signature(raw, "")))[0]


async def test_a_secret_that_cannot_be_read_is_asked_for_again(desk: Desk, url: str) -> None:
    """PagerDuty sends once more after 503; what another secret signs is taken."""

    def gone() -> str:
        raise FileNotFoundError

    desk.secrets = (gone, lambda: SECRET)

    assert 503 == (await post(url, body("acknowledged"), OLD))[0]
    assert 200 == (await post(url, body("acknowledged")))[0]


async def test_an_event_counts_once(desk: Desk, url: str) -> None:
    """The same event again, by another delivery or a replay, is answered 200 and not delivered."""
    answers = [(await post(url, body("acknowledged")))[1]["status"] for _ in range(3)]

    assert ["accepted", "ignored", "ignored"] == answers
    assert 1 == len(desk.changes)


async def test_what_cannot_be_stored_is_sent_again(desk: Desk, url: str) -> None:
    """503 until it is on disk."""
    desk.faults.append(StoreError(StoreReason.FULL, "full"))

    assert [503, 200] == [(await post(url, body("acknowledged")))[0] for _ in range(2)]
    assert 1 == len(desk.changes)


async def test_an_answer_comes_within_pagerdutys_five_seconds(desk: Desk, url: str) -> None:
    """A store that hangs is 503 in time, so that PagerDuty sends again."""
    desk.hangs = True

    async with asyncio.timeout(5.0):
        assert 503 == (await post(url, body("acknowledged")))[0]


async def test_a_body_beyond_pagerdutys_limit_is_not_read(desk: Desk, url: str) -> None:
    """PagerDuty itself drops what is larger than 256 KB."""
    assert 413 == (await post(url, b"x" * (256 * 1024 + 1)))[0]


async def test_no_token_is_needed_and_none_helps(desk: Desk, url: str) -> None:
    """PagerDuty has no token: its signature lets it in, and nothing else does."""
    desk.road.tokens = (TokenSpec("ann", Role.ADMIN, lambda: "token-of-ann-0123"),)
    raw = body("acknowledged")

    assert 200 == (await post(url, raw))[0]
    headers = {"Authorization": "Bearer token-of-ann-0123"}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, data=raw) as response:
        assert 403 == response.status


async def test_there_and_back(desk: Desk, url: str) -> None:
    """What we do is an echo and left alone; what Ann does comes back as hers, though we were down a while."""
    async with FakePagerDuty(now=lambda: NOW) as fake:
        subscription = Subscription(fake, url, OLD, SECRET)
        notifier = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
        await notifier.send(row())
        await notifier.note(DEDUP_KEY, "looking into it")
        page = fake.incidents[0]
        desk.faults += [StoreError(StoreReason.FULL, "full")] * 2
        await fake.change_status(page, "acknowledged", ANN)
        await fake.annotate(page, "it is the queue", person("Bo"))
        await fake.change_status(page, "resolved", None)
        await notifier.close()

    assert [200, 200, 503, 503, 200, 200, 200] == subscription.statuses
    told = [(change.kind, change.actor, change.text) for change in desk.changes]
    assert [("trigger", "", ""), ("ack", "Ann", ""), ("note", "Bo", "it is the queue")] == told
    assert (iso(NOW), {page.id}) == (iso(desk.changes[1].occurred_at), {change.remote_id for change in desk.changes})


async def test_no_secret_is_logged(desk: Desk, url: str, caplog: pytest.LogCaptureFixture) -> None:
    """Neither a secret nor a signature stands in the log, at any level."""
    caplog.set_level("DEBUG")
    raw = body("acknowledged")
    for header in (signature(raw, SECRET), signature(raw, OLD)):
        await post(url, raw, header=header)

    assert [False, False] == [word in caplog.text for word in ("canary", signature(raw, SECRET)[3:20])]
