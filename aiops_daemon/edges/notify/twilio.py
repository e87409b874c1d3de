"""Short messages and calls through Twilio's API, or a service that speaks as Twilio does.

Enters: a notification. Leaves: one POST to Messages or Calls. A call's words are TwiML, in which text of alerts is
escaped. Twilio has no idempotency key: an answer that is lost after the message was taken means a second one.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import quote, urlencode

from aiops_daemon.clock import Clock
from aiops_daemon.core.model.channels.phone import PhoneSpec, VoiceSpec
from aiops_daemon.core.model.notification import Failed, FailureReason, Notification, Outcome, Sent
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.core.response.smstext import short_text
from aiops_daemon.edges.notify.exchange import Exchange
from aiops_daemon.edges.notify.render import Renderer, TemplateError
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.wording import page

LONGEST_CALL = 1_000  # characters read out: about a minute
LONGEST_TWIML = 4_000  # characters with all that is escaped; Twilio refuses more, and nobody is called
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class TwilioNotifier:
    """Sends short messages, or calls."""

    def __init__(self, spec: PhoneSpec, renderer: Renderer, clock: Clock) -> None:
        self._spec, self._renderer = spec, renderer
        http = HttpSpec(username=spec.account_sid, password=spec.auth_token, tls=spec.tls)
        self._exchange = Exchange(http, clock, spec.timeout)

    async def send(self, notification: Notification) -> Outcome:
        """Ask once for a message or a call."""
        number = self._spec.destination or notification.address.replace(" ", "")
        if not _NUMBER.fullmatch(number):
            return Failed(FailureReason.CLIENT_ERROR, "there is no telephone number to tell", retry=False)
        try:
            form = {"To": number} | await self._words(notification)
        except TemplateError as error:
            return Failed(FailureReason.TEMPLATE_ERROR, str(error), retry=False)
        kind = "Calls" if isinstance(self._spec, VoiceSpec) else "Messages"
        url = f"{self._spec.url}/2010-04-01/Accounts/{quote(self._spec.account_sid)}/{kind}.json"
        answer = await self._exchange.ask("POST", url, headers=_FORM, body=urlencode(form).encode())
        return answer if isinstance(answer, Failed) else Sent(reply=str(answer.document().get("sid", "")))

    async def close(self) -> None:
        """Close the connections; idempotent."""
        await self._exchange.close()

    async def _words(self, notification: Notification) -> dict[str, str]:
        message = notification.message
        if isinstance(self._spec, VoiceSpec):
            text = await self._renderer.render("voice", Medium.TEXT, message)
            return {"From": self._spec.sender, "Twiml": twiml(text, self._spec.language)}
        text = await self._renderer.render("sms", Medium.TEXT, message)
        service = _SERVICE.fullmatch(self._spec.sender)
        sender = {"MessagingServiceSid" if service else "From": self._spec.sender}
        return sender | {"Body": short_text(text, page(message))}


def twiml(text: str, language: str) -> str:
    """Return the TwiML of a call that says a text twice, for the first words of a call are often missed."""
    text = _NO_XML.sub(" ", text)
    longest = LONGEST_CALL
    while len(whole := _call(_cut(text, longest), language)) > LONGEST_TWIML:
        longest = longest * 9 // 10
    return whole


def _call(said: str, language: str) -> str:
    say = f'<Say language="{escape(language)}">{escape(said, quote=False)}</Say>'
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{say}<Pause length="1"/>{say}</Response>'


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 3].rstrip() + "..."
