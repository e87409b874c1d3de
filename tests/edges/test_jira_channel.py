"""Tickets: one for each incident, through retries, lost answers, people who resolve, and workflows that refuse."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from fake_jira import TOKEN, USER, FakeJira, serving
from notify_world import BY_EVENT, FULL, HOSTILE, Standing, notification

from aiops_daemon.config.secret import HeldSecret
from aiops_daemon.core.model.channels.jira import JiraSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Failed, FailureReason, Outcome, Sent
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.notify.jira import JiraNotifier, label
from aiops_daemon.edges.notify.render import Renderer

LABEL = label(notification())
RESOLVED = BY_EVENT[MessageEvent.RESOLVE]
BASIC = HttpSpec(username=USER, password=HeldSecret(TOKEN))


async def say(jira: FakeJira, *rows: object, version: str = "2", **changes: object) -> list[Outcome]:
    """Send messages, each a Notification or a Message, one after the other."""
    renderer = Renderer()
    async with serving(jira) as site:
        values = {"project": "OPS", "issue_type": "Bug", "resolve_transition": "Done", "http": BASIC} | changes
        spec = JiraSpec(f"{site}/rest/api/{version}", cloud=jira.cloud, **values)  # type: ignore[arg-type]
        channel = JiraNotifier(spec, renderer, Standing())
        try:
            return [await channel.send(row if hasattr(row, "uid") else notification(row)) for row in rows]  # type: ignore[arg-type]
        finally:
            await channel.close()
            await renderer.close()


async def test_a_ticket_is_made() -> None:
    """With everything that is configured, and the label that finds it again."""
    jira = FakeJira()
    outcome = await say(jira, FULL, labels=("sre",), priority="High", fields_json='{"customfield_1": {"value": "x"}}')
    fields = jira.tickets["OPS-1"].fields

    assert [Sent(reply="OPS-1")] == outcome
    assert "INC-42 Checkout answers too slowly" == fields["summary"]
    assert "p99 of checkout is 2.4 s" in fields["description"]
    assert (["sre", LABEL], {"name": "High"}, {"value": "x"}) == (
        fields["labels"],
        fields["priority"],
        fields["customfield_1"],
    )


@pytest.mark.parametrize("cloud", [False, True])
@pytest.mark.parametrize("version", ["2", "3"])
async def test_an_incident_has_one_ticket(version: str, cloud: bool) -> None:
    """Created, updated, resolved; on Data Center and in the cloud, with either version of the API."""
    jira = FakeJira(cloud=cloud)
    changed = replace(BY_EVENT[MessageEvent.UPDATE], title="Checkout is down")
    outcomes = await say(jira, FULL, changed, RESOLVED, version=version)

    assert [Sent(reply="OPS-1")] * 3 == outcomes
    assert ["OPS-1"] == list(jira.tickets)
    assert "Done" == jira.tickets["OPS-1"].status
    assert "INC-42 Checkout answers too slowly" == jira.tickets["OPS-1"].fields["summary"]


async def test_by_the_key_of_the_first_message_an_index_that_lags_does_not_matter() -> None:
    """Search does not find a ticket that was just made."""
    jira = FakeJira(indexes_at_once=False)
    outcomes = await say(jira, FULL, notification(BY_EVENT[MessageEvent.UPDATE], thread="OPS-1"))

    assert [Sent(reply="OPS-1")] * 2 == outcomes
    assert ["OPS-1"] == list(jira.tickets)


async def test_an_answer_that_was_lost_makes_no_second_ticket() -> None:
    """The retry finds the first by its label."""
    jira = FakeJira()
    jira.lose_answers_to = {"POST"}
    (lost,) = await say(jira, FULL)
    jira.lose_answers_to = set()
    again = await say(jira, notification(attempts=1))

    assert isinstance(lost, Failed)
    assert lost.retry
    assert [Sent(reply="OPS-1")] == again
    assert 1 == len(jira.tickets)


async def test_a_ticket_that_was_deleted_is_made_anew() -> None:
    """Its key leads nowhere, and search finds nothing."""
    assert [Sent(reply="OPS-1")] == await say(FakeJira(), notification(thread="OPS-77"))


@pytest.mark.parametrize("event", [MessageEvent.UPDATE, MessageEvent.ACKNOWLEDGE])
async def test_a_ticket_that_cannot_be_seen_is_not_made_again_by_each_change(event: MessageEvent) -> None:
    """Jira says 404 of what the user may not browse, too: a ticket for every change of an incident would follow."""
    jira = FakeJira()
    row = notification(BY_EVENT[event], thread="OPS-77")

    assert [Sent(reply="OPS-77")] * 2 == await say(jira, row, row)
    assert {} == jira.tickets


async def test_an_end_without_a_ticket_makes_none() -> None:
    """There is nothing to resolve."""
    jira = FakeJira()

    assert [Sent()] == await say(jira, RESOLVED)
    assert {} == jira.tickets


async def test_a_resolved_ticket_is_opened_again() -> None:
    """By the configured transition."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.close("OPS-1")
    outcomes = await say(jira, FULL, reopen_transition="Reopen")

    assert [Sent(reply="OPS-1")] == outcomes
    assert "To Do" == jira.tickets["OPS-1"].status


@pytest.mark.parametrize(
    ("options", "resolved"),
    [
        ({}, ""),  # no transition to open it by
        ({"reopen_transition": "Reopen", "reopen_duration": 3600.0}, "2025-11-21T02:00:00.000+0000"),
    ],
)
async def test_else_a_new_ticket_is_made(options: dict[str, object], resolved: str) -> None:
    """Where tickets are not opened again, or not after so long."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.close("OPS-1", resolved=resolved)

    assert [Sent(reply="OPS-2")] == await say(jira, FULL, **options)


async def test_within_the_duration_it_is_opened_again() -> None:
    """An hour is measured from the resolution."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.close("OPS-1", resolved="2025-11-21T03:00:00.000+0000")
    outcomes = await say(jira, FULL, reopen_transition="Reopen", reopen_duration=3600.0)

    assert [Sent(reply="OPS-1")] == outcomes


@pytest.mark.parametrize("thread", ["", "OPS-1"])
async def test_what_people_will_not_fix_is_left_alone(thread: str) -> None:
    """Neither opened again, nor changed, nor doubled."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.close("OPS-1", "Won't Fix")
    row = notification(replace(FULL, title="Worse"), thread=thread)
    outcomes = await say(jira, row, wont_fix_resolution="Won't Fix", reopen_transition="Reopen")

    assert [Sent(reply="OPS-1")] == outcomes
    assert ("Done", "INC-42 Checkout answers too slowly") == (
        jira.tickets["OPS-1"].status,
        jira.tickets["OPS-1"].fields["summary"],
    )


async def test_labels_that_people_added_stay() -> None:
    """An update writes summary and description."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.tickets["OPS-1"].fields["labels"].append("customer-42")
    await say(jira, BY_EVENT[MessageEvent.UPDATE])

    assert ["customer-42"] == jira.tickets["OPS-1"].fields["labels"][1:]


async def test_what_people_resolved_is_not_touched_by_the_end() -> None:
    """Workflows often forbid to edit what is closed."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.close("OPS-1", "Cannot Reproduce")
    jira.asked.clear()

    assert [Sent(reply="OPS-1")] == await say(jira, RESOLVED)
    assert ["POST"] == [method for method, _ in jira.asked]


async def test_a_transition_that_is_not_there_is_told() -> None:
    """Trying again would not help."""
    jira = FakeJira()
    _, outcome = await say(jira, FULL, RESOLVED, resolve_transition="Close")

    words = "OPS-1 has no transition of the configured name now"
    assert Failed(FailureReason.CLIENT_ERROR, words, retry=False) == outcome


async def test_without_a_transition_the_ticket_stays_open() -> None:
    """It is for people to close."""
    jira = FakeJira()
    await say(jira, FULL, RESOLVED, resolve_transition="")

    assert "To Do" == jira.tickets["OPS-1"].status


async def test_what_jira_refuses_is_told_in_its_words() -> None:
    """Fields and what is wrong with them."""
    (outcome,) = await say(FakeJira(), FULL, project="NONE")

    assert Failed(FailureReason.CLIENT_ERROR, "HTTP 400: project: valid project is required", retry=False) == outcome


async def test_a_wrong_token_is_an_auth_error() -> None:
    """It is not tried again."""
    (outcome,) = await say(FakeJira(), FULL, http=HttpSpec(bearer=HeldSecret("wrong-token")))

    assert isinstance(outcome, Failed)
    assert (FailureReason.AUTH_ERROR, False) == (outcome.reason, outcome.retry)


async def test_a_bearer_token_serves_too() -> None:
    """As Data Center has them."""
    assert [Sent(reply="OPS-1")] == await say(FakeJira(), FULL, http=HttpSpec(bearer=HeldSecret(TOKEN)))


@pytest.mark.parametrize(
    "step", [("POST", "/search"), ("PUT", "/issue"), ("GET", "/transitions"), ("POST", "/transit")]
)
async def test_a_fault_at_any_step_is_tried_again_as_a_whole(step: tuple[str, str]) -> None:
    """And the second attempt ends where the first would have."""
    jira = FakeJira()
    await say(jira, FULL)
    jira.refuse = {step: (503, {"message": "maintenance"})}
    (outcome,) = await say(jira, RESOLVED)
    jira.refuse = {}
    again = await say(jira, RESOLVED)

    assert Failed(FailureReason.SERVER_ERROR, "HTTP 503: maintenance", retry=True) == outcome
    assert [Sent(reply="OPS-1")] == again
    assert "Done" == jira.tickets["OPS-1"].status


@pytest.mark.parametrize("version", ["2", "3"])
async def test_alert_text_is_not_formatted(version: str) -> None:
    """Nothing in it becomes a link, a heading, code or a mention."""
    jira = FakeJira()
    (outcome,) = await say(jira, HOSTILE, version=version)
    fields = jira.tickets["OPS-1"].fields
    described = json.dumps(fields["description"])

    assert Sent(reply="OPS-1") == outcome
    assert len(fields["summary"]) <= 255
    assert ("{code}" in described) == (version == "3")  # text of a document is never markup
    assert ("[x|http" in described) == (version == "3")


async def test_own_templates_write_summary_and_description() -> None:
    """They stand in the configuration."""
    jira = FakeJira()
    await say(jira, FULL, summary="{{ service }}: {{ title }}", description="h2. Impact\n{{ impact }}")

    assert "checkout: Checkout answers too slowly" == jira.tickets["OPS-1"].fields["summary"]
    assert jira.tickets["OPS-1"].fields["description"].startswith("h2. Impact\n5 of 7")
