"""An Alertmanager in memory: what its API would show, in real or virtual time.

Enters: alerts as Prometheus sends them, silences, inhibitions, peers that go and come. Leaves: the answers of
ports.alertmanager.AlertmanagerSource. It passes the same contract suite as the real one. It sends no webhooks.

A peer that restarts knows no alerts until `resend` (Prometheus does so within a minute); gossip carries none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.ports.alertmanager import ClusterAnswer, PeerAnswer, PostedAlert

CONFIG: dict[str, Any] = {
    "route": {
        "receiver": "aiops",
        "group_by": ["alertname"],
        "group_wait": "10s",
        "group_interval": "30s",
        "repeat_interval": "4h",
    },
    "receivers": [{"name": "aiops"}, {"name": "other"}],
}


@dataclass
class Peer:
    """One process of the cluster."""

    url: str
    up_since: float
    up: bool = True
    alerts: dict[str, PostedAlert] = field(default_factory=dict)  # by fingerprint


class FakeAlertmanager:
    """One Alertmanager as configured: a cluster of peers. `now` gives unix seconds."""

    def __init__(
        self,
        now: Callable[[], float],
        *,
        name: str = "prod",
        urls: tuple[str, ...] = ("http://am-1:9093",),
        config: dict[str, Any] | None = None,
        up_since: float | None = None,
    ) -> None:
        self._now = now
        self._name = name
        self.config = CONFIG if config is None else config
        began = now() - 3600.0 if up_since is None else up_since
        self.peers = {url: Peer(url, began) for url in urls}
        self.sent: dict[str, PostedAlert] = {}  # what Prometheus says now
        self.silences: dict[str, str] = {}  # fingerprint -> id
        self.inhibitions: dict[str, str] = {}  # fingerprint -> fingerprint of the inhibiting alert
        self.asked = 0
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    def fire(
        self,
        labels: Mapping[str, str] | Labels,
        at: float | None = None,
        *,
        annotations: Mapping[str, str] | None = None,
    ) -> str:
        """Let an alert fire, since `at`, until it is resolved; returns its fingerprint."""
        made = make(labels)
        now = self._now()
        receivers = dict.fromkeys(route.receiver for route in read_tree(self.config).routes_of(made))
        alert = PostedAlert(
            fingerprint=fingerprint(made),
            labels=made,
            annotations=make(annotations or {}),
            starts_at=now if at is None else at,
            ends_at=now + 300.0,
            updated_at=now,
            state="active",
            receivers=tuple(receivers),
        )
        self.sent[alert.fingerprint] = alert
        self.resend()
        return alert.fingerprint

    def resolve(self, labels: Mapping[str, str] | Labels) -> str:
        """End an alert; the API shows it no more."""
        gone = fingerprint(make(labels))
        self.sent.pop(gone, None)
        for peer in self.peers.values():
            if peer.up:
                peer.alerts.pop(gone, None)
        return gone

    def silence(self, labels: Mapping[str, str] | Labels, silence: str = "silence-1") -> None:
        """Silence an alert."""
        self.silences[fingerprint(make(labels))] = silence

    def unsilence(self, labels: Mapping[str, str] | Labels) -> None:
        """End its silence."""
        self.silences.pop(fingerprint(make(labels)), None)

    def inhibit(self, labels: Mapping[str, str] | Labels, by: Mapping[str, str] | Labels | None) -> None:
        """Inhibit an alert by another one, or by none any more."""
        target = fingerprint(make(labels))
        self.inhibitions.pop(target, None)
        if by is not None:
            self.inhibitions[target] = fingerprint(make(by))

    def down(self, url: str | None = None) -> None:
        """Let one peer, or all, answer no more."""
        for peer in self._chosen(url):
            peer.up = False

    def up(self, url: str | None = None) -> None:
        """Let them answer again with what they knew, as after a broken network."""
        for peer in self._chosen(url):
            peer.up = True

    def restart(self, url: str | None = None) -> None:
        """Kill and start them: they have forgotten every alert."""
        for peer in self._chosen(url):
            peer.up, peer.up_since, peer.alerts = True, self._now(), {}

    def resend(self) -> None:
        """Let Prometheus send all that fires to every peer that is up."""
        for peer in self.peers.values():
            if peer.up:
                peer.alerts |= self.sent

    async def ask(self) -> ClusterAnswer:
        """Answer as the API would."""
        self.asked += 1
        return ClusterAnswer(
            peers=tuple(self._answer(peer) for peer in self.peers.values() if peer.up),
            failed=tuple((peer.url, f"{peer.url}: cannot connect") for peer in self.peers.values() if not peer.up),
        )

    async def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def _chosen(self, url: str | None) -> list[Peer]:
        return [peer for peer in self.peers.values() if url in (None, peer.url)]

    def _answer(self, peer: Peer) -> PeerAnswer:
        alerts = tuple(self._shown(alert) for alert in peer.alerts.values())
        return PeerAnswer(peer.url, peer.up_since, "0.25.0", alerts, self.config)

    def _shown(self, alert: PostedAlert) -> PostedAlert:
        """Show an alert with what keeps it quiet; a muting route leaves it active, as 0.25 does."""
        silenced = tuple(filter(None, [self.silences.get(alert.fingerprint)]))
        inhibited = tuple(filter(None, [self.inhibitions.get(alert.fingerprint)]))
        state = "suppressed" if silenced or inhibited else "active"
        return replace(alert, state=state, silenced_by=silenced, inhibited_by=inhibited, ends_at=self._now() + 300.0)
