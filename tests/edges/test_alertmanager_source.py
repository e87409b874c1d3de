"""Alertmanager as a source: the contract on the real 0.25 and on the fake, and peers that misbehave."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from alertmanager_contract import CONFIG, AlertmanagerContract
from fake_alertmanager import FakeAlertmanager
from real_alertmanager import RealAlertmanager
from real_servers import Servers

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.source import HttpSpec
from aiops_daemon.edges.alertmanager import decode
from aiops_daemon.edges.alertmanager.client import AlertmanagerClient
from aiops_daemon.errors import SourceError, SourceReason


class FakeWorld:
    """The fake in the clothes that the contract suite wants; time stands still but when it is killed."""

    def __init__(self) -> None:
        self.at = 1_700_000_000.0
        self.source = FakeAlertmanager(self.now, config=yaml.safe_load(CONFIG))

    def now(self) -> float:
        return self.at

    async def fire(self, labels: dict[str, str], starts_at: float) -> None:
        self.source.fire(labels, starts_at)

    async def resolve(self, labels: dict[str, str]) -> None:
        self.source.resolve(labels)

    async def silence(self, labels: dict[str, str]) -> None:
        self.source.silence(labels)

    async def inhibit(self, labels: dict[str, str]) -> None:
        cause = {"alertname": "ClusterDown", "cluster": labels["cluster"]}
        self.source.fire(cause)
        self.source.inhibit(labels, cause)

    async def kill(self) -> None:
        self.source.down()
        self.at += 1.0

    async def start(self) -> None:
        self.source.restart()


class TestFake(AlertmanagerContract):
    """The fake keeps the contract."""

    @pytest.fixture
    def world(self) -> FakeWorld:
        """A fresh fake."""
        return FakeWorld()


@pytest.mark.real
class TestReal(AlertmanagerContract):
    """So does Alertmanager 0.25 behind its client."""

    @pytest.fixture
    async def world(self, servers: Servers) -> AsyncIterator[RealAlertmanager]:
        """A fresh process."""
        real = RealAlertmanager(servers, CONFIG)
        yield real
        await real.source.close()


STATUS = {
    "uptime": "2026-11-20T20:00:00.5Z",
    "versionInfo": {"version": "0.25.0"},
    "config": {"original": "route: {receiver: r}\nreceivers: [{name: r}]\n"},
}
ALERT = {
    "annotations": {"summary": "a,{\"annotations\":"}, "endsAt": "2026-11-20T21:20:34.515Z", "fingerprint": "f1",
    "receivers": [{"name": "r"}], "startsAt": "2026-11-20T20:19:34.515+00:00",
    "status": {"inhibitedBy": [], "silencedBy": [], "mutedBy": ["nights"], "state": "active"},
    "updatedAt": "2026-11-20T20:20:34.523Z", "generatorURL": "http://p", "labels": {"alertname": "A"}, "new": [1],
}  # fmt: skip

Connect = Callable[..., AlertmanagerClient]


class Peer:
    """A peer that answers as told."""

    def __init__(self) -> None:
        self.alerts: Callable[[web.Request], Awaitable[web.StreamResponse]] = self._says(json.dumps([ALERT]))
        self.status = self._says(json.dumps(STATUS))
        self.requests: list[web.Request] = []
        self.url = ""

    def _says(self, body: str, status: int = 200, **headers: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def reply(_: web.Request) -> web.Response:
            return web.Response(text=body, status=status, headers=headers)

        return reply

    def says(self, body: str, status: int = 200, **headers: str) -> None:
        self.alerts = self._says(body, status, **headers)

    def told(self, body: str) -> None:
        self.status = self._says(body)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await (self.alerts if request.path.endswith("/alerts") else self.status)(request)


@pytest.fixture
async def peers() -> AsyncIterator[tuple[Peer, Peer]]:
    """Two peers that answer well."""
    made = (Peer(), Peer())
    servers = []
    for peer in made:
        app = web.Application()
        app.router.add_get("/{tail:.*}", peer.answer)
        servers.append(TestServer(app))
        await servers[-1].start_server()
        peer.url = str(servers[-1].make_url("")).rstrip("/")
    yield made
    for server in servers:
        await server.close()


@pytest.fixture
async def connect(peers: tuple[Peer, Peer]) -> AsyncIterator[Connect]:
    """Make clients of both peers."""
    made: list[AlertmanagerClient] = []

    def client(*, largest_body: int = 1 << 20, timeout: float = 2.0, http: HttpSpec = HttpSpec()) -> AlertmanagerClient:
        spec = AlertmanagerSpec("prod", tuple(peer.url for peer in peers), timeout=timeout, http=http)
        made.append(AlertmanagerClient(spec, largest_body=largest_body))
        return made[-1]

    yield client
    for each in made:
        await each.close()


async def test_all_peers_are_read_with_credentials(peers: tuple[Peer, Peer], connect: Connect) -> None:
    """Every state of alerts is asked for; unknown fields are left out, known ones of later versions are read."""
    answer = await connect(http=HttpSpec(bearer=lambda: "s3cret")).ask()

    assert answer.complete
    assert [peer.url for peer in peers] == [peer.url for peer in answer.peers]
    assert ("nights",) == answer.peers[1].alerts[0].muted_by
    assert 1795205974.515 == answer.peers[1].alerts[0].starts_at
    assert (1795204800.5, "0.25.0") == (answer.peers[0].up_since, answer.peers[0].version)
    assert {"receiver": "r"} == answer.peers[0].config["route"]
    assert {"Bearer s3cret"} == {request.headers["Authorization"] for peer in peers for request in peer.requests}
    assert {"true"} == set(peers[0].requests[0].query.values())


FAULTS = {
    "html": ("<html>", 200, "not a whole answer"),
    "no list": ("{}", 200, "not a whole answer"),
    "truncated": (json.dumps([ALERT])[:-9], 200, "not a whole answer"),
    "wrong type": (json.dumps([{**ALERT, "labels": 1}]), 200, "not a whole answer"),
    "empty": ("", 200, "not a whole answer"),
    "refused": ("no", 403, "HTTP 403: no"),
    "failing": ("no", 503, "HTTP 503: no"),
    "too large": ("[" + " " * (1 << 20) + "]", 200, "larger than 1048576 bytes"),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_peer_that_misbehaves_is_failed_never_empty(
    peers: tuple[Peer, Peer], connect: Connect, fault: str
) -> None:
    """The other one is read all the same."""
    body, status, words = FAULTS[fault]
    peers[0].says(body, status)
    answer = await connect().ask()

    assert not answer.complete
    assert [peers[1].url] == [peer.url for peer in answer.peers]
    ((url, told),) = answer.failed
    assert peers[0].url == url
    assert words in told


async def test_redirects_are_not_followed(peers: tuple[Peer, Peer], connect: Connect) -> None:
    """Credentials would travel."""
    peers[0].says("", 302, Location=peers[1].url + "/elsewhere")
    answer = await connect().ask()

    assert "redirects are not followed" in answer.failed[0][1]
    assert not any("elsewhere" in request.path for request in peers[1].requests)


async def test_a_slow_peer_ends_at_the_deadline(peers: tuple[Peer, Peer], connect: Connect) -> None:
    """And holds up nobody beyond it."""

    async def hangs(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    peers[0].alerts = hangs
    answer = await asyncio.wait_for(connect(timeout=0.2).ask(), 5)

    assert "no answer in time (limit 0.2 s)" in answer.failed[0][1]
    assert 1 == len(answer.peers)


async def test_a_secret_is_never_told(peers: tuple[Peer, Peer], connect: Connect) -> None:
    """A peer that repeats the token does not get it into our words."""
    peers[0].says("you said Bearer s3cret-token", 401)
    answer = await connect(http=HttpSpec(bearer=lambda: "s3cret-token")).ask()

    assert "s3cret-token" not in answer.failed[0][1]


async def test_a_configuration_is_read_once_per_change(peers: tuple[Peer, Peer], connect: Connect) -> None:
    """The same text gives the same values, without reading it again."""
    client = connect()
    first, again = await client.ask(), await client.ask()
    peers[0].told(json.dumps({**STATUS, "config": {"original": "route: {receiver: q}"}}))
    changed = await client.ask()

    assert again.peers[0].config is first.peers[0].config
    assert {"route": {"receiver": "q"}} == changed.peers[0].config


@pytest.mark.parametrize("text", ["", "- a", "just words"])
async def test_a_configuration_that_is_none_is_empty(text: str) -> None:
    """Reconciliation then opens nothing from this peer."""
    assert {} == await decode.configuration(text)


@pytest.mark.parametrize("text", ["a: [", "[" * 5000, "&a [*a, *b]"])
async def test_a_configuration_that_is_no_yaml_is_an_error(text: str) -> None:
    """Its words hold nothing of the text."""
    with pytest.raises(SourceError) as caught:
        await decode.configuration(text)

    assert SourceReason.MALFORMED is caught.value.reason
    assert text not in str(caught.value)


async def test_a_large_configuration_is_read_on_a_thread() -> None:
    """All scalars stay text, as Alertmanager reads them."""
    text = "route: {match: {on: yes, n: 1}}\nreceivers:\n" + "".join(f"- name: receiver-{n}\n" for n in range(1500))
    read = await decode.configuration(text)

    assert {"on": "yes", "n": "1"} == read["route"]["match"]
    assert 1500 == len(read["receivers"])


@pytest.mark.parametrize("slice_bytes", [1, 50, 10_000])
async def test_slices_join_to_the_whole(slice_bytes: int) -> None:
    """Wherever the cuts lie; text that looks like the beginning of an alert does not mislead."""
    listed = [{**ALERT, "fingerprint": f"f{number}"} for number in range(7)]
    body = bytearray(json.dumps(listed, separators=(",", ":")).encode() + b"\n")
    found = await decode.alerts(body, slice_bytes=slice_bytes)

    assert [f"f{number}" for number in range(7)] == [alert.fingerprint for alert in found]
    assert {(("summary", 'a,{"annotations":'),)} == {alert.annotations for alert in found}
