"""A whole daemon with Slack and Teams on loopback, in virtual time: what people see there of an incident's life."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from fake_slack import TOKEN, FakeSlack, command, command_body, signed
from fake_teams import FakeTeams, texts
from page_scenario import PageScenario, at
from virtual_time import VIRTUAL_TIME

from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.msteams import TeamsSpec
from aiops_daemon.core.model.channels.slack import SlackSpec
from aiops_daemon.core.model.escalation import EscalationSpec, StepSpec
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode, RouteSpec

pytestmark = VIRTUAL_TIME

HIGH = {"alertname": "HighLatency", "service": "checkout", "severity": "critical"}


class ChatScenario(PageScenario):
    """A daemon whose channels are the real ones."""

    def _options(self) -> Any:
        return replace(super()._options(), make_notifier=None)


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    """A workspace."""
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def teams() -> AsyncIterator[FakeTeams]:
    """A workflow."""
    async with FakeTeams() as fake:
        yield fake


def world(slack: FakeSlack, teams: FakeTeams) -> dict[str, Any]:
    """Tell the channel and Teams at once, Ann herself a quarter of an hour later."""
    bot = {"bot_token": HeldSecret(TOKEN), "web_api_url": slack.api, "signing_secret": HeldSecret("s")}
    return {
        "receivers": (
            ReceiverSpec("chat", (SlackSpec(channel="#ops", **bot), TeamsSpec(HeldSecret(teams.url)))),
            ReceiverSpec("direct", (SlackSpec(**bot),)),
        ),
        "people": (PersonSpec("ann", (("slack", "U0ANN"),)),),
        "escalations": (
            EscalationSpec("shop", (StepSpec(("receiver/chat",)), StepSpec(("person/ann",), after=900.0))),
        ),
        "route": RouteSpec(escalation="shop", mode=Mode.LIVE),
    }


async def test_the_life_of_an_incident(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """One message in the channel that changes, its story in the thread; Ann's own; a card for beginning and end."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:20").act("ack", text="looking at the pool")
    s.at("10:40").resolve(HIGH)
    await s.play("10:45")

    channel, direct = slack.heads()
    assert ["C0OPS", "D0ANN"] == [channel.channel, direct.channel]
    assert ["Acknowledged", "🟢 Resolved"] == [
        each.fields["text"].split(" by ")[0].split(" after ")[0] for each in slack.thread(channel.ts)
    ]
    assert "resolved" in str(channel.now["blocks"][1])
    assert "actions" in str(channel.fields["blocks"])
    assert "actions" not in str(channel.now["blocks"])
    assert "resolved" in str(direct.now["blocks"][1])
    assert [True, True] == [
        texts(card)[0].startswith(start) for card, start in zip(teams.cards, ("🔴 INC-1", "🟢 Resolved"), strict=True)
    ]
    assert (0, []) == (slack.limited, teams.lost)


async def test_a_change_keeps_what_the_message_said(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Who is told next, and why it came to this channel; a snooze is shown with its end and its author."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:02").alert(HIGH | {"instance": "b"})
    s.at("10:03").run(lambda: _note(shown, slack.heads()[0].now))
    s.at("10:04").act("snooze", seconds=3600)
    shown: list[Any] = []
    await s.play("10:06")

    assert [] == [words for words in ("2 firing", "person/ann is told at", "step 1 of shop") if words not in str(shown)]
    assert "snoozed by anonymous until <!date^1700046240^" in str(slack.heads()[0].now["blocks"][1])
    assert "is told at" not in str(slack.heads()[0].now)


async def test_who_acknowledged_stays_in_the_message(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Whatever changes afterwards."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:02").act("ack")
    s.at("10:04").alert(HIGH | {"instance": "b"})
    await s.play("10:06")

    assert "2 firing" in str(slack.heads()[0].now)
    assert "acknowledged by anonymous" in str(slack.heads()[0].now)


async def test_an_incident_that_comes_back_is_shown_as_open(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Its message was green and had no buttons; whoever is called again finds it red, with buttons."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:10").resolve(HIGH)
    s.at("10:12").alert(HIGH)
    await s.play("10:14")

    (channel,) = slack.heads()
    assert "open" in str(channel.now["blocks"][1])
    assert "actions" in str(channel.now["blocks"])
    assert [True] == [one.fields["reply_broadcast"] for one in slack.thread(channel.ts)[1:]]


async def test_a_message_that_took_the_place_of_a_removed_one_lives(
    tmp_path: Path, slack: FakeSlack, teams: FakeTeams
) -> None:
    """Somebody removes the first message; the next call makes another, which hears of the end."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:05").run(lambda: _remove(slack))
    s.at("10:10").resolve(HIGH)
    s.at("10:12").alert(HIGH)
    s.at("10:13").act("ack")
    s.at("10:14").resolve(HIGH)
    await s.play("10:15")

    (channel,) = slack.heads()
    assert "resolved" in str(channel.now["blocks"][1])
    assert "actions" not in str(channel.now["blocks"])


async def _remove(slack: FakeSlack) -> None:
    slack.remove(slack.heads()[0].ts)


async def test_a_hanging_slack_delays_nobody(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Teams hears at once; Slack as soon as it answers again, once."""
    slack.hanging = 3600.0
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(HIGH)
    s.at("10:01").run(lambda: _note(seen, len(teams.cards)))
    s.at("10:02").run(lambda: _answer_again(slack))
    seen: list[int] = []
    await s.play("10:14")

    assert [1] == seen
    assert ["C0OPS"] == [each.channel for each in slack.heads()]


async def test_a_command_that_comes_again_after_a_restart_is_left_alone(
    tmp_path: Path, slack: FakeSlack, teams: FakeTeams
) -> None:
    """Whoever recorded a signed request acts by it no second time."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    body = command_body(command("snooze INC-1 1h", ""))
    headers = signed(body, at("10:01"), "s")
    statuses: list[Any] = []
    s.at("10:00").alert(HIGH)
    s.at("10:01").run(lambda: _post(s, body, headers, statuses))
    s.at("10:02").restart(after=5.0)
    s.at("10:03").run(lambda: _post(s, body, headers, statuses))
    s.at("10:04").run(lambda: _read(s, statuses))
    await s.play("10:05")

    assert [200, 200] == statuses[:2]
    assert ["snoozed by ann for 1h"] == [
        line["text"] for line in statuses[2]["data"] if line["text"].startswith("snoozed by")
    ]


async def _post(s: ChatScenario, body: bytes, headers: dict[str, str], statuses: list[Any]) -> None:
    url = f"{s.daemon.address}/webhooks/slack/command"
    async with aiohttp.ClientSession() as http, http.post(url, data=body, headers=headers) as answer:
        statuses.append(answer.status)


async def _read(s: ChatScenario, seen: list[Any]) -> None:
    url = f"{s.daemon.address}/api/v1/incidents/INC-1/timeline"
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        seen.append(await answer.json())


async def test_a_change_that_must_wait_holds_up_no_page(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Slack takes no changes for ten minutes; an incident whose change waits is called again at once."""
    given = world(slack, teams)
    again = EscalationSpec("shop", (StepSpec(("receiver/chat",)), StepSpec(("receiver/chat",), after=120.0)))
    s = ChatScenario(tmp_path, **given | {"escalations": (again,)})
    s.at("10:00").alert(HIGH)
    s.at("10:01").run(lambda: _refuse_once(slack))
    s.at("10:01").alert(HIGH | {"instance": "b"})
    await s.play("10:03")

    (channel,) = slack.heads()
    assert ["chat.postMessage", "chat.update", "chat.postMessage"] == [method for method, _ in slack.calls]
    assert 1 == len(slack.thread(channel.ts))


async def _refuse_once(slack: FakeSlack) -> None:
    slack.answers = [web.json_response({"ok": False}, status=429, headers={"Retry-After": "600"})]


async def _note(seen: list[Any], what: object) -> None:
    seen.append(what)


async def _answer_again(slack: FakeSlack) -> None:
    slack.hanging = 0.0


async def test_a_storm_of_incidents_keeps_the_limit(tmp_path: Path, slack: FakeSlack, teams: FakeTeams) -> None:
    """Twenty incidents at once: a message a second to the channel, none refused, none lost."""
    s = ChatScenario(tmp_path, **world(slack, teams))
    s.at("10:00").alert(*(HIGH | {"service": f"s{number}", "cluster": f"c{number}"} for number in range(20)))
    await s.play("10:10")

    assert 0 == slack.limited
    assert 20 == len({each.fields["text"] for each in slack.heads()})
