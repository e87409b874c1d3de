"""An alert together with the examples that prove it: one where it fires, one where it must not.

Enters: what a kind of alert needs (anomaly.py, forecast.py, burn.py, health.py). Leaves: the rule, with the
labels, links and annotations that every alert of ours carries, and what its unit test expects.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiops_daemon.core.model.labels import Labels, legacy_name
from aiops_daemon.core.model.settings import RulesSpec, Settings
from aiops_daemon.core.rules.document import AlertRule, Texts
from aiops_daemon.core.rules.template import Text, words

DEFAULT_INTERVAL = 60.0
_LEAST_KEEP = 120.0  # a restart takes less


@dataclass(frozen=True, slots=True)
class Example:
    """Input of a unit test: series with values in promtool's notation, a minute apart; judged at `minute`."""

    scenario: str  # examples of a file with one scenario are evaluated together
    series: tuple[tuple[str, str], ...]
    minute: int
    labels: Labels = ()  # labels that the firing alert has from its series; empty when none may fire
    fires: bool = False


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: `labels` are ours and literal, `summary` is a literal sentence, `description` may be templated."""

    name: str  # CamelCase, begins with Aiops, has a runbook of the same name
    expr: str
    severity: str
    summary: str
    description: Text
    examples: tuple[Example, ...]
    labels: Labels = ()
    hold: float = 0.0
    keep: float = 0.0

    def rule(self, spec: RulesSpec) -> AlertRule:
        """Return the rule; labels and annotations of the settings are literal and never replace ours."""
        return AlertRule(
            self.name,
            self.expr,
            tuple((name, text.go) for name, text in self._labels(spec)),
            tuple((name, text.go) for name, text in self._annotations(spec)),
            self.hold,
            self.keep,
        )

    def expected(self, spec: RulesSpec, example: Example) -> dict[str, dict[str, str]]:
        """Return labels and annotations as Prometheus must show them for a firing example."""
        labels = dict(example.labels) | {name: text.shows for name, text in self._labels(spec)}
        annotations = {name: text.shows for name, text in self._annotations(spec)}
        return {"exp_labels": labels, "exp_annotations": annotations}

    def _labels(self, spec: RulesSpec) -> tuple[tuple[str, Text], ...]:
        ours = {"severity": self.severity, **dict(self.labels)}
        return _merge(spec.labels, {name: words(text) for name, text in ours.items()})

    def _annotations(self, spec: RulesSpec) -> tuple[tuple[str, Text], ...]:
        ours = {
            "summary": words(self.summary),
            "description": self.description,
            "runbook_url": words(spec.runbook(self.name)),
        }
        return _merge(spec.annotations, ours)


def _merge(added: Texts, ours: dict[str, Text]) -> tuple[tuple[str, Text], ...]:
    extra = {legacy_name(name): words(text) for name, text in added}
    return tuple((ours | {name: text for name, text in extra.items() if name not in ours}).items())


def poll_interval(settings: Settings, sources: tuple[str, ...], own: float | None = None) -> float:
    """Return the slowest interval (seconds) at which something is polled on its sources."""
    if own is not None:
        return own
    chosen = [source.interval for source in settings.sources if not sources or source.name in sources]
    return max(chosen, default=DEFAULT_INTERVAL)


def keep_firing(interval: float) -> float:
    """Return two polls in seconds, at least what a restart takes: it must neither resolve nor fire again."""
    return max(_LEAST_KEEP, 2 * interval)


def plots_at(settings: Settings) -> Text:
    """Say where the plots are, when we know our address."""
    return words(f" Plots: {settings.external_url.rstrip('/')}/") if settings.external_url else Text()
