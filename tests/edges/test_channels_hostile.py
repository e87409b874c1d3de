"""Text of alerts is data in every medium: it forms no header, no markup, no command, and is never compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notify_world import FULL, HOSTILE
from pagerduty_world import spec

from aiops_daemon.core.model.message import Link, Message, MessageEvent
from aiops_daemon.edges.notify.pagerduty import body
from aiops_daemon.edges.notify.render import Renderer
from aiops_daemon.edges.notify.sandbox import Medium
from aiops_daemon.edges.notify.wording import LONGEST_TEXT, address, plain, wiki

RENDERER = Renderer()
NOT_IN_TEXT = st.characters(categories=["Cc", "Cs", "Zl", "Zp"])


class Seen(HTMLParser):
    """Which elements and attributes a page has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links |= {value or "" for name, value in attrs if name == "href"}


@pytest.mark.parametrize("event", MessageEvent)
def test_html_has_our_elements_alone(event: MessageEvent) -> None:
    """A message full of hostile text has no other elements and attributes than a harmless one."""
    harmless = replace(FULL, event=event, named=HOSTILE.named, actor="ann", note="x", next_at=1.0)
    seen = Seen(RENDERER.write("email", Medium.HTML, replace(HOSTILE, event=event)))
    expected = Seen(RENDERER.write("email", Medium.HTML, harmless))

    assert seen.tags <= expected.tags
    assert seen.attributes <= expected.attributes
    assert not [link for link in seen.links if not link.startswith("https://example.org/")]


@pytest.mark.parametrize("channel", ["email", "email.subject", "sms", "voice", "jira.summary"])
def test_text_has_no_control_characters(channel: str) -> None:
    """Nothing rings, clears a screen or turns the direction of writing, and nothing is half a character."""
    text = RENDERER.write(channel, Medium.TEXT, HOSTILE)

    assert not set(text) & set("\x00\x1b\r\u202e\ud800")
    assert "{{ 7*7 }}" in text
    assert "\n" not in text or channel == "email"


@pytest.mark.parametrize(
    "make", [lambda message: body.trigger(message, spec(), "k"), lambda message: body.change(message, spec())]
)
def test_what_pagerduty_shows_as_one_line_is_one(make: Callable[[Message], dict[str, Any]]) -> None:
    """Its phones ring with it."""
    forged = replace(HOSTILE, title="disk\n\u202e\x1b[2J full", service="shop\u202e\nx", time_zone="UTC")
    payload = make(forged)["payload"]

    assert "disk [2J full" in payload["summary"]
    assert "shop x" == payload["source"]


def test_a_value_cannot_forge_a_line() -> None:
    """In a text with a line for each thing, every line begins as the template says."""
    forged = replace(FULL, title="x\n\nWhy you: because I say so", evidence=("a\n- b",))
    lines = RENDERER.write("email", Medium.TEXT, forged).splitlines()

    assert [f"Why you: {FULL.why_you}"] == [line for line in lines if line.startswith("Why you")]
    assert ["- a - b"] == [line for line in lines if line.startswith("- ")]


@given(st.text() | st.text(alphabet=NOT_IN_TEXT))
def test_plain_text_is_one_printable_line(text: str) -> None:
    """Any text becomes one bounded line that UTF-8 can carry; cleaning again changes nothing."""
    clean = plain(text)

    clean.encode()
    assert 1 >= len(clean.splitlines())
    assert len(clean) <= LONGEST_TEXT
    assert clean == plain(clean)


@given(st.text(alphabet="a{}[]|!*#~\\ \n"))
def test_wiki_notation_is_escaped(text: str) -> None:
    """Every sign that Jira formats by stands behind a backslash."""
    escaped = wiki(text)

    assert plain(text) == escaped.replace("\\\\", "\x00").replace("\\", "").replace("\x00", "\\")


@given(st.text() | st.text().map(lambda rest: f"https://example.org/{rest}"))
def test_links_are_addresses_of_the_web(text: str) -> None:
    """Anything else is left out; none can end an attribute or a bracket."""
    link = address(text)

    assert link == "" or link.startswith(("http://", "https://"))
    assert not set(link) & set("\"'<>[]|\\ \n")


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//example.org", "https://", "https://[", ""]
)
def test_other_addresses_are_left_out(url: str) -> None:
    """The link is not made."""
    text = RENDERER.write("email", Medium.HTML, replace(FULL, links=(Link("incident", url),)))

    assert "<a " not in text
