"""`aiops-daemon shadow report` against a listener: kinds, reasons, shifts, notes; and what PagerDuty lists."""

import json
from dataclasses import replace

import pytest
from background import in_background
from fake_pagerduty import FakePagerDuty
from incident_world import AlertDaemon, incident, notification
from pagerduty_world import DEDUP_KEY, row, spec, two_way
from web_world import NOW

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.model.incident import IncidentState
from aiops_daemon.core.model.message import MessageEvent, Named
from aiops_daemon.core.model.notification import Failed, NotificationState
from aiops_daemon.edges.notify.pagerduty.api import Incidents
from aiops_daemon.edges.notify.pagerduty.events import PagerDutyNotifier
from aiops_daemon.edges.web.server import WebServer

EVER = ("--since", "20000d")
CONFIG = """
prometheus: [{name: eu1, urls: ["http://prometheus:9090"]}]
teams: [{name: shop, page_budget: {per: 12h, max: 0}}]
"""
ROUTES = """
route:
  receiver: nobody
  routes:
    - {receiver: aiops, continue: true}
    - {receiver: chat, matchers: ['alertname=~"Checkout.*"']}
receivers:
  - {name: nobody}
  - {name: aiops, webhook_configs: [{url: "http://aiops"}]}
  - {name: chat, slack_configs: [{channel: "#ops"}]}
"""


@pytest.fixture
def daemon():
    return AlertDaemon()


@pytest.fixture
def told(daemon, capsys, monkeypatch):
    """Run one report; returns exit code, output and complaints."""
    monkeypatch.delenv("AIOPS_TOKEN", raising=False)
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    with in_background(server) as address:

        def run(*arguments):
            code = dispatch(["shadow", "report", "--url", address, *EVER, *arguments])
            return (code, *capsys.readouterr())

        yield run


def test_the_report_compares_and_says_what_it_rests_on(told):
    """One incident: told by both, within a minute; two channels of one step are one page."""
    code, out, notes = told()

    assert 0 == code
    assert out.startswith("1 incident: 1 same, 0 missed, 0 extra, 0 earlier, 0 later")
    assert "INC-42    shop  same  2026-11-21 02:45 UTC  2026-11-21 02:45 UTC  6:1    alertmanager" in out
    assert "we: step 1 of shop: ann is on call in schedule shop" in out
    assert "it is not known whom else Alertmanager told" in notes
    assert "PagerDuty is not asked" in notes


def test_what_we_would_not_have_told_is_missed_with_the_reason(told, daemon):
    """What the kill switch held back, what was dropped, and ends are no pages."""
    daemon.road.told = [
        notification(3, state=NotificationState.MUTED), notification(2, state=NotificationState.DROPPED),
        notification(1, event=MessageEvent.RESOLVE),
    ]  # fmt: skip
    (row_,) = json.loads(told("-o", "json")[1])["incidents"]

    assert ("missed", None, 0) == (row_["kind"], row_["ours_at"], row_["ours"])
    assert row_["reason"] == "nobody would have been told: its routes and steps tell nobody"


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("in maintenance", {"notify_at": None, "notify_reason": "in maintenance"}),
        ("it was over before people were to be told: all alerts ended",
         {"state": IncidentState.RESOLVED, "resolved_at": NOW - 1400, "notify_at": NOW,
          "notify_reason": "all alerts ended"}),
    ],
)  # fmt: skip
def test_why_nobody_was_told_is_the_incidents_own_reason(told, daemon, words, changes):
    """Held back, or over before the hold ended."""
    daemon.road.told = []
    (whole,) = daemon.road.details
    daemon.road.details = [replace(whole, incident=replace(whole.incident, **changes))]

    assert f"nobody would have been told: {words}" in told()[1]


def test_an_incident_in_a_storm_page_was_told(told, daemon):
    """By the page that names it."""
    one = notification(1, event=MessageEvent.STORM, name="", incident="", step="", track="")
    named = (Named("INC-42", "x", "warning"), Named("INC-7", "y", "info"))
    daemon.road.told = [replace(one, message=replace(one.message, named=named))]
    rows = json.loads(told("-o", "json")[1])["incidents"]

    assert {("INC-42", "same"), ("INC-7", "extra")} == {(each["incident"], each["kind"]) for each in rows}


def test_pages_of_a_merged_incident_count_for_the_one_that_it_went_into(told, daemon):
    """Its alerts are there too, so that theirs are counted there."""
    (whole,) = daemon.road.details
    merged = incident(7, state=IncidentState.MERGED, merged_into=whole.incident.uid)
    daemon.road.details = [whole, replace(whole, incident=merged, episodes=())]
    daemon.road.told = [notification(1), notification(2, name="INC-7", incident=merged.uid, step="1/0/1")]
    (row_,) = json.loads(told("-o", "json")[1])["incidents"]

    assert ("INC-42", "same", 2) == (row_["incident"], row_["kind"], row_["ours"])


def test_with_both_configurations_routes_and_budgets_count(told, tmp_path):
    """Alertmanager told the chat of checkout's alerts, one page a group; the shift is over its budget."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "alertmanager.yml").write_text(ROUTES)
    paths = (tmp_path / "config.yaml", tmp_path / "alertmanager.yml")
    files = ("--config.file", str(paths[0]), "--alertmanager.config", str(paths[1]))
    code, out, notes = told(*files)

    assert 0 == code
    assert "alertmanager told receiver chat" in out
    assert ["shop", "12h", "0"] == out.splitlines()[-1].split()[:3]
    assert ["1", "1", "1", "1", "1", "1"] == out.splitlines()[-1].split()[4:]
    assert "not known whom else" not in notes
    assert "1 extra" in told(*files, "--alertmanager.receivers", "pager-.*")[1]


def test_only_some_of_our_channels_may_count(told):
    """A chat wakes nobody."""
    assert "1 missed" in told("--integration", "pagerduty")[1]


def test_nothing_is_said_to_be_nothing(told, daemon):
    """Not an empty table."""
    daemon.road.told, daemon.road.details = [], []

    assert "nobody paged, and we would not have either\n" == told()[1]


@pytest.mark.parametrize(
    ("code", "flags"),
    [(2, ("--alertmanager.receivers", "(")), (3, ("--alertmanager.config", "/nonexistent/alertmanager.yml"))],
)
def test_wrong_flags_are_told(told, code, flags):
    """Before anything is asked."""
    assert code == told(*flags)[0]


async def test_pagerduty_lists_what_was_made_in_a_time():
    """Whoever made it, page after page, with its key; without a token there is a reason."""
    times = iter(range(1000, 2000))
    async with FakePagerDuty(now=lambda: float(next(times))) as fake:
        channel = PagerDutyNotifier(spec(fake.url), lambda: 1000.0)
        for number in range(130):
            await channel.send(row(dedup_key=f"{DEDUP_KEY}-{number}"))
        await channel.close()
        asked = Incidents(two_way(fake.url), lambda: 1000.0)
        found = await asked.listed(1000.0, 2000.0)
        asked.close()
        nobody = Incidents(spec(fake.url), lambda: 1000.0)
        refused = await nobody.listed(0.0, 1.0)
        nobody.close()

    assert 130 == len(found)
    assert [f"{DEDUP_KEY}-{number}" for number in (0, 129)] == [found[0].key, found[-1].key]
    assert isinstance(refused, Failed)
