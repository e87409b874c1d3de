"""A receiver and routes for this daemon, put into an existing configuration.

Enters: a configuration as plain values. Leaves: a new one, in which existing receivers get exactly what they got
(shadow, bypass) or only what nobody else could tell (live). Never touches an existing receiver. A route with
`continue: true` and nothing after it would end the root's receiver, so what was there is always kept whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from aiops_daemon.core.alertmanager.tree import Route, RoutingTree, read_tree

OWN_HEALTH = (
    "AiopsDaemon.+|AiopsLoopStalled|AiopsInboxBacklog|AiopsStoreFailing|AiopsWatchdogMissing|AiopsWebhookRefused|"
    "AiopsNotifications.+|AiopsEscalationsStandStill"
)
"""Alerts that this daemon cannot be trusted to tell: they are about itself."""


class Mode(StrEnum):
    """How this daemon stands beside existing paging."""

    SHADOW = "shadow"  # gets a copy of everything, paging goes on
    LIVE = "live"  # gets everything; existing receivers only hear that it is down
    BYPASS = "bypass"  # as shadow, but watchdogs and its own health do not come to it


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for; an empty token file leaves credentials out."""

    mode: Mode
    url: str
    receiver: str = "aiops"
    token_file: str = ""


def with_ours(config: Mapping[str, Any], wish: Wish) -> dict[str, Any]:
    """Return the configuration with our receiver and routes; raises ValueError where that cannot be done."""
    tree = read_tree(config)
    _refuse_twice(tree, wish.receiver)
    route = {**config["route"], "routes": _routes(config["route"], tree.root, wish)}
    receivers = list(config["receivers"])
    if wish.receiver not in tree.receivers:
        receivers.append(receiver(wish))
    return {**config, "route": route, "receivers": receivers}


def receiver(wish: Wish) -> dict[str, Any]:
    """Write the receiver: ends are told, groups are not cut, a redirect is not taken for delivery."""
    http: dict[str, Any] = {"follow_redirects": False}
    if wish.token_file:
        http["authorization"] = {"credentials_file": wish.token_file}
    hook = {"url": wish.url, "send_resolved": True, "max_alerts": 0, "http_config": http}
    return {"name": wish.receiver, "webhook_configs": [hook]}


def _refuse_twice(tree: RoutingTree, name: str) -> None:
    route = next((route for route in tree.root.walk() if route.receiver == name), None)
    if route is not None:
        raise ValueError(f"{route.place}: leads to {name!r} already; remove it first, or see `alertmanager lint`")


def _routes(written: Mapping[str, Any], root: Route, wish: Wish) -> list[dict[str, Any]]:
    before = list(written.get("routes") or ())
    if wish.mode is Mode.LIVE:
        kept = {"routes": before} if before else {}
        health = {"matchers": [f'alertname=~"{OWN_HEALTH}"'], "receiver": written["receiver"], "continue": True}
        return [{**health, **kept}, _ours(wish)]
    copied = {**_ours(wish), "continue": True}
    if wish.mode is Mode.BYPASS:
        copied = {"matchers": [f'alertname!~"Watchdog|{OWN_HEALTH}"'], **copied}
    return [copied, *_as_it_was(before, root)]


def _ours(wish: Wish) -> dict[str, Any]:
    """Write our route: soon, repeated, in few and large notices."""
    return {
        "receiver": wish.receiver,
        "group_by": ["alertname"],
        "group_wait": "10s",
        "group_interval": "30s",
        "repeat_interval": "5m",
    }


def _as_it_was(before: list[dict[str, Any]], root: Route) -> list[dict[str, Any]]:
    """Keep the routes, and give what none of them takes back to the root's receiver.

    A last route after one that continues would give its alerts to the root's receiver, which did not get them before:
    then all routes go together into one that stands for the old root.
    """
    last = {"receiver": root.receiver}
    if any(route.goes_on for route in root.routes):
        return [{**last, "routes": before}]
    return [*before, last]
