"""Outgoing webhooks: the body, its signature, the key that makes retries harmless, and limits."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from certificates import self_signed
from http_channel_server import Recorder, http_server
from notify_world import AT, BY_EVENT, FULL, HOSTILE, INCIDENT, SPARSE, UID, Standing, notification

from aiops_daemon.config.secret import FileSecret, HeldSecret
from aiops_daemon.core.model.channels.webhook import WebhookSpec
from aiops_daemon.core.model.message import MessageEvent, Named
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import HttpSpec, TlsSpec
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.webhook import WebhookNotifier
from aiops_daemon.edges.notify.webhookbody import webhook_body


@asynccontextmanager
async def notifier(spec: WebhookSpec, directory: str = "") -> AsyncIterator[WebhookNotifier]:
    """Open a channel, and close it."""
    renderer = Renderer(directory)
    made = WebhookNotifier(spec, renderer, Standing())
    try:
        yield made
    finally:
        await made.close()
        await renderer.close()


def spec(address: str, **changes: object) -> WebhookSpec:
    """Describe a channel."""
    return replace(WebhookSpec(HeldSecret(address), "http://127.0.0.1"), **changes)  # type: ignore[arg-type]


async def send(one: WebhookSpec, row: Notification | None = None, directory: str = "") -> Outcome:
    """Send once."""
    async with notifier(one, directory) as channel:
        return await channel.send(row or notification())


async def test_the_body_says_everything() -> None:
    """Version, event, keys, the incident, and what is known of it."""
    recorder = Recorder()
    async with http_server(recorder) as url:
        assert Sent() == await send(spec(f"{url}/hook?token=abc"))
    (request,) = recorder.requests
    body = json.loads(request.body)

    assert ("POST", "/hook?token=abc", "application/json") == (
        request.method,
        request.path,
        request.headers["Content-Type"],
    )
    assert {"version": "1", "event": "trigger", "delivery": UID, "key": f"aiops/eu/{INCIDENT}"}.items() <= body.items()
    assert "INC-42" == body["incident"]["name"]
    assert "2025-11-21T03:38:00Z" == body["incident"]["opened_at"]
    assert {"at": "2025-11-21T04:05:00Z", "who": "bo"} == body["next"]


async def test_a_sparse_message_has_no_empty_parts() -> None:
    """What there is nothing to say of is left out."""
    body = json.loads(webhook_body(notification(SPARSE), 100_000))

    assert {"version", "event", "delivery", "key", "at", "incident"} == set(body)
    assert 0 == body["incident"]["alerts"]


async def test_retries_carry_the_same_key() -> None:
    """A receiver can tell that it has seen this."""
    recorder = Recorder()
    async with http_server(recorder) as url, notifier(spec(url)) as channel:
        await channel.send(notification())
        await channel.send(notification(attempts=1))

    assert [UID, UID] == [request.headers["Idempotency-Key"] for request in recorder.requests]
    assert recorder.requests[0].body == recorder.requests[1].body


async def test_the_signature_can_be_checked(tmp_path: Path) -> None:
    """It covers the moment and the body, with the secret of the file as it is now."""
    file, recorder = tmp_path / "secret", Recorder()
    file.write_text("signing-secret\n")
    async with http_server(recorder) as url:
        await send(spec(url, secret=FileSecret(file)))
    (request,) = recorder.requests
    at, signed = (part.partition("=")[2] for part in request.headers["X-Aiops-Signature"].split(","))

    assert f"{AT:.0f}" == at
    assert hmac.new(b"signing-secret", f"{at}.".encode() + request.body, hashlib.sha256).hexdigest() == signed


async def test_without_a_secret_nothing_is_signed() -> None:
    """A signature that proves nothing would mislead."""
    recorder = Recorder()
    async with http_server(recorder) as url:
        await send(spec(url))

    assert "X-Aiops-Signature" not in recorder.requests[0].headers


async def test_redirects_are_not_followed() -> None:
    """A server cannot lead us elsewhere, such as to metadata of the machine."""
    recorder = Recorder(302, {"Location": "/elsewhere"})
    async with http_server(recorder) as url:
        outcome = await send(spec(f"{url}/hook"))

    assert isinstance(outcome, Failed)
    assert (FailureReason.CLIENT_ERROR, False) == (outcome.reason, outcome.retry)
    assert ["/hook"] == [request.path for request in recorder.requests]


async def test_a_token_in_the_query_is_not_repeated() -> None:
    """Though the server names it alone."""
    async with http_server(Recorder(401, body="the token canary-0123 is not known")) as url:
        outcome = await send(spec(f"{url}/in?token=canary-0123"))

    assert Failed(FailureReason.AUTH_ERROR, "HTTP 401: the token <secret> is not known", retry=False) == outcome


async def test_a_server_that_hangs_ends_with_the_deadline() -> None:
    """And may be tried again."""
    recorder = Recorder(hang=asyncio.Event())
    async with http_server(recorder) as url:
        outcome = await send(spec(url, timeout=0.2))

    assert Failed(FailureReason.DEADLINE_EXCEEDED, "no answer in time", retry=True) == outcome


async def test_a_large_message_is_shortened() -> None:
    """It keeps what people must know, and says that something is missing."""
    named = tuple(Named(f"INC-{n}", "x" * 200, "critical") for n in range(1_000))
    row = notification(replace(FULL, evidence=("e" * 4_000,) * 40, named=named))
    whole, brief = webhook_body(row, 10_000_000), webhook_body(row, 4_096)

    assert len(brief) <= 4_096 < len(whole)
    assert "truncated" not in json.loads(whole)
    assert json.loads(brief)["truncated"]
    assert "Checkout answers too slowly" == json.loads(brief)["incident"]["title"]


@pytest.mark.parametrize("letter", ["x", "\u306e", "\U0001f525", '"'])
def test_the_smallest_body_still_tells_it(letter: str) -> None:
    """In any script: signs beyond ASCII take up to twelve bytes. Ids, times and addresses stay whole."""
    long = letter * 2_000
    message = replace(
        FULL,
        title=long,
        impact=long,
        why_you=long,
        note=long,
        priority_reason=long,
        service=long,
        team=long,
        next_who=long,
        actor=long,
    )
    whole, brief = (json.loads(webhook_body(notification(message), limit)) for limit in (1_000_000, 4_096))
    kept = ("uid", "name", "url", "opened_at", "state")

    assert len(webhook_body(notification(message), 4_096)) <= 4_096
    assert brief["truncated"]
    assert brief["incident"]["title"].startswith(letter)
    assert [whole["incident"][key] for key in kept] == [brief["incident"][key] for key in kept]


async def test_hostile_text_stays_text() -> None:
    """The body is JSON in ASCII, whatever alerts say; addresses that are no links are left out."""
    body = webhook_body(notification(HOSTILE), 1_000_000)
    read = json.loads(body)

    assert body.isascii()
    assert "<script>" in read["incident"]["title"]
    assert "url" not in read["incident"]
    assert not [url for url in read["links"].values() if not url.startswith("https://example.org/")]
    assert "\ud800" not in read["note"]


async def test_a_template_writes_another_body(tmp_path: Path) -> None:
    """Signed and sent like the built-in one."""
    (tmp_path / "webhook.json.j2").write_text('{"text": {{ headline }}}')
    recorder = Recorder()
    async with http_server(recorder) as url:
        await send(spec(url, secret=HeldSecret("s")), notification(BY_EVENT[MessageEvent.RESOLVE]), str(tmp_path))

    assert {"text": "Resolved: INC-42 Checkout answers too slowly"} == json.loads(recorder.requests[0].body)
    assert recorder.requests[0].headers["X-Aiops-Signature"]


async def test_a_template_that_writes_no_json_is_told(tmp_path: Path) -> None:
    """Trying again would not help."""
    (tmp_path / "webhook.json.j2").write_text("Hello")
    outcome = await send(spec("http://127.0.0.1:1"), directory=str(tmp_path))

    assert Failed(FailureReason.TEMPLATE_ERROR, "webhook.json.j2:1: what it writes is no JSON", retry=False) == outcome


async def test_a_template_that_writes_too_much_is_told(tmp_path: Path) -> None:
    """Its body is not cut: half of a JSON is none."""
    (tmp_path / "webhook.json.j2").write_text(
        "[{{ 'x' }}{% for n in range(900) %}, 'xxxx'{% endfor %}]".replace("'", '"')
    )
    outcome = await send(spec("http://127.0.0.1:1", max_body_bytes=4_096), directory=str(tmp_path))

    assert Failed(FailureReason.CLIENT_ERROR, "the body is larger than max_body_size", retry=False) == outcome


async def test_secrets_that_cannot_be_read_are_tried_again(tmp_path: Path) -> None:
    """URL, signing secret or bearer token: files are replaced now and then."""
    gone = FileSecret(tmp_path / "gone")
    for one in (
        spec("", url=gone),
        spec("http://127.0.0.1:1", secret=gone),
        spec("http://127.0.0.1:1", http=HttpSpec(bearer=gone)),
    ):
        outcome = await send(one)

        assert isinstance(outcome, Failed)
        assert (FailureReason.AUTH_ERROR, True) == (outcome.reason, outcome.retry)


async def test_a_url_file_without_a_url_is_told(tmp_path: Path) -> None:
    """Its content is not repeated."""
    file = tmp_path / "url"
    file.write_text("file:///etc/passwd")
    outcome = await send(spec("", url=FileSecret(file)))

    assert Failed(FailureReason.CLIENT_ERROR, "the url is no http or https URL", retry=False) == outcome


async def test_over_tls_the_certificate_is_checked(tmp_path: Path) -> None:
    """Against the configured authority and name; an unknown one gets nothing."""
    certificate = self_signed(tmp_path, "hook.example")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    known = HttpSpec(tls=TlsSpec(ca_file=certificate[0], server_name="hook.example"))
    recorder = Recorder()
    async with http_server(recorder, context) as url:
        assert Sent() == await send(spec(url, http=known))
        refused = await send(spec(url))
        lost = await send(spec(url, http=HttpSpec(tls=TlsSpec(ca_file="/nowhere.pem"))))

    assert isinstance(refused, Failed)
    assert isinstance(lost, Failed)
    assert "certificate was refused" in refused.detail
    assert [(FailureReason.UNREACHABLE, True)] * 2 == [(one.reason, one.retry) for one in (refused, lost)]
    assert 1 == len(recorder.requests)
