"""What fails at one source, in few lines: one query by name, an outage as one line for all its queries.

Enters: every failure and success of a cycle. Leaves: a line for each that is news, or one for many. What failed
before and fails still is no news, unless it fails for a reason that does not pass by itself.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from aiops_daemon.errors import SourceError, SourceReason, remedy
from aiops_daemon.logs import fields

log = logging.getLogger(__name__)

PASSING = frozenset(
    {SourceReason.CONNECTION, SourceReason.TIMEOUT, SourceReason.SERVER_ERROR, SourceReason.RATE_LIMITED}
)
_SPOKEN = 3  # queries with the same news that get a line each; more share one


@dataclass(slots=True)
class Troubles:
    """The failing queries and SLOs of one source."""

    source: str
    _failing: dict[str, SourceReason] = field(default_factory=dict)
    _failed: dict[SourceReason, list[tuple[str, SourceError]]] = field(default_factory=dict)
    _recovered: list[str] = field(default_factory=list)

    def failed(self, query: str, error: SourceError) -> None:
        """Note that a query or SLO got no usable answer."""
        before = self._failing.get(query)
        self._failing[query] = error.reason
        if before is None or (error.reason not in PASSING and error.reason is not before):
            self._failed.setdefault(error.reason, []).append((query, error))

    def succeeded(self, query: str) -> None:
        """Note that a query or SLO got an answer."""
        if self._failing.pop(query, None) is not None:
            self._recovered.append(query)

    def tell(self) -> None:
        """Log what is news since the last call."""
        failed, self._failed = self._failed, {}
        for reason, news in failed.items():
            if len(news) <= _SPOKEN:
                for query, error in news:
                    self._warn("query failed; old state is kept", error, query=query, reason=reason)
            else:
                self._warn("queries failed; old state is kept", news[0][1], queries=len(news), reason=reason)
        recovered, self._recovered = self._recovered, []
        if len(recovered) <= _SPOKEN:
            for query in recovered:
                log.info("query recovered", extra=fields(source=self.source, query=query))
        else:
            log.info("queries recovered", extra=fields(source=self.source, queries=len(recovered)))

    def _warn(self, message: str, error: SourceError, **of: object) -> None:
        log.warning(message, extra=fields(source=self.source, **of, err=error, remedy=remedy(error.reason)))
