"""What the findings page is made of, and the finished bytes it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aiops_daemon.core.model.metrics import MetricSpec


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of one metric: `labels[i]` is finished label text (`a="x",b="y"`), `values[i]` its value.

    Several blocks of one metric may follow each other; the page writes HELP and TYPE once.
    """

    metric: MetricSpec
    labels: Sequence[str]
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """One finished exposition, built at `at` (unix seconds). Both formats share its lines: all are gauges."""

    at: float
    samples: int
    text: bytes

    @property
    def openmetrics(self) -> bytes:
        """Return the lines with OpenMetrics' end mark."""
        return self.text + b"# EOF\n"
