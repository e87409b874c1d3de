"""The outgoing heartbeat as one request: a GET on a URL that raises the alarm when it is not called.

Enters: where, and with which credentials. Leaves: nothing, or a SourceError without secrets. Never follows redirects.
"""

from __future__ import annotations

import aiohttp

from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.edges.http import present, split_url, tls_context
from aiops_daemon.edges.httpfaults import faults_mapped, refusal

_DEADLINE = 10.0  # seconds


async def send_heartbeat(spec: HeartbeatSpec) -> None:
    """Call the URL once; raises SourceError."""
    bare, user_info = split_url(spec.url)
    credentials = present(spec.http, user_info)
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    connector = aiohttp.TCPConnector(ssl=tls_context(spec.http.tls)) if bare.startswith("https:") else None
    with faults_mapped(bare, credentials, _DEADLINE):
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(bare, headers=credentials.headers, allow_redirects=False) as response,
        ):
            if response.status >= 300:
                raise await refusal(response)
