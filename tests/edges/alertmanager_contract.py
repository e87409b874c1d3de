"""What every ports.alertmanager.AlertmanagerSource must show; test classes inherit it and provide `world`."""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.alertmanager.fingerprint import fingerprint
from aiops_daemon.core.alertmanager.tree import read_tree
from aiops_daemon.core.model.labels import make
from aiops_daemon.ports.alertmanager import AlertmanagerSource, ClusterAnswer, PostedAlert

LABELS = {"alertname": "DiskFull", "cluster": "eu-1", "team": "shop", "device": 'a "quoted" \\ ä'}
OTHER = {"alertname": "Slow", "cluster": "eu-1"}

CONFIG = """
route:
  receiver: other
  group_by: [alertname]
  routes:
    - matchers: [team="shop"]
      receiver: aiops
      group_wait: 1s
      group_interval: 1s
      continue: true
    - matchers: [team="shop"]
      receiver: other
inhibit_rules:
  - source_matchers: [alertname="ClusterDown"]
    target_matchers: [alertname="DiskFull"]
    equal: [cluster]
receivers:
  - name: aiops
  - name: other
"""


class World(Protocol):
    """One Alertmanager with CONFIG, its client, and means to change what it shows."""

    source: AlertmanagerSource

    async def fire(self, labels: dict[str, str], starts_at: float) -> None: ...
    async def resolve(self, labels: dict[str, str]) -> None: ...
    async def silence(self, labels: dict[str, str]) -> None: ...
    async def inhibit(self, labels: dict[str, str]) -> None:
        """Fire a ClusterDown that inhibits it."""

    async def kill(self) -> None: ...
    async def start(self) -> None: ...
    def now(self) -> float: ...


def one(answer: ClusterAnswer, labels: dict[str, str]) -> PostedAlert:
    """Find one alert at the only peer."""
    (peer,) = answer.peers
    return next(alert for alert in peer.alerts if alert.labels == make(labels))


class AlertmanagerContract:
    """The contract of ports.alertmanager.AlertmanagerSource."""

    async def test_an_active_alert_is_shown_whole(self, world: World) -> None:
        """Labels, start, receivers in the order of the tree, and the fingerprint that webhooks tell too."""
        began = float(int(world.now() - 60))
        await world.fire(LABELS, began)
        alert = one(await world.source.ask(), LABELS)

        assert (began, "active", ("aiops", "other")) == (alert.starts_at, alert.state, alert.receivers)
        assert fingerprint(make(LABELS)) == alert.fingerprint
        assert alert.ends_at > world.now()
        assert ((), (), ()) == (alert.silenced_by, alert.inhibited_by, alert.muted_by)

    async def test_a_resolved_alert_is_not_shown(self, world: World) -> None:
        """It is absent, the other one is not."""
        await world.fire(LABELS, world.now() - 60)
        await world.fire(OTHER, world.now() - 60)
        await world.resolve(LABELS)
        (peer,) = (await world.source.ask()).peers

        assert [make(OTHER)] == [alert.labels for alert in peer.alerts]

    async def test_a_silenced_alert_is_suppressed(self, world: World) -> None:
        """With the id of the silence."""
        await world.fire(LABELS, world.now() - 60)
        await world.silence(LABELS)
        alert = one(await world.source.ask(), LABELS)

        assert "suppressed" == alert.state
        assert 1 == len(alert.silenced_by)

    async def test_an_inhibited_alert_is_suppressed(self, world: World) -> None:
        """With the fingerprint of the alert that inhibits it."""
        await world.fire(LABELS, world.now() - 60)
        await world.inhibit(LABELS)
        answer = await world.source.ask()
        alert = one(answer, LABELS)
        (by,) = (each for each in answer.peers[0].alerts if ("alertname", "ClusterDown") in each.labels)

        assert ("suppressed", (by.fingerprint,)) == (alert.state, alert.inhibited_by)

    async def test_the_configuration_is_a_tree(self, world: World) -> None:
        """What the API shows of it routes as it does."""
        (peer,) = (await world.source.ask()).peers
        (ours,) = read_tree(peer.config).routes_to("aiops", make(LABELS))

        assert (1.0, 1.0, 14400.0) == (ours.group_wait, ours.group_interval, ours.repeat_interval)

    async def test_a_dead_peer_is_told_with_its_reason(self, world: World) -> None:
        """The answer is not complete; nothing is raised."""
        await world.kill()
        answer = await world.source.ask()

        assert not answer.complete
        assert () == answer.peers
        assert [url in words for url, words in answer.failed] == [True]

    async def test_after_a_kill_it_knows_no_alerts_and_when_it_began(self, world: World) -> None:
        """Absence there proves nothing."""
        await world.fire(LABELS, world.now() - 60)
        before = (await world.source.ask()).peers[0]
        await world.kill()
        await world.start()
        answer = await world.source.ask()

        assert answer.complete
        assert () == answer.peers[0].alerts
        assert answer.peers[0].up_since > before.up_since
        assert answer.peers[0].version == before.version
