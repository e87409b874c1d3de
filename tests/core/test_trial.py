"""Test messages: where they go, what they say, and when they are only recorded."""

from __future__ import annotations

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.channels.log import LogSpec
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.notification import Notification, NotificationState, Trial
from aiops_daemon.core.model.oncall import PersonSpec
from aiops_daemon.core.model.receiver import ReceiverSpec
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.scope import Role, Scope
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.response.keys import incident_of
from aiops_daemon.core.response.telling import Telling
from aiops_daemon.core.response.trial import trial_messages

ANN = Scope("ann", frozenset(("shop", "data")), Role.OPERATOR)


def ask(target: str, mode: Mode = Mode.SHADOW, scope: Scope = ANN) -> tuple[tuple[Notification, ...], str]:
    """Ask a small configuration for a test."""
    settings = Settings(
        cluster="eu1",
        mode=mode,
        receivers=(ReceiverSpec("desk", (LogSpec(), LogSpec())),),
        people=(PersonSpec("bo"),),
    )
    uids = count(1)
    return trial_messages(Trial(target), scope, Telling(settings), lambda: f"u{next(uids)}", 1000.0)


def test_every_channel_of_a_receiver_is_tried() -> None:
    """One message each, due at once, in an order of its own."""
    rows, why = ask("receiver/desk")

    assert "receiver desk" == why
    assert ["receiver/desk/log/0", "receiver/desk/log/1"] == [row.destination for row in rows]
    assert 2 == len({row.key for row in rows})
    assert {(MessageEvent.TEST, NotificationState.WAITING, 1000.0)} == {
        (row.message.event, row.state, row.due_at) for row in rows
    }
    assert "ann asked for a test of receiver/desk; nothing is wrong" == rows[0].message.why_you


def test_whoever_asked_may_follow_it() -> None:
    """It belongs to one of their teams, without teams to the default one."""
    assert "data" == ask("receiver/desk")[0][0].team
    assert "default" == ask("receiver/desk", scope=Scope("root"))[0][0].team


def test_the_kill_switch_holds_tests_back_too() -> None:
    """Shadow mode does not: it is what tests are for."""
    assert NotificationState.MUTED is ask("receiver/desk", Mode.MUTED)[0][0].state


@pytest.mark.parametrize(
    ("why", "target"),
    [
        ("receiver nope is not in the configuration", "receiver/nope"),
        ("bo has no address for", "person/bo"),
        ("nope is not among the people", "person/nope"),
    ],
)
def test_nobody_reached_has_a_reason(why: str, target: str) -> None:
    """Nothing is written."""
    rows, said = ask(target)

    assert () == rows
    assert why in said


@given(st.text(max_size=40), st.sampled_from(("receiver", "person", "schedule", "team", "")))
def test_no_name_breaks_it(name: str, kind: str) -> None:
    """Whatever is typed: messages or a reason, and no message that could pass for an incident's."""
    rows, why = ask(f"{kind}/{name}")

    assert rows or why
    assert all(incident_of(row.dedup_key, "eu1") is None for row in rows)
