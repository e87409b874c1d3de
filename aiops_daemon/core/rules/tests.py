"""promtool unit tests as documents: every alert fires where it must and is silent where it must.

Enters: the alerts of one rule file with their examples. Leaves: one test document for `promtool test rules`.
Examples of one scenario are evaluated together, so a file with hundreds of alerts stays cheap to test.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.rules.alert import Alert, Example
from aiops_daemon.core.rules.document import Document


def test_document(rule_file: str, alerts: Sequence[Alert], spec: RulesSpec) -> Document:
    """Return the test of a rule file; `rule_file` is its path as seen from the test file."""
    scenarios: dict[tuple[str, int], list[tuple[Alert, Example]]] = {}
    for alert in alerts:
        for example in alert.examples:
            scenarios.setdefault((example.scenario, example.minute), []).append((alert, example))
    tests = [_scenario(name, minute, cases, spec) for (name, minute), cases in scenarios.items()]
    return {"rule_files": [rule_file], "evaluation_interval": "1m", "tests": tests}


def _scenario(name: str, minute: int, cases: Sequence[tuple[Alert, Example]], spec: RulesSpec) -> Document:
    given = dict(pair for _, example in cases for pair in example.series)
    names = dict.fromkeys(alert.name for alert, _ in cases)
    return {
        "name": name,
        "interval": "1m",
        "input_series": [{"series": series, "values": values} for series, values in given.items()],
        "alert_rule_test": [
            {
                "eval_time": f"{minute}m",
                "alertname": alert_name,
                "exp_alerts": list(_expected((case for case in cases if case[0].name == alert_name), spec)),
            }
            for alert_name in names
        ],
    }


def _expected(cases: Iterable[tuple[Alert, Example]], spec: RulesSpec) -> Iterable[Document]:
    return (dict(alert.expected(spec, example)) for alert, example in cases if example.fires)
