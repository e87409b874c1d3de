"""Alertmanagers as flows see them: one gossip cluster, all its peers asked; the values themselves are core's.

AlertmanagerSource: the live HTTP API (edges.alertmanager), and in tests a fake that passes the same contract suite.
"""

from __future__ import annotations

from typing import Protocol

from aiops_daemon.core.model.posted import ClusterAnswer, PeerAnswer, PostedAlert

__all__ = ["AlertmanagerSource", "ClusterAnswer", "PeerAnswer", "PostedAlert"]


class AlertmanagerSource(Protocol):
    """One configured Alertmanager."""

    @property
    def name(self) -> str:
        """Return its name in the configuration."""

    async def ask(self) -> ClusterAnswer:
        """Ask every peer for its alerts and status; never raises for a peer that does not answer."""

    async def close(self) -> None:
        """Release connections; idempotent."""
