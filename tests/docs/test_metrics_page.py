"""docs/metrics.md lists exactly the metrics of the table; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from aiops_daemon.core.model.metrics import METRICS, MetricSpec, PageName

_DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
_OPENING = """# Metrics

<!-- Written by `UPDATE_GOLDEN=1 pytest tests/docs/test_metrics_page.py` from aiops_daemon/core/model/metrics.py. -->

Base units throughout; events are unix timestamps, so PromQL subtracts them from `time()`. Both pages speak text 0.0.4
and OpenMetrics 1.0 and compress on request.
"""
_FINDINGS = """
## Findings: `/findings/metrics`

Scrape this page with `honor_labels: true`: its series carry the labels of the series that they are about (`job`,
`instance`, `namespace`), the query's own `labels`, and those listed here. The page is written once a cycle; when the
last cycle is older than three intervals it is empty, so that a stalled daemon cannot keep old findings alive.
Which series of a query appear is set by `export` (see configuration.md).

Metrics of an SLO carry its `labels` and those that it is grouped by; `aiops_window` is 5m, 1h, ..., and for the SLO's
own window its length (30d), or the unit of a calendar one (month).

An anomaly score of 0 is the expected value, 1 the edge of the band; while a series is warming up the score is 0.
"""
_SELF = """
## The daemon itself: `/metrics`

Besides these, the Python process metrics (`process_*`, `python_gc_*`). Labels with a closed set of values start at 0.
"""


def _row(spec: MetricSpec) -> str:
    labels = ", ".join(f"`{label}`" + _values(spec, label) for label in spec.labels)
    return f"| `{spec.name}` | {spec.type} | {labels} | {spec.help} |"


def _values(spec: MetricSpec, label: str) -> str:
    return f" ({', '.join(spec.values[label])})" if label in spec.values else ""


def _table(page: PageName) -> str:
    rows = [_row(spec) for spec in METRICS if spec.page is page]
    return "\n".join(["", "| name | type | labels | meaning |", "|---|---|---|---|", *rows, ""])


def _document() -> str:
    return _OPENING + _FINDINGS + _table(PageName.FINDINGS) + _SELF + _table(PageName.SELF)


def test_the_page_lists_every_metric() -> None:
    """The document is what the table says, to the byte."""
    if os.environ.get("UPDATE_GOLDEN") == "1":
        _DOCUMENT.write_text(_document(), encoding="utf-8")

    assert _document() == _DOCUMENT.read_text(encoding="utf-8")


def test_no_help_breaks_the_table() -> None:
    """A pipe or a line feed in a help text would split a cell."""
    assert not [spec.name for spec in METRICS if set(spec.help) & set("|\n")]
