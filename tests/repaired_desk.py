"""A desk that only keeps episodes: for tests of reconciliation without incidents, store or webhooks."""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.core.model.alert import AlertEvent, Episode
from aiops_daemon.core.model.repair import Lookup, Repair, RepairClass
from aiops_daemon.core.quality import episodes
from aiops_daemon.flows.alerts.evaluations import Evaluations


class Desk:
    """Applies events and repairs as the desk does, without incidents."""

    def __init__(self, evaluations: Evaluations) -> None:
        self.evaluations = evaluations
        self.latest: dict[tuple[str, str], Episode] = {}
        self.repairs: list[Repair] = []

    async def open_episodes(self, source: str) -> Sequence[Episode]:
        return [episode for episode in self.latest.values() if episode.open and episode.source == source]

    async def repair(self, repairs: Sequence[Repair]) -> None:
        for repair in repairs:
            step = episodes.repair(self.latest.get(repair.key), repair)
            if step.changed and step.episode is not None:
                self.repairs.append(repair)
                self.latest[repair.key] = step.episode

    def hear(self, event: AlertEvent) -> None:
        evaluation = self.evaluations.judge(event.labels)
        step = episodes.observe(self.latest.get(event.key), event, evaluation=evaluation, lookup=Lookup.ABSENT)
        if step.episode is not None:
            self.latest[event.key] = step.episode

    @property
    def kinds(self) -> list[RepairClass]:
        return [repair.kind for repair in self.repairs]
