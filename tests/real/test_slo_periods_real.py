"""Calendar periods in PromQL: they begin when the calendar says, and count nothing from before."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from slo_kinds import CHECKOUT, slo

from aiops_daemon.core.model.settings import RulesSpec
from aiops_daemon.core.model.slo import Calendar, CalendarUnit
from aiops_daemon.core.rules.document import Document
from aiops_daemon.core.rules.slo.files import slo_files
from aiops_daemon.core.rules.slo.period import begin
from aiops_daemon.core.rules.slo.plan import plan
from aiops_daemon.edges.rulefiles.render import render

DAYS = (
    4,
    10,
    31,
    59,
    60,
    89,
    90,
    180,
    181,
    272,
    273,
    364,
    365,
    790,
    791,
    1000,
)
HOURS = 20.25  # after midnight in UTC: the next day already in India


def began(unit: CalendarUnit, zone: str, at: datetime) -> datetime:
    """Return when the period began in which a moment lies."""
    midnight = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0)
    match unit:
        case CalendarUnit.DAY:
            return midnight
        case CalendarUnit.WEEK:
            return midnight - timedelta(days=midnight.weekday())
        case CalendarUnit.MONTH:
            return midnight.replace(day=1)
        case CalendarUnit.QUARTER:
            return midnight.replace(day=1, month=(midnight.month - 1) // 3 * 3 + 1)
        case CalendarUnit.YEAR:
            return midnight.replace(day=1, month=1)


def judge(promtool: Path, file: Path, document: Document) -> None:
    """Run one unit test."""
    file.write_text(render(document))
    done = subprocess.run([promtool, "test", "rules", file], capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/Bogota"])
def test_periods_begin_when_the_calendar_says(promtool: Path, zone: str, tmp_path: Path) -> None:
    """Days, weeks, months, quarters and years, also over a leap year."""
    cases = []
    for unit in CalendarUnit:
        (rule,) = begin(plan(slo("x", CHECKOUT, window=Calendar(unit, zone))))
        for day in DAYS:
            minutes = round(day * 1440 + HOURS * 60)
            start = began(unit, zone, datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
            sample = {"labels": "{}", "value": start.timestamp()}
            cases.append({"expr": rule.expr, "eval_time": f"{minutes}m", "exp_samples": [sample]})
    test = {"interval": "1d", "input_series": [], "promql_expr_test": cases}

    judge(promtool, tmp_path / "begin.yaml", {"rule_files": [], "evaluation_interval": "1d", "tests": [test]})


@pytest.mark.slow
def test_a_new_day_has_a_whole_budget(promtool: Path, tmp_path: Path) -> None:
    """Errors of the evening count until midnight and not after it, weighted by traffic."""
    (file,) = slo_files([slo("x", CHECKOUT, window=Calendar(CalendarUnit.DAY))], RulesSpec())
    (tmp_path / file.file_name).write_text(render(file.document))
    name = 'http_requests_total{service="checkout",job="a",instance="b",code='
    values = {"200": "0+100x1200 120050+50x119 126100+100x300", "500": "0+0x1200 50+50x119 6000+0x300"}
    query = "round(aiops:slo_error:ratio_rate_period, 0.001)"
    labels = 'aiops_slo="x"'
    cases = [
        {"expr": query, "eval_time": "1380m", "exp_samples": [{"labels": f"{{{labels}}}", "value": 0.043}]},
        {"expr": query, "eval_time": "1560m", "exp_samples": [{"labels": f"{{{labels}}}", "value": 0}]},
        {
            "expr": "aiops:slo_error_budget_remaining:ratio",
            "eval_time": "1560m",
            "exp_samples": [{"labels": f"aiops:slo_error_budget_remaining:ratio{{{labels}}}", "value": 1}],
        },
    ]
    series = [{"series": f'{name}"{code}"}}', "values": text} for code, text in values.items()]
    test = {"interval": "1m", "input_series": series, "promql_expr_test": cases}

    judge(
        promtool,
        tmp_path / "day.yaml",
        {"rule_files": [file.file_name], "evaluation_interval": "1m", "tests": [test]},
    )
