"""What a Prometheus says of the alerting rules that it evaluates; the value itself is core's."""

from __future__ import annotations

from aiops_daemon.core.model.posted import EvaluatedRule

__all__ = ["EvaluatedRule"]
