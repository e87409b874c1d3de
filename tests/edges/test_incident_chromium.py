"""The pages of incidents in a real browser: phone and desk, light and dark, with scripts and without."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from browser import browsing
from incident_world import AlertDaemon, busy_detail, entry, episode, incident
from web_world import HOSTILE, busy_view

from aiops_daemon.core.model.action import Action, ActionKind
from aiops_daemon.core.model.incident import EntryKind, IncidentState
from aiops_daemon.core.model.scope import Role
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.web.server import WebServer

pytestmark = pytest.mark.real

SMALLEST_TAP = 24  # CSS pixels, WCAG 2.2 (2.5.8)


@asynccontextmanager
async def serving(daemon):
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    try:
        yield server.address
    finally:
        await server.stop()


@pytest.fixture
def daemon():
    return AlertDaemon(shown=busy_view())


@pytest.mark.parametrize(("width", "dark"), [(390, False), (1280, True)])
async def test_pages_fit_the_screen_without_complaint(daemon, tmp_path, width, dark):
    """Nothing is wider than a phone, the console stays empty, what is tapped is large enough."""
    odd = {"service": "x" * 9000, "assignee": "y" * 300, "teams": ("z" * 300, "default")}
    long = incident(43, title="A" * 300, state=IncidentState.ACKNOWLEDGED, **odd)
    daemon.road.details.append(busy_detail(incident=long))
    async with serving(daemon) as address, browsing(tmp_path) as tab:
        await tab.screen(width, dark=dark)
        for path in ("/incidents", "/incidents/INC-42", "/incidents/INC-43", "/incidents/INC-9", "/"):
            await tab.open(address + path)
            assert await tab.run("document.documentElement.scrollWidth") <= width, path
            facts = "Math.max(0, ...[...document.querySelectorAll('.facts dd')].map(e => e.offsetHeight))"
            assert await tab.run(facts) <= 120, path
            small = "[...document.querySelectorAll('button, .rows h2 a')].map(e => e.getBoundingClientRect().height)"
            assert all(height >= SMALLEST_TAP for height in await tab.run(small))
            await tab.picture(tmp_path / "page.png")
            assert (tmp_path / "page.png").stat().st_size > 5000

    assert [said for said in tab.complaints if "404" not in said] == []


@pytest.mark.parametrize("script", [True, False])
async def test_buttons_and_forms_work(daemon, tmp_path, script):
    """Acknowledge, then resolve with its cause; the browser's own headers pass the door."""
    async with serving(daemon) as address, browsing(tmp_path, script=script) as tab:
        await tab.open(f"{address}/incidents/INC-42")
        await tab.submit("document.querySelector('form[action$=\"/ack\"] button').click()")
        told = await tab.run("document.querySelector('[role=status]').textContent")
        await tab.submit(
            "document.getElementById('cause').value = 'index missing';"
            "document.querySelector('input[name=helped][value=yes]').checked = true;"
            "document.querySelector('input[name=force]').checked = true;"
            "document.querySelector('form[action$=\"/resolve\"] button').click()"
        )
        where = await tab.run("document.location.pathname + document.location.search")

    assert ("Acknowledged.", "/incidents/INC-42?done=resolve") == (told, where)
    assert [
        Action(ActionKind.ACK, "INC-42"),
        Action(ActionKind.RESOLVE, "INC-42", cause="index missing", helped=True, force=True),
    ] == [asked for asked, _ in daemon.road.acted]
    assert tab.complaints == []


async def test_a_person_with_a_token_acts_in_their_name(daemon, tmp_path):
    """The browser asks for the password once; the page says as whom one acts."""
    daemon.road.tokens = (TokenSpec("ann", Role.RESPONDER, lambda: "s3cret"),)
    async with serving(daemon) as address, browsing(tmp_path) as tab:
        await tab.open(f"{address.replace('//', '//x:s3cret@')}/incidents/INC-42")
        shown = await tab.run("document.querySelector('.acts').textContent")
        await tab.submit("document.querySelector('form[action$=\"/investigate\"] button').click()")

    assert "You act as ann." in shown
    assert [("ann", "page")] == [(scope.actor, scope.origin) for _, scope in daemon.road.acted]


async def test_ticked_alerts_leave(daemon, tmp_path):
    """The boxes stand beside the alerts, the button above them."""
    async with serving(daemon) as address, browsing(tmp_path) as tab:
        await tab.open(f"{address}/incidents/INC-42")
        await tab.submit(
            "for (const box of [...document.querySelectorAll('input[name=alerts]')].slice(0, 2)) box.checked = true;"
            "document.querySelector('#split button').click()"
        )
        told = await tab.run("document.querySelector('[role=status]').textContent")

    assert told == "Split. The alerts that left are in INC-77."
    assert 2 == len(daemon.road.acted[0][0].episodes)


async def test_hostile_alerts_do_not_run(daemon, tmp_path):
    """Markup in labels, titles and notes is shown, not executed."""
    evil = "<img src=x onerror=console.error('ran')><script>console.error('ran')</script>"
    odd = episode(1, evil, labels={evil: evil}, annotations=(("runbook_url", "javascript:console.error(1)"),))
    lines = (entry(1, EntryKind.NOTE, evil), entry(2, EntryKind.APART, HOSTILE))
    daemon.road.details = [busy_detail(incident=incident(title=evil), episodes=(odd,), timeline=lines)]
    async with serving(daemon) as address, browsing(tmp_path) as tab:
        for path in ("/incidents", "/incidents/INC-42", "/incidents?q=%3Cscript%3Econsole.error(1)%3C/script%3E"):
            await tab.open(address + path)
            assert 0 == await tab.run("document.querySelectorAll('img, a[href^=javascript]').length")

    assert tab.complaints == []


async def test_the_page_renews_itself_but_takes_nothing_away(daemon, tmp_path):
    """A change appears without a reload; what somebody has begun to write stays, and so does the page under it."""
    async with serving(daemon) as address, browsing(tmp_path) as tab:
        await tab.open(f"{address}/incidents/INC-42")
        daemon.road.note(entry(9, EntryKind.NOTE, "the first news"))
        await tab.run("refresh()")
        await shown(tab, "the first news")
        await tab.run("document.getElementById('note-text').value = 'I have beg'")
        daemon.road.note(entry(10, EntryKind.NOTE, "the second news"))
        await tab.run("refresh()")
        await asyncio.sleep(0.5)

        assert "the second news" not in await tab.run("document.body.textContent")
        assert "I have beg" == await tab.run("document.getElementById('note-text').value")


async def shown(tab, words):
    """Wait until the page holds these words."""
    async with asyncio.timeout(20):
        while words not in await tab.run("document.body.textContent"):
            await asyncio.sleep(0.05)
