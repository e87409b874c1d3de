"""The outgoing heartbeat as one request: a GET on a URL that raises the alarm when it is not called.

Enters: where, and with which credentials. Leaves: nothing, or a SourceError without secrets: the path of such a URL is
one, for whoever has it can keep the alarm quiet. Never follows redirects.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import aiohttp

from aiops_daemon.core.model.alertmanager import HeartbeatSpec
from aiops_daemon.edges.foreign import is_web
from aiops_daemon.edges.http import Credentials, present, secret_pieces, split_url, tls_context
from aiops_daemon.edges.httpfaults import faults_mapped, refusal
from aiops_daemon.errors import SourceError, SourceReason

_DEADLINE = 10.0  # seconds
_LONGEST = 8_000  # characters of the URL; servers refuse longer ones


async def send_heartbeat(spec: HeartbeatSpec) -> None:
    """Call the URL once; raises SourceError, also where the file that holds the URL cannot be read or holds none."""
    url = _address(spec)
    bare, user_info = split_url(url)
    parts = urlsplit(url)
    address = f"{bare}?{parts.query}" if parts.query else bare
    host = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    known = present(spec.http, user_info)
    credentials = Credentials(known.headers, (*known.secrets, *secret_pieces(address)))
    timeout = aiohttp.ClientTimeout(total=_DEADLINE)
    connector = aiohttp.TCPConnector(ssl=tls_context(spec.http.tls)) if bare.startswith("https:") else None
    with faults_mapped(host, credentials, _DEADLINE):
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get(address, headers=credentials.headers, allow_redirects=False) as response,
        ):
            if response.status >= 300:
                raise await refusal(response)


def _address(spec: HeartbeatSpec) -> str:
    try:
        url = spec.url() if spec.url is not None else ""
    except OSError as error:
        raise SourceError(SourceReason.AUTH_ERROR, f"heartbeat.url_file cannot be read: {error.strerror}") from None
    if not is_web(url, _LONGEST):
        raise SourceError(SourceReason.CLIENT_ERROR, "heartbeat.url_file holds no http or https URL")
    return url
