"""The rules that the benchmarks of SLOs compare: ours, as `rules generate` writes them, Sloth's and Pyrra's.

Sloth's text is that of its release 0.16.0, line for line in its expressions; Pyrra's follows its documentation and its
own expected outputs, for a window of 30 days. Leaves: rule groups as promtool reads them, and how to find the alerts.
Also: promtool and a server with backfilled blocks as things to ask. No rule is tuned here.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import urllib.parse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from real_servers import Server, binary

from aiops_daemon.core.model.durations import prometheus_duration
from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.sli import EventsSli
from aiops_daemon.core.model.slo import Rolling, SloSpec
from aiops_daemon.core.rules.slo.files import slo_files

DAY = 86_400
MONTH = 30 * DAY
BUDGET = 0.001
TOTAL = 'http_requests_total{service="checkout"}'
BAD = 'http_requests_total{service="checkout",code=~"5.."}'
SLO = SloSpec("checkout", EventsSli(TOTAL, bad=BAD), 1 - BUDGET, Rolling(MONTH), labels=(("service", "checkout"),))
SERIES = 'http_requests_total{service="checkout",job="shop",instance="a",code="%s"}'

SLOTH_WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
_SLOTH = '{sloth_id="checkout-requests", sloth_service="checkout", sloth_slo="requests"}'
SLOTH_BUDGET = 0.0009999999999999432  # as it writes 1 - 0.999
PYRRA_TIERS = ((14, 5, 64, 2), (7, 32, 386, 16), (2, 129, 1543, 64), (1, 386, 6171, 193))  # minutes; the last is `for`


@dataclass(frozen=True)
class Rules:
    """Groups of rules; `page` and `ticket` are matchers of ALERTS."""

    name: str
    groups: list[dict[str, Any]]
    page: str
    ticket: str
    ratio: str = ""  # the error ratio of 30 days
    pairs: dict[str, Sequence[tuple[float, float, float, float]]] = field(default_factory=dict)


def ours(spec: SloSpec = SLO) -> Rules:
    """Return what `aiops-daemon rules generate` writes."""
    (file,) = slo_files([spec], RulesSpec())
    groups = json.loads(json.dumps(file.document))["groups"]
    return Rules(
        "aiops-daemon",
        groups,
        'aiops_severity="page"',
        'aiops_severity="ticket"',
        'aiops:slo_error:ratio_rate30d{aiops_slo="checkout"}',
    )


def sloth(*, optimised: bool = True) -> Rules:
    """Return what Sloth writes; `optimised` is its default: the 30 days as the mean of the ratios of 5 minutes."""
    windows = [*SLOTH_WINDOWS] if optimised else [*SLOTH_WINDOWS, "30d"]
    records = [_record(f"slo:sli_error:ratio_rate{window}", _sloth_ratio(window), window) for window in windows]
    if optimised:
        mean = (
            f"sum_over_time(slo:sli_error:ratio_rate5m{_SLOTH}[30d])\n/ ignoring (sloth_window)\n"
            f"count_over_time(slo:sli_error:ratio_rate5m{_SLOTH}[30d])"
        )
        records.append(_record("slo:sli_error:ratio_rate30d", mean, "30d"))
    joined = "/ on(sloth_id, sloth_slo, sloth_service) group_left"
    meta = {
        "slo:objective:ratio": "vector(0.9990000000000001)",
        "slo:error_budget:ratio": "vector(1-0.9990000000000001)",
        "slo:time_period:days": "vector(30)",
        "slo:current_burn_rate:ratio": f"slo:sli_error:ratio_rate5m{_SLOTH}\n{joined}\nslo:error_budget:ratio{_SLOTH}",
        "slo:period_burn_rate:ratio": f"slo:sli_error:ratio_rate30d{_SLOTH}\n{joined}\nslo:error_budget:ratio{_SLOTH}",
        "slo:period_error_budget_remaining:ratio": f"1 - slo:period_burn_rate:ratio{_SLOTH}",
        "sloth_slo_info": "vector(1)",
    }
    alerts = [
        {"alert": "CheckoutBudgetBurn", "expr": expr, "labels": {"sloth_severity": severity}}
        for severity, expr in (
            ("page", _sloth_alert(("5m", "1h", "14.4"), ("30m", "6h", "6"))),
            ("ticket", _sloth_alert(("2h", "1d", "3"), ("6h", "3d", "1"))),
        )
    ]
    groups = [
        {"name": "sloth-slo-sli-recordings-checkout-requests", "rules": records},
        {"name": "sloth-slo-meta-recordings-checkout-requests", "rules": [_record(*rule) for rule in meta.items()]},
        {"name": "sloth-slo-alerts-checkout-requests", "rules": alerts},
    ]
    ratio = f"slo:sli_error:ratio_rate30d{_SLOTH}"
    return Rules(
        "Sloth 0.16" if optimised else "raw ranges", groups, 'sloth_severity="page"', 'sloth_severity="ticket"', ratio
    )


def pyrra() -> Rules:
    """Return what Pyrra writes: four tiers with `for`, and the increase of 30 days."""
    labels = {"slo": "checkout"}
    windows = sorted({minutes for tier in PYRRA_TIERS for minutes in tier[1:3]})
    records = []
    for minutes in windows:
        window = prometheus_duration(minutes * 60)
        expr = f"sum(rate({BAD}[{window}])) / sum(rate({TOTAL}[{window}]))"
        records.append({"record": f"http_requests:burnrate{window}", "expr": expr, "labels": labels})
    alerts = []
    for number, (factor, short, long, hold) in enumerate(PYRRA_TIERS):
        shorter, longer = (prometheus_duration(minutes * 60) for minutes in (short, long))
        above = f"> ({factor} * (1-0.999))"
        expr = (
            f'http_requests:burnrate{shorter}{{slo="checkout"}} {above}\nand\n'
            f'http_requests:burnrate{longer}{{slo="checkout"}} {above}'
        )
        severity = "critical" if number < 2 else "warning"
        more = {**labels, "severity": severity, "long": longer, "short": shorter}
        alerts.append({"alert": "ErrorBudgetBurn", "expr": expr, "for": f"{hold}m", "labels": more})
    period = {
        "record": "http_requests:increase30d",
        "expr": f"sum by (code) (increase({TOTAL}[30d]))",
        "labels": labels,
    }
    groups = [
        {"name": "checkout", "interval": "30s", "rules": [*records, *alerts]},
        {"name": "checkout-increase", "interval": "2m30s", "rules": [period]},
    ]
    return Rules("Pyrra", groups, 'severity="critical"', 'severity="warning"')


def _record(name: str, expr: str, window: str = "") -> dict[str, Any]:
    labels = {"sloth_id": "checkout-requests", "sloth_service": "checkout", "sloth_slo": "requests"}
    return {"record": name, "expr": expr, "labels": labels | ({"sloth_window": window} if window else {})}


def _sloth_ratio(window: str) -> str:
    return f"(sum(rate({BAD}[{window}])))\n/\n(sum(rate({TOTAL}[{window}])))"


def _sloth_alert(*pairs: tuple[str, str, str]) -> str:
    def above(window: str, factor: str) -> str:
        record = f"slo:sli_error:ratio_rate{window}{_SLOTH}"
        return f"max({record} > ({factor} * {SLOTH_BUDGET})) without (sloth_window)"

    return "\nor\n".join(f"(\n{above(short, factor)}\nand\n{above(long, factor)}\n)" for short, long, factor in pairs)


def expressions(rules: Rules) -> list[tuple[str, float]]:
    """Return every expression with the minutes between its evaluations; a group without interval has one."""
    found = []
    for group in rules.groups:
        text = group.get("interval", "1m")
        parts = re.findall(r"(\d+)([ms])", text)
        minutes = sum(int(number) / (60 if unit == "s" else 1) for number, unit in parts)
        found += [(rule["expr"], minutes) for rule in group["rules"]]
    return found


def promtool_values(
    folder: Path, rules: Rules, series: dict[str, str], asked: Iterable[tuple[str, int]]
) -> list[float]:
    """Run rules in promtool over series a minute apart; return what expressions give at their minutes, NaN for nothing.

    promtool tells what it got where that is not what a test expects, so nothing is expected. It runs groups in no fixed
    order, so all are put into one: alerts would else read the records of the minute before, now and then.
    """
    asked = list(asked)
    rule_file, test_file = folder / "rules.json", folder / "test.json"
    group = {"name": "all", "rules": [rule for group in rules.groups for rule in group["rules"]]}
    rule_file.write_text(json.dumps({"groups": [group]}))
    cases = [
        {"expr": f"({expr}) + {1000.0 * number}", "eval_time": f"{at}m"} for number, (expr, at) in enumerate(asked)
    ]
    inputs = [{"series": name, "values": text} for name, text in series.items()]
    test = {"interval": "1m", "input_series": inputs, "promql_expr_test": cases}
    document = {"rule_files": [rule_file.name], "evaluation_interval": "1m", "tests": [test]}
    test_file.write_text(json.dumps(document))
    argv = [str(binary("promtool")), "test", "rules", str(test_file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=900)
    said = done.stdout + done.stderr
    found = [math.nan] * len(asked)
    for expr, got in re.findall(r'expr: (".*"), time.*\n.*\n\s*got: (.*)$', said, re.MULTILINE):
        number = round(float(json.loads(expr).rpartition("+ ")[2]) / 1000)
        values = [float(text) - 1000.0 * number for text in re.findall(r"\} (\S+?)(?:,|$)", got)]
        found[number] = values[0]
    if "SUCCESS" not in said and "expr: " not in said:
        raise SystemExit(said)
    return found


def instant(server: Server, expr: str, at: float) -> tuple[list[tuple[dict[str, str], float]], dict[str, Any]]:
    """Ask a server; returns labels with values, and its statistics."""
    body = urllib.parse.urlencode({"query": expr, "time": f"{at:.3f}", "stats": "all"}).encode()
    data = json.loads(server.post("/api/v1/query", body, timeout=300.0))["data"]
    rows = [(row["metric"], float(row["value"][1])) for row in data["result"]] if data["resultType"] == "vector" else []
    return rows, data["stats"]


def write_blocks(source: Path, tsdb: Path) -> None:
    """Write an OpenMetrics file as blocks."""
    argv = [str(binary("promtool")), "tsdb", "create-blocks-from", "openmetrics", "--quiet"]
    subprocess.run([*argv, "--max-block-duration=168h", str(source), str(tsdb)], check=True)
    source.unlink()


def series_text(name: str, times: list[int], values: Iterable[float]) -> str:
    """Write the samples of one series as OpenMetrics lines."""
    return "".join([f"{name} {value!r} {at}\n" for at, value in zip(times, values, strict=True)])
