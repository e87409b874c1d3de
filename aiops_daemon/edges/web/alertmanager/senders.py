"""Which Alertmanager a webhook is of, by its path.

Enters: the name in the path, the configured names. Leaves: the source that its alerts get. An unknown name is
accepted, for refusing it would lose alerts: it is logged once, and past 64 of them all are one source. Never lets a
sender take the names of this daemon's own sources.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from aiops_daemon.core.model.alert import FINDING_SOURCE, SELF_SOURCE
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

MOST_UNKNOWN = 64
UNKNOWN = "unknown"
UNNAMED = "alertmanager"
_FORM = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_OWN = frozenset({SELF_SOURCE, FINDING_SOURCE})


class Senders:
    """Names senders; remembers the unknown names that it met."""

    def __init__(self, configured: Callable[[], frozenset[str]]) -> None:
        self._configured = configured
        self._met: set[str] = set()

    def source(self, name: str) -> str:
        """Return the source for a name in the path, "" for none."""
        known = configured_source(name, self._configured())
        if known != UNKNOWN:
            return known
        if name in self._met:
            return name
        if not _FORM.fullmatch(name) or name in _OWN or len(self._met) >= MOST_UNKNOWN:
            return UNKNOWN
        self._met.add(name)
        log.warning("webhooks come from an Alertmanager that is not configured", extra=fields(source=name))
        return name


def configured_source(name: str, configured: frozenset[str]) -> str:
    """Return the source for a name in the path, "" for none, where whoever sends is not known: a closed set."""
    if not name:
        return next(iter(configured)) if len(configured) == 1 else UNNAMED
    return name if name in configured else UNKNOWN
