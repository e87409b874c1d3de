"""What of a configuration decides who is told: routes, policies, people and receivers, ready to be asked.

Enters: settings. Leaves: the policies for an alert, the destinations of a target. Built anew on every reload; what
runs already keeps the policies that it was frozen with.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from aiops_daemon.core.model.alert import Episode
from aiops_daemon.core.model.channels.pagerduty import PagerDutySpec
from aiops_daemon.core.model.escalation import Track
from aiops_daemon.core.model.incident import Priority
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.message import MessageEvent
from aiops_daemon.core.model.receiver import StormSpec
from aiops_daemon.core.model.route import Mode
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.severity import Severity
from aiops_daemon.core.response.message import Place
from aiops_daemon.core.response.reach import Destination, Reached, directory
from aiops_daemon.core.response.reach import reach as look_up
from aiops_daemon.core.response.routing import Matched, Router, made, tracks

FOLLOW = {
    MessageEvent.ACKNOWLEDGE: frozenset(("pagerduty", "slack", "jira", "webhook", "log")),
    MessageEvent.UPDATE: frozenset(("slack", "jira", "log")),
    MessageEvent.CHANGE: frozenset(("pagerduty",)),
}
"""Integrations that are told more than the beginning and the end: they show one living thing or changes beside it, or a
machine listens."""


class Telling:
    """Answers who is told."""

    def __init__(self, settings: Settings) -> None:
        self.muted = settings.mode is Mode.MUTED
        self.place = Place(settings.cluster, settings.external_url, settings.time_zone)
        self._router = Router(settings.route) if settings.route is not None else None
        self._escalations = settings.escalations
        self._silent = frozenset(one.name for one in settings.receivers if not one.channels)
        self.directory = directory(settings)
        self._storms = {one.name: one.storm for one in settings.receivers}

    @property
    def anybody(self) -> bool:
        """Say whether there are routes at all."""
        return self._router is not None

    def matched(self, episode: Episode, service: str, priority: str) -> tuple[Matched, ...]:
        """Return the routes that take an alert."""
        if self._router is None:
            return ()
        ours = made(episode.labels, severity=episode.severity, team=episode.team, service=service, priority=priority)
        return self._router.match(episode.labels, ours)

    def tracks(self, matched: Iterable[Matched]) -> tuple[Track, ...]:
        """Return the policies that routes name."""
        return tracks(matched, self._escalations, self._silent)

    def policies(self, labels: Labels, team: str, service: str) -> tuple[Track, ...]:
        """Return the policies of incidents with these labels, whatever their severity and priority."""
        if self._router is None:
            return ()
        found: dict[Matched, None] = {}
        for severity, priority in product((Severity.CRITICAL, Severity.WARNING, Severity.INFO), Priority):
            own = made(labels, severity=severity)
            ours = made(own, team=team, service=service, priority=priority)
            found |= dict.fromkeys(self._router.match(own, ours))
        return self.tracks(found)

    def find(self, destination: str, address: str = "") -> Destination | None:
        """Return what stands behind a destination now."""
        return self.directory.find(destination, address)

    def everywhere(self) -> list[Destination]:
        """Return every destination of every receiver."""
        return self.directory.everywhere()

    def integrations(self) -> frozenset[str]:
        """Return the kinds of channel by which somebody can be told, people's addresses among them."""
        receivers = self.directory.receivers.values()
        return frozenset(channel.integration for receiver in receivers for channel in receiver.channels)

    def storm(self, receiver: str) -> StormSpec:
        """Return when a receiver's pages fold."""
        return self._storms.get(receiver, StormSpec())

    def takes_notes(self, destination: Destination, origin: str) -> bool:
        """Say whether what people write is written there too; not what was written there."""
        channel = destination.channel
        return isinstance(channel, PagerDutySpec) and channel.writes and channel.integration != origin

    def takes(self, destination: Destination, event: MessageEvent) -> bool:
        """Say whether a destination is told of an event."""
        if event is MessageEvent.RESOLVE:
            return destination.channel.send_resolved
        follow = FOLLOW.get(event)
        return follow is None or destination.channel.integration in follow


class Reaching:
    """Reaches targets at one moment, and remembers the destinations that it found."""

    def __init__(self, telling: Telling, at: float, severity: Severity) -> None:
        self.found: dict[str, Destination] = {}
        self._telling = telling
        self._at = at
        self._severity = severity

    def __call__(self, target: str) -> Reached:
        """Return the destinations of a target, none with the reason."""
        answer = look_up(target, self._at, self._severity, self._telling.directory)
        self.found |= {one.id: one for one in answer.destinations}
        return answer
