"""Three daemons on one PostgreSQL behind a load balancer: an act is done once, whichever of them it reaches."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from daemon_process import eventually
from fake_slack import click, click_body, signed
from paging_world import PagingWorld, webhook
from test_paging_replicas import PATH, Replica

pytestmark = pytest.mark.real

SLACK = """\
  - name: chat
    slack_configs:
      - {bot_token: of-the-bot, channel: "#ops", signing_secret: of-the-app, web_api_url: "http://127.0.0.1:9/api/"}
"""


@pytest.fixture
def replicas(tmp_path: Path, world: PagingWorld, postgres_url: str) -> Iterator[list[Replica]]:
    """Three daemons; the first one leads, and an incident is open and paged."""
    made = [Replica(tmp_path / name, postgres_url) for name in "abc"]
    try:
        for one in made:
            one.configure(world.config() + SLACK)
            one.start()
            eventually(made[0].leads, "the first one leads")
        made[0].post(PATH, webhook(["one", "two"]))
        eventually(lambda: 2 == len(world.pagerduty.incidents), "paged")
        yield made
    finally:
        for one in made:
            one.end()


def ask(daemon: Replica, verb: str, body: dict[str, Any], key: str = "", number: int = 1) -> tuple[int, Any]:
    """Ask for an act by the API; return status and answer."""
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    url = f"{daemon.url}/api/v1/incidents/INC-{number}/{verb}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def state(daemon: Replica, number: int) -> str:
    """Return the state of an incident."""
    return next(str(one["state"]) for one in daemon.incidents() if one["number"] == number)


def notes(daemon: Replica, words: str) -> list[str]:
    """Return the lines of the first incident's timeline that have these words."""
    return [one["text"] for one in daemon.incident("INC-1")["timeline"] if words in one["text"]]


def test_every_replica_takes_acts(replicas: list[Replica], world: PagingWorld) -> None:
    """By API, PagerDuty's webhook and Slack's button; what may not be done is refused with the leader's words."""
    started = time.monotonic()
    status, answer = ask(replicas[1], "ack", {"text": "mine"})
    took = time.monotonic() - started
    refused, words = ask(replicas[2], "resolve", {})
    world.subscribe(replicas[2].url)
    uid = next(one["uid"] for one in replicas[0].incidents() if one["number"] == 2)
    second = next(one for one in world.pagerduty.incidents if one.dedup_key.endswith(uid))
    world.acknowledge(second)
    eventually(lambda: "acknowledged" == state(replicas[0], 2), "by PagerDuty", 10.0)
    body = click_body(click("aiops_investigate", "INC-1", ""))
    headers = signed(body, time.time(), "of-the-app")
    url = f"{replicas[1].url}/webhooks/slack/interactive"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as clicked:
        assert 200 == clicked.status
    eventually(lambda: "investigating" == state(replicas[0], 1), "by Slack", 10.0)
    asked = [ask(one, "note", {"text": f"turn {turn} at {at}"}) for turn in range(5) for at, one in enumerate(replicas)]

    print(f"an acknowledgement through a follower took {took:.2f} s")
    assert (200, "acknowledged", True) == (status, answer["data"]["state"], answer["changed"])
    assert 409 == refused, words
    assert {200} == {status for status, _ in asked}
    assert 15 == len(notes(replicas[2], "turn "))


def test_a_follower_takes_alerts_and_answers_for_them(replicas: list[Replica], world: PagingWorld) -> None:
    """What fires, is acknowledged and ends reaches those that do not lead: done once, and shown by every replica."""
    leader, second, third = replicas
    second.post(PATH, webhook(["three"]))
    eventually(lambda: 3 == len(world.pagerduty.incidents), "paged")
    status, answer = ask(third, "ack", {"text": "mine"}, "key", number=3)
    again, _ = ask(second, "ack", {"text": "mine"}, "key", number=3)
    eventually(lambda: "acknowledged" == world.pagerduty.incidents[2].status, "PagerDuty knows")
    third.post(PATH, webhook(["three"], firing=False))
    eventually(lambda: "resolved" == world.pagerduty.incidents[2].status, "it ended there too")

    assert leader.leads()
    assert (200, "acknowledged", True, 200) == (status, answer["data"]["state"], answer["changed"], again)
    assert ["resolved"] * 3 == [state(one, 3) for one in replicas]
    kinds = [[one["kind"] for one in daemon.incident("INC-3")["timeline"]] for daemon in replicas]
    assert [1, 1, 1] == [each.count("acknowledged") for each in kinds]
    assert [1, 1, 1] == [each.count("opened") for each in kinds]
    assert 0 == world.extra()


def test_the_leader_is_killed_while_acts_wait(replicas: list[Replica], world: PagingWorld) -> None:
    """What was stored is done by the next one, in order, once, though it was sent again to another replica."""
    first, second, third = replicas
    first.halt()  # nobody is left to do anything, and nobody can take over yet
    with ThreadPoolExecutor(2) as pool:
        sent = [
            pool.submit(ask, (second, third)[number % 2], "note", {"text": f"late{number}"}, f"k{number}")
            for number in range(2)
        ]
        first.kill()
        answers = [one.result() for one in sent]
    again = [ask((third, second)[number % 2], "note", {"text": f"late{number}"}, f"k{number}") for number in range(2)]
    eventually(lambda: second.leads() or third.leads(), "somebody leads", 20.0)
    eventually(lambda: 2 == len(notes(second, "late")), "both are done", 10.0)
    status, _ = ask(second, "ack", {})

    print(f"answers while nobody led: {sorted(code for code, _ in answers)}, then {sorted(code for code, _ in again)}")
    assert {code for code, _ in (*answers, *again)} <= {200, 202}
    assert 200 == status
    assert ["late0", "late1"] == sorted(text[-5:] for text in notes(third, "late"))
    assert 0 == world.extra()
