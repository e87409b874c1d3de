"""Digests name each incident once, and no more than can be shown."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.core.model.notification import Notification, NotificationState
from aiops_daemon.core.response.digest import MOST_NAMED, about, digest, gathered, joined, order_key, without

NOW = 1_700_000_000.0
LINKS = (Link("incident", "https://aiops/incidents/INC-1"), Link("incidents", "https://aiops/incidents"))
FIRST = Message(
    MessageEvent.TRIGGER, "u1", "INC-1", "DiskFull", "open", "info", "P4", NOW, NOW - 5.0, team="shop", links=LINKS
)


def one(number: int, severity: str = "warning", track: str = "talk") -> Named:
    """Name an incident."""
    return Named(f"INC-{number}", "DiskFull", severity, "db", f"https://aiops/{number}", f"u{number}", track)


def row(*numbers: int, key: str = "room", state: NotificationState = NotificationState.WAITING) -> Notification:
    """Return a digest on its way."""
    message = digest(FIRST, tuple(map(one, numbers)), NOW, "why")
    return Notification("n", order_key(key), "d", "", "shop", key, "slack", message, NOW, NOW + 60.0, state=state)


def test_a_digest_is_as_grave_as_the_gravest_in_it() -> None:
    """It leads to the list of incidents, belongs to none, and says why there is one."""
    made = digest(FIRST, (one(1), one(2, "critical")), NOW, "10 notices in the last 5 min")

    assert (MessageEvent.DIGEST, "", "", "critical") == (made.event, made.incident, made.name, made.severity)
    assert "2 further incidents: INC-1, INC-2" == made.title
    assert ("10 notices in the last 5 min", LINKS[1:]) == (made.why_you, made.links)


def test_the_later_words_hold_and_the_earlier_beginning() -> None:
    """What joined has its place behind what was there."""
    later = replace(digest(FIRST, (one(2), one(3)), NOW + 40.0, "later"), opened_at=NOW + 40.0)
    both = joined(digest(FIRST, (one(1), one(2)), NOW, "earlier"), later)

    assert both is not None
    assert ["INC-1", "INC-2", "INC-3"] == [each.name for each in both.named]
    assert ("later", NOW + 40.0, NOW) == (both.why_you, both.at, both.opened_at)


def test_what_is_named_no_more() -> None:
    """An incident goes by the policy that asked for it; what names nothing else is nothing."""
    message = row(1, 2).message

    assert message is without(message, {("u1", "other"), ("u9", "talk")})
    left = without(message, {("u1", "talk")})
    assert left is not None
    assert (["INC-2"], "1 further incident: INC-2") == ([each.name for each in left.named], left.title)
    assert without(message, {("u1", "talk"), ("u2", "talk")}) is None


def test_a_digest_is_about_each_that_it_names() -> None:
    """With the policy whose fallback is told; any other message is about its own."""
    found = about(row(1, 2), "u2")

    assert found is not None
    assert ("u2", "talk") == (found.incident, found.track)
    assert about(row(1, 2), "u3") is None
    page = replace(row(1), incident="u7", message=FIRST)
    assert page is about(page, "u7")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("room", "mail")),
            st.sampled_from((NotificationState.WAITING, NotificationState.SHADOW)),
            st.integers(0, 200),
        ),
        max_size=300,
        unique=True,
    )
)
def test_however_many_come_each_is_named_once(asked: list[tuple[str, NotificationState, int]]) -> None:
    """In the order in which they came, within each way, and never more than can be shown."""
    rows: list[Notification] = []
    for key, state, number in asked:
        rows = gathered(rows, row(number, key=key, state=state))

    ways = {(key, state) for key, state, _ in asked}
    for key, state in ways:
        own = [each for each in rows if (each.key, each.state) == (order_key(key), state)]
        named = [each.incident for digest_ in own for each in digest_.message.named]
        assert [f"u{number}" for to, how, number in asked if (to, how) == (key, state)] == named
        assert all(len(each.message.named) == MOST_NAMED for each in own[:-1])
    assert all(1 <= len(each.message.named) <= MOST_NAMED for each in rows)
