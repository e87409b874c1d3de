"""The landing page in a real browser."""

import asyncio
import os
import re
import shutil
from contextlib import asynccontextmanager

import pytest
import real_servers
from web_world import HOSTILE, NOW, FakeDaemon, busy_view, finding

from aiops_daemon.core.model.view import View
from aiops_daemon.edges.web.server import WebServer

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--enable-logging=stderr", "--v=0",
)  # fmt: skip
PATIENCE = 60.0
COMPLAINT = re.compile(r"CONSOLE|Refused to|Uncaught")

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def chromium():
    """Path of Debian's chromium."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return found or str(real_servers.binary("chromium"))


@asynccontextmanager
async def serving(daemon):
    server = WebServer(daemon.ports(), listen_address="127.0.0.1:0")
    await server.start()
    try:
        yield server.address
    finally:
        await server.stop()


async def dump(chromium, address, folder, *flags):
    """Return the page as the browser holds it, and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        chromium, *FLAGS, f"--user-data-dir={folder}", *flags, "--dump-dom", address,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env=os.environ | {"HOME": str(folder)},
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            page, log = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    return page.decode(), [line for line in log.decode(errors="replace").splitlines() if COMPLAINT.search(line)]


async def test_the_console_is_heard(chromium, tmp_path):
    """What the other tests rely on: a message on the console is a complaint."""
    _, complaints = await dump(chromium, "data:text/html,<script>console.error('heard')</script>", tmp_path)

    assert len(complaints) == 1
    assert "heard" in complaints[0]


async def test_the_page_is_shown_without_complaint(chromium, tmp_path):
    """The browser holds the sentence and the plot, loads style and script, and its console stays empty."""
    daemon = FakeDaemon(shown=busy_view())
    async with serving(daemon) as address:
        page, complaints = await dump(chromium, address, tmp_path)

    assert complaints == []
    assert finding().sentence in page
    assert '<path class="line" d="M' in page
    assert {("/", 200), ("/static/{name}", 200)} == set(daemon.counted)


async def test_hostile_labels_do_not_run(chromium, tmp_path):
    """Markup in a label is shown, not executed; a script element in it would end up on the console."""
    evil = "<img src=x onerror=console.error('ran')><script>console.error('ran')</script>"
    odd = finding(sentence=evil, labels=((HOSTILE, evil),), query=evil)
    async with serving(FakeDaemon(shown=View(at=NOW, findings=(odd,)))) as address:
        page, complaints = await dump(chromium, address, tmp_path)

    assert complaints == []
    assert "&lt;img src=x" in page
    assert "<img" not in page


async def test_the_page_renews_itself(chromium, tmp_path):
    """A finding that opens while the page is looked at appears without a reload."""

    class Unfolding(FakeDaemon):
        """Quiet when first asked, busy from then on."""

        def view(self):
            """Return the view and let trouble begin."""
            shown, self.shown = self.shown, busy_view()
            return shown

    daemon = Unfolding(shown=View(at=NOW))
    async with serving(daemon) as address:
        page, complaints = await dump(chromium, address, tmp_path, "--virtual-time-budget=20000")

    assert complaints == []
    assert finding().sentence in page
    assert "Nothing is watched yet" not in page
    assert daemon.counted.count(("/", 200)) == 2
