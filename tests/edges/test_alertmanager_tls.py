"""TLS towards Alertmanager: own CA, client certificate and server name; what lacks is told, never taken for empty."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator

import pytest
import real_servers
from aiohttp import web
from certificates import self_signed

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.core.model.source import HttpSpec, TlsSpec
from aiops_daemon.edges.alertmanager.client import AlertmanagerClient
from aiops_daemon.ports.alertmanager import ClusterAnswer

STATUS = {"uptime": "2026-11-20T20:00:00Z", "config": {"original": "route: {receiver: r}"}}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for am.example that is its own CA and serves as client certificate too."""
    return self_signed(tmp_path_factory.mktemp("tls"), "am.example")


@pytest.fixture
async def url(certificate: tuple[str, str]) -> AsyncIterator[str]:
    """An Alertmanager without alerts that wants a client certificate."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="[]" if request.path.endswith("alerts") else json.dumps(STATUS))

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    context.load_cert_chain(*certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_get("/{tail:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = real_servers.free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    yield f"https://127.0.0.1:{port}"
    await runner.cleanup()


async def ask(url: str, tls: TlsSpec) -> ClusterAnswer:
    """Ask once and close."""
    client = AlertmanagerClient(AlertmanagerSpec("prod", (url,), timeout=5.0, http=HttpSpec(tls=tls)))
    try:
        return await client.ask()
    finally:
        await client.close()


async def test_with_ca_certificate_and_name_it_answers(url: str, certificate: tuple[str, str]) -> None:
    """All three are sent and checked."""
    cert, key = certificate
    answer = await ask(url, TlsSpec(ca_file=cert, cert_file=cert, key_file=key, server_name="am.example"))

    assert answer.complete
    assert () == answer.peers[0].alerts


@pytest.mark.parametrize("lack", ["ca", "name", "client", "file"])
async def test_what_lacks_fails_the_peer(url: str, certificate: tuple[str, str], lack: str) -> None:
    """An unknown CA, a wrong name, no client certificate, a missing file."""
    cert, key = certificate
    tls = TlsSpec(
        ca_file={"ca": "", "file": "/nowhere.pem"}.get(lack, cert),
        cert_file="" if lack == "client" else cert,
        key_file="" if lack == "client" else key,
        server_name="" if lack == "name" else "am.example",
    )
    answer = await ask(url, tls)

    assert () == answer.peers
    assert [url] == [failed for failed, _ in answer.failed]
