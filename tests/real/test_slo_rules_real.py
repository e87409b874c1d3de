"""promtool on the rules of every kind of SLO, and on the unit tests that are generated beside them.

A whole unit test tells of three days and takes promtool half a minute and more; what runs in `make test` is each kind's
test without the part that does.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from slo_kinds import KINDS

from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.edges.rulefiles.render import render

_BRIEF = 1000  # minutes
_SHARES = ("10% of events fail", "2% of events fail")
INDICATORS = ("bad events", "latency", "native latency", "bool gauge", "expressions", "ready ratio", "threshold")


def run(promtool: Path, *arguments: str) -> str:
    """Run promtool; what it says is shown where it refuses."""
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, check=False, timeout=580)
    assert 0 == done.returncode, done.stdout + done.stderr
    return done.stdout


def write(folder: Path, kind: str, *, like_sloth: bool = False, brief: bool = False) -> tuple[str, str]:
    """Write the rules of a kind and their test; `brief` leaves out what takes days."""
    (file,) = slo_files([KINDS[kind]], RulesSpec(), like_sloth=like_sloth, version="1")
    (folder / "tests").mkdir()
    document: dict[str, Any] = file.test_document
    if brief:
        short = [test for test in document["tests"] if _minutes(test) < _BRIEF and test["name"] not in _SHARES]
        document = document | {"tests": short}
    (folder / file.file_name).write_text(render(file.document))
    (folder / file.test_name).write_text(render(document))
    return str(folder / file.file_name), str(folder / file.test_name)


def _minutes(test: dict[str, Any]) -> int:
    return max(int(case["eval_time"].removesuffix("m")) for case in test["promql_expr_test"])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("like_sloth", [False, True])
def test_promtool_accepts_the_rules(promtool: Path, kind: str, like_sloth: bool, tmp_path: Path) -> None:
    """Of every kind, under our names and Sloth's."""
    run(promtool, "check", "rules", write(tmp_path, kind, like_sloth=like_sloth)[0])


@pytest.mark.parametrize("kind", INDICATORS)
def test_the_short_part_of_the_unit_test_holds(promtool: Path, kind: str, tmp_path: Path) -> None:
    """Healthy, idle and little traffic are silent, an outage fires and ends, gone series are told."""
    run(promtool, "test", "rules", write(tmp_path, kind, brief=True)[1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_whole_unit_test_holds(promtool: Path, kind: str, tmp_path: Path) -> None:
    """100 %, 10 % and 2 % of errors fire in their minute, tickets after three clean days."""
    run(promtool, "test", "rules", write(tmp_path, kind)[1])


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["bad events", "expressions", "ready ratio", "time slices"])
def test_the_same_holds_under_sloth_s_names(promtool: Path, kind: str, tmp_path: Path) -> None:
    """With Sloth's windows, so that a page ends with its short window."""
    rules, test = write(tmp_path, kind, like_sloth=True)

    run(promtool, "check", "rules", rules)
    run(promtool, "test", "rules", test)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("like_sloth", [False, True])
def test_prometheus_3_accepts_the_rules(promtool3: Path, kind: str, like_sloth: bool, tmp_path: Path) -> None:
    """Of every kind, under our names and Sloth's."""
    run(promtool3, "check", "rules", write(tmp_path, kind, like_sloth=like_sloth)[0])


@pytest.mark.slow
@pytest.mark.parametrize("kind", INDICATORS)
def test_the_short_part_of_the_unit_test_holds_on_prometheus_3(promtool3: Path, kind: str, tmp_path: Path) -> None:
    """It writes `le` as a float, parses some expressions otherwise, and opens its ranges on the left."""
    run(promtool3, "test", "rules", write(tmp_path, kind, brief=True)[1])


@pytest.mark.slow
def test_packs_hold_on_prometheus_3(promtool3: Path) -> None:
    """Their rules, and every unit test beside them."""
    rules = Path(__file__).parents[2] / "rules"
    run(promtool3, "check", "rules", *map(str, sorted(rules.glob("*.yaml"))))
    run(promtool3, "test", "rules", *map(str, sorted((rules / "tests").glob("*.yaml"))))


def test_the_error_with_which_a_series_is_born_is_counted(promtool: Path, tmp_path: Path) -> None:
    """increase() loses it; a target that comes back with the sum of its life is not counted."""
    rules, _ = write(tmp_path, "bad events")
    one, two = (f'http_requests_total{{service="checkout",job="a",instance="{name}"' for name in ("one", "two"))
    document = {
        "rule_files": [rules],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f'{one},code="200"}}', "values": "0+60x40"},
                    {"series": f'{one},code="500"}}', "values": "_x20 3x19"},
                    {"series": f'{two},code="200"}}', "values": "_x20 9000x19"},
                    {"series": f'{two},code="500"}}', "values": "_x20 700x19"},
                ],
                "promql_expr_test": [
                    {
                        "expr": "sum_over_time(aiops:slo_bad:rate5m[20m]) * 60",
                        "eval_time": "38m",
                        "exp_samples": [
                            {"labels": '{aiops_slo="checkout", service="checkout", team="shop"}', "value": 3}
                        ],
                    }
                ],
            }
        ],
    }
    (tmp_path / "born.yaml").write_text(render(document))

    run(promtool, "test", "rules", str(tmp_path / "born.yaml"))


@pytest.mark.parametrize(("kind", "series"), [("threshold", "checkout:p99"), ("ready ratio", "checkout:success")])
def test_a_value_that_is_no_number_is_neither_bad_nor_gone(
    promtool: Path, kind: str, series: str, tmp_path: Path
) -> None:
    """A quantile of a night without traffic is NaN: nobody is paged, and nothing is missing."""
    rules, _ = write(tmp_path, kind)
    silent = [{"expr": expr, "eval_time": "60m"} for expr in ('ALERTS{alertstate!=""}', "aiops:slo_slice:bad")]
    document = {
        "rule_files": [rules],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": series, "values": " ".join(["NaN"] * 70)}],
                "promql_expr_test": silent,
            }
        ],
    }
    (tmp_path / "night.yaml").write_text(render(document))

    run(promtool, "test", "rules", str(tmp_path / "night.yaml"))
