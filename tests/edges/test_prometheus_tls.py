"""TLS towards a source: own CA, client certificate, server name, and the switch that turns checking off."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import fake_prometheus as fake
import pytest
import real_servers
from aiohttp import web
from certificates import self_signed

from aiops_daemon.core.model.source import HttpSpec, SourceSpec, TlsSpec
from aiops_daemon.edges.prometheus.client import PrometheusClient
from aiops_daemon.errors import SourceError, SourceReason


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for prom.example that is its own CA and serves as client certificate too."""
    return self_signed(tmp_path_factory.mktemp("tls"), "prom.example")


@pytest.fixture
async def url(certificate: tuple[str, str]) -> AsyncIterator[str]:
    """A server that wants a client certificate."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=certificate[0])
    context.load_cert_chain(*certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    app = web.Application()
    app.router.add_get("/api/v1/query", fake.vector(({}, "1")))
    runner = web.AppRunner(app)
    await runner.setup()
    port = real_servers.free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    yield f"https://127.0.0.1:{port}"
    await runner.cleanup()


async def ask(url: str, tls: TlsSpec) -> int:
    """Ask one query and close."""
    client = PrometheusClient(SourceSpec("eu1", (url,), timeout=5.0, http=HttpSpec(tls=tls)))
    try:
        return (await client.instant("up", 1.0)).series
    finally:
        await client.close()


async def test_ca_client_certificate_and_server_name(url: str, certificate: tuple[str, str]) -> None:
    """With all three the server is reached."""
    cert, key = certificate

    assert 1 == await ask(url, TlsSpec(ca_file=cert, cert_file=cert, key_file=key, server_name="prom.example"))


async def test_insecure_skips_the_checks(url: str, certificate: tuple[str, str]) -> None:
    """Neither CA nor name are looked at."""
    cert, key = certificate

    assert 1 == await ask(url, TlsSpec(cert_file=cert, key_file=key, insecure_skip_verify=True))


@pytest.mark.parametrize("lack", ["ca", "name", "client", "file"])
async def test_what_lacks_is_a_connection_error(
    url: str, certificate: tuple[str, str], lack: str, tmp_path: Path
) -> None:
    """An unknown CA, a wrong name, no client certificate or a missing file: no answer is taken."""
    cert, key = certificate
    tls = TlsSpec(
        ca_file={"ca": "", "file": str(tmp_path / "missing.pem")}.get(lack, cert),
        cert_file="" if lack == "client" else cert,
        key_file="" if lack == "client" else key,
        server_name="" if lack == "name" else "prom.example",
    )
    with pytest.raises(SourceError) as caught:
        await ask(url, tls)

    assert SourceReason.CONNECTION is caught.value.reason
