"""`aiops-daemon rules lint`: each trap has a bad file, whose first lines are what is said, and a good one."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from aiops_daemon.cli.main import dispatch
from aiops_daemon.core.rules.lint.checks import CHECKS

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "rules_cases"
BAD = sorted(CASES.glob("*-bad.yml"))
GOOD = sorted(CASES.glob("*-good.yml"))
LATER = {"version-bad"}  # functions that 2.42 lacks

NINE = {
    'sum(rate(x_total{code="500"}[5m])) / sum(rate(x_total[5m])) > 0.05': "division-nan",
    "sum(rate(errors_total[5m])) / sum(rate(requests_total[5m])) > 0.05": "division-inf",
    'rate(errors_total{code=~"5.."}[5m]) / rate(requests_total[5m]) > 0.01': "labels-may-differ",
    "up == 0 unless sum(maintenance)": "labels-never-match",
    'absent(sum(up{job="shop"}))': "absent-aggregated",
    "queue_depth": "no-condition",
    "rate(queue_depth[5m]) > 0.5": "rate-of-gauge",
    "slo:errors:ratio_rate1h > 14.4 * (1 - 1)": "zero-threshold",
    "predict_linear(node_filesystem_avail_bytes[1h], 86400) < 0": "predicts-far",
}
"""Rules that promtool accepts, and what happens: silence, noise, or a lost label."""


def lint(*arguments: str) -> int:
    """Run the verb."""
    return dispatch(["rules", "lint", *arguments])


def head(file: Path) -> tuple[list[str], list[str]]:
    """Read the flags of a case and the lines that it promises."""
    comments = [line[2:] for line in file.read_text().splitlines() if line.startswith("# ")]
    flags = [line.removeprefix("with ") for line in comments if line.startswith("with ")]
    return flags, [line for line in comments if line[0].isdigit()]


def rule_file(folder: Path, *exprs: str, more: str = "") -> Path:
    """Write a file of alerts."""
    file = folder / "rules.yml"
    rules = "".join(f"  - alert: A{index}\n    expr: {expr}\n{more}" for index, expr in enumerate(exprs))
    file.write_text(f"groups:\n- name: g\n  rules:\n{rules}")
    return file


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_a_trap_is_told_with_line_check_words_and_remedy(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file with a trap yields exactly the lines of its first comments, and its own check is among them."""
    flags, promised = head(file)

    code = lint(*flags, str(file))

    told = [line.removeprefix(f"{file}:").partition("; ") for line in capsys.readouterr().out.splitlines()]
    remedies = {check.name: check.remedy for check in CHECKS}
    assert promised == [line for line, _, _ in told]
    assert [remedies[line.split(": ")[2]] for line in promised] == [remedy for _, _, remedy in told]
    assert any(f": {file.stem.removesuffix('-bad')}: " in line for line in promised)
    assert 1 == code


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_careful_rule_is_clean(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file beside it, which does the same with care, yields nothing."""
    flags, promised = head(file)

    assert 0 == lint(*flags, str(file))
    assert ([], "") == (promised, capsys.readouterr().out)


def test_every_check_has_a_bad_and_a_good_file() -> None:
    """The cases are those of the checks, no more and no less; names are used once."""
    names = sorted(check.name for check in CHECKS)

    assert names == sorted(file.stem.removesuffix("-bad") for file in BAD)
    assert names == sorted(file.stem.removesuffix("-good") for file in GOOD)


def test_promtool_sees_no_trap(promtool: Path) -> None:
    """promtool is content with every case, but for what Prometheus cannot read."""
    files = [file for file in (*BAD, *GOOD) if "kind: PrometheusRule" not in file.read_text()]
    told = {
        file.stem: subprocess.run(
            [str(promtool), "check", "rules", "--lint=none", str(file)], capture_output=True, check=False, timeout=30
        ).returncode
        for file in files
    }

    assert {"syntax-bad"} | LATER == {name for name, code in told.items() if code}


@pytest.mark.parametrize(("expr", "check"), NINE.items(), ids=NINE.values())
def test_the_nine_bad_rules_are_caught(
    expr: str, check: str, promtool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nine rules that promtool accepts, each of which is silent or loud for the wrong reason."""
    file = rule_file(tmp_path, expr, more="    for: 10m\n")
    accepted = subprocess.run(
        [str(promtool), "check", "rules", str(file)], capture_output=True, check=False, timeout=30
    )

    assert (0, 1) == (accepted.returncode, lint(str(file)))
    assert check in re.findall(r": (?:error|warning): ([a-z-]+): A0: ", capsys.readouterr().out)


def test_what_we_generate_and_ship_is_clean(capsys: pytest.CaptureFixture[str]) -> None:
    """Shipped packs and the rules of a small shop have no trap; unit tests beside them are passed over."""
    assert 0 == lint(str(ROOT / "rules"), str(ROOT / "tests" / "golden" / "rules"))
    assert "" == capsys.readouterr().out


def test_rules_of_good_craft_are_not_told_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Idioms of rules that everybody runs: families of one exporter, joins that name their labels, deduplication."""
    file = rule_file(
        tmp_path,
        'node_filesystem_avail_bytes{fstype!=""} / node_filesystem_size_bytes{fstype!=""} * 100 < 15 '
        'and predict_linear(node_filesystem_avail_bytes{fstype!=""}[6h], 86400) < 0 and node_filesystem_readonly == 0',
        "rate(node_network_receive_errs_total[2m]) / (rate(node_network_receive_packets_total[2m]) > 0) > 0.01",
        "(node_nf_conntrack_entries / node_nf_conntrack_entries_limit) > 0.75",
        "(node_timex_offset_seconds > 0.05 and deriv(node_timex_offset_seconds[5m]) >= 0) "
        "or (node_timex_offset_seconds < -0.05 and deriv(node_timex_offset_seconds[5m]) <= 0)",
        'node_md_disks_required - ignoring (state) (node_md_disks{state="active"}) > 0',
        'max_over_time(kube_pod_container_status_waiting_reason{reason="CrashLoopBackOff"}[5m]) >= 1',
        'max by (namespace, pod) (kube_pod_status_phase{phase=~"Pending|Unknown"}) * on (namespace, pod) '
        "group_left (owner_kind) topk by (namespace, pod) (1, max by (namespace, pod, owner_kind) (owner)) > 0",
        "kube_deployment_status_observed_generation != kube_deployment_metadata_generation",
        "100 * (count(up == 0) by (job, service) / count(up) by (job, service)) > 10",
        "rate(prometheus_notifications_dropped_total[5m]) > 0",
        'sum by (node) (kubelet_running_pods) / max by (node) (kube_node_status_capacity{resource="pods"} != 1) > 0.95',
        "deriv(node_filesystem_avail_bytes[10m]) * 3600 < -1e9",  # a change per hour, not a look ahead
        more="    for: 15m\n",
    )

    assert (0, "") == (lint(str(file)), capsys.readouterr().out)


def test_findings_are_told_to_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    """`-o json` has place, rule, check, severity and all the words."""
    file = CASES / "no-condition-bad.yml"
    lint("-o", "json", str(file))

    found = json.loads(capsys.readouterr().out)
    assert (str(file), 7, "A", "no-condition", "error") == tuple(
        found[0][key] for key in ("file", "line", "rule", "check", "severity")
    )
    assert all(found[0][key].strip() for key in ("sentence", "what", "why", "remedy"))


def test_a_check_is_turned_off_by_comment_or_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment in a rule or right above it turns checks off for that rule; a flag for all."""
    file = tmp_path / "rules.yml"
    file.write_text(
        "groups:\n- name: g\n  rules:\n  # aiops-daemon disable no-condition, absent-at-once\n"
        "  - alert: A\n    expr: up\n  - alert: B\n    expr: up\n"
    )

    assert 1 == lint(str(file))
    assert ["B"] == re.findall(r"no-condition: (\w):", capsys.readouterr().out)
    assert 0 == lint("--disable=no-condition", str(file))
    assert 2 == lint("--disable=no-such-check", str(file))


def test_places_are_lines_of_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In a literal block the line is that of the part of the expression that is meant."""
    file = tmp_path / "rules.yml"
    file.write_text(
        "groups:\n- name: g\n  rules:\n  - alert: A\n    for: 5m\n    expr: |\n"
        "      up == 0\n        and\n      on (job) rate(queue_depth[5m]) > 1\n"
    )
    lint(str(file))

    assert [f"{file}:9"] == re.findall(r"^(.*?): error: rate-of-gauge", capsys.readouterr().out, re.MULTILINE)


def test_recorded_metrics_have_the_labels_of_their_rules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one file records, another may join: labels are known from the rule."""
    (tmp_path / "a.yml").write_text(
        "groups:\n- name: g\n  rules:\n  - record: job:up:sum\n    expr: sum by (job) (up)\n"
        "    labels: {kind: target}\n"
    )
    (tmp_path / "b.yml").write_text(
        "groups:\n- name: h\n  rules:\n  - alert: A\n    expr: job:up:sum < 1 and sum by (zone) (up) < 1\n    for: 5m\n"
        '    annotations: {d: "{{ $labels.kind }} {{ $labels.job }} {{ $labels.instance }}"}\n'
    )
    lint(str(tmp_path))
    told = capsys.readouterr().out

    assert ["labels-never-match", "unknown-label"] == sorted(re.findall(r": (?:error|warning): ([a-z-]+)", told))
    assert "shows instance" in told


@pytest.mark.parametrize(("recorded", "told"), [
    ("sum by (job) (pay_total)", ["rate-of-sum"]),
    ("sum by (job) (rate(pay_total[5m]))", ["rate-of-gauge"]),
    ("max by (job) (pay_total)", []),
    ("pay_total", []),
])  # fmt: skip
def test_rates_of_what_is_recorded_are_judged_by_what_it_is(
    recorded: str, told: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A recorded sum of counters falls with one of them, and a recorded rate is a gauge."""
    (tmp_path / "a.yml").write_text(f"groups:\n- name: g\n  rules:\n  - record: job:pay:now\n    expr: {recorded}\n")
    (tmp_path / "b.yml").write_text(
        "groups:\n- name: h\n  rules:\n  - alert: A\n    expr: rate(job:pay:now[5m]) > 3\n    for: 5m\n"
    )
    lint(str(tmp_path))

    assert told == re.findall(r": (?:error|warning): ([a-z-]+)", capsys.readouterr().out)


@pytest.mark.parametrize("expr", [
    "disk_free_bytes + deriv(disk_free_bytes[10m]) * 86400 < 0",
    "disk_free_bytes + 24 * 3600 * deriv(disk_free_bytes[10m]) < 0",
    "86400 * deriv(disk_free_bytes[10m]) + disk_free_bytes < 0",
])  # fmt: skip
def test_a_slope_by_hand_is_a_prediction_too(expr: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Deriv is the slope of predict_linear, and one step bends it as much."""
    lint(str(rule_file(tmp_path, expr)))
    told = capsys.readouterr().out

    assert [] == re.findall(r"error: ", told)
    assert "predicts-far" in told
    assert "10m of past decide about 1d ahead" in told


@pytest.mark.parametrize(
    "expr",
    [
        "job:errors:rate5m > 1 unless sum(up == 0)",
        "instance_path:latency:p99 > 1 and sum by (job) (up) > 1",
        "namespace_pod:restarts:rate5m / (sum(kube_pod_info) > 0) > 0.1",
    ],
)
def test_records_of_other_files_are_known_by_their_level(
    expr: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A name is a promise and no knowledge: what it makes unlikely to match is a warning."""
    lint(str(rule_file(tmp_path, expr, more="    for: 15m\n")))

    assert ["warning: labels-may-differ"] == re.findall(r"(?:error|warning): [a-z-]+", capsys.readouterr().out)


@pytest.mark.parametrize(
    "expr",
    [
        "job:errors:rate5m / (job:requests:rate5m > 0) > 0.1",
        "job:errors:rate5m > 1 unless on () sum(up == 0)",
        "cluster:errors:rate5m > 1 unless sum(up == 0)",
        "slo:errors:rate5m > 1 unless sum(up == 0)",
        "job_instance:errors:rate5m / ignoring (instance) group_left () (job:requests:rate5m > 0) > 0.1",
        "node_namespace_pod:cpu:rate5m * on (namespace, pod) group_left (node) max by (namespace, pod, node) (i) > 1",
        "instance:cpu:rate5m > 0.9 and on (instance) sum by (instance) (up) > 0",
    ],
)
def test_records_of_other_files_may_have_other_labels(
    expr: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What names leave open is not told of."""
    assert (0, "") == (
        lint(str(rule_file(tmp_path, expr, more="    for: 15m\n"))),
        capsys.readouterr().out,
    )


RULES = "groups:\n- name: a\n  rules:\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("groups: [", "1: error: syntax: no valid YAML"),
        ("group: []", "1: error: syntax: rule file has an unknown key 'group'; write 'groups'?"),
        (RULES + "  - alert: A\n    exprs: up\n", "4: error: syntax: rule has an unknown key 'exprs'"),
        (RULES + "  - alert: A\n    record: b\n    expr: up\n", "4: error: syntax: a rule needs a name"),
        (RULES + "  - alert: A\n    expr: up == 0\n    for: 5x\n", "6: error: syntax: for '5x' is no"),
        ("groups:\n- name: a\n  rules: []\n- name: a\n  rules: []\n", "4: error: syntax: group 'a' stands there twice"),
        (RULES + "  - record: a-b\n    expr: up\n", "4: error: syntax: 'a-b' is no name of a metric"),
        ("groups:\n- rules: []\n", "2: error: syntax: a group needs a name"),
        (RULES + "  - record: a\n    expr: up\n    for: 1m\n", "6: error: syntax: for goes with alerts"),
    ],
)
def test_what_prometheus_refuses_is_said_with_its_line(
    text: str, said: str, tmp_path: Path, promtool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each such file is refused by promtool as well."""
    file = tmp_path / "rules.yml"
    file.write_text(text)
    refused = subprocess.run([str(promtool), "check", "rules", str(file)], capture_output=True, check=False, timeout=30)

    assert 1 == lint(str(file))
    assert f"{file}:{said}" in capsys.readouterr().out
    assert refused.returncode != 0


def test_used_wrongly(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without rules exits 2, a file that is not there 3, a server that does not answer 3."""
    assert 2 == lint(str(tmp_path))
    assert 3 == lint(str(tmp_path / "none.yml"))
    assert 2 == lint("--prometheus.url=prom:9090", str(CASES / "syntax-good.yml"))
    assert 3 == lint("--prometheus.url=http://127.0.0.1:1", str(CASES / "syntax-good.yml"))
    assert "none.yml: cannot be read: no such file" in capsys.readouterr().err


@pytest.mark.parametrize("flags", [[], ["--compat", "sloth"]])
def test_what_we_generate_together_is_clean(
    flags: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rules of several SLOs record the same metrics with labels of their own; none is taken for another's."""
    slos = tmp_path / "slos.yaml"
    slos.write_text(
        "slos:\n"
        "- {name: a, objective: 99.9, labels: {service: s, team: t}, sli: {events: {bad: e_total, total: r_total}}}\n"
        "- {name: b, objective: 99, labels: {service: s}, grouping: [handler],"
        " sli: {latency: {histogram: d, threshold: 0.5}}}\n"
        "- {name: c, objective: 99, labels: {service: s, tier: one}, sli: {raw: {bad: 'c:errors:ratio'}}}\n"
    )
    out = tmp_path / "rules"
    assert 0 == dispatch(["rules", "generate", "-i", str(slos), *flags, "--promtool=none", "-o", str(out)])
    capsys.readouterr()

    code = lint(str(out))

    assert (0, "") == (code, capsys.readouterr().out)
