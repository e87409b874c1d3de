"""What the listener asks of the daemon, as plain callables that the composition root fills in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiops_daemon.core.model.view import Readiness, ReloadOutcome, View


@dataclass(frozen=True)
class WebPorts:
    """Everything a request may need; none of it may block."""

    view: Callable[[], View]
    ready: Callable[[], Readiness]
    reload: Callable[[], Awaitable[ReloadOutcome]]
    self_page: Callable[[bool], bytes]  # True: OpenMetrics; called in a thread
    now: Callable[[], float]  # unix seconds
    stale_after: Callable[[], float]  # seconds; an older findings page is served empty
    version: str
    external_url: str = ""
    counted: Callable[[str, int], None] | None = None  # route, status code
