"""Acts on their way to the replica that holds the desk, and changes made elsewhere whose incident is to be asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_UNANSWERED = sa.text("answered_at IS NULL")


def upgrade() -> None:
    """Make the tables."""
    _acts()
    _remote_changes()


def _acts() -> None:
    op.create_table(
        "acts",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("act", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answered_at", sa.Double(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_acts"),
        sa.UniqueConstraint("uid", name="uq_acts_uid"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_acts_asked_at", "acts", ["asked_at"])
    op.create_index("ix_acts_unanswered", "acts", ["id"], sqlite_where=_UNANSWERED, postgresql_where=_UNANSWERED)


def _remote_changes() -> None:
    op.create_table(
        "remote_changes",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("change", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "uid", name="pk_remote_changes"),
    )
    op.create_index("ix_remote_changes_due_at", "remote_changes", ["due_at"])
