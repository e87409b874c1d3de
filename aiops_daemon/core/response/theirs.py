"""What Alertmanager and PagerDuty paged, from what we can know of it.

Enters: alerts that reached us, Alertmanager's routing tree where it is given, incidents of PagerDuty. Leaves: pages,
each tied to an incident of ours or to none. Never counts our own: neither the receiver that is us, nor keys that we
made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aiops_daemon.core.alertmanager.tree import ALL_LABELS, GROUP_WAIT, Route, RoutingTree
from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.remote import RemotePage
from aiops_daemon.core.response.keys import incident_of
from aiops_daemon.core.response.shadow import Paged

NEARBY = 900.0  # seconds between an alert and a page of PagerDuty whose title names its rule


@dataclass(frozen=True, slots=True)
class HeardAlert:
    """One alert as it reached us; `incident` is INC-42. `told`: by a webhook, else it was found in Alertmanager."""

    incident: str
    team: str
    source: str
    rule: str
    labels: Labels
    receiver: str
    at: float  # first heard
    starts_at: float
    told: bool
    muted: bool = False


def alertmanager_pages(
    alerts: Iterable[HeardAlert], tree: RoutingTree | None, pages: Callable[[str], bool] = lambda _: True
) -> list[Paged]:
    """Return one page for each group of alerts of an incident, when its first alert was told.

    With a tree: for each route that leads to a receiver other than ours which has channels, and which `pages` takes by
    name. Without: one for each rule, for it is not known whom else Alertmanager told, and how it groups.
    """
    heard = sorted(alerts, key=lambda one: one.at)
    ours = {one.receiver for one in heard if one.receiver}
    found: dict[tuple[Any, ...], Paged] = {}
    for one in heard:
        if one.muted and not one.told:
            continue
        for key, at, what in _told(one, tree, ours, pages):
            found.setdefault((one.incident, one.source, *key), Paged("alertmanager", at, one.incident, one.team, what))
    return list(found.values())


def _told(
    one: HeardAlert, tree: RoutingTree | None, ours: set[str], pages: Callable[[str], bool]
) -> Iterator[tuple[tuple[Any, ...], float, str]]:
    if tree is None:
        yield (one.rule,), one.at if one.told else one.starts_at + GROUP_WAIT, f"of {one.rule}"
        return
    for route in tree.routes_of(one.labels):
        at = one.at if one.told else one.starts_at + route.group_wait
        leads_to_people = route.receiver not in ours and _has_channels(tree, route) and pages(route.receiver)
        if leads_to_people and not tree.time_muted(route, at):
            yield (route.place, _group(route, one.labels)), at, f"receiver {route.receiver}"


def _has_channels(tree: RoutingTree, route: Route) -> bool:
    receiver = tree.receivers.get(route.receiver, {})
    return any(name.endswith("_configs") and value for name, value in receiver.items())


def _group(route: Route, labels: Labels) -> object:
    if ALL_LABELS in route.group_by:
        return labels
    return tuple(get(labels, name) for name in route.group_by)


def pagerduty_pages(remote: Iterable[RemotePage], alerts: Sequence[HeardAlert], cluster: str) -> list[Paged]:
    """Return pages that we did not make; each belongs to the nearest alert whose rule stands in its title."""
    found = []
    for one in remote:
        if incident_of(one.key, cluster) is not None:
            continue
        near = [each for each in alerts if abs(each.at - one.at) <= NEARBY and _names(one.title, each.rule)]
        best = min(near, key=lambda each: abs(each.at - one.at), default=None)
        incident, team = (best.incident, best.team) if best else ("", "")
        found.append(Paged("pagerduty", one.at, incident, team, one.title))
    return found


def _names(title: str, rule: str) -> bool:
    return bool(rule) and re.search(rf"(?<!\w){re.escape(rule)}(?!\w)", title) is not None
