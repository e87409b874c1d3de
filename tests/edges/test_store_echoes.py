"""What PagerDuty tells of our own messages, on both engines: pages that it made, and what we wrote there ourselves."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from test_store_paging import claim, message, notification

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, Sent
from aiops_daemon.edges.store.echoes import MADE_WITHIN, UNDER_WAY
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.ids import Ids
from aiops_daemon.ports.store import Changes

KEY = "aiops/x/u1"
TRIGGER, ACKNOWLEDGE, RESOLVE = MessageEvent.TRIGGER, MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE


@pytest.fixture
def paging(store: SqlStore) -> SqlPaging:
    """The outbox of an empty store."""
    clock = SystemClock()
    return SqlPaging(store, clock, Ids(clock))


async def said(store: SqlStore, paging: SqlPaging, uid: str, event: MessageEvent, **changes: object) -> Notification:
    """Send one message that is accepted, and of which the service has shown nothing yet."""
    outcome = Sent(KEY, bool(changes.pop("confirmable", True)), bool(changes.pop("told_once", False)))
    await store.commit(Changes(notifications=(notification(uid, message=message(event), **changes),)))
    (claimed,) = await claim(paging)
    await paging.sent(claimed, outcome)
    return (await paging.notifications([uid]))[uid]


async def confirmed(paging: SqlPaging, *uids: str) -> list[bool]:
    """Say which of these messages are confirmed."""
    found = await paging.notifications(uids)
    return [found[uid].confirmed_at is not None for uid in uids]


async def test_a_page_that_was_made_confirms_no_later_one_and_no_end(store: SqlStore, paging: SqlPaging) -> None:
    """PagerDuty tells of it late: the incident was answered, ended, and paged again by then."""
    first = await said(store, paging, "n1", TRIGGER)
    for uid, event in (("n2", ACKNOWLEDGE), ("n3", RESOLVE)):
        await said(store, paging, uid, event)
    await said(store, paging, "n4", TRIGGER, created_at=time.time() + 3600.0)
    news = await paging.made(KEY, first.created_at + 1.0)

    assert 1 == news
    assert [True, False, False, False] == await confirmed(paging, "n1", "n2", "n3", "n4")


async def test_a_page_counts_though_clocks_differ(store: SqlStore, paging: SqlPaging) -> None:
    """PagerDuty's clock is slow: the page seems to be made before it was written."""
    page = await said(store, paging, "n1", TRIGGER)

    assert 1 == await paging.made(KEY, page.created_at - MADE_WITHIN + 1.0)


async def test_what_one_service_shows_is_no_page_of_another(store: SqlStore, paging: SqlPaging) -> None:
    """Two services were sent the same key; one of them made nothing of it."""
    for uid, to in (("n1", "pager"), ("n2", "other")):
        await said(store, paging, uid, TRIGGER, destination=to, key=f"{to}|{KEY}")
    await paging.shown("n1")

    assert [True, False] == await confirmed(paging, "n1", "n2")


async def test_of_a_page_that_is_open_webhooks_do_not_tell_again(store: SqlStore, paging: SqlPaging) -> None:
    """A second round adds to it; after its end the next one is another page, of which they tell."""
    page = await said(store, paging, "n1", TRIGGER, told_once=True)
    await said(store, paging, "n2", TRIGGER, told_once=True)
    before = await confirmed(paging, "n1", "n2")
    await paging.made(KEY, page.created_at)
    await said(store, paging, "n3", TRIGGER, told_once=True)
    await said(store, paging, "n4", TRIGGER)
    await said(store, paging, "n5", RESOLVE, confirmable=False)
    await said(store, paging, "n6", TRIGGER, told_once=True)

    assert [False, False] == before
    assert [True, False, False] == await confirmed(paging, "n3", "n4", "n6")


@pytest.mark.parametrize("event", [ACKNOWLEDGE, RESOLVE])
async def test_what_we_may_have_written_is_ours(store: SqlStore, paging: SqlPaging, event: MessageEvent) -> None:
    """From the moment it was sent until the service shows it, and the same thing alone."""
    await said(store, paging, "n1", TRIGGER)
    end = await said(store, paging, "n2", event)
    at, other = end.sent_at or 0.0, ({ACKNOWLEDGE, RESOLVE} - {event}).pop()
    before = await paging.ours(KEY, event, at - 60.0)
    open_ = [await paging.ours(KEY, one, at + 30.0) for one in (event, other)]
    long_after = await paging.ours(KEY, event, at + 700.0)
    await paging.shown("n2")
    after = [await paging.ours(KEY, event, at + seconds) for seconds in (1.0, 30.0)]

    assert (False, [True, False], False) == (before, open_, long_after)
    assert [True, False] == after
    assert not await paging.ours("aiops/x/u2", event, at + 1.0)


async def test_what_only_the_events_api_said_is_never_told_as_a_persons(store: SqlStore, paging: SqlPaging) -> None:
    """So whoever does the same there is somebody."""
    end = await said(store, paging, "n1", ACKNOWLEDGE, confirmable=False)

    assert not await paging.ours(KEY, ACKNOWLEDGE, (end.sent_at or 0.0) + 1.0)


async def test_an_end_that_is_under_way_when_its_key_sounds_again_is_ours(store: SqlStore, paging: SqlPaging) -> None:
    """What comes later is somebody's: it is about the new page."""
    end = await said(store, paging, "n1", RESOLVE)
    sounded_at = (end.sent_at or 0.0) + 30.0
    await store.commit(Changes(notifications=(replace(notification("n2"), created_at=sounded_at),)))

    told = [await paging.ours(KEY, RESOLVE, sounded_at + seconds) for seconds in (1.0, UNDER_WAY + 1.0)]
    assert [True, False] == told
