"""Receivers as configured: named places that messages go to, each with one or more channels.

Every kind of channel has a specification of its own beside this module (core.model.channels); here is what all share.
A channel without a destination of its own (an e-mail configuration without `to`) is how people are reached.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

OWN_MAIL_HEADERS = frozenset(
    (
        *("from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "auto-submitted"),
        *("mime-version", "content-type", "content-transfer-encoding"),
    )
)
"""Headers of mail that the daemon writes itself."""


@dataclass(frozen=True, slots=True)
class StormSpec:
    """Beyond `pages` in `within` seconds to one target, further incidents fold into one message that names each.

    Of what wakes people it is a storm page; of a chat or mailbox a digest, `digest_after` seconds after its first.
    """

    pages: int = 10
    within: float = 300.0
    digest_after: float = 60.0


class ChannelSpec(Protocol):
    """What every channel's specification has."""

    @property
    def integration(self) -> str:
        """Return its kind: pagerduty, slack, msteams, email, webhook, sms, voice, jira, log."""

    @property
    def send_resolved(self) -> bool:
        """Say whether the end is told too."""

    @property
    def destination(self) -> str:
        """Return what it sends to, without secrets; "" when a person's address is needed."""

    @property
    def pages(self) -> bool:
        """Say whether it wakes people, so that storms are folded."""


@dataclass(frozen=True, slots=True)
class ReceiverSpec:
    """A name and its channels, in the order of the configuration."""

    name: str
    channels: tuple[ChannelSpec, ...] = ()
    storm: StormSpec = StormSpec()
