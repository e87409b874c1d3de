"""Pages through PagerDuty: one for an incident, acknowledged and resolved by the same key, whatever happens between."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from fake_pagerduty import FakePagerDuty
from pagerduty_world import DEDUP_KEY, KEY, NOW, STORM, UID, message, row, spec, two_way

from aiops_daemon.config.secret import FileSecret
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Sent
from aiops_daemon.core.response.keys import dedup_key, storm_key
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier


@pytest.fixture
async def fake() -> AsyncIterator[FakePagerDuty]:
    """Start a PagerDuty."""
    async with FakePagerDuty() as started:
        yield started


@pytest.fixture
async def notifier(fake: FakePagerDuty) -> AsyncIterator[PagerDutyNotifier]:
    """Make a channel without a way back."""
    made = PagerDutyNotifier(spec(fake.url), time.time)
    yield made
    await made.close()


async def test_one_key_from_trigger_to_resolve(fake: FakePagerDuty, notifier: PagerDutyNotifier) -> None:
    """One page, acknowledged, resolved: each by the key of the row, which is the reply."""
    events = (MessageEvent.TRIGGER, MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE)

    outcomes = [await notifier.send(row(message(event))) for event in events]

    assert [Sent(DEDUP_KEY)] * 3 == outcomes
    assert ["trigger", "acknowledge", "resolve"] == [one.body["event_action"] for one in fake.requests]
    assert {DEDUP_KEY} == {one.body["dedup_key"] for one in fake.requests}
    assert ["resolved"] == [one.status for one in fake.incidents]


async def test_a_trigger_whose_answer_was_lost_is_no_second_page(
    fake: FakePagerDuty, notifier: PagerDutyNotifier
) -> None:
    """The outbox sends again what was accepted without an answer; PagerDuty knows the key."""
    fake.script.append("reset")

    first, second = await notifier.send(row()), await notifier.send(row())

    assert ([True], Sent(DEDUP_KEY)) == ([isinstance(first, Failed)], second)
    assert [DEDUP_KEY] == fake.pages


async def test_the_next_generation_sounds_though_the_first_is_acknowledged(
    fake: FakePagerDuty, notifier: PagerDutyNotifier
) -> None:
    """The same key would be silent."""
    louder = dedup_key("hub-eu", UID, 2)
    for one in (row(), row(message(MessageEvent.ACKNOWLEDGE)), row(), row(dedup_key=louder)):
        await notifier.send(one)

    assert [DEDUP_KEY, louder] == fake.pages


async def test_a_storm_page_has_a_key_of_its_own_and_names_each(
    fake: FakePagerDuty, notifier: PagerDutyNotifier
) -> None:
    """Every incident of the storm stands in its details."""
    key = storm_key("hub-eu", UID)

    await notifier.send(row(STORM, dedup_key=key))

    told = " ".join(fake.requests[0].body["payload"]["custom_details"]["incidents"])
    assert [key] == fake.pages
    assert [True] * 3 == [name in told for name in ("INC-43", "INC-44", "INC-45")]


async def test_a_refused_event_is_told_in_pagerdutys_words(fake: FakePagerDuty) -> None:
    """A key of the wrong length is 400: repeating cannot help, and the words do not repeat the key."""
    notifier = PagerDutyNotifier(spec(fake.url, routing_key=lambda: "canary-too-short"), time.time)

    outcome = await notifier.send(row())

    words = "Event object is invalid Length of 'routing_key' is incorrect (should be 32 characters): <secret>"
    assert Failed(FailureReason.CLIENT_ERROR, f"HTTP 400: {words}", retry=False) == outcome
    await notifier.close()


async def test_the_routing_key_is_read_for_each_attempt(fake: FakePagerDuty, tmp_path: Path) -> None:
    """A rotated file is seen; one that is gone is told without its content, and may come back."""
    file = tmp_path / "key"
    notifier = PagerDutyNotifier(spec(fake.url, routing_key=FileSecret(file)), time.time)

    outcomes = [await notifier.send(row())]
    for text in ("a" * 32 + "\n", "", "b" * 32):
        file.write_text(text)
        outcomes.append(await notifier.send(row()))

    assert [True, False, True, False] == [isinstance(one, Failed) and one.retry for one in outcomes]
    assert Failed(FailureReason.AUTH_ERROR, "the routing key cannot be read: FileNotFoundError", True) == outcomes[0]
    assert ["a" * 32, "b" * 32] == [one.body["routing_key"] for one in fake.requests]
    await notifier.close()


@pytest.mark.parametrize(
    ("way_back", "confirmable"),
    [
        ({}, (False, False)),
        ({"api_token": lambda: "t"}, (True, False)),
        ({"webhook_secrets": (str,)}, (True, True)),  # which tell of a page when it is made, and not again
        ({"api_token": lambda: "t", "webhook_secrets": (str,)}, (True, False)),
    ],
)
async def test_only_with_a_way_back_a_page_can_be_confirmed(
    fake: FakePagerDuty, way_back: dict[str, object], confirmable: tuple[bool, bool]
) -> None:
    """An accepted trigger says whether it can be known that it became a page; an act never does."""
    notifier = PagerDutyNotifier(spec(fake.url, **way_back), time.time)

    assert Sent(DEDUP_KEY, *confirmable) == await notifier.send(row())
    assert Sent(DEDUP_KEY) == await notifier.send(row(message(MessageEvent.RESOLVE)))
    await notifier.close()


async def test_a_row_without_a_key_takes_its_own_uid(fake: FakePagerDuty, notifier: PagerDutyNotifier) -> None:
    """A test page has a key that stays the same over its attempts."""
    await notifier.send(row(message(MessageEvent.TEST), dedup_key=""))

    assert ["n1"] == fake.pages


async def test_an_update_is_a_note_or_nothing(fake: FakePagerDuty) -> None:
    """PagerDuty shows no living message: what is to be written is a note, everything else is left unsaid."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    await notifier.send(row())

    assert Sent(DEDUP_KEY) == await notifier.send(row(message(MessageEvent.UPDATE)))
    assert Sent(DEDUP_KEY) == await notifier.send(row(message(MessageEvent.UPDATE, note="merged into INC-7")))
    assert [["[aiops-daemon] merged into INC-7"]] == [one.notes for one in fake.incidents]
    await notifier.close()


async def test_confirmation_follows_what_pagerduty_shows(fake: FakePagerDuty) -> None:
    """An accepted event of which no page came is not confirmed; one that shows is, even if it is over by now."""
    notifier = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
    fake.now = lambda: NOW + 5.0

    fake.script.append("swallow")
    assert Sent(DEDUP_KEY, confirmable=True) == await notifier.send(row())
    assert await notifier.confirmed(row()) is False

    await notifier.send(row())
    assert await notifier.confirmed(row()) is True

    await fake.change_status(fake.incidents[0], "resolved", None)
    assert await notifier.confirmed(row()) is True
    await notifier.close()


@pytest.mark.parametrize("seconds", [3600.0, 20.0])
async def test_an_old_page_confirms_nothing(fake: FakePagerDuty, seconds: float) -> None:
    """A page of the same key that was over before this one was sent is another; also of an alert that flaps."""
    notifier = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
    fake.now = lambda: NOW - seconds
    for event in (MessageEvent.TRIGGER, MessageEvent.RESOLVE):
        await notifier.send(row(message(event)))

    assert await notifier.confirmed(row()) is False
    await notifier.close()


async def test_of_an_update_nothing_is_asked(fake: FakePagerDuty) -> None:
    """It makes no page, and changes no state."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)

    assert (None, []) == (await notifier.confirmed(row(message(MessageEvent.UPDATE))), fake.requests)
    await notifier.close()


@pytest.mark.parametrize(
    ("event", "status"), [(MessageEvent.ACKNOWLEDGE, "acknowledged"), (MessageEvent.RESOLVE, "resolved")]
)
async def test_an_end_that_the_events_api_lost_is_written_by_rest(
    fake: FakePagerDuty, event: MessageEvent, status: str
) -> None:
    """It takes and drops what comes by another key than the page did, as after a rotation."""
    fake.now = lambda: NOW
    first = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
    await first.send(row())
    rotated = PagerDutyNotifier(replace(two_way(fake.url), routing_key=lambda: "r" * 32), lambda: NOW)
    end = replace(row(message(event)), sent_at=NOW + 60.0)
    taken = await rotated.send(end)
    before = fake.incidents[0].status

    assert (Sent(DEDUP_KEY, confirmable=True), "triggered") == (taken, before)
    assert await rotated.confirmed(end) is True
    assert status == fake.incidents[0].status
    put = [one for one in fake.requests if one.method == "PUT"]
    assert [{"incident": {"type": "incident_reference", "status": status}}] == [one.body for one in put]
    assert await rotated.confirmed(end) is True
    assert put == [one for one in fake.requests if one.method == "PUT"]
    await first.close()
    await rotated.close()


async def test_what_was_resolved_is_not_acknowledged_and_a_later_page_is_left_alone(fake: FakePagerDuty) -> None:
    """Nothing is written where PagerDuty shows what was meant, or more, or a page that is younger than the end."""
    notifier = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
    fake.now = lambda: NOW
    await notifier.send(row())
    await notifier.send(row(message(MessageEvent.RESOLVE)))
    fake.now = lambda: NOW + 120.0
    await notifier.send(row())
    ends = [
        replace(row(message(event)), sent_at=NOW + 60.0) for event in (MessageEvent.ACKNOWLEDGE, MessageEvent.RESOLVE)
    ]

    assert [True, True] == [await notifier.confirmed(one) for one in ends]
    assert ["resolved", "triggered"] == [one.status for one in fake.incidents]
    assert [] == [one for one in fake.requests if one.method == "PUT"]
    await notifier.close()


@pytest.mark.parametrize("fault", [400, 403, 429, 500])
async def test_an_end_that_could_not_be_written_is_not_shown(fake: FakePagerDuty, fault: int) -> None:
    """It is asked again; no request is repeated by itself."""
    notifier = PagerDutyNotifier(two_way(fake.url), lambda: NOW)
    fake.now = lambda: NOW
    await notifier.send(row())
    fake.script.extend([0, fault])

    assert await notifier.confirmed(replace(row(message(MessageEvent.RESOLVE)), sent_at=NOW + 60.0)) is None
    assert ["POST", "GET", "PUT"] == [one.method for one in fake.requests]
    assert "triggered" == fake.incidents[0].status
    await notifier.close()


async def test_without_a_user_no_status_is_written(fake: FakePagerDuty) -> None:
    """A key that may only read confirms pages, and an end is what the Events API answers."""
    notifier = PagerDutyNotifier(replace(two_way(fake.url), sender=""), lambda: NOW)
    end = row(message(MessageEvent.RESOLVE))

    assert Sent(DEDUP_KEY) == await notifier.send(end)
    assert await notifier.confirmed(end) is None
    assert ["POST"] == [one.method for one in fake.requests]
    await notifier.close()


async def test_without_a_token_nothing_is_asked(fake: FakePagerDuty, notifier: PagerDutyNotifier) -> None:
    """No request leaves; what cannot be known is None."""
    assert await notifier.confirmed(row()) is None
    assert "" == await notifier.dedup_key("Q0000001")
    assert isinstance(await notifier.note(DEDUP_KEY, "x"), Failed)
    assert [] == fake.requests


async def test_a_wrong_token_confirms_nothing(fake: FakePagerDuty) -> None:
    """A refused question is no answer: neither yes nor no."""
    wrong = PagerDutyNotifier(spec(fake.url, api_token=lambda: "wrong", sender="a@b.example"), time.time)
    await wrong.send(row())

    assert await wrong.confirmed(row()) is None
    refused = await wrong.note(DEDUP_KEY, "x")
    assert isinstance(refused, Failed)
    assert (FailureReason.AUTH_ERROR, False) == (refused.reason, refused.retry)
    await wrong.close()


async def test_notes_and_keys_go_by_the_incident_there(fake: FakePagerDuty) -> None:
    """A note is written to the incident of the key, long ones cut; an incident's key is found by its id."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    await notifier.send(row())

    assert Sent(DEDUP_KEY) == await notifier.note(DEDUP_KEY, "x" * 30_000)
    assert [25_000] == [len(note) for note in fake.incidents[0].notes]
    assert DEDUP_KEY == await notifier.dedup_key(fake.incidents[0].id)
    assert "" == await notifier.dedup_key("QNOBODY")
    assert "" == await notifier.dedup_key("../users/me")
    await notifier.close()


async def test_a_note_that_may_be_there_is_looked_for(fake: FakePagerDuty) -> None:
    """A second attempt writes what is not there yet; the author is named."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    await notifier.send(row())
    note = row(message(event=MessageEvent.UPDATE, actor="ann", note="disk replaced"))
    sent = [await notifier.send(replace(note, attempts=attempts)) for attempts in (2, 3, 1)]
    await notifier.close()

    assert [Sent(DEDUP_KEY)] * 3 == sent
    assert ["[aiops-daemon] ann: disk replaced"] * 2 == fake.incidents[0].notes  # the third is another note


async def test_the_same_words_again_are_another_note(fake: FakePagerDuty) -> None:
    """Its first attempt failed: what was written an hour before it is not what is looked for."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    await notifier.send(row())
    note = row(message(event=MessageEvent.UPDATE, actor="ann", note="still down"))
    for moment, attempts in ((NOW - 3600.0, 1), (NOW + 5.0, 2), (NOW + 9.0, 3)):
        fake.now = lambda at=moment: at  # type: ignore[misc]
        await notifier.send(replace(note, attempts=attempts))
    await notifier.close()

    assert 2 == len(fake.incidents[0].notes)


@pytest.mark.parametrize("fault", [401, 403, 429, 500, 503])
async def test_whose_an_incident_is_could_not_be_asked(fake: FakePagerDuty, fault: int | str) -> None:
    """That is not the same as none of ours."""
    notifier = PagerDutyNotifier(two_way(fake.url), time.time)
    await notifier.send(row())
    fake.script.append(fault)
    keys = [await notifier.dedup_key(fake.incidents[0].id) for _ in range(2)]
    await notifier.close()

    assert [None, DEDUP_KEY] == keys
    unknown = Failed(FailureReason.CLIENT_ERROR, "PagerDuty shows no incident of this key", retry=True)
    assert unknown == await notifier.note("aiops/hub-eu/nobody", "x")
    await notifier.close()


FAULTS = [400, 401, 403, 429, 500, "reset", "page", 307]


@pytest.mark.parametrize("fault", FAULTS)
async def test_no_secret_is_told(
    fake: FakePagerDuty, fault: int | str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither key nor token stands in an outcome, a log line of any level, a representation or on the terminal."""
    canary = "canarytoken"
    notifier = PagerDutyNotifier(spec(fake.url, api_token=lambda: canary, sender="ann@example.org"), time.time)
    fake.fault = lambda path, body: fault
    caplog.set_level("DEBUG")

    told = [repr(await notifier.send(row())), repr(await notifier.note(DEDUP_KEY, "x")), repr(notifier)]
    told += [str(await notifier.confirmed(row())), caplog.text, "".join(capfd.readouterr())]

    assert 3 == len(fake.requests)
    assert [False] * len(told) == [any(secret in text for secret in (KEY, canary, KEY[-4:])) for text in told]
    await notifier.close()
