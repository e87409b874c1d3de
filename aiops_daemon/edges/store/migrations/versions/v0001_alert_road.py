"""The first schema: inbox, quarantine, episodes, incidents and all that belongs to them."""

from __future__ import annotations

from alembic import op

from aiops_daemon.edges.store.schema import metadata

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""
    metadata.create_all(op.get_bind(), checkfirst=False)
