"""What a Prometheus says of the alerting rules that it evaluates; the values themselves are core's."""

from __future__ import annotations

from aiops_daemon.core.model.posted import EvaluatedRule, LoadedGroup

__all__ = ["EvaluatedRule", "LoadedGroup"]
