"""When a page is no page of its own: storms, and how often one destination may be disturbed.

Enters: what a destination was told lately. Leaves: whether the next incident folds into one message that names each,
and when that may go out: a storm page for what wakes people, a quiet digest for chats and mailboxes. Limits of phones
are GoAlert's (voice 3 in 15 min, 7 in 1 h, 15 in 3 h; SMS 5, 11, 21). Never folds a critical incident on a service
that this destination was not told of in the storm, nor a fallback into a digest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.receiver import ChannelSpec, StormSpec
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.severity import Severity

MINUTE, HOUR = 60.0, 3600.0
REMEMBERED = 3 * HOUR  # seconds of the past that decide
PACE = 60.0  # seconds between two versions of a storm page

QUIET = frozenset(("slack", "msteams", "email"))
"""Integrations that people read at leisure: beyond the limit they get digests."""

LIMITS: dict[str, tuple[tuple[int, float], ...]] = {
    "voice": ((3, 15 * MINUTE), (7, HOUR), (15, 3 * HOUR)),
    "sms": ((5, 15 * MINUTE), (11, HOUR), (21, 3 * HOUR)),
}
"""Most messages to one destination, each with the seconds in which they are counted."""


class Paged(NamedTuple):
    """A page that a destination got."""

    at: float
    service: str


class Folding(NamedTuple):
    """An incident that is named in another message, why, when that may go out at the earliest, and what it is."""

    why: str
    due_at: float
    into: MessageEvent = MessageEvent.STORM


def lane(destination: str, mode: Mode) -> str:
    """Return what a storm is counted by: what is only recorded disturbs nobody, and has a storm of its own."""
    return destination if mode is Mode.LIVE else f"{destination}|{mode}"


def is_live(told: str) -> bool:
    """Say whether what a storm is counted by is told to somebody."""
    return Mode.SHADOW not in told.split("|")[1:]


def destination_of(told: str) -> str:
    """Return the destination of what a storm is counted by."""
    return told.partition("|")[0]


def counts(channel: ChannelSpec) -> bool:
    """Say whether what a channel is told counts towards a limit: pages, and notices to chats and mailboxes."""
    return channel.pages or channel.integration in QUIET


def may_fold(channel: ChannelSpec, step: str, *, known: bool) -> bool:
    """Say whether a message that counts may fold; of a chat only the first one about an incident, and no fallback."""
    return channel.pages or not (known or step.endswith("fallback"))


def fold(
    storm: StormSpec, integration: str, lately: Sequence[Paged], severity: Severity, service: str, now: float
) -> Folding | None:
    """Say whether an incident folds; None: it is paged by itself."""
    counted = [one for one in lately if one.at > now - storm.within]
    if len(counted) >= storm.pages and not _unheard_of(counted, severity, service):
        if integration in QUIET:
            why = f"{len(counted)} notices in the last {storm.within / 60:g} min"
            return Folding(why, now + storm.digest_after, MessageEvent.DIGEST)
        return Folding(f"{len(counted)} pages in the last {storm.within / 60:g} min", now)
    for most, within in LIMITS.get(integration, ()):
        recent = sorted(one.at for one in lately if one.at > now - within)
        if len(recent) >= most:
            return Folding(
                f"{most} messages by {integration} in {within / 60:g} min are enough", recent[-most] + within
            )
    return None


def _unheard_of(counted: Sequence[Paged], severity: Severity, service: str) -> bool:
    return severity is Severity.CRITICAL and service not in {one.service for one in counted}
