"""Escalations, timers, the outbox, storm pages, and which signed webhooks were taken."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state = 'waiting'")


def upgrade() -> None:
    """Make the tables."""
    _escalations()
    _timers()
    _outbox()
    _indexes_of_outbox()
    _storms()
    _deliveries_seen()


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("incident", name="pk_escalations"),
    )
    op.create_index("ix_escalations_phase", "escalations", ["phase"])


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("incident", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("incident", "name", name="pk_timers"),
    )
    op.create_index("ix_timers_due_at", "timers", ["due_at"])


def _outbox() -> None:
    words = ("uid", "key", "dedup_key", "incident", "team", "destination", "integration", "address", "track", "step")
    op.create_table(
        "outbox",
        sa.Column("id", _ROW_ID, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in (*words, "event")),
        sa.Column("message", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.Double(), nullable=True),
        sa.Column("confirmed_at", sa.Double(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("uid", name="uq_outbox_uid"),
        sqlite_autoincrement=True,
    )


def _indexes_of_outbox() -> None:
    for columns in (["incident", "id"], ["created_at"], ["destination", "created_at"], ["dedup_key", "id"]):
        op.create_index(f"ix_outbox_{'_'.join(columns)}", "outbox", columns)
    for columns in (["due_at"], ["key", "id"]):
        op.create_index(
            f"ix_outbox_waiting_{columns[0]}", "outbox", columns, sqlite_where=_WAITING, postgresql_where=_WAITING
        )


def _storms() -> None:
    op.create_table(
        "storms",
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("last_at", sa.Double(), nullable=False),
        sa.Column("named", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("destination", name="pk_storms"),
    )


def _deliveries_seen() -> None:
    op.create_table(
        "deliveries_seen",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("source", "uid", name="pk_deliveries_seen"),
    )
    op.create_index("ix_deliveries_seen_at", "deliveries_seen", ["at"])
