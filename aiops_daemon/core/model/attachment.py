"""A finding kept inside an incident: its numbers and its plot as one JSON object, the `body` of a LinkedFinding.

Enters: a finding and the recent past of its series. Leaves: text; and from such text, the numbers and the plot again.
Never holds what JSON has not: NaN and infinity are null. Never raises for a body that it cannot read: it has no plot.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np

from aiops_daemon.core.model.finding import Finding
from aiops_daemon.core.model.series import Floats
from aiops_daemon.core.model.view import Plot

_NUMBERS = ("value", "lower", "upper", "score", "confidence_ratio", "breach_at")
_COLUMNS = ("times", "values", "lower", "upper")


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a body holds; None where it is not known."""

    unit: str = ""
    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    score: float | None = None
    confidence_ratio: float | None = None
    threshold: str = ""
    breach_at: float | None = None
    plot: Plot | None = None


def write_attachment(finding: Finding, plot: Plot | None) -> str:
    """Write the body of a linked finding; `read_attachment` reads it back."""
    body: dict[str, object] = {name: _number(getattr(finding, name)) for name in _NUMBERS}
    body |= {"unit": finding.unit, "threshold": finding.threshold}
    if plot is not None:
        body["plot"] = {name: [_number(each) for each in getattr(plot, name).tolist()] for name in _COLUMNS}
    return json.dumps(body, separators=(",", ":"), allow_nan=False)


def read_attachment(body: str) -> Attachment:
    """Read a body; what is missing or not what it must be counts as not known."""
    try:
        decoded = json.loads(body or "{}")
    except (ValueError, RecursionError):
        return Attachment()
    if not isinstance(decoded, dict):
        return Attachment()
    return Attachment(
        unit=_text(decoded.get("unit")),
        threshold=_text(decoded.get("threshold")),
        plot=_plot(decoded.get("plot")),
        **{name: _known(decoded.get(name)) for name in _NUMBERS},
    )


def _plot(given: object) -> Plot | None:
    if not isinstance(given, dict):
        return None
    columns = [_column(given.get(name)) for name in _COLUMNS]
    if not len(columns[0]) or len({len(column) for column in columns}) != 1 or np.isnan(columns[0]).any():
        return None
    return Plot(*columns)


def _column(given: object) -> Floats:
    values = [_known(each) for each in given] if isinstance(given, list) else []
    return np.array([math.nan if each is None else each for each in values], dtype=np.float64)


def _number(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _known(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return _number(float(value))
    except OverflowError:
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
