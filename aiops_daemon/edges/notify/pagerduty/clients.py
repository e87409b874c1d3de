"""PagerDuty's own clients, tamed: one call is one request, and none of them sleeps, logs or retries.

Enters: a secret, a base address, a transport. Leaves: a client. As they come they sleep on the thread: 429 without
limit, 503 seven requests in 189 s, measured with pagerduty 7.2.0.
"""

from __future__ import annotations

import logging

import httpx2
from pagerduty import EventsApiV2Client, RestApiV2Client

TIMEOUT = httpx2.Timeout(connect=2.5, read=5.0, write=1.5, pool=0.5)  # together within the lane's deadline
_SILENT = logging.getLogger(f"{__name__}.client")  # what failed is told by us, once, without the end of a key
_SILENT.disabled = True


class Events(EventsApiV2Client):
    """The Events API: alerts and changes."""

    def __init__(self, routing_key: str, url: str, transport: httpx2.BaseTransport) -> None:
        super().__init__(routing_key, transport=transport)
        self._url = url  # the setter takes https alone, and the configuration has judged it
        self.retry, self.max_http_attempts, self.max_network_attempts = _once()
        self.timeout = TIMEOUT  # type: ignore[assignment]  # a number there; httpx2 takes both
        self.log = _SILENT


class Api(RestApiV2Client):
    """The REST API, in the name of a user where there is one."""

    def __init__(self, token: str, sender: str, url: str, transport: httpx2.BaseTransport) -> None:
        super().__init__(token, default_from=sender or None, transport=transport)
        self._url = url
        self.retry, self.max_http_attempts, self.max_network_attempts = _once()
        self.timeout = TIMEOUT  # type: ignore[assignment]  # a number there; httpx2 takes both
        self.log = _SILENT


def _once() -> tuple[dict[int, int], int, int]:
    """Return `retry`, `max_http_attempts` and `max_network_attempts` by which one call is one request.

    All three: without 429 in `retry` the client repeats for ever, with it alone it sleeps once.
    """
    return {429: 1}, -1, 0
