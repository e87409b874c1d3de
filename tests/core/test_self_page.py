"""The self page, read by the tools of its consumers."""

import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from aiops_daemon.core.model.metrics import BY_NAME, METRICS, MetricType, PageName
from aiops_daemon.meter import Meter

LABEL = 'quotes " and \\ and \n and ü'


@pytest.fixture
def meter():
    """A meter with one series of every metric."""
    meter = Meter()
    for spec in METRICS:
        if spec.page is PageName.SELF:
            labels = {label: spec.values.get(label, (LABEL,))[0] for label in spec.labels}
            record = {MetricType.COUNTER: meter.inc, MetricType.GAUGE: meter.set, MetricType.HISTOGRAM: meter.observe}
            record[spec.type](spec.name, 1.0, **labels)
    return meter


def own(families):
    """Pick names of ours; the parsers leave `_total` out of the family's name."""
    return {
        family.name + ("_total" if family.type == "counter" else "")
        for family in families
        if family.name.startswith("aiops_")
    }


def test_both_formats_hold_every_metric_of_the_table(meter):
    """Text and OpenMetrics parse strictly and agree."""
    expected = {spec.name for spec in METRICS if spec.page is PageName.SELF}

    assert expected == own(read_text(meter.page().decode()))
    assert expected == own(read_openmetrics(meter.page(openmetrics=True).decode()))


def test_label_values_survive(meter):
    """Quotes, backslashes, line feeds and UTF-8 come back as they went in."""
    for families in (read_text(meter.page().decode()), read_openmetrics(meter.page(openmetrics=True).decode())):
        family = next(family for family in families if family.name == "aiops_series")
        assert [{"source": LABEL, "query": LABEL}] == [sample.labels for sample in family.samples]


def test_closed_label_sets_start_at_zero():
    """An alert on a failure that never happened must find its series."""
    page = Meter().page().decode()

    assert 'aiops_cycle_duration_seconds_count{stage="rules"} 0.0' in page
    assert BY_NAME["aiops_cycle_duration_seconds"].values == {
        "stage": ("fetch", "detect", "forecast", "publish", "rules", "save")
    }


@pytest.mark.real
def test_promtool_accepts_the_page(meter, promtool):
    """Prometheus' own linter has nothing to say."""
    check = subprocess.run([promtool, "check", "metrics"], input=meter.page(), capture_output=True, check=False)

    assert (0, b"") == (check.returncode, check.stdout + check.stderr)
