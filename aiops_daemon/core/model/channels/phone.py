"""Channels that send short messages and make calls through Twilio, or a service that speaks as Twilio does."""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.source import Secret, TlsSpec


@dataclass(frozen=True, slots=True)
class PhoneSpec:
    """One account and the number that calls; without `destination`, the person's own number is called."""

    url: str
    account_sid: str
    auth_token: Secret
    sender: str
    destination: str = ""
    tls: TlsSpec = TlsSpec()
    timeout: float = 10.0
    send_resolved: bool = False

    pages = True


@dataclass(frozen=True, slots=True)
class SmsSpec(PhoneSpec):
    """Short messages."""

    integration = "sms"


@dataclass(frozen=True, slots=True)
class VoiceSpec(PhoneSpec):
    """Calls in which a voice reads the message out."""

    language: str = "en-US"

    integration = "voice"
