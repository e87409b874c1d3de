"""The outbox, timers and escalations on both engines: leases, fencing, order, and what survives."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
import store_rows
from response_world import track

from aiops_daemon.clock import SystemClock
from aiops_daemon.core.model.escalation import Escalation, Phase, Position, Timer, TimerKind, Told
from aiops_daemon.core.model.incident import Incident
from aiops_daemon.core.model.message import Message, MessageEvent, Named
from aiops_daemon.core.model.notification import (
    Claim,
    Failed,
    FailureReason,
    Notification,
    NotificationQuery,
    NotificationState,
    Sent,
    Storm,
)
from aiops_daemon.core.model.scope import DAEMON, Scope
from aiops_daemon.core.model.settings import StorageSpec
from aiops_daemon.core.response.timers import deadline
from aiops_daemon.edges.store.paging import SqlPaging
from aiops_daemon.edges.store.store import SqlStore
from aiops_daemon.errors import InputError
from aiops_daemon.ids import Ids
from aiops_daemon.ports.store import Changes

DOWN = Failed(FailureReason.SERVER_ERROR, "503", retry=True)
BUSY = Failed(FailureReason.RATE_LIMITED, "429", retry=True)


@pytest.fixture
def paging(store: SqlStore) -> SqlPaging:
    """The outbox of an empty store."""
    clock = SystemClock()
    return SqlPaging(store, clock, Ids(clock))


def message(event: MessageEvent = MessageEvent.TRIGGER, **changes: Any) -> Message:
    """Return a message."""
    now = time.time()
    made = Message(event, "u1", "INC-1", "HighLatency on checkout", "open", "critical", "P2", now, now)
    return replace(made, **changes)


def notification(uid: str, **changes: Any) -> Notification:
    """Return a message that is due."""
    now = time.time()
    made = Notification(
        uid=uid, key="pager|aiops/x/u1", dedup_key="aiops/x/u1", incident="u1", team="default", destination="pager",
        integration="pagerduty", message=message(), created_at=now, due_at=now - 1.0, track="shop", step="1/0/0",
    )  # fmt: skip
    return replace(made, **changes)


def incident(number: int = 1, **changes: Any) -> Incident:
    """Return an open incident whose time to tell has come long ago."""
    now = time.time()
    made = store_rows.incident(number, notify_at=now - 600.0, opened_at=now - 600.0, firing=1, alerts=1)
    return replace(made, **changes)


async def claim(paging: SqlPaging, *, lease: float = 30.0, limit: int = 10, each: int = 10, **more: Any) -> list[Claim]:
    """Claim what is due."""
    return await paging.claim(limit=limit, lease=lease, each=each, busy=more.get("busy", ()), full=more.get("full", ()))


async def claimed_again(paging: SqlPaging) -> list[Claim]:
    """Wait until a lease has ended, and claim."""
    ends = time.monotonic() + 10.0
    while time.monotonic() < ends:
        found = await claim(paging)
        if found:
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("the lease never ended")


async def test_a_message_is_claimed_once(store: SqlStore, paging: SqlPaging) -> None:
    """And comes as it was written, with its fencing token."""
    one = notification("n1")
    await store.commit(Changes(notifications=(one,)))

    (claimed,) = await claim(paging)
    assert (replace(one, attempts=1), 1) == (claimed.notification, claimed.token)
    assert [] == await claim(paging)


async def test_what_is_not_due_waits(store: SqlStore, paging: SqlPaging) -> None:
    """And so does what is only recorded."""
    later = notification("n1", due_at=time.time() + 60.0)
    recorded = notification("n2", key="b", state=NotificationState.SHADOW)
    await store.commit(Changes(notifications=(later, recorded)))

    assert [] == await claim(paging)
    (_, due_at) = await paging.next_due()
    assert due_at == pytest.approx(later.due_at, abs=0.01)


async def test_of_a_key_the_first_goes_first(store: SqlStore, paging: SqlPaging) -> None:
    """Although it failed and waits to be tried again; another key does not wait for it."""
    rows = (notification("n1"), notification("n2", message=message(MessageEvent.RESOLVE)), notification("n3", key="k"))
    await store.commit(Changes(notifications=rows))
    first, other = await claim(paging)

    assert ["n1", "n3"] == [first.notification.uid, other.notification.uid]
    assert await paging.put_off(first, DOWN, time.time() + 60.0)
    assert [] == await claim(paging)


async def test_after_the_first_comes_the_next_and_knows_its_thread(store: SqlStore, paging: SqlPaging) -> None:
    """What the service called the first message is what the second belongs to."""
    rows = (notification("n1"), notification("n2", message=message(MessageEvent.RESOLVE)))
    await store.commit(Changes(notifications=rows))
    (first,) = await claim(paging)
    assert await paging.sent(first, Sent("C1:17.5"))

    (second,) = await claim(paging)
    assert ("n2", "C1:17.5") == (second.notification.uid, second.notification.thread)


async def test_a_thread_moves_to_what_took_its_place(store: SqlStore, paging: SqlPaging) -> None:
    """Somebody removed the first message, and the second call made a new one: what follows belongs to that."""
    rows = (notification("n1"), notification("n2"), notification("n3", message=message(MessageEvent.RESOLVE)))
    await store.commit(Changes(notifications=rows))
    for reply in ("C1:17.5", "C1:18.0"):
        (claimed,) = await claim(paging)
        assert await paging.sent(claimed, Sent(reply))

    (third,) = await claim(paging)
    assert ("n3", "C1:18.0") == (third.notification.uid, third.notification.thread)


async def test_a_lease_that_ends_is_somebody_elses(store: SqlStore, paging: SqlPaging) -> None:
    """What the first brings back late is refused, and what the outside last heard is said again."""
    await store.commit(Changes(notifications=(notification("n1"),)))
    (late,) = await claim(paging, lease=0.2)
    (taken,) = await claimed_again(paging)

    assert await paging.sent(taken, Sent())
    assert not await paging.put_off(late, BUSY, time.time())
    assert not await paging.give_up(late, DOWN)
    assert [] == await claim(paging)
    assert not await paging.sent(late, Sent())
    (again,) = await claim(paging)
    assert (MessageEvent.TRIGGER, late.notification.key) == (again.notification.message.event, again.notification.key)
    assert again.notification.uid != "n1"


@pytest.mark.parametrize(
    ("reason", "again"),
    [(FailureReason.UNREACHABLE, 1), (FailureReason.DEADLINE_EXCEEDED, 1), (FailureReason.RATE_LIMITED, 0)],
)
async def test_a_late_attempt_that_may_have_been_taken(
    store: SqlStore, paging: SqlPaging, reason: FailureReason, again: int
) -> None:
    """What somebody else had finished is said again after it, for the connection may have broken after the event."""
    await store.commit(Changes(notifications=(notification("n1"),)))
    (late,) = await claim(paging, lease=0.2)
    (taken,) = await claimed_again(paging)
    await paging.sent(taken, Sent())

    assert not await paging.put_off(late, Failed(reason, "no answer", retry=True), time.time())
    assert again == len(await claim(paging))


async def test_what_a_dead_process_had_claimed(store: SqlStore, paging: SqlPaging, storage: StorageSpec) -> None:
    """On SQLite the next process has it at once; on PostgreSQL another may live, and the lease holds."""
    await store.commit(Changes(notifications=(notification("n1"),)))
    await claim(paging)
    await paging.inherit()

    assert ([2] if storage.url.startswith("sqlite") else []) == [one.token for one in await claim(paging)]


async def test_what_waits_is_muted(store: SqlStore, paging: SqlPaging) -> None:
    """What is due now or later is never sent; what is under way is not touched, nor a test."""
    under_way = notification("n1", key="k1")
    await store.commit(Changes(notifications=(under_way,)))
    await claim(paging)
    later = notification("n2", key="k2", due_at=time.time() + 600.0)
    test = notification("n3", key="k3", message=message(MessageEvent.TEST))
    await store.commit(Changes(notifications=(later, test)))

    assert 1 == await paging.mute()
    assert ["n3"] == [one.notification.uid for one in await claim(paging)]
    states = {uid: one.state for uid, one in (await paging.notifications(["n1", "n2"])).items()}
    assert {"n1": NotificationState.WAITING, "n2": NotificationState.MUTED} == states


async def test_ends_that_were_muted_are_due_anew(store: SqlStore, paging: SqlPaging) -> None:
    """By their key the last one, as a new message that has all its retries; of what was never sent, none."""
    ack, resolve = message(MessageEvent.ACKNOWLEDGE), message(MessageEvent.RESOLVE)
    past = time.time() - 30_000.0
    first = (notification("n1", created_at=past), notification("other", key="k2", dedup_key="d2"))
    await store.commit(Changes(notifications=first))
    (claimed, _) = await claim(paging)
    await paging.sent(claimed, Sent("there"))
    never = notification("n4", key="k4", dedup_key="d4")
    ends = (notification("n2", message=ack), notification("n3", message=resolve, created_at=past))
    unheard = notification("n5", key="k4", dedup_key="d4", message=resolve)
    await store.commit(Changes(notifications=(*ends, never, unheard)))

    assert 4 == await paging.mute()
    assert 1 == await paging.unmute()
    assert 0 == await paging.unmute()
    (again,) = await claim(paging)
    assert ("n3", 1) == (again.notification.uid, again.token)
    assert time.time() - again.notification.created_at < 60.0
    states = {uid: one.state for uid, one in (await paging.notifications(["n2", "n4", "n5"])).items()}
    assert dict.fromkeys(("n2", "n4", "n5"), NotificationState.MUTED) == states


async def test_what_sounds_again_is_not_ended_after_the_mute(store: SqlStore, paging: SqlPaging) -> None:
    """A resolve that was muted would close the page of an incident that opened again."""
    resolve = notification("n2", message=message(MessageEvent.RESOLVE))
    await store.commit(Changes(notifications=(notification("n1"),)))
    (claimed,) = await claim(paging)
    await paging.sent(claimed, Sent("there"))
    await store.commit(Changes(notifications=(resolve,)))
    assert 1 == await paging.mute()
    await store.commit(Changes(notifications=(notification("n3"),)))
    assert ["n3"] == [one.notification.uid for one in await claim(paging)]

    assert 0 == await paging.unmute()


async def test_busy_destinations_and_full_integrations_are_left_alone(store: SqlStore, paging: SqlPaging) -> None:
    """And no destination gets more than its share at once."""
    pager = tuple(notification(f"p{number}", key=f"k{number}") for number in range(5))
    chat = notification("c", key="c", destination="chat", integration="slack")
    await store.commit(Changes(notifications=(*pager, chat)))

    assert ["c"] == [one.notification.uid for one in await claim(paging, busy=["pager"], lease=0.0)]
    assert ["c"] == [one.notification.uid for one in await claim(paging, full=["pagerduty"], lease=0.0)]
    assert 3 == len(await claim(paging, each=2))


async def test_what_is_given_up_wakes_its_fallback_at_once(store: SqlStore, paging: SqlPaging) -> None:
    """By the timer of its deadline."""
    one = notification("n1")
    waits = deadline("u1", "default", "n1", time.time() + 60.0)
    await store.commit(Changes(notifications=(one,), deadlines=(waits,)))
    assert [] == await paging.due_timers(10)
    (claimed,) = await claim(paging)

    assert await paging.give_up(claimed, replace(DOWN, retry=False))
    (due,) = await paging.due_timers(10)
    assert waits.name == due.name
    found = (await paging.notifications(["n1"]))["n1"]
    assert (NotificationState.DEAD, "server_error", "503") == (found.state, found.reason, found.detail)


async def test_an_unconfirmed_message_is_not_heard(store: SqlStore, paging: SqlPaging) -> None:
    """A 202 is no page, until the service shows it."""
    await store.commit(Changes(notifications=(notification("n1"),)))
    (claimed,) = await claim(paging)
    await paging.sent(claimed, Sent("key", confirmable=True))

    assert set() == await paging.heard(["u1"])
    assert ["n1"] == [one.uid for one in await paging.unconfirmed(0.0, time.time() + 1.0, 10)]
    assert 1 == await paging.made("aiops/x/u1", time.time())
    assert {"u1"} == await paging.heard(["u1"])
    assert 0 == await paging.made("aiops/x/u1", time.time())


async def test_an_end_is_made_sure_of_unless_its_key_sounded_again(store: SqlStore, paging: SqlPaging) -> None:
    """A page of the same key that came after it is not to be ended."""
    await store.commit(Changes(notifications=(notification("n1"),)))
    (page,) = await claim(paging)
    await paging.sent(page, Sent("key"))
    await store.commit(Changes(notifications=(notification("n2", message=message(MessageEvent.RESOLVE)),)))
    (end,) = await claim(paging)
    await paging.sent(end, Sent("key", confirmable=True))
    later = time.time() + 60.0
    before = await paging.unconfirmed(0.0, later, 10)
    await store.commit(Changes(notifications=(notification("n3"),)))

    assert ["n2"] == [one.uid for one in before]
    assert [] == await paging.unconfirmed(0.0, later, 10)


async def test_later_updates_take_the_place_of_those_that_wait(store: SqlStore, paging: SqlPaging) -> None:
    """But never of the beginning, nor of what was tried."""
    update = message(MessageEvent.UPDATE)
    await store.commit(Changes(notifications=(notification("n1"), notification("n2", message=update))))
    await store.commit(Changes(superseded=("pager|aiops/x/u1",), notifications=(notification("n3", message=update),)))

    states = {uid: one.state for uid, one in (await paging.notifications(["n1", "n2", "n3"])).items()}
    waiting = NotificationState.WAITING
    assert {"n1": waiting, "n2": NotificationState.DROPPED, "n3": waiting} == states


async def test_a_later_update_goes_out_when_the_first_would_have(store: SqlStore, paging: SqlPaging) -> None:
    """However often something changes, nobody waits longer for that; what is due sooner is not held back either."""
    update = message(MessageEvent.UPDATE)
    now = time.time()
    key = ("pager|aiops/x/u1",)
    for uid, due_at in (("n1", now + 10.0), ("n2", now + 70.0), ("n3", now + 130.0)):
        row = notification(uid, message=update, due_at=due_at)
        await store.commit(Changes(superseded=key, notifications=(row,)))
    later = (await paging.notifications(["n3"]))["n3"].due_at
    await store.commit(Changes(superseded=key, notifications=(notification("n4", message=update, due_at=now),)))

    assert now + 10.0 == later
    assert now == (await paging.notifications(["n4"]))["n4"].due_at


async def test_timers_are_the_whole_set(store: SqlStore, paging: SqlPaging) -> None:
    """What is not in it is not waited for; deadlines of messages stay until they are met."""
    now = time.time()
    step = Timer("u1", "default", TimerKind.STEP, "step/shop", now - 5.0)
    ack = Timer("u1", "default", TimerKind.ACK_EXPIRES, "ack_expires", now - 3.0)
    late = deadline("u1", "default", "n1", now - 4.0)
    await store.commit(Changes(timers=(("u1", (step,)),), deadlines=(late,)))
    assert [step.name, late.name] == [one.name for one in await paging.due_timers(10)]

    await store.commit(Changes(timers=(("u1", (ack,)),)))
    assert [late.name, ack.name] == [one.name for one in await paging.due_timers(10)]

    await store.commit(Changes(timers=(("u1", ()),), met=(("u1", late.name),)))
    assert [] == await paging.due_timers(10)


async def test_an_escalation_comes_back_as_it_was(store: SqlStore, paging: SqlPaging) -> None:
    """With its frozen policies, whatever their text holds."""
    strange = track(replace(track().policy, name="sh\u00f6p \ud800"))
    state = Escalation(
        incident=incident().uid, team="default", phase=Phase.RUNNING, run=2, generation=3, started_at=5.0,
        tracks=(track(), strange), positions=(Position(1, 0, 7.0), Position()), told=(Told("pager", 3, True),),
    )  # fmt: skip
    storm = Storm("pager", "s1", "default", 1.0, 2.0, (Named("INC-1", "t", "critical"),))
    await store.commit(Changes(incidents=(incident(),), escalations=(state,), storms=(storm,)))

    loaded = await store.load_desk(reopen_since=0.0)
    assert (storm,) == loaded.storms
    (found,) = loaded.escalations
    assert state.tracks[0] == found.tracks[0]
    assert "sh\u00f6p \ufffd" == found.tracks[1].policy.name
    assert (state.positions, state.told, state.generation) == (found.positions, found.told, found.generation)
    assert {incident().uid: found} == await paging.escalations([incident().uid, "nobody"])


async def test_the_auditor_sees_what_must_not_be(store: SqlStore, paging: SqlPaging) -> None:
    """An open incident that nothing waits for, a timer that is late, a message that nobody tried."""
    now = time.time()
    over = Escalation(incident(2).uid, "default", Phase.RUNNING)
    late = Timer(incident(3).uid, "default", TimerKind.STEP, "step/shop", now - 100.0)
    stale = notification("n1", due_at=now - 500.0)
    later = notification("n2", due_at=now - 400.0)  # behind the first of its key: not its fault
    incidents = (incident(1), incident(2), incident(3), incident(4, notify_at=None))
    await store.commit(
        Changes(
            incidents=incidents, escalations=(over,), timers=((late.incident, (late,)),), notifications=(stale, later)
        )
    )

    found = await paging.violations(routed=True)
    assert (incident(1).uid,) == found.without_timer
    assert (f"{late.incident} step/shop",) == found.overdue_timers
    assert ("n1",) == found.stale_outbox
    assert late.due_at == found.overdue_since
    assert () == (await paging.violations(routed=False)).without_timer


async def test_who_asked_for_a_pause_is_not_forgotten(store: SqlStore, paging: SqlPaging) -> None:
    """What waits for its end breaks no promise, and is counted; what waits for two minutes more does."""
    now = time.time()
    refused, behind = notification("n1", key="a"), notification("n2", key="b", due_at=now - 500.0)
    other = notification("n3", key="c", destination="other", due_at=now - 500.0)
    await store.commit(Changes(notifications=(refused, behind, other)))
    (claimed,) = await claim(paging, limit=1, busy=["other"], each=1)
    assert "n2" == claimed.notification.uid
    await paging.put_off(claimed, BUSY, now + 3600.0)
    during = (await paging.violations(routed=False)).stale_outbox
    counted = [(one.pending, one.paused) for one in await paging.waiting()]
    await paging.put_off(claimed, BUSY, now - 400.0)
    after = (await paging.violations(routed=False)).stale_outbox

    assert (("n3",), [(3, 2)]) == (during, counted)
    assert {"n2", "n3"} == set(after)


async def test_the_log_is_read_in_pages_and_by_team(store: SqlStore, paging: SqlPaging) -> None:
    """Latest first; nobody sees what is not theirs."""
    rows = [notification(f"n{number}", key=str(number), incident=incident(number).uid) for number in range(5)]
    rows[0] = replace(rows[0], team="shop", integration="slack")
    await store.commit(Changes(incidents=tuple(incident(number) for number in range(5)), notifications=tuple(rows)))

    first = await paging.find_notifications(NotificationQuery(limit=2), DAEMON)
    assert first.next is not None
    second = await paging.find_notifications(NotificationQuery(limit=2, cursor=first.next), DAEMON)
    assert ["n4", "n3", "n2", "n1"] == [one.uid for one in (*first.notifications, *second.notifications)]
    by = NotificationQuery(integrations=("slack",))
    assert ["n0"] == [one.uid for one in (await paging.find_notifications(by, DAEMON)).notifications]
    named = NotificationQuery(incident="INC-3")
    assert ["n3"] == [one.uid for one in (await paging.find_notifications(named, DAEMON)).notifications]
    none = await paging.find_notifications(NotificationQuery(), Scope("x", frozenset(("other",))))
    assert () == none.notifications
    with pytest.raises(InputError):
        await paging.find_notifications(NotificationQuery(cursor="odd"), DAEMON)


async def test_a_webhook_is_taken_once(paging: SqlPaging) -> None:
    """A replay changes nothing; the same id of another sender is another one."""
    assert not await paging.seen("pagerduty", "e1")
    assert await paging.seen("pagerduty", "e1")
    assert not await paging.seen("slack", "e1")


async def test_a_storm_of_nobody_is_over(store: SqlStore) -> None:
    """Its row goes, and that of another stays."""
    one, other = (
        Storm(to, to, "default", 1.0, 2.0, (Named("INC-1", "t", "critical"),)) for to in ("pager", "pager|s0")
    )
    await store.commit(Changes(storms=(one, other)))
    await store.commit(Changes(storms=(replace(one, named=()),)))

    assert (other,) == (await store.load_desk(reopen_since=0.0)).storms


async def test_pages_are_remembered_for_storms(store: SqlStore, paging: SqlPaging) -> None:
    """Destination, service, time."""
    one = notification("n1", message=message(service="checkout"))
    old = notification("n2", key="k", created_at=time.time() - 1000.0)
    await store.commit(Changes(notifications=(one, old)))

    assert [("pager", "checkout", one.created_at)] == await paging.pages_since(time.time() - 100.0)


async def test_what_waits_is_counted_by_integration(store: SqlStore, paging: SqlPaging) -> None:
    """Sent ones no more."""
    rows = (notification("n1"), notification("n2", key="k"), notification("n3", key="c", integration="slack"))
    await store.commit(Changes(notifications=rows))
    claims = await claim(paging, full=["slack"], limit=1)
    await paging.sent(claims[0], Sent())

    assert {"pagerduty": 1, "slack": 1} == {one.integration: one.pending for one in await paging.waiting()}


async def test_two_claimers_never_hold_the_same(store: SqlStore, paging: SqlPaging) -> None:
    """Forty messages, four claimers at once."""
    rows = tuple(notification(f"n{number:02}", key=str(number), destination=str(number)) for number in range(40))
    await store.commit(Changes(notifications=rows))

    shares = await asyncio.gather(*(claim(paging) for _ in range(4)))
    uids = [one.notification.uid for share in shares for one in share]
    assert sorted(uids) == [f"n{number:02}" for number in range(40)]


async def test_a_test_message_needs_no_step(paging: SqlPaging) -> None:
    """It is sent like any other, and giving it up wakes nobody."""
    one = notification("n1", incident="", track="", step="", message=message(MessageEvent.TEST))
    await paging.add(one)
    (claimed,) = await claim(paging)

    assert await paging.give_up(claimed, replace(DOWN, retry=False))
    assert [] == await paging.due_timers(10)


async def test_messages_of_one_key_are_written_once(store: SqlStore, paging: SqlPaging) -> None:
    """All of them, whoever comes again; without a key, each time."""
    first, again, other, plain, twice = (
        notification(f"c{number}", key=str(number), incident="", message=message(MessageEvent.CHANGE))
        for number in range(5)
    )

    assert await paging.add_once("run-7", [first, other])
    assert not await paging.add_once("run-7", [again])
    assert await paging.add_once("", [plain])
    assert await paging.add_once("", [twice])
    page = await paging.find_notifications(NotificationQuery(), DAEMON)
    assert ["c0", "c2", "c3", "c4"] == sorted(one.uid for one in page.notifications)
