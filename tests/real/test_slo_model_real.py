"""The benchmarks' numpy reckoning of SLO alerts gives the minutes at which promtool's alerts fire."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "benchmarks"))  # last: a file there is called pagerduty

import slo_model
import slo_rules

PEERS = {"aiops-daemon": slo_rules.ours, "Sloth": slo_rules.sloth, "Pyrra": slo_rules.pyrra}
MINUTES = 800


def bursts(seed: int) -> tuple[slo_model.Minutes, slo_model.Minutes]:
    """Make little traffic of which some fails: singly, together, in bursts for three hours, half an hour of outage."""
    rng = np.random.default_rng(seed)
    total = rng.poisson(2.0, MINUTES).astype(float)
    total[0] = 0
    shares = np.where(rng.random(MINUTES) < 0.01, 0.9, 0.001)
    shares[250:430] = np.where(np.arange(180) % 20 < 5, 0.3, 0.0)
    shares[600:630] = 0.5
    return rng.binomial(total.astype(int), shares).astype(float), total


@pytest.mark.parametrize("peer", PEERS)
def test_numpy_fires_when_promtool_does(promtool: Path, peer: str, tmp_path: Path) -> None:
    """Pages and tickets, minute by minute, and they do fire."""
    del promtool  # asked for so that it is there
    bad, total = bursts(7)
    rules, counts = PEERS[peer](), slo_model.Counts(bad, total)
    held = {severity: slo_model.PEERS[peer](counts, severity)[1:] for severity in ("page", "ticket")}
    series = {
        slo_rules.SERIES % "200": " ".join(f"{value:.0f}" for value in np.cumsum(total - bad)),
        slo_rules.SERIES % "500": " ".join(f"{value:.0f}" for value in np.cumsum(bad)),
    }
    asked = []
    for severity, minutes in held.items():
        series[severity] = "0 " + " ".join(f"{minute:d}" for minute in minutes)
        fired = f'(max(ALERTS{{alertstate="firing",{getattr(rules, severity)}}}) or on () vector(0))'
        summed = (f"abs({severity} - on () {fired})", fired)
        asked += [(f"sum_over_time(({expr})[{MINUTES - 2}m:1m])", MINUTES - 1) for expr in summed]

    page_differs, paged, ticket_differs, ticketed = slo_rules.promtool_values(tmp_path, rules, series, asked)

    assert (0, 0) == (page_differs, ticket_differs)
    assert (held["page"].sum(), held["ticket"].sum()) == (paged, ticketed)
    assert min(paged, ticketed) > 0
