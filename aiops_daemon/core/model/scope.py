"""Who asks: every call of the store carries a scope, and every row that belongs to somebody its team."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_TEAM = "default"


class Role(StrEnum):
    """What a token may do. Each may do what those before it may, `ingest` aside, which may only send alerts."""

    INGEST = "ingest"
    VIEWER = "viewer"
    RESPONDER = "responder"
    OPERATOR = "operator"
    ADMIN = "admin"


_RANK = {Role.VIEWER: 1, Role.RESPONDER: 2, Role.OPERATOR: 3, Role.ADMIN: 4}


@dataclass(frozen=True, slots=True)
class Scope:
    """An actor and what they may see; `teams` None means all of them."""

    actor: str
    teams: frozenset[str] | None = None
    role: Role = Role.VIEWER
    origin: str = ""  # where from: api, page, cli, daemon

    def may(self, role: Role) -> bool:
        """Say whether this scope includes what `role` may do."""
        if role is Role.INGEST or self.role is Role.INGEST:
            return self.role in (role, Role.ADMIN)
        return _RANK[self.role] >= _RANK[role]

    def sees(self, teams: tuple[str, ...]) -> bool:
        """Say whether something that belongs to these teams is visible."""
        return self.teams is None or not self.teams.isdisjoint(teams)


DAEMON = Scope("aiops-daemon", None, Role.ADMIN, "daemon")
"""The daemon itself."""
