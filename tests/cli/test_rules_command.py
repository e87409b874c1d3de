"""`aiops-daemon rules generate`: what it writes, prints and how it exits."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from aiops_daemon.cli.main import dispatch
from aiops_daemon.cli.rules import register
from aiops_daemon.errors import ConfigError

CONFIG = """
prometheus: [{name: eu1, urls: ["http://prom:9090"]}]
queries:
  - {name: p99, expr: checkout:p99, thresholds: {critical: 2}, forecast: {horizons: [1h]}}
slos:
  - name: checkout
    objective: 99.9
    sli: {events: {bad: 'errors_total', total: 'requests_total'}}
rules: {labels: {origin: aiops}}
"""


def run(*arguments: str) -> int:
    """Run the noun."""
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers())
    chosen = parser.parse_args(["rules", "generate", *arguments])
    return int(chosen.run(chosen))


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Write a configuration and return the flag that names it."""
    (tmp_path / "config.yaml").write_text(CONFIG)
    return f"--config.file={tmp_path / 'config.yaml'}"


def test_rules_of_the_configuration_go_into_a_folder(
    config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Four files, their tests, and what is not covered is said."""
    assert 0 == run("-o", str(tmp_path / "out"), config, "--promtool=none")

    written = sorted(path.name for path in (tmp_path / "out").glob("*.yaml"))
    told = capsys.readouterr()
    assert ["aiops-anomalies.yaml", "aiops-forecasts.yaml", "aiops-health.yaml", "aiops-slos.yaml"] == written
    assert "aiops-slos.yaml: 3 rules, unit test tests/aiops-slos_test.yaml" in told.out
    assert "31 rules; no promtool: only their structure was checked." in told.err
    assert "1 queries and 1 SLOs" not in told.err
    assert "cover 1 query and 1 SLO of the configuration" in told.err


def test_standard_output_is_one_document(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Prometheus reads only the first document of a file, so there is one."""
    assert 0 == run("-o", "-", config, "--promtool=none")

    (document,) = yaml.safe_load_all(capsys.readouterr().out)
    assert ["aiops-anomalies", "aiops-forecasts", "aiops-slos", "aiops-health"] == [
        group["name"] for group in document["groups"]
    ]
    assert document["groups"][0]["rules"][0]["labels"]["origin"] == "aiops"


def test_without_configuration_there_are_health_rules(tmp_path: Path) -> None:
    """No server is needed to watch the daemon itself."""
    assert 0 == run("-o", str(tmp_path), "--promtool=none")
    assert ["aiops-health.yaml"] == [path.name for path in tmp_path.glob("*.yaml")]


def test_the_link_in_descriptions_comes_from_the_flag(capsys: pytest.CaptureFixture[str], config: str) -> None:
    """A person at night needs the plots."""
    run("-o", "-", config, "--promtool=none", "--web.external-url=https://aiops.example.org")

    assert "Plots: https://aiops.example.org/" in capsys.readouterr().out


def test_alerts_that_can_never_fire_are_left_out_and_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The arithmetic is shown."""
    (tmp_path / "config.yaml").write_text(CONFIG.replace("99.9", "80"))

    assert 0 == run("-o", "-", f"--config.file={tmp_path / 'config.yaml'}", "--promtool=none")

    told = capsys.readouterr()
    assert "slos[0].objective: the page pair 1h/5m can never fire: 14.4 times the budget of 0.2" in told.err
    assert "AiopsSloBudgetBurnFast" not in told.out


SHOP = "aiops-slo-shop-availability"
SLOTH = """
version: prometheus/v1
service: shop
slos:
  - name: availability
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
    alerting: {name: ShopFails}
"""


@pytest.fixture
def sloth(tmp_path: Path) -> str:
    """Write a file of Sloth and return its path."""
    (tmp_path / "sloth.yaml").write_text(SLOTH)
    return str(tmp_path / "sloth.yaml")


def test_files_of_slos_become_rules_with_tests(sloth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One file for each SLO; files of the daemon in the same folder stay."""
    out = tmp_path / "out"
    run("-o", str(out), "--promtool=none")

    assert 0 == run("-i", sloth, "-o", str(out), "--promtool=none")

    told = capsys.readouterr()
    assert f"{SHOP}.yaml: 24 rules, unit test tests/{SHOP}_test.yaml" in told.out
    assert "24 rules for 1 SLO; no promtool" in told.err
    assert ["aiops-health.yaml", f"{SHOP}.yaml"] == sorted(path.name for path in out.glob("*.yaml"))


def test_tests_that_nobody_could_run_are_not_passed(
    sloth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipeline that asked for tests must not be green for want of promtool; the rules are written all the same."""
    code = run("-i", sloth, "-o", str(tmp_path / "out"), "--promtool=none", "--run-tests")

    assert 3 == code
    assert "--run-tests: there is no promtool, so no unit test was run" in capsys.readouterr().err
    assert list((tmp_path / "out").glob("*.yaml"))


def test_sloth_s_names_on_request(sloth: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output as one document."""
    assert 0 == run("-i", sloth, "--compat=sloth", "--promtool=none")

    (document,) = yaml.safe_load_all(capsys.readouterr().out)
    assert "sloth-slo-sli-recordings-shop-availability" == document["groups"][0]["name"]


def test_objects_carry_what_the_operator_selects_by(sloth: str, tmp_path: Path) -> None:
    """Labels and namespace come from the configuration; each object is a file."""
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG.replace("rules: {", "rules: {prometheus_rule: {namespace: mon, labels: {release: kps}}, "))

    flags = ("--format=prometheusrule", f"--config.file={config}", "--promtool=none")
    assert 0 == run("-i", sloth, "-o", str(tmp_path / "out"), *flags)

    (document,) = yaml.safe_load_all((tmp_path / "out" / f"{SHOP}.yaml").read_text())
    assert {"name": SHOP, "namespace": "mon", "labels": {"release": "kps"}} == document["metadata"]
    assert "origin" in str(document["spec"])


def test_tests_alone(sloth: str, tmp_path: Path) -> None:
    """For a CI that has the rules already."""
    assert 0 == run("-i", sloth, "-o", str(tmp_path / "out"), "--format=tests", "--promtool=none")
    assert ["tests/aiops-slo-shop-availability_test.yaml"] == [
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.yaml")
    ]


def test_a_file_that_is_not_ours_is_not_replaced(
    sloth: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also not by objects."""
    (tmp_path / f"{SHOP}.yaml").write_text("mine")

    assert 1 == run("-i", sloth, "-o", str(tmp_path), "--format=prometheusrule", "--promtool=none")
    assert "lacks our header" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--compat=sloth", "--format=tests"])
def test_what_is_for_files_of_slos_needs_one(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Used wrongly: exit 2."""
    assert 2 == run(flag, "--promtool=none")
    assert "give -i FILE" in capsys.readouterr().err


def test_faults_of_a_file_of_slos_are_all_told(tmp_path: Path) -> None:
    """The command line prints them and exits 1."""
    (tmp_path / "sloth.yaml").write_text(SLOTH.replace("99.9", "100").replace("error_query", "errorQuery"))

    with pytest.raises(ConfigError) as caught:
        run("-i", str(tmp_path / "sloth.yaml"), "--promtool=none")

    assert 3 == len(caught.value.faults)


def test_a_refusal_exits_1_with_the_checker_s_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is written."""
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho no such function; exit 3\n")
    tool.chmod(0o755)

    assert 1 == run("-o", str(tmp_path / "out"), f"--promtool={tool}")

    assert "rule files refused: no such function" in capsys.readouterr().err
    assert [] == list((tmp_path / "out").iterdir())


def test_a_promtool_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was asked for and is lacking is never left out silently."""
    assert 2 == run("-o", str(tmp_path / "out"), "--promtool=/nowhere/promtool")
    assert "/nowhere/promtool: no such program; --promtool=none goes without" in capsys.readouterr().err


def test_a_faulty_configuration_writes_nothing(tmp_path: Path) -> None:
    """Its faults are those of `config check`."""
    (tmp_path / "config.yaml").write_text("querys: []\n")

    with pytest.raises(ConfigError):
        run("-o", str(tmp_path / "out"), f"--config.file={tmp_path / 'config.yaml'}")

    assert not (tmp_path / "out").exists()


@pytest.mark.real
def test_promtool_judges_what_the_command_writes(
    config: str, tmp_path: Path, promtool: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the front door to promtool's yes."""
    assert 0 == dispatch(["rules", "generate", "-o", str(tmp_path / "out"), config, f"--promtool={promtool}"])
    assert "promtool accepted them and their unit tests" in capsys.readouterr().err


def test_no_name_after_i_is_no_wish_for_other_rules(capsys: pytest.CaptureFixture[str]) -> None:
    """A script whose variable is not set must not get the daemon's own rules in place of its SLOs'."""
    assert 2 == run("-i", "", "--promtool=none")
    assert ("", "aiops-daemon: -i: no file is named\n") == capsys.readouterr()


@pytest.mark.parametrize(("form", "name"), [("prometheusrule", "{}.yaml"), ("tests", "tests/{}_test.yaml")])
def test_objects_and_tests_that_nothing_generates_any_more_are_removed(
    form: str, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that is applied whole would bring the alerts of an SLO back that is gone; other files stay."""
    both, one = tmp_path / "both.yaml", tmp_path / "one.yaml"
    slo = "  - {{name: {0}, objective: 99, sli: {{events: {{bad: e_total, total: t_total}}}}}}\n"
    both.write_text("slos:\n" + slo.format("stays") + slo.format("goes"))
    one.write_text("slos:\n" + slo.format("stays"))
    out, gone = tmp_path / "out", tmp_path / "out" / name.format("aiops-slo-goes")
    assert 0 == run("-i", str(both), "-o", str(out), f"--format={form}", "--promtool=none")
    theirs = gone.with_name("aiops-slo-theirs_test.yaml")
    theirs.write_text("kind: PrometheusRule\n")
    capsys.readouterr()

    assert 0 == run("-i", str(one), "-o", str(out), f"--format={form}", "--promtool=none")

    assert f"{gone}: removed, nothing generates it any more" in capsys.readouterr().out
    assert [False, True, True] == [
        gone.exists(), theirs.exists(), (out / name.format("aiops-slo-stays")).exists()
    ]  # fmt: skip


@pytest.mark.parametrize("text", [
    "slos: [{name: a, objective: 99, sli: {bool_gauge: {gauge: up}}}]",
    """{apiVersion: pyrra.dev/v1alpha1, kind: ServiceLevelObjective, metadata: {name: a},
    spec: {target: '99', window: 4w, indicator: {bool_gauge: {metric: up}}}}""",
])  # fmt: skip
def test_slos_come_by_standard_input_too(text: str) -> None:
    """`kubectl get servicelevelobjectives -A -o yaml | aiops-daemon rules generate -i -` needs no file."""
    command = [sys.executable, "-m", "aiops_daemon", "rules", "generate", "-i", "-", "--promtool=none"]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, timeout=60)

    (document,) = yaml.safe_load_all(done.stdout)
    assert "aiops-slo-a" == document["groups"][0]["name"]


def test_a_file_that_cannot_be_read_exits_3(tmp_path: Path) -> None:
    """Nothing is wrong with SLOs that nobody could look at."""
    with pytest.raises(ConfigError) as caught:
        run("-i", str(tmp_path / "none.yaml"), "--promtool=none")

    assert not caught.value.readable


def test_objects_stay_in_the_namespace_of_their_slo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As Sloth's and Pyrra's operators keep them; of several namespaces there is no one object."""
    slo = (
        "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective\nmetadata: {{name: {0}{1}}}\n"
        "spec: {{target: '99', window: 4w, indicator: {{bool_gauge: {{metric: up}}}}}}\n"
    )
    both, out = tmp_path / "both.yaml", tmp_path / "out"
    both.write_text(slo.format("a", ", namespace: shop") + "---\n" + slo.format("b", ""))
    flags = ("-i", str(both), "--format=prometheusrule", "--promtool=none")

    assert 0 == run(*flags, "-o", str(out))
    assert [{"name": "aiops-slo-a", "namespace": "shop"}, {"name": "aiops-slo-b"}] == [
        yaml.safe_load((out / f"aiops-slo-{name}.yaml").read_text())["metadata"] for name in "ab"
    ]
    capsys.readouterr()
    assert 2 == run(*flags, "-o", "-")
    assert "objects of several namespaces are several files; give a folder: -o DIR" in capsys.readouterr().err
