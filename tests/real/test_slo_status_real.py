"""`slo status -i` against a Prometheus that holds what generated rules record; ours alone, no raw series."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from real_servers import Server, Servers, backfill

from aiops_daemon.cli.main import dispatch

pytestmark = pytest.mark.real

HOUR = 3600
SLOTH_S = {"aiops:slo_error_budget_remaining:ratio": "slo:period_error_budget_remaining:ratio"}
SLOS = """
slos:
  - name: checkout
    labels: {service: checkout}
    objective: 99
    window: 1d
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
  - name: handlers
    labels: {service: shop}
    objective: 90
    window: 1d
    grouping: [handler]
    sli: {events: {bad: 'http_requests_total{code="500"}', total: http_requests_total}}
  - name: nobody-records-this
    objective: 99
    sli: {events: {bad: 'lost_total{code="500"}', total: lost_total}}
"""


def records(now: int) -> str:
    """Write a day of records, one a minute: two events a second, in the last hour a tenth of them bad on /pay."""
    written: dict[str, list[str]] = {}
    for slo, group, share, budget in (
        ("checkout", "", 0.1, 0.01),
        ("handlers", ',handler="/pay"', 0.1, 0.1),
        ("handlers", ',handler="/list"', 0.0, 0.1),
    ):
        labels = f'{{aiops_slo="{slo}"{group}}}'
        for at in range(now - 24 * HOUR + 60, now + 1, 60):
            bad = share if at > now - HOUR else 0.0
            day = share / 24 * max(0, at - now + HOUR) / HOUR
            values = {
                "aiops:slo_total:rate5m": 2.0, "aiops:slo_bad:rate5m": 2.0 * bad, "aiops:slo_error:ratio_rate5m": bad,
                "aiops:slo_error:ratio_rate1h": share, "aiops:slo_error:ratio_rate1d": day,
                "aiops:slo_error_budget_remaining:ratio": 1 - day / budget,
            }  # fmt: skip
            sloth_s = "" if group else f'{{sloth_id="{slo}-{slo}",sloth_service="{slo}",sloth_slo="{slo}"}}'
            for name, value in values.items():
                written.setdefault(f"{name}{labels}", []).append(f"{name}{labels} {value:.9g} {at}")
                if sloth_s:
                    called = SLOTH_S.get(name, name.replace("aiops:slo_error:", "slo:sli_error:"))
                    written.setdefault(f"{called}{sloth_s}", []).append(f"{called}{sloth_s} {value:.9g} {at}")
    likewise = 'ALERTS{alertname="S",alertstate="firing",sloth_id="checkout-checkout",sloth_severity="page"}'
    ours = f'ALERTS{{alertname="Fast",alertstate="firing",aiops_slo="checkout",aiops_severity="page"}} 1 {now}'
    since = f'ALERTS_FOR_STATE{{alertname="Fast",aiops_slo="checkout",aiops_severity="page"}} {now - 1800} {now}'
    by_name = sorted(written.items())
    return "\n".join([*(line for _, lines in by_name for line in lines), ours, f"{likewise} 1 {now}", since, "# EOF\n"])


@pytest.fixture(scope="module")
def slos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SLOs."""
    file = tmp_path_factory.mktemp("slos") / "slos.yaml"
    file.write_text(SLOS)
    return file


@pytest.fixture(scope="module")
def server(module_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A Prometheus with a day of records."""
    tsdb = tmp_path_factory.mktemp("records") / "tsdb"
    backfill(records(int(time.time())), tsdb, block="48h")
    return module_servers.prometheus(tsdb=tsdb)


def test_it_stands_as_was_recorded(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A burning budget with its alert and its end, a budget for each group, and what nobody records is gone."""
    assert 0 == dispatch(["slo", "status", "-i", str(slos), f"--prometheus.url={server.url}", "-o", "json"])
    told = json.loads(capsys.readouterr().out)
    by_group = {(one["name"], one["group"].get("handler", "")): one for one in told["slos"]}
    checkout, pay, calm = by_group["checkout", ""], by_group["handlers", "/pay"], by_group["handlers", "/list"]

    assert 1 - 0.1 / 24 / 0.01 == pytest.approx(checkout["error_budget_remaining_ratio"], abs=0.02)
    assert 10.0 == pytest.approx(checkout["burn_rate"]["1h"])
    assert ["page"] == [one["severity"] for one in checkout["alerts"]]
    assert (1 - 0.1 / 24 / 0.01) * 24 * HOUR / 10 == pytest.approx(checkout["seconds_to_exhaustion"], rel=0.05)
    assert [] == checkout["policy"]
    assert (None, 1.0) == (calm["exhaustion_at"], calm["error_budget_remaining_ratio"])
    assert pay["error_budget_remaining_ratio"] < 1.0
    assert "gone" == by_group["nobody-records-this", ""]["state"]
    assert ["checkout", "shop"] == sorted(one["name"] for one in told["services"])


def test_the_table_is_printed(server: Server, slos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same columns as from a daemon."""
    assert 0 == dispatch(["slo", "status", "-i", str(slos), f"--prometheus.url={server.url}"])
    out, said = capsys.readouterr()

    assert "handlers{handler=/pay}" in out
    assert "series gone" in out
    assert "page since" in out
    assert "warning: nothing is recorded of nobody-records-this: either" in said


def test_rules_under_sloth_s_names_are_read_with_compat(
    server: Server, slos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who came from Sloth and kept its names sees the same budget, burn rates and alerts."""
    asked = ["slo", "status", "-i", str(slos), f"--prometheus.url={server.url}", "-o", "json", "--slo", "checkout"]
    assert 0 == dispatch(asked)
    (ours,) = json.loads(capsys.readouterr().out)["slos"]
    assert 0 == dispatch([*asked, "--compat", "sloth"])
    (sloth_s,) = json.loads(capsys.readouterr().out)["slos"]

    assert "ok" == sloth_s["state"]
    assert ours["burn_rate"] == sloth_s["burn_rate"]
    assert ours["error_budget_remaining_ratio"] == pytest.approx(sloth_s["error_budget_remaining_ratio"], abs=0.01)
    assert ["page"] == [one["severity"] for one in sloth_s["alerts"]]
    assert ours["seconds_to_exhaustion"] == pytest.approx(sloth_s["seconds_to_exhaustion"], rel=0.01)


def test_compat_is_for_records(capsys: pytest.CaptureFixture[str]) -> None:
    """A daemon has names of its own."""
    assert 2 == dispatch(["slo", "status", "--compat", "sloth"])

    assert "--compat is for records: give -i and --prometheus.url" in capsys.readouterr().err
