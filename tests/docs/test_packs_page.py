"""docs/packs.md lists exactly the queries that the packs hold; UPDATE_GOLDEN=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from aiops_daemon.core.model.quantity import speak, speak_duration
from aiops_daemon.core.model.query import QuerySpec
from aiops_daemon.core.packs import PACKS, Pack

_PAGE = Path(__file__).parents[2] / "docs" / "packs.md"
_OPENING = """# Built-in packs

<!-- Written by `UPDATE_GOLDEN=1 pytest tests/docs/test_packs_page.py` from aiops_daemon/core/packs. -->

With `packs: {enable: auto}` (the default) the daemon asks each Prometheus which metrics exist and takes every query
whose metrics are all there; the log and the landing page say which and why. `enable: [node, http]` takes what fits of
those packs only, `enable: []` none. To change one query, leave its pack out and write the query under `queries:`.

A value is reported when it leaves its learned band by at least the deviation given here; thresholds are forecast, not
learned. Expressions drop labels that change with every deployment, so the number of series stays moderate.
"""


def _deviation(spec: QuerySpec) -> str:
    parts = [speak(spec.min_deviation_absolute, spec.unit)]
    if spec.min_deviation_relative:
        parts.append(f"{speak(spec.min_deviation_relative, 'ratio')} of expected")
    return " and ".join(parts)


def _thresholds(spec: QuerySpec) -> str:
    levels = [
        f"{level.name} {'above' if level.above else 'below'} {speak(level.value, spec.unit)}"
        for level in spec.thresholds
    ]
    horizons = ", ".join(speak_duration(horizon) for horizon in spec.horizons)
    return f"; {', '.join(levels)}, forecast over {horizons}" if levels else ""


def _section(pack: Pack) -> str:
    lines = [f"## {pack.name}", "", f"{pack.title}.", ""]
    for query in pack.queries:
        spec = query.spec
        wait = f"; after {spec.open_after} polls" if spec.open_after != QuerySpec("", "").open_after else ""
        said = (
            f"{spec.title[0].upper()}{spec.title[1:]}. Direction {spec.direction}; deviation {_deviation(spec)}{wait}"
        )
        lines += [f"### {spec.name}", "", f"{said}{_thresholds(spec)}.", "", "```promql", spec.expr, "```", ""]
    return "\n".join(lines)


def test_the_page_is_current() -> None:
    """The page in the repository is what the packs say now."""
    expected = "\n".join([_OPENING, *(_section(pack) for pack in PACKS)])
    if os.environ.get("UPDATE_GOLDEN"):
        _PAGE.write_text(expected, encoding="utf-8")

    assert expected == _PAGE.read_text(encoding="utf-8")
