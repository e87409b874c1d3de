"""Which alerts flap: they start again and again within a window.

Enters: starts of alerts (by key, with the startsAt of their own) and the moment. Leaves: who flaps, since which
episode, and who does no more. Enters at `flapping_enter` starts within the window, leaves at `flapping_leave`, so
that nothing on the edge toggles. The order in which starts are told never matters. Forgets what left the window.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

from aiops_daemon.core.model.alert import AlertKey
from aiops_daemon.core.model.alertmanager import QualitySpec


@dataclass(slots=True)
class Flapper:
    """One alert's starts within the window; `since` the episode with which it began to flap ("" it does not)."""

    starts: list[float] = field(default_factory=list)
    since: str = ""
    since_at: float = 0.0


class Flapping:
    """Starts of all alerts within the window."""

    def __init__(self, spec: QualitySpec) -> None:
        self.spec = spec
        self._once: dict[AlertKey, float] = {}  # alerts with one start: nearly all of a storm
        self._alerts: dict[AlertKey, Flapper] = {}  # the others
        self._leaving: list[tuple[float, AlertKey]] = []  # a heap: which start leaves the window next
        self._steady: list[AlertKey] = []

    def started(self, key: AlertKey, starts_at: float, episode: str, now: float) -> bool:
        """Count a start and say whether the alert flaps. A startsAt told before, or out of the window, counts not."""
        self._forget(now)
        at = min(starts_at, now)
        if at <= now - self.spec.flapping_window:
            return self.flaps(key)
        if key not in self._alerts and self.spec.flapping_enter > 1 and self._once.get(key, at) == at:
            if key not in self._once:
                self._once[key] = at
                heapq.heappush(self._leaving, (at, key))
            return False
        alert = self._whole(key)
        if at not in alert.starts:
            alert.starts.append(at)
            heapq.heappush(self._leaving, (at, key))
        if not alert.since and len(alert.starts) >= self.spec.flapping_enter:
            alert.since, alert.since_at = episode, now
        return bool(alert.since)

    def resume(self, key: AlertKey, starts_at: float, episode: str) -> None:
        """Hold an alert that flapped before a restart for flapping, until a window after its latest start."""
        alert = self._whole(key)
        if not alert.since:
            alert.since, alert.since_at = episode, starts_at
            missing = max(1, self.spec.flapping_enter - len(alert.starts))
            alert.starts.extend([starts_at] * missing)
            for _ in range(missing):
                heapq.heappush(self._leaving, (starts_at, key))

    def flaps(self, key: AlertKey) -> bool:
        """Say whether an alert flaps, as of the last call that told the time."""
        alert = self._alerts.get(key)
        return alert is not None and bool(alert.since)

    def get(self, key: AlertKey) -> Flapper | None:
        """Return an alert that flaps, None for one that does not."""
        alert = self._alerts.get(key)
        return alert if alert is not None and alert.since else None

    def settle(self, now: float) -> list[AlertKey]:
        """Return, once, the alerts that flap no more since the last call, sorted."""
        self._forget(now)
        steady = sorted(key for key in set(self._steady) if not self.flaps(key))
        self._steady.clear()
        return steady

    def reconfigure(self, spec: QualitySpec) -> None:
        """Count by other numbers from now on."""
        self.spec = spec

    def _whole(self, key: AlertKey) -> Flapper:
        alert = self._alerts.get(key)
        if alert is None:
            only = self._once.pop(key, None)
            alert = self._alerts[key] = Flapper([] if only is None else [only])
        return alert

    def _forget(self, now: float) -> None:
        """Let go of starts that left the window; costs nothing while none does."""
        edge = now - self.spec.flapping_window
        while self._leaving and self._leaving[0][0] <= edge:
            at, key = heapq.heappop(self._leaving)
            if self._once.pop(key, None) is not None:
                continue
            alert = self._alerts[key]
            alert.starts.remove(at)
            if alert.since and len(alert.starts) <= self._leave:
                alert.since = ""
                self._steady.append(key)
            if not alert.starts:
                del self._alerts[key]

    @property
    def _leave(self) -> int:
        """Return what to leave at; below the number to enter at, whatever is configured."""
        return min(self.spec.flapping_leave, self.spec.flapping_enter - 1)
