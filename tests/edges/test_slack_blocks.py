"""Text of alerts in Slack is data: it forges neither mention nor link, and fits."""

import dataclasses
import json

import pytest
from chat_world import FLOOD, HOSTILE, NOW, UID, acknowledged, hostile, message, resolved, storm, trial
from fake_slack import wrong_with
from hypothesis import given
from hypothesis import strategies as st

from aiops_daemon.core.model.message import Link, MessageEvent
from aiops_daemon.edges.notify.slack.blocks import head, line
from aiops_daemon.edges.slackblocks import MOST_CONTEXT, bullets, buttons, escape, link, moment

TEXTS = st.text(st.characters(codec="utf-8"), max_size=400) | st.sampled_from(
    [HOSTILE, FLOOD, "😀" * 4_000, "&" * 4_000]
)


def shown(rendered):
    """Return all texts of a message."""
    return json.dumps(rendered.payload(), ensure_ascii=False)


@pytest.mark.parametrize("text", [HOSTILE, FLOOD, "😀" * 5_000, "\ud800\udfff", "`" * 5_000, " ", ""])
def test_hostile_text_is_data(text):
    """Wherever it stands, Slack takes the message and reads nothing into it."""
    told = hostile(text)

    assert ["", ""] == [wrong_with(head(told, interactive=True).payload()), wrong_with(line(told).payload())]


@given(TEXTS)
def test_any_text_is_data(text):
    """The same for whatever a generator thinks of."""
    told = hostile(text)

    assert "" == wrong_with(head(told, interactive=True).payload())
    assert "" == wrong_with(line(told).payload())


def test_what_is_escaped():
    """Only three characters mean something; backticks become apostrophes, line breaks blanks."""
    assert "&lt;!channel&gt; &amp; 'rm' *b*" == escape("<!channel>\n&\r\n`rm`\t*b*", 100)


@given(st.text(max_size=200), st.integers(2, 60))
def test_a_cut_text_keeps_its_entities_whole(text, most):
    """Never more units than asked for, never half an entity."""
    cut = escape("<" + text + "&", most)

    assert len(cut.encode("utf-16-le", "replace")) // 2 <= most
    assert "&" not in cut.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


@pytest.mark.parametrize(
    ("expected", "url"),
    [
        ("<https://e.org/a?b=c&amp;d=e|n¦m>", "https://e.org/a?b=c&d=e"),
        ("<https://e.org/%7Cevil%3E%3C!channel%3E|n¦m>", "https://e.org/|evil><!channel>"),
        ("n|m", "javascript:alert(1)"),
        ("n|m", "https://"),
        ("n|m", "http://[e"),
        ("n|m", "https://e.org/\n"),
        ("n|m", "https://e.org/" + "x" * 3_000),
        ("n|m", ""),
    ],
)
def test_links(expected, url):
    """Only web addresses become links, and none can end its link early."""
    assert expected == link(url, "n|m")


def test_moments_are_in_the_readers_zone():
    """Old clients read the zone of the team; an unknown zone is UTC; no moment is no token."""
    assert "<!date^1795230600^{date_short_pretty} {time}|2026-11-21 04:10 CET>" == moment(NOW, "Europe/Berlin")
    assert moment(NOW, "No/Where").endswith("|2026-11-21 03:10 UTC>")
    assert ("unknown", "unknown") == (moment(None), moment(1e300))


def test_a_list_says_what_it_left_out():
    """Lines beyond the limit are counted."""
    text = bullets([f"line {number} " + "x" * 400 for number in range(100)], 2_900)

    assert len(text) <= 2_900
    assert 100 == text.count("line ") + int(text.rpartition("and ")[2].split()[0])


def test_the_reason_of_a_further_page_fits_its_block():
    """However long the names of route and policy are: what Slack refuses is given up."""
    called = line(dataclasses.replace(message(), why_you="route " * 2_000)).payload()
    small = [one["text"] for block in called["blocks"] if block["type"] == "context" for one in block["elements"]]

    assert small
    assert max(map(len, small)) <= MOST_CONTEXT


def test_a_storm_names_every_incident():
    """The first with title and link, the rest by number, within fifty blocks."""
    rendered = head(storm(240), interactive=True)

    assert [] == [number for number in range(240) if f"INC-{50 + number}" not in shown(rendered)]
    assert "" == wrong_with(rendered.payload())


def test_nothing_is_said_of_what_is_empty():
    """No label without a value, no placeholder."""
    rendered = shown(
        head(
            message(evidence=(), impact="", why_you="", next_at=None, links=(), service="", team="", cluster=""),
            interactive=False,
        )
    )

    for label in ("Evidence", "Impact", "Why", "Next", "Service", "Team", "Cluster", "None", "unknown"):
        assert label not in rendered


@pytest.mark.parametrize(
    ("expected", "state"),
    [
        (["aiops_ack", "aiops_investigate", "aiops_resolve", "aiops_snooze"], "open"),
        (["aiops_investigate", "aiops_resolve", "aiops_snooze"], "acknowledged"),
        (["aiops_resolve", "aiops_snooze"], "investigating"),
        (["aiops_resolve"], "mitigated"),
        ([], "resolved"),
        ([], "merged"),
        ([], "anything"),
    ],
)
def test_buttons_are_those_that_make_sense(expected, state):
    """What is closed has none; each carries the incident's uid."""
    elements = [each for block in buttons(UID, state) for each in block["elements"]]

    assert expected == [each["action_id"] for each in elements]
    assert {UID} >= {each["value"] for each in elements}


def test_buttons_only_where_they_lead_somewhere():
    """No signing secret and no Socket Mode, no buttons; none on a test message or a storm."""
    assert "aiops_ack" in shown(head(message(), interactive=True))
    for rendered in (
        head(message(), interactive=False),
        head(trial(), interactive=True),
        head(storm(), interactive=True),
    ):
        assert "actions" not in {block["type"] for block in rendered.blocks}


def test_what_is_over_promises_no_next_step():
    """A resolved incident tells nobody next, and an acknowledged one says by whom."""
    assert "Next" not in shown(head(resolved(next_at=NOW + 60), interactive=True))
    assert "acknowledged by ann" in shown(head(acknowledged(), interactive=True))
    assert "Acknowledged by ann after 12m" == line(acknowledged()).text


def test_addresses_are_not_unfurled():
    """Slack fetches nothing that an alert names."""
    payload = head(message(links=(Link("runbook", "https://e.org"),)), interactive=False).payload()

    assert (False, False) == (payload["unfurl_links"], payload["unfurl_media"])
    assert "link_names" not in payload
    assert "Still open" in line(message(MessageEvent.TRIGGER)).text
