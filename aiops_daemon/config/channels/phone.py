"""`sms_configs` and `voice_configs`: short messages and calls through Twilio, or what speaks as Twilio does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from aiops_daemon.config.build_http import tls_spec
from aiops_daemon.config.channels.fields import GuardedUrl, PhoneNumber, PhoneSender
from aiops_daemon.config.fields import DurationIn, Flag, SecretText, Section
from aiops_daemon.config.http import TlsConfig
from aiops_daemon.config.secret import HeldSecret, secret
from aiops_daemon.config.texts import FilePath, Name, Text
from aiops_daemon.core.model.channels.phone import SmsSpec, VoiceSpec
from aiops_daemon.core.model.source import TlsSpec


class PhoneConfig(Section):
    """The keys that short messages and calls have in common."""

    send_resolved: Flag = False
    """Tell the end too."""

    url: GuardedUrl = "https://api.twilio.com"
    """Base URL of Twilio, or of a service with the same API; https, or http to this machine."""

    account_sid: Name
    """Account, also the user name. Required."""

    auth_token: SecretText | None = None
    """Password of the account. Exactly one of this and `auth_token_file`."""

    auth_token_file: FilePath | None = None
    """File that holds the password; read again for every message."""

    from_: PhoneSender = Field(alias="from")
    """Number that sends, or the id of a messaging service (`MG...`). Required."""

    to: PhoneNumber | None = None
    """Number that is told; list one entry for each. Default: the channel is how people are reached by phone."""

    timeout: Annotated[float, DurationIn("100ms", "15s")] = 10.0
    """Deadline of one attempt."""

    tls_config: TlsConfig | None = None
    """TLS options."""


class SmsConfig(PhoneConfig):
    """Send short messages of 480 characters at most."""


class VoiceConfig(PhoneConfig):
    """Call, and read the message out twice."""

    language: Annotated[Text, StringConstraints(max_length=20)] = "en-US"
    """Language of the voice; the words are those of the template `voice.txt.j2`."""


def sms_spec(section: SmsConfig, folder: Path) -> SmsSpec:
    """Build the channel."""
    return SmsSpec(**_common(section, folder))


def voice_spec(section: VoiceConfig, folder: Path) -> VoiceSpec:
    """Build the channel."""
    return VoiceSpec(**_common(section, folder), language=section.language)


def _common(section: PhoneConfig, folder: Path) -> dict[str, Any]:
    return {
        "url": section.url,
        "account_sid": section.account_sid,
        "auth_token": secret(section.auth_token, section.auth_token_file, folder) or HeldSecret(""),
        "sender": section.from_,
        "destination": section.to or "",
        "tls": tls_spec(section.tls_config, folder) if section.tls_config else TlsSpec(),
        "timeout": section.timeout,
        "send_resolved": section.send_resolved,
    }
