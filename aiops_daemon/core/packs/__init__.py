"""Built-in sets of queries that fit well-known exporters, and the choice among them."""

from __future__ import annotations

from aiops_daemon.core.packs.choice import PACKS, Choice, choose
from aiops_daemon.core.packs.model import Pack, PackQuery

__all__ = ["PACKS", "Choice", "Pack", "PackQuery", "choose"]
