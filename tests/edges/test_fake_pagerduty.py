"""The fake PagerDuty keeps PagerDuty's own rules, so that what passes here passes there."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from fake_pagerduty import PER_MINUTE, TOKEN, FakePagerDuty

KEY = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32


@pytest.fixture
async def fake() -> AsyncIterator[FakePagerDuty]:
    """Start one."""
    async with FakePagerDuty(now=lambda: 1_780_000_000.0, limited=True) as started:
        yield started


def trigger(**changed: Any) -> dict[str, Any]:
    """Return an event that is taken, with these changes."""
    payload = {"summary": "disk full", "source": "db1", "severity": "critical", "timestamp": "2026-11-30T22:53:17Z"}
    event: dict[str, Any] = {"routing_key": KEY, "event_action": "trigger", "dedup_key": "a", "payload": payload}
    inner = {name.removeprefix("payload_"): value for name, value in changed.items() if name.startswith("payload_")}
    outer = {name: value for name, value in changed.items() if not name.startswith("payload_")}
    return {**event, "payload": {**payload, **inner}, **outer}


async def post(fake: FakePagerDuty, body: dict[str, Any], path: str = "/v2/enqueue") -> tuple[int, dict[str, Any]]:
    """Send one event."""
    async with aiohttp.ClientSession() as session, session.post(fake.url + path, json=body) as response:
        return response.status, await response.json()


async def get(fake: FakePagerDuty, path: str, token: str = TOKEN) -> tuple[int, dict[str, Any]]:
    """Ask the REST API."""
    headers = {"Authorization": f"Token token={token}"}
    async with aiohttp.ClientSession(headers=headers) as session, session.get(fake.url + path) as response:
        return response.status, await response.json()


async def test_a_trigger_is_accepted_by_202_with_its_key(fake: FakePagerDuty) -> None:
    """The answer repeats the dedup key, or names the one that was made."""
    assert (202, "a") == (await _status_and_key(fake, trigger()))
    assert (202, "made-2") == (await _status_and_key(fake, trigger(dedup_key=None)))


async def _status_and_key(fake: FakePagerDuty, body: dict[str, Any]) -> tuple[int, str]:
    status, answer = await post(fake, body)
    return status, answer["dedup_key"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"routing_key": KEY[:31]}, "Length of 'routing_key'"),
        ({"routing_key": None}, "'routing_key' is missing"),
        ({"event_action": "open"}, "Invalid event action"),
        ({"dedup_key": "x" * 256}, "Length of 'dedup_key'"),
        ({"event_action": "resolve", "dedup_key": ""}, "'dedup_key' is missing"),
        ({"payload_summary": " "}, "'payload.summary' is missing"),
        ({"payload_summary": "x" * 1025}, "Length of 'payload.summary'"),
        ({"payload_summary": "\U0001f525" * 513}, "Length of 'payload.summary'"),
        ({"payload_severity": "page"}, "'payload.severity' is invalid"),
        ({"payload_source": ""}, "'payload.source' is missing"),
        ({"payload_timestamp": "yesterday"}, "'payload.timestamp' is invalid"),
        ({"payload": None}, "'payload' is missing"),
        ({"links": [{"href": "javascript:alert(1)", "text": "x"}]}, "'links.href' is invalid"),
        ({"images": [{"src": "http://a.example/x.png"}]}, "'images.src' must be https"),
        ({"payload_custom_details": {"x": "y" * 512_000}}, "exceeds 512 KB"),
    ],
)
async def test_what_is_wrong_is_400_and_makes_no_page(fake: FakePagerDuty, changed: dict[str, Any], error: str) -> None:
    """Each rule is told in the list of errors."""
    status, answer = await post(fake, trigger(**changed))

    assert (400, "invalid event", [True]) == (status, answer["status"], [error in one for one in answer["errors"]])
    assert [] == fake.incidents


async def test_the_longest_that_is_allowed_is_taken(fake: FakePagerDuty) -> None:
    """Limits are limits, not one less."""
    status, _ = await post(fake, trigger(dedup_key="x" * 255, payload_summary="x" * 1024))

    assert 202 == status


async def test_one_key_is_one_page(fake: FakePagerDuty) -> None:
    """A second trigger is appended; another dedup key, or another routing key, is another page."""
    for body in (trigger(), trigger(), trigger(dedup_key="b"), trigger(routing_key=OTHER)):
        await post(fake, body)

    assert ["a", "b", "a"] == fake.pages
    assert [2, 1, 1] == [len(incident.events) for incident in fake.incidents]


async def test_an_acknowledged_page_is_silent(fake: FakePagerDuty) -> None:
    """A trigger of an acknowledged alert neither pages nor changes its state."""
    for action in ("trigger", "acknowledge", "trigger"):
        await post(fake, trigger(event_action=action))

    assert [("a", "acknowledged")] == [(one.dedup_key, one.status) for one in fake.incidents]


async def test_a_trigger_after_resolve_is_a_new_page(fake: FakePagerDuty) -> None:
    """What is resolved is over."""
    for action in ("trigger", "resolve", "trigger"):
        await post(fake, trigger(event_action=action))

    assert ["resolved", "triggered"] == [one.status for one in fake.incidents]


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
async def test_acts_without_an_open_alert_are_dropped(fake: FakePagerDuty, action: str) -> None:
    """They are accepted and come to nothing, through another routing key too."""
    assert 202 == (await post(fake, trigger(event_action=action)))[0]

    await post(fake, trigger())
    await post(fake, trigger(event_action=action, routing_key=OTHER))
    assert ["triggered"] == [one.status for one in fake.incidents]


async def test_a_key_takes_so_many_events_a_minute(fake: FakePagerDuty) -> None:
    """The next is 429; another key has a limit of its own."""
    statuses = [(await post(fake, trigger()))[0] for _ in range(PER_MINUTE + 1)]

    assert [202] * PER_MINUTE + [429] == statuses
    assert 202 == (await post(fake, trigger(routing_key=OTHER)))[0]


async def test_changes_are_kept_apart(fake: FakePagerDuty) -> None:
    """A change pages nobody; it needs a summary."""
    path = "/v2/change/enqueue"
    change = {"routing_key": KEY, "payload": {"summary": "deploy 41", "timestamp": "2026-11-30T22:53:17Z"}}

    assert 202 == (await post(fake, change, path))[0]
    assert 400 == (await post(fake, {"routing_key": KEY, "payload": {}}, path))[0]
    assert ([], 1) == (fake.pages, len(fake.changes))


async def test_scripted_faults_come_one_for_each_request(fake: FakePagerDuty) -> None:
    """A status makes no page; swallow is a success that makes none either; reset makes one and answers nothing."""
    fake.script.extend([503, "swallow", "reset"])

    assert 503 == (await post(fake, trigger()))[0]
    assert (202, []) == ((await post(fake, trigger()))[0], fake.pages)
    with pytest.raises(aiohttp.ClientError):
        await post(fake, trigger())
    assert (["a"], [503, "swallow", "reset"]) == (fake.pages, [one.status for one in fake.requests])


async def test_the_rest_api_finds_by_key_and_wants_its_token(fake: FakePagerDuty) -> None:
    """An incident is found by its key and by its id."""
    await post(fake, trigger())

    status, answer = await get(fake, "/incidents?incident_key=a")
    assert (200, ["a"]) == (status, [one["incident_key"] for one in answer["incidents"]])
    assert "a" == (await get(fake, f"/incidents/{answer['incidents'][0]['id']}"))[1]["incident"]["incident_key"]
    assert [] == (await get(fake, "/incidents?incident_key=b"))[1]["incidents"]
    assert 404 == (await get(fake, "/incidents/QNONE"))[0]
    assert 401 == (await get(fake, "/incidents", "wrong"))[0]
