"""The section `prometheus`: where metrics are read, and with which credentials.

Key names are those of Prometheus' http_config where it has one.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from aiops_daemon.config.fields import CountIn, DurationIn, Flag, SizeIn, unique
from aiops_daemon.config.http import HttpOptions
from aiops_daemon.config.texts import LabelName, Name, OwnLabelName, Text, WebUrl


class Prometheus(HttpOptions):
    """One Prometheus, or a highly available pair of them. Any server with Prometheus' query API will do."""

    name: Name
    """Name by which queries, SLOs, logs and metrics speak of it. Required, unique."""

    urls: Annotated[list[WebUrl], Field(min_length=1), AfterValidator(unique)]
    """Base URLs of replicas that hold the same data, tried in order; answers are never merged. Required."""

    external_labels: dict[OwnLabelName, Text] = Field(default={})
    """Labels added to every series read here, as this Prometheus adds them to its alerts (its query API leaves
    them out). A label of the series itself wins."""

    drop_labels: Annotated[list[LabelName], AfterValidator(unique)] = Field(default=[])
    """Labels removed from every series, such as the one that tells replicas apart."""

    interval: Annotated[float, DurationIn("1s", "1d")] = 60.0
    """Time between two polls of a query. A query may set its own."""

    timeout: Annotated[float, DurationIn("100ms", "10m")] = 30.0
    """Deadline of one request. Keep it below `interval`."""

    compression: Flag = False
    """Ask for compressed answers. Costs the server CPU; worth it over slow links."""

    max_concurrency: Annotated[int, CountIn(1, 64)] = 4
    """Requests in flight at once. Prometheus itself runs 20 queries at once by default."""

    max_body_size: Annotated[int, SizeIn(64 * 1024, 16 * 1024**3)] = 256 * 1024 * 1024
    """Largest answer that is read; a larger one counts as a failure. KB, MB and GB are powers of 1024."""
