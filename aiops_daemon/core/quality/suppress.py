"""Alerts that tell nobody because the configuration says so: suppression rules and maintenance windows.

Enters: which alerts fire (as they start and end), labels and the moment. Leaves: what holds an alert, with the sentence
and, where it is known, the end. `equal` holds only where both sides have every label: two alerts that lack a
label have nothing in common. An alert never holds itself, nor do two that both are source and target.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from aiops_daemon.core.model.alert import AlertKey, Episode, VerdictReason
from aiops_daemon.core.model.alertmanager import MaintenanceSpec, QualitySpec, SuppressionSpec
from aiops_daemon.core.model.labels import Labels
from aiops_daemon.core.model.matcher import Matchers
from aiops_daemon.core.model.quantity import speak_time
from aiops_daemon.core.quality.windows import Window


class Held(NamedTuple):
    """What holds an alert."""

    reason: VerdictReason
    sentence: str
    until: float | None = None


_Side = dict[tuple[str, ...], dict[AlertKey, str]]


class Rule:
    """One suppression rule and the alerts that fire on its source side, by their values of `equal`."""

    def __init__(self, spec: SuppressionSpec) -> None:
        self.spec = spec
        self._firing: dict[tuple[str, ...], dict[AlertKey, str]] = {}  # sources that are no targets: alertname
        self._both: dict[tuple[str, ...], dict[AlertKey, str]] = {}  # sources that are targets too

    def started(self, key: AlertKey, values: dict[str, str]) -> None:
        """Note a firing alert if it stands on the source side."""
        place = self._place(values)
        if place is not None:
            side, equal = place
            side.setdefault(equal, {})[key] = values.get("alertname", "")

    def ended(self, key: AlertKey, values: dict[str, str]) -> None:
        """Forget an alert that fires no more."""
        place = self._place(values)
        if place is None:
            return
        side, equal = place
        bucket = side.get(equal)
        if bucket is not None:
            bucket.pop(key, None)
            if not bucket:
                del side[equal]

    def holds(self, key: AlertKey, values: dict[str, str]) -> str | None:
        """Return the sentence of why this alert is held, None when it is not."""
        if not _match(self.spec.matchers, values):
            return None
        if not self.spec.source_matchers:
            return f'suppression rule "{self.spec.name}" holds it, always'
        equal = _values(self.spec.equal, values)
        return None if equal is None else self._because(key, values, equal)

    def _because(self, key: AlertKey, values: dict[str, str], equal: tuple[str, ...]) -> str | None:
        sources = [self._firing.get(equal, {})]
        if not _match(self.spec.source_matchers, values):
            sources.append(self._both.get(equal, {}))
        firing = next(((other, name) for side in sources for other, name in side.items() if other != key), None)
        if firing is None:
            return None
        shared = ", ".join(f'{name}="{value}"' for name, value in zip(self.spec.equal, equal, strict=True))
        where = f" with {shared}" if shared else ""
        return f'suppression rule "{self.spec.name}" holds it while {firing[1]} fires{where}'

    def _place(self, values: dict[str, str]) -> tuple[_Side, tuple[str, ...]] | None:
        """Return where a source is kept: on which side, under which values of the labels that must be equal."""
        if not self.spec.source_matchers or not _match(self.spec.source_matchers, values):
            return None
        equal = _values(self.spec.equal, values)
        if equal is None:
            return None
        return (self._both if _match(self.spec.matchers, values) else self._firing), equal


class Suppression:
    """All rules and windows, and, while there is a rule, the alerts that fire."""

    def __init__(self, spec: QualitySpec) -> None:
        self._firing: dict[AlertKey, tuple[str, Labels]] = {}  # episode, labels
        self._rules: tuple[Rule, ...] = ()
        self._windows: tuple[Window, ...] = ()
        self.reconfigure(spec)

    def reconfigure(self, spec: QualitySpec, firing: Iterable[Episode] = ()) -> None:
        """Take other rules and windows; `firing` are the alerts that fire now."""
        self._rules = tuple(Rule(rule) for rule in spec.suppression)
        self._windows = tuple(Window(window) for window in spec.maintenance)
        self._firing.clear()
        for episode in firing:
            self.started(episode)

    def started(self, episode: Episode) -> None:
        """Note that an alert fires."""
        if not self._rules:
            return
        key, values = episode.key, dict(episode.labels)
        self._firing[key] = (episode.uid, episode.labels)
        for rule in self._rules:
            rule.started(key, values)

    def ended(self, episode: Episode) -> None:
        """Note that an alert fires no more; an old episode's end says nothing about a newer one."""
        firing = self._firing.get(episode.key)
        if firing is None or firing[0] != episode.uid:
            return
        del self._firing[episode.key]
        values = dict(firing[1])
        for rule in self._rules:
            rule.ended(episode.key, values)

    def holds(self, episode: Episode, now: float) -> Held | None:
        """Return what holds an alert: the first open window that matches, else the first rule."""
        if not self._rules and not self._windows:
            return None
        values = dict(episode.labels)
        window = next((one for one in self._windows if one.holds(now) and _match(one.spec.matchers, values)), None)
        if window is not None:
            return Held(VerdictReason.MAINTENANCE, _in_window(window.spec, window.ends_at), window.ends_at)
        found = (rule.holds(episode.key, values) for rule in self._rules)
        sentence = next((one for one in found if one is not None), None)
        return None if sentence is None else Held(VerdictReason.SUPPRESSION, sentence)


def _in_window(spec: MaintenanceSpec, ends_at: float | None) -> str:
    until = "" if ends_at is None else f", which ends {speak_time(ends_at)}"
    return f'in maintenance window "{spec.name}"{until}'


def _match(matchers: Matchers, values: dict[str, str]) -> bool:
    return all(matcher.matches(values) for matcher in matchers)


def _values(names: Iterable[str], values: dict[str, str]) -> tuple[str, ...] | None:
    """Return the values of labels, None when one is missing or empty."""
    found = tuple(values.get(name, "") for name in names)
    return found if all(found) else None
