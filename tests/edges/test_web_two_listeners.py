"""API and pages on a listener of their own: each path answers on one of the two only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import aiohttp
import pytest
from incident_world import AlertDaemon

from aiops_daemon.edges.web.server import Side, WebServer
from aiops_daemon.errors import ListenError, UsageError

BODY = b'{"version":"4","alerts":[]}'
MACHINES = [
    ("GET", "/metrics"),
    ("GET", "/findings/metrics"),
    ("GET", "/-/healthy"),
    ("GET", "/-/ready"),
    ("POST", "/-/reload"),
    ("POST", "/webhooks/alertmanager"),
    ("POST", "/webhooks/alertmanager/eu1"),
]
PEOPLE = [
    ("GET", "/"),
    ("GET", "/incidents"),
    ("GET", "/api/v1/findings"),
    ("GET", "/api/v1/incidents"),
    ("GET", "/api/v1/alerts"),
    ("GET", "/api/v1/openapi.json"),
]


@asynccontextmanager
async def serving(side: Side) -> AsyncIterator[aiohttp.ClientSession]:
    """Serve one side."""
    async with AsyncExitStack() as stack:
        server = WebServer(AlertDaemon().ports(), listen_address="127.0.0.1:0", side=side)
        await server.start()
        stack.push_async_callback(server.stop)
        yield await stack.enter_async_context(aiohttp.ClientSession(server.address))


async def answer(session: aiohttp.ClientSession, method: str, path: str) -> int:
    """Return the code of one request."""
    data = BODY if path.startswith("/webhooks/") else None
    async with session.request(method, path, data=data) as response:
        return response.status


@pytest.mark.parametrize(
    ("side", "here", "there"), [(Side.MACHINES, MACHINES, PEOPLE), (Side.PEOPLE, PEOPLE, MACHINES)]
)
async def test_each_path_answers_on_its_own_listener_only(
    side: Side, here: list[tuple[str, str]], there: list[tuple[str, str]]
) -> None:
    """404 on the other."""
    async with serving(side) as session:
        assert {200} == {await answer(session, *each) for each in here}
        assert {404} == {await answer(session, *each) for each in there}


def test_no_path_is_lost_or_served_twice() -> None:
    """Both together have what one listener has."""
    found = {side: paths(WebServer(AlertDaemon().ports(), listen_address="127.0.0.1:0", side=side)) for side in Side}

    assert found[Side.ALL] == found[Side.MACHINES] | found[Side.PEOPLE]
    assert set() == found[Side.MACHINES] & found[Side.PEOPLE]


def paths(server: WebServer) -> set[tuple[str, str]]:
    """List methods and paths."""
    return {(route.method, str(route.resource.canonical)) for route in server._app.router.routes() if route.resource}


async def test_the_page_links_to_nothing_that_is_not_here() -> None:
    """Metrics and probes are on the other listener."""
    async with serving(Side.PEOPLE) as apart, apart.get("/") as page:
        text = await page.text()
    async with serving(Side.ALL) as together, together.get("/") as page:
        whole = await page.text()

    for link in ('href="metrics"', 'href="findings/metrics"', 'href="-/ready"'):
        assert link in whole
        assert link not in text


@pytest.mark.parametrize("side", [Side.MACHINES, Side.PEOPLE])
async def test_each_listener_refuses_to_be_exposed(side: Side) -> None:
    """Without tokens, beyond loopback, unless the flag says so."""
    daemon = AlertDaemon()
    server = WebServer(daemon.ports(), listen_address="0.0.0.0:0", side=side)
    with pytest.raises(ListenError, match="without tokens"):
        await server.start()
    told = WebServer(replace(daemon.ports(), allow_anonymous=True), listen_address="0.0.0.0:0", side=side)
    await told.start()

    assert told.address.startswith("http://127.0.0.1:")
    await told.stop()


async def test_faults_name_the_flag_of_the_listener() -> None:
    """An address that is none, and one that cannot be had."""
    ports = AlertDaemon().ports()
    with pytest.raises(UsageError, match=r"^--web\.api-listen-address must be host:port"):
        WebServer(ports, listen_address="here", side=Side.PEOPLE)
    first = WebServer(ports, listen_address="127.0.0.1:0", side=Side.MACHINES)
    await first.start()
    second = WebServer(ports, listen_address=first.address.removeprefix("http://"), side=Side.PEOPLE)
    with pytest.raises(ListenError, match=r"already in use; choose another address with --web\.api-listen-address"):
        await second.start()
    await first.stop()
