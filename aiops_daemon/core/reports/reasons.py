"""Why an SLO was in breach: the incidents that were open then, with what people found.

Enters: a breach and the incidents of that time. Leaves: the breach with its reasons; those of the same service come
first. That an incident was open meanwhile is no proof: it is said as what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from aiops_daemon.core.model.labels import Labels, get
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.reports.breaches import Breach, BreachKind, Reason

_MOST = 5


@dataclass(frozen=True, slots=True)
class PastIncident:
    """An incident with what people said caused it."""

    name: str
    title: str
    service: str
    labels: Labels
    opened_at: float
    resolved_at: float | None
    causes: tuple[str, ...] = ()


def reasons(breach: Breach, spec: SloSpec, incidents: Sequence[PastIncident]) -> Breach:
    """Add the incidents that were open during a breach; of a budget that ran out those open at that moment."""
    end = breach.begin if breach.kind is BreachKind.BUDGET else breach.end
    found = [one for one in incidents if _open(one, breach.since, end)]
    told = [Reason(one.name, one.title, one.causes, _own(one, spec)) for one in found]
    return replace(breach, reasons=tuple(sorted(told, key=lambda one: not one.own)[:_MOST]))


def _open(incident: PastIncident, begin: float, end: float | None) -> bool:
    ended = incident.resolved_at is not None and incident.resolved_at < begin
    return not ended and (end is None or incident.opened_at <= end)


def _own(incident: PastIncident, spec: SloSpec) -> bool:
    service = get(spec.labels, "service")
    if get(incident.labels, "aiops_slo") == spec.name:
        return True
    return bool(service) and service in (incident.service, get(incident.labels, "service"))
