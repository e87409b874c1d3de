"""Whatever a message holds, its event is within PagerDuty's limits and says what was left out."""

import json
from typing import Any

import pytest
from fake_pagerduty import BODY_BYTES, alert_faults, change_faults
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pagerduty_world import KEY, NOW, message, spec

from aiops_daemon.core.model.message import Link, Message, MessageEvent, Named
from aiops_daemon.edges.notify.pagerduty import body
from aiops_daemon.edges.notify.pagerduty.limits import LEFT_OUT, SUMMARY_UNITS, clean, cut

anything = st.text(st.characters() | st.integers(0xD800, 0xDFFF).map(chr))  # lone surrogates too
long = st.builds(lambda text, times: text * times, anything.filter(bool), st.integers(1, 40_000))
links = st.builds(Link, anything, anything | st.just("https://a.example/x") | long.map("https://a.example/".__add__))
named = st.builds(Named, anything, anything, anything, anything, anything)
messages = st.builds(
    Message,
    event=st.sampled_from((MessageEvent.TRIGGER, MessageEvent.STORM, MessageEvent.DIGEST, MessageEvent.TEST)),
    incident=anything,
    name=anything,
    title=anything | long,
    state=anything,
    severity=st.sampled_from(("critical", "warning", "info")) | anything,
    priority=anything,
    at=st.floats(0, 4e9),
    opened_at=st.floats(0, 4e9),
    team=anything | long,
    service=anything | long,
    cluster=anything,
    alerts=st.integers(0, 10**9),
    firing=st.integers(0, 10**9),
    impact=anything | long,
    evidence=st.lists(anything | long, max_size=4).map(tuple),
    next_at=st.none() | st.floats(0, 4e9),
    next_who=anything,
    note=anything,
    labels=st.lists(st.tuples(anything, anything | long), max_size=4).map(tuple),
    links=st.lists(links, max_size=3).map(tuple),
    named=st.lists(named, max_size=4).map(tuple),
)


def sent(event: dict[str, Any]) -> bytes:
    """Encode an event as the client does."""
    return json.dumps({**event, "routing_key": KEY}, ensure_ascii=False, separators=(",", ":")).encode()


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a message that fails, which is long
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(messages)
def test_every_message_makes_an_event_that_is_taken(made: Message) -> None:
    """PagerDuty's rules hold, its size too, and it can be encoded."""
    event = body.trigger(made, spec(), "aiops/eu1/u")
    raw = sent(event)

    assert [] == alert_faults(json.loads(raw))
    assert len(raw) <= BODY_BYTES


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(messages)
def test_every_change_makes_an_event_that_is_taken(made: Message) -> None:
    """Change events keep the rules too, and carry no other field than PagerDuty knows."""
    event = body.change(made, spec())
    raw = sent(event)

    assert [] == change_faults(json.loads(raw))
    assert set(event) <= {"payload", "links"}
    assert len(raw) <= BODY_BYTES


@given(st.text(st.sampled_from("ab\U0001f525é\n")), st.integers(1, 40))
def test_a_cut_text_is_a_start_that_fits(text: str, units: int) -> None:
    """What is short stays; what is long loses its end, whole characters of it, and shows that."""
    shortened = cut(text, units)

    assert len(shortened.encode("utf-16-le")) <= 2 * units
    assert shortened == text or (shortened.endswith("…") and text.startswith(shortened[:-1]))
    assert (shortened == text) == (len(text.encode("utf-16-le")) <= 2 * units)


@given(anything)
def test_what_is_clean_can_be_sent_and_stays(text: str) -> None:
    """Only what UTF-8 cannot carry is replaced."""
    cleaned = clean(text)

    assert cleaned.encode().decode() == cleaned
    assert cleaned == text or any("\ud800" <= character <= "\udfff" for character in text)


def test_a_long_title_keeps_its_start() -> None:
    """A summary of 1,024 characters stays; one more, and its end gives way to a mark."""
    head = "[P1] INC-42 "
    fits = "x" * (SUMMARY_UNITS - len(head))

    assert head + fits == body.summary(message(title=fits))
    assert head + fits[:-1] + "…" == body.summary(message(title=fits + "x"))
    assert SUMMARY_UNITS - 1 == len(body.summary(message(title="\U0001f525" * 600)).encode("utf-16-le")) // 2


def test_the_longest_details_go_first_and_that_is_said() -> None:
    """Texts of 300 KB leave; counts, short evidence and why you got it stay."""
    event = body.trigger(
        message(
            impact="i" * 300_000,
            evidence=("e" * 200_000, "short", "e" * 190_000),
            labels=(("long", "l" * 150_000), ("pod", "p0")),
        ),
        spec(),
        "aiops/eu1/u",
    )

    details = event["payload"]["custom_details"]
    assert "too long for PagerDuty: impact, evidence (1 of 3)" == details[LEFT_OUT]
    assert LEFT_OUT == next(iter(details))
    assert "impact" not in details
    assert ["short", "e" * 190_000] == details["evidence"]
    assert {"long": "l" * 150_000, "pod": "p0"} == details["labels"]
    assert (12, 9) == (details["alerts"], details["firing"])


def test_a_storm_of_a_thousand_incidents_names_each() -> None:
    """A page of a storm names every incident, in one short line each."""
    storm = tuple(
        Named(f"INC-{number}", "t" * 500, "critical", "checkout", f"https://aiops.example.org/incidents/INC-{number}")
        for number in range(1_000)
    )

    event = body.trigger(message(MessageEvent.STORM, named=storm), spec(), "aiops/eu1/storm/u")

    told = event["payload"]["custom_details"]["incidents"]
    assert [f"INC-{number} " for number in range(1_000)] == [line[: line.index(" ") + 1] for line in told]
    assert len(sent(event)) <= BODY_BYTES


def test_what_there_is_not_is_not_mentioned() -> None:
    """A message that knows little makes a short page, without empty fields."""
    bare = Message(MessageEvent.TRIGGER, "u", "INC-1", "x", "open", "warning", "", NOW, NOW)

    event = body.trigger(bare, spec(), "aiops/eu1/u")

    details = event["payload"]["custom_details"]
    assert {"incident", "state", "since", "severity", "firing", "alerts"} == set(details)
    assert {"summary", "source", "severity", "timestamp", "custom_details"} == set(event["payload"])
