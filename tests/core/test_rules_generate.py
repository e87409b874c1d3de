"""What every generated rule holds to, whatever is watched."""

import re
from typing import Any

import pytest
from rule_inputs import EVIL, HOSTILE, PLAIN

from aiops_daemon.core.model.query import QuerySpec, Threshold
from aiops_daemon.core.model.selector import quote
from aiops_daemon.core.model.settings import Settings
from aiops_daemon.core.model.source import SourceSpec
from aiops_daemon.core.rules.document import AlertRule, RecordingRule, RuleFile, RuleGroup
from aiops_daemon.core.rules.expression import number, selector
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.template import words


def files_of(settings: Settings) -> dict[str, RuleFile]:
    """Generate by name."""
    return {file.name: file for file in generate(settings, settings.queries, settings.slos)}


def rules_of(settings: Settings, name: str = "") -> list[dict[str, Any]]:
    """List the rules of one file, or of all."""
    chosen = [file for file in files_of(settings).values() if name in ("", file.name)]
    return [rule for file in chosen for group in file.document["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("settings", [PLAIN, EVIL, Settings()], ids=["plain", "evil", "empty"])
def test_every_alert_is_complete(settings: Settings) -> None:
    """CamelCase name, severity, a summary that is a sentence, a description, a runbook of its name, two polls' keep."""
    for rule in rules_of(settings):
        annotations = rule["annotations"]
        assert re.fullmatch(r"Aiops([A-Z][a-z0-9]+)+", rule["alert"])
        assert rule["labels"]["severity"]
        assert re.fullmatch(r"[A-Z].*\.", annotations["summary"], re.DOTALL)
        assert annotations["description"]
        assert annotations["runbook_url"].endswith(f"/{rule['alert']}.md")
        assert re.fullmatch(r"\d+[smh]", rule["keep_firing_for"])


@pytest.mark.parametrize("settings", [PLAIN, EVIL, Settings()], ids=["plain", "evil", "empty"])
def test_every_alert_fires_and_is_silent_in_its_test(settings: Settings) -> None:
    """No rule without both kinds of proof."""
    for file in files_of(settings).values():
        rules = [rule for group in file.document["groups"] for rule in group["rules"]]
        cases = [case for test in file.test_document["tests"] for case in test["alert_rule_test"]]
        for name in {rule["alert"] for rule in rules}:
            expected = [len(case["exp_alerts"]) for case in cases if case["alertname"] == name]
            assert sum(1 for rule in rules if rule["alert"] == name) == sum(expected)
            assert 0 in expected


def test_no_two_rules_of_a_file_have_the_same_name_and_labels() -> None:
    """Prometheus would take them for one another."""
    for file in files_of(PLAIN).values():
        rules = [rule for group in file.document["groups"] for rule in group["rules"]]
        identities = {(rule["alert"], tuple(sorted(rule["labels"].items()))) for rule in rules}
        assert len(rules) == len(identities)


def test_anomalies_are_info_unless_the_query_says_otherwise() -> None:
    """Nothing pages because a number is unusual."""
    found = {rule["labels"]["aiops_query"]: rule["labels"]["severity"] for rule in rules_of(PLAIN, "aiops-anomalies")}

    assert {"checkout_p99": "info", "orders": "warning", "disk_free": "info"} == found


def test_a_forecast_alert_takes_the_severity_of_its_threshold() -> None:
    """A threshold that is named otherwise is a warning."""
    found = {
        (rule["labels"]["aiops_query"], rule["labels"]["aiops_threshold"]): rule["labels"]["severity"]
        for rule in (*rules_of(PLAIN, "aiops-forecasts"), *rules_of(EVIL, "aiops-forecasts"))
    }

    assert {"critical", "warning"} == {found["checkout_p99", "critical"], found["checkout_p99", "warning"]}
    assert "warning" in found.values()
    assert len(found) == 4


def test_queries_without_horizon_or_threshold_have_no_forecast_alert() -> None:
    """A file without rules is not made."""
    settings = Settings(queries=(QuerySpec("a", "up", thresholds=(Threshold("critical", 1),)), QuerySpec("b", "up")))

    assert "aiops-forecasts" not in files_of(settings)
    assert "aiops-slos" not in files_of(settings)


def test_slo_alerts_page_and_ticket_where_they_can() -> None:
    """Pages are critical, tickets warnings; an SLO without a possible pair keeps the alert on lost data."""
    found = [
        (rule["alert"], rule["labels"]["aiops_slo"], rule["labels"]["severity"])
        for rule in rules_of(PLAIN, "aiops-slos")
    ]

    assert ("AiopsSloBudgetBurnFast", "checkout", "critical") in found
    assert ("AiopsSloBudgetBurnSlow", "checkout", "warning") in found
    assert ("AiopsSloDataGone", "checkout", "warning") in found
    assert len(found) == 9


def test_documents_have_prometheus_keys_in_its_order() -> None:
    """Durations are written as Prometheus does; what is not set is left out; no group is slower than the lookback."""
    alert = AlertRule("A", "up == 0", (("severity", "info"),), (), hold=300.0)
    record = RecordingRule("a:b", "up")

    document = RuleGroup("g", (alert, record), interval=3600.0).document()

    rules = [
        {"alert": "A", "expr": "up == 0", "for": "5m", "labels": {"severity": "info"}, "annotations": {}},
        {"record": "a:b", "expr": "up"},
    ]
    assert {"name": "g", "interval": "5m", "rules": rules} == document
    assert ["alert", "expr", "for", "labels", "annotations"] == list(document["rules"][0])


@pytest.mark.parametrize(
    ("interval", "evaluated", "kept"), [(5.0, "15s", "2m"), (60.0, "1m", "2m"), (600.0, "5m", "20m")]
)
def test_evaluation_and_keep_follow_the_poll(interval: float, evaluated: str, kept: str) -> None:
    """Groups run every poll, within 15 s and 5 m; alerts outlive two polls and a restart."""
    settings = Settings(sources=(SourceSpec("a", ("http://x",), interval=interval),), queries=(QuerySpec("q", "up"),))
    group = files_of(settings)["aiops-anomalies"].document["groups"][0]

    assert evaluated == group["interval"]
    assert kept == group["rules"][0]["keep_firing_for"]


def test_labels_and_annotations_of_the_settings_are_added_and_never_replace_ours() -> None:
    """They are literal: no template of a user runs inside Prometheus by accident."""
    rule = rules_of(EVIL, "aiops-anomalies")[0]

    assert rule["labels"]["severity"] == "warning"
    assert rule["annotations"]["summary"].startswith("Anomaly: ")
    assert words(HOSTILE).go == rule["labels"]["origin"] == rule["annotations"]["note"]


def test_a_runbook_address_needs_no_slash() -> None:
    """Both ways of writing the address lead to the file."""
    (name,) = {rule["annotations"]["runbook_url"] for rule in rules_of(EVIL) if rule["alert"] == "AiopsDaemonDown"}

    assert name == 'https://example.org/{{"{"}}{{"{"}} . }}/AiopsDaemonDown.md'


def test_hostile_names_never_open_a_template() -> None:
    """Braces of users appear only as printed text: take ours away, and no opening pair is left."""
    for rule in rules_of(EVIL):
        assert "{{" not in words(HOSTILE).go.replace('{{"{"}}', "")
        for text in rule["labels"].values():
            assert "{{" not in text.replace('{{"{"}}', "")


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        ('"a"', "a"),
        (r'"a\"b"', 'a"b'),
        (r'"\\"', "\\"),
        (r'"\n\t\r"', "\n\t\r"),
        (r'"\x00\x1b\x7f"', "\0\x1b\x7f"),
        ('"ü{}"', "ü{}"),
    ],
)
def test_promql_strings(expected: str, value: str) -> None:
    """Quotes, backslashes and control characters cannot end a string."""
    assert expected == quote(value)


def test_a_selector_names_a_metric_of_the_table() -> None:
    """A misspelt metric is a fault here, not an alert that never fires."""
    assert selector("aiops_value", {"aiops_query": "x"}) == 'aiops_value{aiops_query="x"}'
    with pytest.raises(KeyError):
        selector("aiops_valeu")


@pytest.mark.parametrize(("expected", "value"), [("600", 600.0), ("0.1", 0.1), ("-3", -3.0), ("1e+300", 1e300)])
def test_numbers(expected: str, value: float) -> None:
    """PromQL reads back the same number."""
    assert expected == number(value)


def test_no_expression_without_a_number() -> None:
    """NaN and infinity are refused."""
    with pytest.raises(ValueError, match="cannot stand"):
        number(float("nan"))
