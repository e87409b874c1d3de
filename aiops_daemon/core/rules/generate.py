"""Everything that `rules generate` and the continuous writer put out.

Enters: settings, the queries in use (configured and from packs), the SLOs, and learned bands of queries that alert
without the daemon too. Leaves: rule files with their unit tests; a file without rules is not made. SLOs alert by native
rules or by what the daemon exports, never both. Names of files and alerts are fixed; runbooks have those
of alerts.
"""

from __future__ import annotations

from collections.abc import Sequence

from aiops_daemon.core.model.hourly import BandBook
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.model.settings import Settings, SloRules
from aiops_daemon.core.model.slo import SloSpec
from aiops_daemon.core.rules.alert import Alert, poll_interval
from aiops_daemon.core.rules.anomaly import anomaly_alert
from aiops_daemon.core.rules.bands import band_files
from aiops_daemon.core.rules.burn import slo_alerts
from aiops_daemon.core.rules.document import MAX_GROUP_INTERVAL, RuleFile, RuleGroup, groups_document
from aiops_daemon.core.rules.forecast import forecast_alerts
from aiops_daemon.core.rules.health import health_alerts
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.core.rules.tests import test_document

_FASTEST = 15.0  # seconds between evaluations


def generate(
    settings: Settings, queries: Sequence[QuerySpec], slos: Sequence[SloSpec], books: Sequence[BandBook] = ()
) -> tuple[RuleFile, ...]:
    """Generate the rule files for what is watched; equal names are covered once."""
    chosen = {query.name: query for query in queries}.values()
    promised = {slo.name: slo for slo in slos}.values()
    interval = _interval(settings, list(chosen))
    native = settings.rules.slo is SloRules.NATIVE
    files = (
        ("aiops-anomalies", [anomaly_alert(settings, query) for query in chosen]),
        ("aiops-forecasts", [alert for query in chosen for alert in forecast_alerts(settings, query)]),
        ("aiops-slos", [] if native else [alert for slo in promised for alert in slo_alerts(settings, slo)]),
        ("aiops-health", list(health_alerts(settings))),
    )
    exported = tuple(_file(name, alerts, settings, interval) for name, alerts in files if alerts)
    exported += band_files(settings, books)
    return (*exported, *slo_files(tuple(promised), settings.rules)) if native else exported


def _file(name: str, alerts: Sequence[Alert], settings: Settings, interval: float) -> RuleFile:
    rules = tuple(alert.rule(settings.rules) for alert in alerts)
    document = groups_document((RuleGroup(name, rules, interval),))
    return RuleFile(name, document, test_document(f"../{name}.yaml", alerts, settings.rules))


def _interval(settings: Settings, queries: Sequence[QuerySpec]) -> float:
    """Evaluate as often as the quickest poll, within 15 s and 5 m."""
    polls = [poll_interval(settings, query.sources, query.interval) for query in queries]
    polls += [source.interval for source in settings.sources]
    return max(_FASTEST, min([*polls, MAX_GROUP_INTERVAL])) if polls else 60.0
