"""One open incident with the counts over its alerts, kept step by step so that a storm costs the same per alert.

Enters: episodes as they join, change and end. Leaves: facts. Mutable; owned by the desk alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, nsmallest
from math import inf
from typing import NamedTuple

from aiops_daemon.core.incidents.facts import Facts
from aiops_daemon.core.model.alert import AlertKey, Episode, VerdictKind
from aiops_daemon.core.model.attachment import read_attachment
from aiops_daemon.core.model.escalation import Escalation, Timer
from aiops_daemon.core.model.finding import FindingKind
from aiops_daemon.core.model.incident import Incident, LinkedFinding
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.routing import Matched

_LISTED = 20  # rules and services that facts carry
_SPARE = 3  # entries an open alert that the heap may hold before it is made anew
_MILDNESS = {str(severity): -severity.rank for severity in Severity}


@dataclass(slots=True)
class Response:
    """How people are told of an incident: the escalation as it is on disk, and the routes that took its alerts."""

    escalation: Escalation | None = None
    waits: tuple[Timer, ...] | None = None  # as on disk; None: not known
    routes: dict[str, Matched] | None = None  # by path; None: every open alert is to be routed
    barred: frozenset[str] = frozenset()  # policies that only an edit named, after its escalation had begun


class Case:
    """An incident and what its alerts amount to."""

    def __init__(self, incident: Incident, service_labels: tuple[str, ...]) -> None:
        self.incident = incident
        self.open: dict[AlertKey, Episode] = {}
        self.flapping: dict[AlertKey, Episode] = {}  # those between two firings too
        self.findings: dict[str, LinkedFinding] = {}
        self.opener: tuple[str, str] | None = None  # team and rule of the alert that began it
        self.response = Response()
        self._service_labels = service_labels
        self._alerts = 0
        self._severities: Counter[str] = Counter()
        self._muted = 0
        self._telling: list[_Telling] = []  # a heap
        self._turns = 0
        self._labels: dict[str, str] | None = None
        self._rules: Counter[str] = Counter()
        self._mildness: dict[str, int] = {}  # by rule, of its gravest alert
        self._services: Counter[str] = Counter()
        self._teams: Counter[str] = Counter()

    @property
    def owes(self) -> bool:
        """Say whether it is closed and somebody is still to be told: it ended while all was muted."""
        state = self.response.escalation
        return self.incident.state.closed and state is not None and bool(state.told)

    def add(self, episode: Episode) -> None:
        """Count an alert that joined."""
        self._alerts += 1
        self.opener = self.opener or (episode.team, episode.rule)
        self._teams[episode.team] += 1
        self._rules[episode.rule] += 1
        mildness = _MILDNESS.get(episode.severity, 0)
        self._mildness[episode.rule] = min(mildness, self._mildness.get(episode.rule, 0))
        labels = dict(episode.labels)
        self._services.update(self._service(labels))
        self._share(labels)
        self._hold(episode)

    def change(self, episode: Episode) -> None:
        """Count an alert of this incident that changed; one that ended leaves the open ones."""
        self._release(episode.key)
        self._hold(episode)

    def remove(self, episode: Episode) -> None:
        """Forget an alert that moved to another incident; what all share is not widened again."""
        held = self.open.get(episode.key)
        if held is not None and held.uid == episode.uid:
            self._release(episode.key)
        flaps = self.flapping.get(episode.key)
        if flaps is not None and flaps.uid == episode.uid:
            del self.flapping[episode.key]
        self._alerts -= 1
        self._teams[episode.team] -= 1
        self._rules[episode.rule] -= 1
        self._services.subtract(self._service(dict(episode.labels)))

    def facts(self) -> Facts:
        """Return what the alerts amount to."""
        notify_at, reason = self._notice()
        return Facts(
            alerts=self._alerts,
            firing=len(self.open),
            muted=self._muted,
            flapping=len(self.flapping),
            worst=self._worst(),
            labels=tuple(sorted((self._labels or {}).items())),
            rules=_most(self._rules, self._mildness),
            services=_most(self._services, {}),
            teams=tuple(sorted(+self._teams)),
            notify_at=notify_at,
            notify_reason=reason,
            burning=next((f"{one.query} burns its budget" for one in self._live() if one.kind == FindingKind.BURN), ""),
            breach_at=min((at for one in self._live() if (at := _breach_at(one)) is not None), default=None),
        )

    def _live(self) -> Iterable[LinkedFinding]:
        return (finding for finding in self.findings.values() if finding.closed_at is None)

    def _hold(self, episode: Episode) -> None:
        if episode.flapping:
            self.flapping[episode.key] = episode
        else:
            self.flapping.pop(episode.key, None)
        if episode.open:
            self.open[episode.key] = episode
            self._severities[episode.severity] += 1
            self._muted += bool(episode.muted)
            self._queue(episode)

    def _queue(self, episode: Episode) -> None:
        """Put an alert where it tells people; what it was before stays behind and is passed over."""
        heappush(self._telling, self._place(episode))
        if len(self._telling) > _SPARE * len(self.open) + _LISTED:
            self._telling = [self._place(one) for one in self.open.values()]
            heapify(self._telling)

    def _place(self, episode: Episode) -> _Telling:
        at = episode.verdict.notify_at
        self._turns += 1
        return _Telling(inf if at is None else at, _MILDNESS.get(episode.severity, 0), self._turns, episode)

    def _release(self, key: AlertKey) -> None:
        before = self.open.pop(key, None)
        if before is not None:
            self._severities[before.severity] -= 1
            self._muted -= bool(before.muted)

    def _notice(self) -> tuple[float | None, str]:
        """Choose the alert that tells first; when none tells, the reason of one that is held back."""
        while self._telling and self.open.get(self._telling[0].episode.key) is not self._telling[0].episode:
            heappop(self._telling)
        if not self._telling:
            return None, "all alerts ended"
        first = self._telling[0].episode
        verdict = first.verdict
        held = "" if verdict.kind is VerdictKind.NOTIFY else f"{verdict.reason}: "
        return verdict.notify_at, f"{held}{verdict.sentence or first.rule}"

    def _worst(self) -> Severity:
        present = (Severity(name) for name, count in self._severities.items() if count > 0)
        return max(present, key=lambda severity: severity.rank, default=Severity.NONE)

    def _share(self, labels: dict[str, str]) -> None:
        if self._labels is None:
            self._labels = labels
        else:
            lost = [name for name, value in self._labels.items() if labels.get(name) != value]
            for name in lost:
                del self._labels[name]

    def service_of(self, episode: Episode) -> str:
        """Return the service that an alert names, "" when it names none."""
        return next(iter(self._service(dict(episode.labels))), "")

    def gravest(self, most: int) -> tuple[Episode, ...]:
        """Return some open alerts, the gravest first, then the latest."""
        return tuple(
            nsmallest(most, self.open.values(), key=lambda one: (_MILDNESS.get(one.severity, 0), -one.starts_at))
        )

    def sentences(self) -> tuple[str, ...]:
        """Return what its open findings say."""
        return tuple(finding.sentence for finding in self._live())

    def _service(self, labels: dict[str, str]) -> list[str]:
        return [labels[name] for name in self._service_labels if labels.get(name)][:1]


def _breach_at(finding: LinkedFinding) -> float | None:
    return read_attachment(finding.body).breach_at if finding.kind == FindingKind.FORECAST_BREACH else None


class _Telling(NamedTuple):
    """An alert in the order in which alerts tell people, the worst first; those that tell nobody come last."""

    at: float
    mildness: int
    turn: int  # no two are alike, so that episodes are never compared
    episode: Episode


def _most(counts: Counter[str], mildness: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Order names: the gravest first, then the commonest."""
    present = ((name, count) for name, count in counts.items() if count > 0)
    ordered = sorted(present, key=lambda one: (mildness.get(one[0], 0), -one[1], one[0]))
    return tuple(ordered[:_LISTED])
