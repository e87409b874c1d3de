"""Short messages and calls: what Twilio is asked, and with which words."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from base64 import b64encode
from urllib.parse import parse_qs

import pytest
from http_channel_server import Recorder, http_server
from notify_world import FULL, HOSTILE, Standing, notification

from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.phone import PhoneSpec, SmsSpec, VoiceSpec
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.response.smstext import fits
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.twilio import TwilioNotifier, twiml

TOKEN = HeldSecret("auth-token")
TAKEN = Recorder(201, body='{"sid": "SM1", "status": "queued"}')


async def send(spec: PhoneSpec, row: Notification) -> Outcome:
    """Send once."""
    renderer = Renderer()
    channel = TwilioNotifier(spec, renderer, Standing())
    try:
        return await channel.send(row)
    finally:
        await channel.close()
        await renderer.close()


async def asked(kind: type[PhoneSpec], row: Notification, **changes: str) -> tuple[str, dict[str, list[str]], str]:
    """Send once to a server that takes it; return path, form and the Authorization header."""
    recorder = Recorder(201, body=TAKEN.body)
    async with http_server(recorder) as url:
        values = {"url": url, "account_sid": "AC1", "sender": "+4930111", "destination": "+4930123456"} | changes
        assert Sent(reply="SM1") == await send(kind(auth_token=TOKEN, **values), row)
    (request,) = recorder.requests
    return request.path, parse_qs(request.body.decode()), request.headers["Authorization"]


async def test_a_short_message() -> None:
    """To the configured number, with the account's password."""
    path, form, credentials = await asked(SmsSpec, notification())

    assert "/2010-04-01/Accounts/AC1/Messages.json" == path
    assert (["+4930111"], ["+4930123456"]) == (form["From"], form["To"])
    assert form["Body"][0].startswith("[P1] INC-42 Checkout answers too slowly. 5 of 7 alerts fire")
    assert form["Body"][0].endswith(" https://aiops.example.org/incidents/INC-42")
    assert "Basic " + b64encode(b"AC1:auth-token").decode() == credentials


async def test_a_messaging_service_instead_of_a_number() -> None:
    """It is told by another field."""
    service = "MG" + "0" * 32
    _, form, _ = await asked(SmsSpec, notification(), sender=service)

    assert [service] == form["MessagingServiceSid"]
    assert "From" not in form


async def test_a_person_is_told_at_their_number() -> None:
    """Where the channel has none of its own; blanks do not matter."""
    _, form, _ = await asked(SmsSpec, notification(address="+49 30 999999"), destination="")

    assert ["+4930999999"] == form["To"]


@pytest.mark.parametrize("address", ["", "ann@example.org", "030123", "+49&To=+1"])
async def test_what_is_no_number_is_not_told(address: str) -> None:
    """Trying again would not help."""
    outcome = await send(SmsSpec("http://127.0.0.1:1", "AC1", TOKEN, "+4930111"), notification(address=address))

    assert Failed(FailureReason.CLIENT_ERROR, "there is no telephone number to tell", retry=False) == outcome


async def test_a_long_message_is_cut_before_its_address() -> None:
    """The address is what one needs most."""
    row = notification(FULL)
    _, form, _ = await asked(SmsSpec, notification(HOSTILE))
    _, whole, _ = await asked(SmsSpec, row)

    assert fits(form["Body"][0])
    assert fits(whole["Body"][0])
    assert whole["Body"][0].endswith("INC-42")


async def test_a_call_says_it_twice() -> None:
    """In TwiML."""
    path, form, _ = await asked(VoiceSpec, notification())
    response = ET.fromstring(form["Twiml"][0])

    assert "/2010-04-01/Accounts/AC1/Calls.json" == path
    assert ["Say", "Pause", "Say"] == [one.tag for one in response]
    assert (response[0].text or "").startswith("Critical incident. Checkout answers too slowly.")
    assert "en-US" == response[0].get("language")


async def test_alert_text_gives_no_orders_to_a_call() -> None:
    """It cannot hang up, dial, or break the XML."""
    _, form, _ = await asked(VoiceSpec, notification(HOSTILE))
    response = ET.fromstring(form["Twiml"][0])

    assert ["Say", "Pause", "Say"] == [one.tag for one in response]
    assert "<Hangup/>" in (response[0].text or "")
    assert len(form["Twiml"][0]) < 4_000


def test_signs_that_xml_lacks_are_left_out() -> None:
    """They would make the whole call fail."""
    assert "a b" == ET.fromstring(twiml("a\ufffeb", "en"))[0].text


@pytest.mark.parametrize("text", ["&" * 2_000, '{"code": "<503>"} ' * 100, "short"])
def test_a_call_is_never_too_long_for_twilio(text: str) -> None:
    """What is escaped takes more room; beyond 4,000 characters Twilio refuses, and nobody is called."""
    written = twiml(text, "en-US")
    said = ET.fromstring(written)[0].text or ""

    assert len(written) <= 4_000
    assert said.removesuffix("...") == text[: len(said.removesuffix("..."))]
    assert len(said) == len(text) or len(said) > 300


async def test_what_twilio_refuses_is_told_in_its_words() -> None:
    """An invalid number is not tried again."""
    refusal = Recorder(400, body='{"code": 21211, "message": "Invalid To Phone Number", "status": 400}')
    async with http_server(refusal) as url:
        outcome = await send(SmsSpec(url, "AC1", TOKEN, "+4930111", "+4930123456"), notification())

    assert Failed(FailureReason.CLIENT_ERROR, "HTTP 400: Invalid To Phone Number", retry=False) == outcome
