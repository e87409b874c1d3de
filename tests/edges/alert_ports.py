"""The alert road as the listener sees it: a fake that remembers what it was given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from web_world import FakeDaemon

from aiops_daemon.core.model.inbox import Delivery, Quarantined
from aiops_daemon.core.model.settings import TokenSpec
from aiops_daemon.edges.web.ports import AlertPorts, WebPorts
from aiops_daemon.errors import StoreError


def _unasked(*_given):
    raise AssertionError("no test asks for this")


@dataclass
class FakeRoad:
    """What the listener asks of the alert road; tests set the attributes."""

    accepted: list[Delivery] = field(default_factory=list)
    quarantined: list[Quarantined] = field(default_factory=list)
    oversized: list[tuple[str, int]] = field(default_factory=list)
    answers: list[tuple[str, int]] = field(default_factory=list)
    sources: frozenset[str] = frozenset()
    tokens: tuple[TokenSpec, ...] = ()
    fault: StoreError | None = None
    daemon: FakeDaemon = field(default_factory=FakeDaemon)

    async def accept(self, delivery: Delivery) -> None:
        """Remember, or fail as a full disk would."""
        if self.fault:
            raise self.fault
        self.accepted.append(delivery)

    async def quarantine(self, rejected: Quarantined) -> None:
        """Remember, or fail as a full disk would."""
        if self.fault:
            raise self.fault
        self.quarantined.append(rejected)

    def alerts(self) -> AlertPorts:
        """Wire this road to a listener."""
        return AlertPorts(
            accept=self.accept,
            quarantine=self.quarantine,
            too_large=lambda source, size: self.oversized.append((source, size)),
            sources=lambda: self.sources,
            tokens=lambda: self.tokens,
            find_incidents=_unasked,
            find_incident=_unasked,
            find_alerts=_unasked,
            find_notifications=_unasked,
            escalations=_unasked,
            who=_unasked,
            send_test=_unasked,
            tell_change=_unasked,
            entries_after=_unasked,
            last_entry=_unasked,
            changed=_unasked,
            act=_unasked,
            quality=_unasked,
            answered=lambda source, status: self.answers.append((source, status)),
        )

    def ports(self, external_url: str = "", *, allow_anonymous: bool = False) -> WebPorts:
        """Wire this road and its daemon to a listener."""
        ports = self.daemon.ports(external_url)
        return replace(ports, alerts=self.alerts(), allow_anonymous=allow_anonymous)
