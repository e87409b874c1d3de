"""Files of every SLO format: good ones become what they mean, and each bad one is told with its place and a remedy."""

from pathlib import Path

import pytest
import yaml

from aiops_daemon.config.sloformats.read import read_slos
from aiops_daemon.core.model.sli import (
    BoolGaugeSli,
    Comparison,
    EventsSli,
    LatencySli,
    NativeLatencySli,
    RatioSli,
    RawSli,
    ThresholdSli,
)
from aiops_daemon.core.model.slo import Budgeting, Calendar, CalendarUnit, Rolling, SloSpec
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.errors import ConfigError

FILES = Path(__file__).parent / "sloformats"
BAD = sorted((FILES / "bad").glob("*.yaml"))
DAY = 86400.0


def slos(name: str) -> dict[str, SloSpec]:
    """Read a good file."""
    return {slo.name: slo for slo in read_slos(FILES / "good" / name, {}).slos}


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_fault_is_told_with_place_path_and_remedy(file: Path) -> None:
    """A file with one fault yields exactly the line that its first comment promises."""
    promised = file.read_text().splitlines()[0].removeprefix("# ")

    with pytest.raises(ConfigError) as caught:
        read_slos(file, {})

    assert (f"{file}:{promised}",) == caught.value.faults


def test_sloth_files_are_read_whole() -> None:
    """Queries of the usual shape become selectors; labels are merged as Sloth merges them; alerts may be off."""
    found = slos("sloth.yaml")
    availability, latency, elsewhere = found.values()

    assert EventsSli("payments_total", bad='payments_total{code=~"5.."}') == availability.sli
    assert EventsSli("payment_seconds_count", good='payment_seconds_bucket{le="1"}') == latency.sli
    assert RawSli(bad="avg_over_time(payments:errors[{{.window}}])") == elsewhere.sli
    assert {"owner": "money", "tier": "1", "journey": "checkout", "service": "payments"} == dict(availability.labels)
    assert ("PaymentsFail", False) == (availability.alerts.page.name, availability.alerts.ticket.enabled)
    assert {"category": "availability", "severity": "page"} == dict(availability.alerts.page.labels)
    assert availability.alerts.page.templated
    assert [0.9995, Rolling(30 * DAY)] == [availability.objective_ratio, availability.window]


def test_sloth_s_object_is_read_as_its_file() -> None:
    """Keys are written as Kubernetes writes them; what it adds itself has no meaning here; `by` is grouping."""
    (found,) = slos("sloth-crd.yaml").values()

    assert ("payments-availability", ("region",)) == (found.name, found.grouping)


def test_pyrra_objects_are_read_whole() -> None:
    """All four indicators; labels and annotations under pyrra.dev; alerts by name, or off."""
    errors, latency, native, probe = slos("pyrra.yaml").values()

    assert EventsSli("cart_requests_total", bad='cart_requests_total{code=~"5.."}') == errors.sli
    assert LatencySli('cart_seconds_bucket{job="cart"}', 'cart_seconds_count{job="cart"}', 0.5) == latency.sli
    assert NativeLatencySli('cart_seconds{job="cart"}', 0.2) == native.sli
    assert BoolGaugeSli('probe_success{job="shop"}') == probe.sli
    assert (("handler",), (("team", "shop"),), Rolling(28 * DAY)) == (errors.grouping, errors.labels, errors.window)
    assert ("CartsAreLost", False) == (errors.alerts.page.name, errors.alerts.gone.enabled)
    assert (("runbook", "https://example.org/shop"),) == errors.alerts.page.annotations
    assert [False, False] == [native.alerts.page.enabled, native.alerts.gone.enabled]


def test_openslo_objects_refer_to_each_other() -> None:
    """Indicator, policy, condition, target and data source by name; calendar, slices, thresholds and ready ratios."""
    found = slos("openslo.yaml")
    first, raw = found["search-found"], found["search-raw"]
    (pair,) = first.burn.pairs

    assert EventsSli("search_total", bad='search_total{code="500"}') == first.sli
    assert Calendar(CalendarUnit.MONTH, "Europe/Berlin") == first.window
    assert (Budgeting.TIME_SLICES, 300.0, 0.95) == (
        first.budget.method,
        first.budget.slice_seconds,
        first.budget.slice_target_ratio,
    )
    assert ("page", 3600.0, 300.0, 10.0) == (pair.severity, pair.long, pair.short, pair.factor)
    assert (("notification_target", "on-call"),) == first.alerts.page.labels
    assert [True, False, True] == [first.alerts.page.enabled, first.alerts.ticket.enabled, first.alerts.gone.enabled]
    assert {"team": "search", "cost_centre": "7", "service": "search"} == dict(first.labels)
    assert ThresholdSli("search:p99", Comparison.BELOW, 2.0) == found["search-p99-2"].sli
    assert (RawSli(good="search:success"), Budgeting.RATIO_TIME_SLICES) == (raw.sli, raw.budget.method)
    assert Rolling(90 * DAY) == raw.window


def test_openslo_alpha_is_read() -> None:
    """Metrics stand in the objective."""
    (found,) = slos("openslo-alpha.yaml").values()

    assert (EventsSli("mail_total", good='mail_total{sent="true"}'), 0.98) == (found.sli, found.objective_ratio)


def test_openslo_alpha_as_sloth_reads_it() -> None:
    """Without budgetingMethod and isRolling, occurrences are counted over a rolling window."""
    (found,) = slos("openslo-alpha-sloth.yaml").values()

    assert (Rolling(30 * DAY), Budgeting.OCCURRENCES) == (found.window, found.budget.method)
    assert EventsSli("mail_total", good='mail_total{sent="true"}') == found.sli


NAMELESS = {
    "ours": ("slos:\n  - {name: a, objective: 99, sli: {bool_gauge: {gauge: up}}}", "2:5", "labels: {service: ...}"),
    "pyrra": (
        """apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: a}
spec: {target: '99', window: 4w, indicator: {bool_gauge: {metric: up}}}""",
        "3:11",
        "the label `pyrra.dev/service`",
    ),
}


@pytest.mark.parametrize(("text", "place", "remedy"), NAMELESS.values(), ids=NAMELESS)
def test_sloth_s_names_need_a_service(text: str, place: str, remedy: str, tmp_path: Path) -> None:
    """Sloth's ids begin with it; an empty label would be none, and its dashboards would show nothing."""
    file = tmp_path / "slo.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError) as caught:
        read_slos(file, {}, like_sloth=True)

    (fault,) = caught.value.faults
    assert fault.startswith(f"{file}:{place}: ")
    assert "SLO 'a' has no service, of which --compat sloth makes its names" in fault
    assert remedy in fault
    assert 1 == len(read_slos(file, {}).slos)


@pytest.mark.parametrize(("labels", "carried"), [("", False), ("    labels: {service: payments}\n", True)])
def test_a_service_that_a_user_of_sloth_wrote_stays_a_label(labels: str, carried: bool, tmp_path: Path) -> None:
    """Sloth puts every label of its users on all records, and the service of the file under its own name alone."""
    file = tmp_path / "slo.yaml"
    queries = "{error_query: 'sum(rate(e[{{.window}}]))', total_query: 'sum(rate(t[{{.window}}]))'}"
    file.write_text(
        "version: prometheus/v1\nservice: payments\nslos:\n  - name: a\n    objective: 99\n"
        f"{labels}    sli: {{events: {queries}}}\n"
    )

    (found,) = read_slos(file, {}, like_sloth=True).slos

    names = dict(plan(found, like_sloth=True).style.labels)
    assert "payments" == names["sloth_service"]
    assert carried == ("service" in names)
    assert "payments" == dict(plan(found).style.labels)["service"]


def test_a_service_that_queries_group_by_is_not_replaced(tmp_path: Path) -> None:
    """The service of the file stands under Sloth's name for it, or every group would be called alike."""
    file = tmp_path / "slo.yaml"
    error, total = (f"sum by (service) (rate({name}[{{{{.window}}}}]))" for name in "et")
    queries = f"{{error_query: '{error}', total_query: '{total}'}}"
    file.write_text(
        "version: prometheus/v1\nservice: payments\nslos:\n  - name: a\n    objective: 99\n"
        f"    sli: {{events: {queries}}}\n"
    )

    (found,) = read_slos(file, {}).slos

    assert (("service",), (("sloth_service", "payments"),)) == (found.grouping, found.labels)
    assert ("sloth_id", "payments-a") in plan(found, like_sloth=True).style.identity


QUERIES = "{error_query: 'sum(rate(e[{{.window}}]))', total_query: 'sum(rate(t[{{.window}}]))'}"
PROBE = "sli: {bool_gauge: {gauge: up}}"
IN_PERCENT = {
    "ours": (f"slos: [{{name: a, objective: 0.999, {PROBE}}}]", "1:29: slos[0].objective: the objective"),
    "our slices": (
        f"slos: [{{name: a, objective: 99, budgeting: {{method: time_slices, target: 0.999}}, {PROBE}}}]",
        "1:74: slos[0].budgeting.target: the target",
    ),
    "sloth": (
        f"{{version: prometheus/v1, service: s, slos: [{{name: a, objective: 0.999, sli: {{events: {QUERIES}}}}}]}}",
        "1:66: slos[0].objective: the objective",
    ),
    "pyrra": (
        """{apiVersion: pyrra.dev/v1alpha1, kind: ServiceLevelObjective, metadata: {name: a},
spec: {target: '0.999', window: 4w, indicator: {bool_gauge: {metric: up}}}}""",
        "2:16: spec.target: the target",
    ),
}


@pytest.mark.parametrize(("text", "place"), IN_PERCENT.values(), ids=IN_PERCENT)
def test_a_ratio_in_a_field_of_percent_is_asked_about(text: str, place: str, tmp_path: Path) -> None:
    """It could be meant, so it stops nothing."""
    file = tmp_path / "slo.yaml"
    file.write_text(text)

    (warning,) = read_slos(file, {}).warnings

    rest = "is in percent: this allows nearly every event to fail; did you mean 99.9?"
    assert f"{file}:{place} {rest}" == warning


@pytest.mark.parametrize(
    ("name", "place"),
    [("y", "labels"), ("on", "labels"), ("No", "labels"), ("ä", "labels.ä"), ("1", "labels"), ("a-b", "labels.a-b")],
)
def test_a_label_of_a_bad_name_is_one_fault(name: str, place: str, tmp_path: Path) -> None:
    """That it is grouped by too follows from the same name."""
    file = tmp_path / "slo.yaml"
    file.write_text(f"slos:\n- name: a\n  objective: 99\n  {PROBE}\n  labels: {{{name}: x}}\n  grouping: ['{name}']\n")

    with pytest.raises(ConfigError) as caught:
        read_slos(file, {})

    of_label, *of_group = caught.value.faults
    assert of_label.startswith(f"{file}:5:12: slos[0].{place}: ")
    assert [
        f"{file}:6:14: slos[0].grouping[0]: is no label name; use letters, digits and `_`, not beginning with a digit"
    ] * (name in ("ä", "1", "a-b")) == of_group


def test_our_own_files_may_hold_what_the_daemon_cannot_watch() -> None:
    """Every kind of indicator, calendar windows in the file's zone, and windows of one's own."""
    found = slos("ours.yaml")

    assert Calendar(CalendarUnit.MONTH, "Europe/Berlin") == found["probe"].window
    assert [14.4, None] == [pair.factor for pair in found["probe"].burn.pairs]
    assert isinstance(found["slices"].sli, RatioSli)
    assert LatencySli('d_seconds_bucket{a="b"}', 'd_seconds_count{a="b"}', 0.5) == found["fast"].sli
    assert Rolling(30 * DAY) == found["plain"].window


def test_a_folder_is_read_together_and_names_may_not_meet(tmp_path: Path) -> None:
    """All faults of all files come at once."""
    text = (FILES / "good" / "openslo-alpha.yaml").read_text()
    for name in ("a.yaml", "b.yml"):
        (tmp_path / name).write_text(text)
    (tmp_path / "c.yaml").write_text("kind: x\n")

    with pytest.raises(ConfigError) as caught:
        read_slos(tmp_path, {})

    assert 2 == len(caught.value.faults)
    assert "has an SLO 'mail-sent' too" in caught.value.faults[1]


def test_a_list_of_kubectl_is_what_it_holds(tmp_path: Path) -> None:
    """Faults keep the place in the file."""
    item = {
        "apiVersion": "pyrra.dev/v1alpha1",
        "kind": "ServiceLevelObjective",
        "metadata": {"name": "a"},
        "spec": {"target": "99", "window": "4w", "indicator": {"bool_gauge": {"metric": "up"}}},
    }
    file = tmp_path / "list.yaml"
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "List", "items": [item]}))

    assert ["a"] == [slo.name for slo in read_slos(file, {}).slos]
    file.write_text(file.read_text().replace("window:", "windows:"))
    with pytest.raises(ConfigError) as caught:
        read_slos(file, {})
    assert f"{file}:12:5: spec.windows: unknown key; did you mean 'window'?" in caught.value.faults


def test_nothing_to_read_is_told(tmp_path: Path) -> None:
    """A folder without files, and a file that is not there."""
    for path, words in ((tmp_path, "holds no file"), (tmp_path / "x.yaml", "cannot be read")):
        with pytest.raises(ConfigError) as caught:
            read_slos(path, {})

        assert words in str(caught.value)


def test_a_second_document_of_ours_is_told_once(tmp_path: Path) -> None:
    """However many documents a file of ours holds, it is read as one."""
    file = tmp_path / "slos.yaml"
    file.write_text("slos: []\n---\nslos: []\n")

    with pytest.raises(ConfigError) as caught:
        read_slos(file, {})

    assert (f"{file}:2:1: the file must hold one document; remove what follows `---`",) == caught.value.faults


@pytest.mark.parametrize("side", ["bad", "good"])
@pytest.mark.parametrize(("kind", "text"), [("events", "a_total"), ("ratio", "rate(a[{{.window}}])")])
def test_a_side_that_is_the_whole_is_refused(kind: str, text: str, side: str, tmp_path: Path) -> None:
    """All events would be bad for ever, or none; Sloth refuses it too."""
    file = tmp_path / "slos.yaml"
    file.write_text(f"slos: [{{name: a, objective: 99, sli: {{{kind}: {{{side}: '{text}', total: '{text}'}}}}}}]\n")

    with pytest.raises(ConfigError) as caught:
        read_slos(file, {})

    (fault,) = caught.value.faults
    assert f"slos[0].sli.{kind}.{side}: counts all events; add a matcher to the {side} ones" in fault


def read_text(text: str, folder: Path) -> list[SloSpec]:
    """Read a file that holds a text."""
    file = folder / "slo.yaml"
    file.write_text(text)
    return list(read_slos(file, {}).slos)


def test_what_programs_leave_unset_is_no_fault(tmp_path: Path) -> None:
    """`kubectl create --dry-run` and generators write creationTimestamp: null, old servers selfLink."""
    (found,) = read_text(
        """apiVersion: v1
kind: List
items:
  - apiVersion: pyrra.dev/v1alpha1
    kind: ServiceLevelObjective
    metadata: {name: a, creationTimestamp: null, labels: null, annotations: ~, selfLink: /a, managedFields: null}
    spec: {target: '99', window: 4w, indicator: {bool_gauge: {metric: up}}}
    status:
""",
        tmp_path,
    )

    assert "a" == found.name


def test_null_written_by_people_is_a_fault_still(tmp_path: Path) -> None:
    """A key without a value is a key that somebody forgot to finish."""
    with pytest.raises(ConfigError) as caught:
        read_text("version: prometheus/v1\nservice:\nslos: []\n", tmp_path)

    assert "has no value" in caught.value.faults[0]


@pytest.mark.parametrize("name", ["Requests fail too often", 'Überlauf "q"'])
def test_alerts_keep_names_that_prometheus_takes(name: str, tmp_path: Path) -> None:
    """An alert's name is a label value: blanks, quotes and letters of any language are in use."""
    text = (
        "version: prometheus/v1\nservice: s\nslos:\n  - name: a\n    objective: 99\n"
        f"    sli: {{events: {QUERIES}}}\n    alerting: {{name: '{name}'}}\n"
    )
    (found,) = read_text(text, tmp_path)

    assert [name, name] == [found.alerts.page.name, found.alerts.ticket.name]


OPENSLO = """apiVersion: openslo/v1
kind: SLO
metadata: {{name: a}}
spec:
  indicator:
    spec:
      ratioMetric:
        counter: true
        bad: {{metricSource: {{type: Prometheus, spec: {{query: '{bad}'}}}}}}
        total: {{metricSource: {{type: Prometheus, spec: {{query: '{total}'}}}}}}
  timeWindow: [{{duration: 28d, isRolling: true}}]
  budgetingMethod: Occurrences
  objectives: [{{target: 0.99}}]
  alertPolicies: [{policies}]
"""
POLICY = (
    "{{spec: {{conditions: [{{spec: {{severity: page, condition: {{threshold: {factor}, lookbackWindow: {long}}}}}}}], "
    "notificationTargets: [{{metadata: {{name: {who}}}}}]}}}}"
)


def test_openslo_sums_may_be_grouped_behind(tmp_path: Path) -> None:
    """PromQL takes `by` before and behind what is added up, and both sides need not agree on where."""
    text = OPENSLO.format(bad='sum(e{a=") by (x)"}) by (zone, region)', total="sum by (region, zone) (t)", policies="")
    (found,) = read_text(text, tmp_path)

    assert (EventsSli("t", bad='e{a=") by (x)"}'), ("region", "zone")) == (found.sli, found.grouping)


def test_openslo_policies_of_one_severity_tell_all_their_targets(tmp_path: Path) -> None:
    """Both conditions become pairs of one alert, so it is for those whom either policy names."""
    policies = ", ".join([
        POLICY.format(factor=14, long="1h", who="ann"),
        POLICY.format(factor=6, long="6h", who="bo"),
        POLICY.format(factor=7, long="2h", who="ann"),
    ])  # fmt: skip
    (found,) = read_text(OPENSLO.format(bad="e", total="t", policies=policies), tmp_path)

    assert (("notification_target", "ann,bo"),) == found.alerts.page.labels
