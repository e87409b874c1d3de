"""The live Alertmanager: all peers of one gossip cluster, each asked for its alerts and its status.

Enters: an AlertmanagerSpec. Leaves: the answers of ports.alertmanager.AlertmanagerSource; a peer that gave none is
named with the reason, in words free of secrets. Never follows redirects, never changes anything at Alertmanager, and
never takes a broken answer for an empty one.
"""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.edges.alertmanager import decode
from aiops_daemon.edges.http import Credentials, present, split_url, tls_context
from aiops_daemon.edges.httpfaults import capped, faults_mapped, refusal
from aiops_daemon.errors import SourceError
from aiops_daemon.ports.alertmanager import ClusterAnswer, PeerAnswer

ALERTS = "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"
STATUS = "/api/v2/status"
LARGEST_BODY = 128 * 1024 * 1024


class AlertmanagerClient:
    """Implements ports.alertmanager.AlertmanagerSource over HTTP."""

    def __init__(self, spec: AlertmanagerSpec, *, largest_body: int = LARGEST_BODY) -> None:
        self._spec = spec
        self._largest_body = largest_body
        self._peers = [split_url(url) for url in spec.urls]
        self._session: aiohttp.ClientSession | None = None
        self._configs: dict[str, tuple[str, dict[str, Any]]] = {}  # by address, as text and read

    @property
    def name(self) -> str:
        """Return its name in the configuration."""
        return self._spec.name

    async def ask(self) -> ClusterAnswer:
        """Ask every peer, all at once; one that gives no answer in time is told among the failed."""
        answers = await asyncio.gather(*(self._peer(url, user) for url, user in self._peers))
        return ClusterAnswer(
            peers=tuple(answer for answer in answers if isinstance(answer, PeerAnswer)),
            failed=tuple(answer for answer in answers if not isinstance(answer, PeerAnswer)),
        )

    async def close(self) -> None:
        """Close the connection pool; idempotent."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _peer(self, url: str, user_info: tuple[str, str] | None) -> PeerAnswer | tuple[str, str]:
        try:
            credentials = present(self._spec.http, user_info)
            with faults_mapped(url, credentials, self._spec.timeout):
                async with asyncio.timeout(self._spec.timeout):
                    return await self._answer(url, credentials)
        except SourceError as error:
            return url, str(error)

    async def _answer(self, url: str, credentials: Credentials) -> PeerAnswer:
        """Read the alerts first: what was up before the alerts were read was up when they were."""
        alerts = await decode.alerts(await self._get(url + ALERTS, credentials))
        up_since, version, text = await decode.status(await self._get(url + STATUS, credentials))
        return PeerAnswer(url, up_since, version, alerts, await self._config(url, text))

    async def _config(self, url: str, text: str) -> dict[str, Any]:
        """Read a configuration once per change of it."""
        known, config = self._configs.get(url, ("", {}))
        if text != known:
            config = await decode.configuration(text)
            self._configs[url] = (text, config)
        return config

    async def _get(self, url: str, credentials: Credentials) -> bytearray:
        body = bytearray()
        server_name = self._spec.http.tls.server_name or None
        async with self._pool().get(
            url, headers=credentials.headers, allow_redirects=False, server_hostname=server_name
        ) as response:
            if response.status // 100 != 2:
                raise await refusal(response)
            async for chunk in capped(response, self._largest_body):
                body += chunk
        return body

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            tls = any(url.startswith("https:") for url, _ in self._peers)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=tls_context(self._spec.http.tls) if tls else True),
                headers={"Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=max(1.0, self._spec.timeout / 3)),
            )
        return self._session
