"""When a message is no message of its own: storm pages, digests, limits of phones."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.receiver import StormSpec
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.folding import Folding, Paged, counts, fold, may_fold

NOW = 1_700_000_000.0
WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL


@dataclass(frozen=True)
class Channel:
    """A channel of a kind."""

    integration: str
    pages: bool = False
    send_resolved: bool = True
    destination: str = "x"


@pytest.mark.parametrize("integration", ["slack", "msteams", "email"])
def test_a_chat_or_mailbox_gets_a_digest(integration: str) -> None:
    """Beyond the limit, some time after the first incident in it, with the reason."""
    spec = StormSpec(pages=2, within=300.0, digest_after=45.0)
    lately = [Paged(NOW - 200.0, "shop"), Paged(NOW - 100.0, "shop")]

    assert Folding("2 notices in the last 5 min", NOW + 45.0, MessageEvent.DIGEST) == fold(
        spec, integration, lately, WARNING, "shop", NOW
    )
    assert fold(spec, integration, lately[1:], WARNING, "shop", NOW) is None
    assert fold(spec, integration, lately, CRITICAL, "payment", NOW) is None
    assert fold(spec, integration, lately, CRITICAL, "shop", NOW) is not None


def test_what_wakes_people_gets_a_storm_page() -> None:
    """At once."""
    lately = [Paged(NOW - 10.0, "shop")]

    assert Folding("1 pages in the last 5 min", NOW) == fold(StormSpec(1), "pagerduty", lately, WARNING, "shop", NOW)


@pytest.mark.parametrize(
    ("channel", "step", "known", "expected"),
    [
        (Channel("slack"), "1/0/0", False, True),
        (Channel("slack"), "1/0/0", True, False),  # it has a message of its own
        (Channel("slack"), "1/0/fallback", False, False),  # a page that failed elsewhere
        (Channel("sms", pages=True), "1/0/fallback", True, True),
    ],
)
def test_what_may_fold(channel: Channel, step: str, known: bool, expected: bool) -> None:
    """Pages by their own rule; of a chat the first message about an incident, and no fallback."""
    assert expected == may_fold(channel, step, known=known)


def test_what_counts_towards_a_limit() -> None:
    """Pages, and notices to chats and mailboxes; machines are told everything."""
    kinds = ("slack", "msteams", "email", "jira", "webhook", "log")

    assert ["slack", "msteams", "email"] == [kind for kind in kinds if counts(Channel(kind))]
    assert counts(Channel("pagerduty", pages=True))
