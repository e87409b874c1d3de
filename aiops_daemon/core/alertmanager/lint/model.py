"""What a rule is, what it looks at, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiops_daemon.core.alertmanager.tree import Route, RoutingTree
from aiops_daemon.core.model.alertmanager import WatchdogSpec
from aiops_daemon.core.model.durations import DAY
from aiops_daemon.core.model.labels import Labels, make
from aiops_daemon.core.model.matcher import MatchOp, parse

WEBHOOK_PATH = "/webhooks/alertmanager"
OWN_HEALTH: tuple[Labels, ...] = (
    (("alertname", "AiopsDaemonDown"), ("severity", "warning")),
    (("alertname", "AiopsDaemonAbsent"), ("severity", "warning")),
    (("alertname", "AiopsLoopStalled"), ("severity", "warning")),
)
"""The alerts that fire when the daemon can tell nobody anything."""

_DEFAULT_WATCHDOG = WatchdogSpec((parse('alertname="Watchdog"'),))


class Weight(StrEnum):
    """How bad: an error loses alerts or pages, a warning delays or muddles them."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Rule:
    """One trap: what is looked for, why it hurts, what to write instead."""

    name: str
    weight: Weight
    what: str
    why: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One trap met: where (dotted path), and one sentence with the names and numbers."""

    rule: Rule
    place: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Ours:
    """What is known of this daemon. `tokens` None: not known whether it wants any."""

    receiver: str = "aiops"
    url: str = ""  # of the webhook, where it is not told by its path
    watchdogs: tuple[WatchdogSpec, ...] = ()
    sources: tuple[str, ...] = ()  # names of the configured Alertmanagers
    tokens: bool | None = None
    retention_seconds: float = 5 * DAY  # Alertmanager's --data.retention

    def watchdog_labels(self) -> Iterator[tuple[Labels, WatchdogSpec]]:
        """Yield the labels of each expected watchdog, as far as equality tells them; severity none unless said."""
        for spec in self.watchdogs or (_DEFAULT_WATCHDOG,):
            fixed = {one.name: one.value for one in spec.matchers if one.op is MatchOp.EQUAL}
            for expected in spec.expect or ((),):
                yield make({"severity": "none", **fixed, **dict(expected)}), spec


@dataclass(frozen=True, slots=True)
class Subject:
    """A configuration under the lamp."""

    config: Mapping[str, Any]
    tree: RoutingTree
    ours: Ours

    def is_ours(self, receiver: str) -> bool:
        """Say whether a receiver sends to this daemon: by name, by path, or by the URL that was given."""
        urls = (str(hook.get("url") or "") for _, hook in webhooks(self.tree.receivers.get(receiver, {}), ""))
        known = any(WEBHOOK_PATH in url or (self.ours.url and url.startswith(self.ours.url)) for url in urls)
        return receiver == self.ours.receiver or known

    def our_receivers(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield place and content of each receiver of ours."""
        for index, (name, receiver) in enumerate(self.tree.receivers.items()):
            if self.is_ours(name):
                yield f"receivers[{index}]", receiver

    def is_connected(self) -> bool:
        """Say whether any receiver is ours."""
        return any(True for _ in self.our_receivers())

    def our_webhooks(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield place and content of each webhook that sends to this daemon."""
        for place, receiver in self.our_receivers():
            yield from webhooks(receiver, place)

    def our_routes(self) -> Iterator[Route]:
        """Yield the routes that lead to this daemon, as far as they take alerts themselves."""
        return (route for route in self.tree.root.walk() if self.is_ours(route.receiver))

    def is_silent(self, receiver: str) -> bool:
        """Say whether a receiver tells nobody, as one called `null` does."""
        content = self.tree.receivers.get(receiver, {})
        return not any(key.endswith("_configs") and value for key, value in content.items())


def webhooks(receiver: Mapping[str, Any], place: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield place and content of a receiver's webhooks."""
    items = receiver.get("webhook_configs")
    for index, item in enumerate(items if isinstance(items, list) else []):
        if isinstance(item, Mapping):
            yield f"{place}.webhook_configs[{index}]", item


Met = Iterator[tuple[str, str]]
"""Places and sentences."""

Check = tuple[Rule, Callable[[Subject], Met]]
