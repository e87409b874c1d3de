"""Self metrics: every name from the one table, closed sets from the start, gone when asked."""

from __future__ import annotations

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from aiops_daemon.core.model.metrics import METRICS, PageName
from aiops_daemon.errors import SourceReason
from aiops_daemon.meter import Meter

QUERY = {"source": "eu1", "query": "rate"}


def labelled(meter: Meter, name: str) -> list[tuple[dict[str, str], float]]:
    """Read a metric's samples with their labels."""
    families = text(meter.page().decode())
    return [(one.labels, one.value) for family in families for one in family.samples if one.name == f"aiops_{name}"]


def test_closed_sets_are_there_at_zero() -> None:
    """`rate()` sees the first failure only if the series stood at 0 before it."""
    meter = Meter()
    before = labelled(meter, "query_failures_total")
    meter.initialise("aiops_query_failures_total", **QUERY)

    assert [] == before
    assert [({**QUERY, "reason": str(reason)}, 0.0) for reason in SourceReason] == labelled(
        meter, "query_failures_total"
    )


def test_a_name_that_is_not_in_the_table_is_refused() -> None:
    """A misspelt metric is a fault of the first test that meets it, not a second metric."""
    meter = Meter()
    for act in (meter.inc, lambda name: meter.set(name, 1), lambda name: meter.observe(name, 1), meter.initialise):
        with pytest.raises(KeyError, match="aiops_misspelt"):
            act("aiops_misspelt")


def test_wrong_labels_are_refused() -> None:
    """A label that the table does not list makes no series."""
    with pytest.raises(ValueError, match=r"[Ll]abel"):
        Meter().inc("aiops_query_failures_total", source="eu1", quarry="rate", reason="timeout")


def test_forgetting_a_query_leaves_the_others() -> None:
    """A query that a reload removed is no longer on the page; its neighbours are."""
    meter = Meter()
    for query in ("rate", "load"):
        meter.set("aiops_series", 3, source="eu1", query=query)
        meter.initialise("aiops_series_dropped_total", source="eu1", query=query)
    meter.forget(**QUERY)

    assert ["load"] == [labels["query"] for labels, _ in labelled(meter, "series")]
    assert {"load"} == {labels["query"] for labels, _ in labelled(meter, "series_dropped_total")}
    assert 0.0 == meter.value("aiops_series", **QUERY)


def test_both_formats_carry_the_same_samples() -> None:
    """OpenMetrics' strict parser reads the page, and finds what the text format has."""
    meter = Meter()
    meter.inc("aiops_series_dropped_total", 2, reason="limit", **QUERY)
    meter.observe("aiops_cycle_duration_seconds", 0.3, stage="publish")
    pages = (text(meter.page().decode()), openmetrics(meter.page(openmetrics=True).decode()))
    told = [
        {
            (one.name, *sorted(one.labels.items())): one.value
            for family in page
            for one in family.samples
            if one.name.startswith("aiops_")
        }
        for page in pages
    ]

    assert told[0] == told[1]
    assert 2.0 == meter.value("aiops_series_dropped_total", reason="limit", **QUERY)


def test_every_self_metric_of_the_table_has_its_help_on_the_page() -> None:
    """What the documentation lists is what a scrape shows."""
    page = Meter().page().decode()
    lacking = [spec.name for spec in METRICS if spec.page is PageName.SELF and f"# HELP {spec.name} " not in page]

    assert [] == lacking


def test_two_daemons_in_one_process_do_not_share_counts() -> None:
    """A meter is no module state."""
    one, other = Meter(), Meter()
    one.inc("aiops_rule_files_refused_total")

    assert (1.0, 0.0) == tuple(meter.value("aiops_rule_files_refused_total") for meter in (one, other))
