"""Native rules of SLOs: what is recorded, under which names, and what alerts ask for."""

import re
from dataclasses import replace
from typing import Any

import pytest
from rule_inputs import HOSTILE
from slo_kinds import CHECKOUT, DAY, KINDS, slo

from aiops_daemon.core.model.selector import parse_selector
from aiops_daemon.core.model.settings import PrometheusRuleSpec, RulesSpec, Settings, SloRules
from aiops_daemon.core.model.slo import Calendar, CalendarUnit, Rolling, SloAlert, SloAlerts, SloSpec, Window
from aiops_daemon.core.rules.document import RuleFile, prometheus_rule
from aiops_daemon.core.rules.generate import generate
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.core.rules.slo.measure import every_form, le
from aiops_daemon.core.rules.slo.period import has_summer_time, offset_of


def file_of(spec: SloSpec, rules: RulesSpec | None = None, *, like_sloth: bool = False) -> RuleFile:
    """Generate the file of one SLO."""
    (file,) = slo_files([spec], rules or RulesSpec(), like_sloth=like_sloth, version="1.2.3")
    return file


def rules_of(spec: SloSpec, rules: RulesSpec | None = None, *, like_sloth: bool = False) -> list[dict[str, Any]]:
    """List the rules of one SLO."""
    groups = file_of(spec, rules, like_sloth=like_sloth).document["groups"]
    return [rule for group in groups for rule in group["rules"]]


def record(spec: SloSpec, name: str) -> str:
    """Return the expression of one record."""
    (expr,) = [rule["expr"] for rule in rules_of(spec) if rule.get("record") == name]
    return str(expr)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("like_sloth", [False, True])
def test_every_rule_has_a_name_of_its_own_and_no_group_is_slower_than_the_lookback(kind: str, like_sloth: bool) -> None:
    """Records have a colon but for Sloth's info, and every kind has rules."""
    file = file_of(KINDS[kind], like_sloth=like_sloth)
    rules = [rule for group in file.document["groups"] for rule in group["rules"]]
    records = [rule["record"] for rule in rules if "record" in rule]

    assert len(records) == len(set(records))
    assert {"sloth_slo_info"} >= {name for name in records if ":" not in name}
    assert {"1m", "4m"} == {group["interval"] for group in file.document["groups"]}
    assert file.slow


def test_long_windows_are_chained_and_short_ones_raw() -> None:
    """Raw up to an hour; beyond it what was recorded over five minutes is added up."""
    spec = KINDS["bad events"]

    assert "rate(http_requests_total" in record(spec, "aiops:slo_bad:rate1h")
    assert 'sum_over_time(aiops:slo_bad:rate5m{aiops_slo="checkout"}[6h]) * 60 / 21600' == record(
        spec, "aiops:slo_bad:rate6h"
    )
    assert "http_requests_total" not in record(spec, "aiops:slo_error:ratio_rate30d")


def test_first_appearances_count_where_the_target_was_known() -> None:
    """A series that is new within the window counts whole, but only on a target that was scraped before."""
    expr = record(KINDS["two counters"], "aiops:slo_bad:rate5m")

    born = "(errors_total unless errors_total offset 5m) and on (job, instance) requests_total offset 5m"
    assert born in expr
    assert expr.endswith('or\n0 * sum (aiops:slo_total:rate5m{aiops_slo="two"})')


def test_pages_ask_for_five_minutes_too_and_tickets_do_not() -> None:
    """That ends a page soon after recovery, unless errors went and came back within twice the short window."""
    alerts = {rule["alert"]: rule["expr"] for rule in rules_of(KINDS["bad events"]) if "alert" in rule}
    fast, slow = alerts["AiopsSloBudgetBurnFast"], alerts["AiopsSloBudgetBurnSlow"]

    recent = 'aiops:slo_error:ratio_rate5m{aiops_slo="checkout"}'
    assert [f"{recent} > 0.0144\n)", f"{recent} > 0.006\nor"] == re.findall(
        r"\S+ratio_rate5m\S+ > (?!bool).*\n\S+", fast
    )
    assert f"or\nchanges(({recent} > bool 0.006)[1h:1m]) >= 3\n)" in fast
    assert "ratio_rate5m" not in slow
    assert ["0.003", "0.001"] == re.findall(r"ratio_rate(?:2h|6h)\S+ > (\S+)\n\)", slow)
    assert 2 == fast.count(">= 1.5")
    assert 2 == fast.count(" * sqrt(")


@pytest.mark.parametrize(
    ("expected", "bound"),
    [
        ('le=~"1|1\\\\.0"', 1.0),
        ('le="0.5"', 0.5),
        ('le=~"10|10\\\\.0"', 10.0),
        ('le=~"1e\\\\+06|1000000|1000000\\\\.0"', 1e6),
        ('le="1e-05"', 1e-5),
        ('le="+Inf"', float("inf")),
    ],
)
def test_a_bound_is_found_in_every_form(expected: str, bound: float) -> None:
    """Prometheus 3 writes 1.0 where 2 keeps 1."""
    assert expected == str(le(bound))


def test_a_selector_of_a_bucket_finds_it_everywhere() -> None:
    """Only equality on le is loosened."""
    loosened = every_form(parse_selector('x_bucket{le="2",a="1",le!="3"}'))

    assert 'x_bucket{le=~"2|2\\\\.0",a="1",le!="3"}' == str(loosened)


def test_sloth_s_names_labels_and_windows_are_exact() -> None:
    """As its own generator writes them; two records of ours beside them for each window of the guard."""
    labels = (("owner", "shop"), ("service", "checkout"))
    spec = replace(KINDS["bad events"], name="checkout-availability", labels=labels)
    rules = rules_of(spec, like_sloth=True)
    ours = [rule for rule in rules if rule.get("record", "").startswith("aiops:")]
    records = [rule["record"] for rule in rules if "record" in rule and rule not in ours]
    windows = ["5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d"]

    assert [f"slo:sli_error:ratio_rate{window}" for window in windows] == records[:8]
    assert [
        "slo:objective:ratio",
        "slo:error_budget:ratio",
        "slo:time_period:days",
        "slo:current_burn_rate:ratio",
        "slo:period_burn_rate:ratio",
        "slo:period_error_budget_remaining:ratio",
        "sloth_slo_info",
    ] == records[8:]
    identity = {
        "owner": "shop",
        "service": "checkout",
        "sloth_id": "checkout-availability",
        "sloth_service": "checkout",
        "sloth_slo": "availability",
    }
    first = next(rule for rule in rules if rule.get("record") == "slo:sli_error:ratio_rate5m")
    assert identity | {"sloth_window": "5m"} == first["labels"]
    groups = {group["name"] for group in file_of(spec, like_sloth=True).document["groups"]}
    parts = ("sli-recordings", "meta-recordings", "alerts")
    assert {f"sloth-slo-{part}-checkout-availability" for part in parts} < groups


@pytest.mark.parametrize(
    ("offset", "summer", "zone"), [(3600, True, "Europe/Berlin"), (0, False, "UTC"), (19800, False, "Asia/Kolkata")]
)
def test_a_zone_s_offset_is_that_of_standard_time(offset: int, summer: bool, zone: str) -> None:
    """In both halves of the earth the smaller one."""
    window = Calendar(CalendarUnit.MONTH, zone)

    assert (offset, summer) == (offset_of(window), has_summer_time(window))


def test_gone_is_no_traffic_but_no_series() -> None:
    """The total is recorded while it stands still, so idle is not gone; each group is missed by itself."""
    gone = next(rule for rule in rules_of(KINDS["bad events"]) if rule.get("alert") == "AiopsSloDataGone")
    grouped = next(rule for rule in rules_of(KINDS["good events, grouped"]) if rule.get("alert") == "AiopsSloDataGone")

    assert "10m" == gone["for"]
    assert gone["expr"].endswith('unless on (aiops_slo)\naiops:slo_total:rate5m{aiops_slo="checkout"}')
    assert "present_over_time" in grouped["expr"]


def test_an_alert_that_is_not_wanted_is_not_there() -> None:
    """Nor is it in the test."""
    off = SloAlert(enabled=False)
    file = file_of(replace(KINDS["bad events"], alerts=SloAlerts(off, SloAlert(), off)))

    assert "AiopsSloBudgetBurnFast" not in str(file.document) + str(file.test_document)
    assert "AiopsSloDataGone" not in str(file.document) + str(file.test_document)


@pytest.mark.parametrize("like_sloth", [False, True])
def test_no_name_or_label_can_break_out(like_sloth: bool) -> None:
    """Hostile names are label values in quotes, and nothing of them opens a template."""
    spec = slo(HOSTILE, CHECKOUT, labels=(("note", HOSTILE), ("service", HOSTILE)), description=HOSTILE)
    for rule in rules_of(spec, RulesSpec(labels=(("origin", HOSTILE),)), like_sloth=like_sloth):
        left = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", rule["expr"])
        assert not set("$`%ü'") & set(left)
        for text in rule.get("annotations", {}).values():
            assert HOSTILE not in text
            assert "{{ query" not in text.replace('{{"{"}}', "")


def test_names_of_files_differ() -> None:
    """Also where names differ only in what a file name cannot have."""
    files = slo_files([slo("a b", CHECKOUT), slo("a/b", CHECKOUT), slo("ü", CHECKOUT)], RulesSpec())

    assert ["aiops-slo-a-b", "aiops-slo-a-b-2", "aiops-slo-unnamed"] == [file.name for file in files]


@pytest.mark.parametrize("chosen", list(SloRules))
def test_an_slo_alerts_by_native_or_exported_rules_never_by_both(chosen: SloRules) -> None:
    """What the settings say holds for the continuous writer too."""
    settings = Settings(slos=(KINDS["bad events"],), rules=RulesSpec(slo=chosen))
    names = {file.name for file in generate(settings, (), settings.slos)}

    assert ({"aiops-slos"} if chosen is SloRules.EXPORTED else {"aiops-slo-checkout"}) == names - {"aiops-health"}


def test_an_object_for_the_operator_carries_what_it_selects_by() -> None:
    """Name, namespace, labels and annotations; the groups stand under spec."""
    file = file_of(KINDS["bad events"])
    made = prometheus_rule(file, PrometheusRuleSpec("monitoring", (("release", "kps"),), (("a", "b"),)))

    metadata = {"name": file.name, "namespace": "monitoring", "labels": {"release": "kps"}, "annotations": {"a": "b"}}
    assert {"apiVersion": "monitoring.coreos.com/v1", "kind": "PrometheusRule"} | {"metadata": metadata} == {
        key: made[key] for key in ("apiVersion", "kind", "metadata")
    }
    assert file.document == made["spec"]


WINDOWS = [Rolling(hours * 3600.0) for hours in (1, 6, 24, 72, 168, 720, 8760)]


@pytest.mark.parametrize("window", [*WINDOWS, *(Calendar(unit) for unit in CalendarUnit)], ids=str)
@pytest.mark.parametrize("like_sloth", [False, True])
@pytest.mark.parametrize("kind", ["bad events", "ready ratio", "time slices", "ratio time slices"])
def test_whatever_is_asked_is_recorded_once(kind: str, like_sloth: bool, window: Window) -> None:
    """Also where a pair's long window is as long as the SLO's own."""
    rules = rules_of(replace(KINDS[kind], window=window), like_sloth=like_sloth)
    records = [rule["record"] for rule in rules if "record" in rule]
    asked = {name for rule in rules for name in re.findall(r"\b(?:aiops|slo):\w+:\w+", rule["expr"])}

    assert set() == asked - set(records)
    assert len(records) == len(set(records))


def test_windows_of_any_length_have_rules() -> None:
    """No pair is longer than the window, and the shortest has its own ratio all the same."""
    short = rules_of(slo("hour", CHECKOUT, window=Rolling(3600.0)))
    year = rules_of(slo("year", CHECKOUT, window=Rolling(365 * DAY)))

    assert "aiops:slo_error:ratio_rate1h" in {rule.get("record") for rule in short}
    assert "aiops:slo_error:ratio_rate365d" in {rule.get("record") for rule in year}


def test_an_alert_of_another_name_keeps_its_runbook() -> None:
    """A ticket leads to the runbook of tickets and missing data to that of missing data, whatever they are called."""
    named = SloAlerts(*(SloAlert(name=name) for name in ("A", "A", "B")))
    told = [rule for rule in rules_of(replace(KINDS["bad events"], alerts=named)) if "alert" in rule]

    assert ["AiopsSloBudgetBurnFast.md", "AiopsSloBudgetBurnSlow.md", "AiopsSloDataGone.md"] == [
        rule["annotations"]["runbook_url"].rpartition("/")[2] for rule in told
    ]
