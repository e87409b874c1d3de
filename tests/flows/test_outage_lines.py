"""An outage is a few lines in the log, however many queries and minutes it has."""

from __future__ import annotations

import logging

import pytest

from aiops_daemon.errors import SourceError, SourceReason, remedy
from aiops_daemon.flows.troubles import Troubles

DOWN = SourceError(SourceReason.CONNECTION, "cannot connect")
SLOW = SourceError(SourceReason.TIMEOUT, "no answer in time")
DENIED = SourceError(SourceReason.AUTH_ERROR, "HTTP 401")


@pytest.fixture(autouse=True)
def _all_lines(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def _told(caplog: pytest.LogCaptureFixture) -> list[tuple[str, dict[str, object]]]:
    """Return what was logged, as message and fields."""
    return [(record.getMessage(), vars(record)["fields"]) for record in caplog.records]


def _cycle(troubles: Troubles, names: list[str], error: SourceError | None) -> None:
    for name in names:
        if error is None:
            troubles.succeeded(name)
        else:
            troubles.failed(name, error)
    troubles.tell()


def test_an_outage_of_many_queries_is_two_lines(caplog: pytest.LogCaptureFixture) -> None:
    """A hundred queries fail for ten cycles and come back: one line when it begins, one when it ends."""
    troubles, names = Troubles("eu1"), [f"q{n}" for n in range(100)]
    for error in (DOWN, SLOW) * 5:
        _cycle(troubles, names, error)
    _cycle(troubles, names, None)

    began, ended = _told(caplog)
    assert ("queries failed; old state is kept", 100, SourceReason.CONNECTION) == (
        began[0], began[1]["queries"], began[1]["reason"],
    )  # fmt: skip
    assert remedy(SourceReason.CONNECTION) == began[1]["remedy"]
    assert ("queries recovered", {"source": "eu1", "queries": 100}) == ended


def test_few_queries_are_told_by_name(caplog: pytest.LogCaptureFixture) -> None:
    """One bad expression is named."""
    troubles = Troubles("eu1")
    _cycle(troubles, ["a", "b"], DOWN)
    _cycle(troubles, ["a"], None)

    failed, recovered = "query failed; old state is kept", "query recovered"
    assert [("a", failed), ("b", failed), ("a", recovered)] == [
        (told["query"], message) for message, told in _told(caplog)
    ]


def test_a_reason_that_does_not_pass_by_itself_is_news(caplog: pytest.LogCaptureFixture) -> None:
    """The server is back and refuses the password: said once, although the query failed all the while."""
    troubles = Troubles("eu1")
    for error in (DOWN, SLOW, DENIED, DENIED):
        _cycle(troubles, ["a"], error)

    assert [SourceReason.CONNECTION, SourceReason.AUTH_ERROR] == [told["reason"] for _, told in _told(caplog)]


def test_every_reason_has_a_remedy() -> None:
    """Whatever a source answers, the line says what a person can do."""
    assert all(remedy(reason) for reason in SourceReason)
