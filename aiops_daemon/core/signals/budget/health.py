"""How well a service is, from the SLOs that it has.

Enters: how SLOs stand. Leaves: a number from 0 to 1 for each service, with the parts that made it and a sentence for
each. Services are told apart by their label `service` and what the source adds. Never hides a bad part in a mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aiops_daemon.core.model.budget import Health, HealthPart
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.quantity import speak
from aiops_daemon.core.model.slo import PAGE, TICKET, DataState

PAGE_FACTOR = 0.5
TICKET_FACTOR = 0.8
_STATES = {DataState.GONE: "its series are gone", DataState.IDLE: "it has no traffic", DataState.OK: "not known yet"}


@dataclass(frozen=True, slots=True)
class Stand:
    """How one SLO of a service stands: `labels` tell groups apart, `service` whose it is."""

    service: Labels
    slo: str
    labels: Labels
    state: DataState
    remaining: float | None
    active: frozenset[str]


def healths(stands: Iterable[Stand]) -> tuple[Health, ...]:
    """Return the health of every service, the worst first.

    health = min over its SLOs of clamp(remaining, 0, 1) x f: f is 0.5 while a page alert holds, 0.8 while only a
    ticket does, else 1. A service is as healthy as the promise that it keeps worst; an SLO that cannot be judged does
    not count, and its part says so.
    """
    by_service: dict[Labels, list[HealthPart]] = {}
    for stand in stands:
        by_service.setdefault(stand.service, []).append(_part(stand))
    found = [_health(service, parts) for service, parts in by_service.items()]
    return tuple(sorted(found, key=lambda one: (2.0 if one.ratio is None else one.ratio, one.labels)))


def _health(service: Labels, parts: list[HealthPart]) -> Health:
    ordered = sorted(parts, key=lambda part: (2.0 if part.ratio is None else part.ratio, part.slo, part.labels))
    return Health(service, ordered[0].ratio, tuple(ordered))


def _part(stand: Stand) -> HealthPart:
    if stand.remaining is None or stand.state is DataState.GONE:
        return HealthPart(stand.slo, stand.labels, None, f"cannot be judged: {_STATES[stand.state]}")
    left = min(1.0, max(0.0, stand.remaining))
    told = f"{speak(left, 'ratio', digits=2)} of its budget is left" if left else "its budget is spent"
    if PAGE in stand.active:
        return HealthPart(stand.slo, stand.labels, left * PAGE_FACTOR, f"{told}, halved while its page alert holds")
    if TICKET in stand.active:
        return HealthPart(
            stand.slo, stand.labels, left * TICKET_FACTOR, f"{told}, times {TICKET_FACTOR:g} while its ticket holds"
        )
    return HealthPart(stand.slo, stand.labels, left, told)
