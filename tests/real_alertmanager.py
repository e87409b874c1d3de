"""The real Alertmanager as the contract suite wants it: fired at, silenced, killed and started again."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from datetime import UTC, datetime
from typing import Any

import real_servers
from real_servers import Server, Servers

from aiops_daemon.core.model.alertmanager import AlertmanagerSpec
from aiops_daemon.edges.alertmanager.client import AlertmanagerClient

_SETTLES = 0.15  # seconds until dispatcher and inhibitor have seen an alert


class RealAlertmanager:
    """One process and a client for it."""

    def __init__(self, servers: Servers, config: str) -> None:
        self.servers = servers
        self.server: Server = servers.alertmanager(config)
        self.source = AlertmanagerClient(AlertmanagerSpec("prod", (self.server.url,), timeout=5.0))

    def now(self) -> float:
        return time.time()

    async def fire(self, labels: dict[str, str], starts_at: float) -> None:
        await self._alert(labels, startsAt=_stamp(starts_at), endsAt=_stamp(time.time() + 300))

    async def resolve(self, labels: dict[str, str]) -> None:
        await self._alert(labels, endsAt=_stamp(time.time() - 0.01))

    async def silence(self, labels: dict[str, str]) -> None:
        matchers = [{"name": name, "value": value, "isRegex": False} for name, value in labels.items()]
        window = {"startsAt": _stamp(time.time()), "endsAt": _stamp(time.time() + 600)}
        await self._post("/api/v2/silences", {"matchers": matchers, "createdBy": "t", "comment": "t", **window})

    async def inhibit(self, labels: dict[str, str]) -> None:
        await self.fire({"alertname": "ClusterDown", "cluster": labels["cluster"]}, time.time() - 1)

    async def kill(self) -> None:
        self.server.process.kill()
        await asyncio.to_thread(self.server.process.wait)

    async def start(self) -> None:
        argv = [str(part) for part in self.server.process.args]  # type: ignore[union-attr]
        self.server = real_servers.launch("alertmanager", argv, self.server.url, self.server.log)
        self.servers.running.append(self.server)
        assert await asyncio.to_thread(real_servers.wait_ready, self.server, "/-/ready")

    async def _alert(self, labels: dict[str, str], **times: str) -> None:
        await self._post("/api/v2/alerts", [{"labels": labels, **times}])

    async def _post(self, path: str, body: Any) -> None:
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.server.url + path, json.dumps(body).encode(), headers)
        (await asyncio.to_thread(urllib.request.urlopen, request)).close()
        await asyncio.sleep(_SETTLES)


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
