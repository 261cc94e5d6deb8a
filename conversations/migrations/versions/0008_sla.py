"""Clocks of what people promised: when each runs out, and whether it was warned of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "sla_clocks",
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("clock", sa.String(length=16), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.String(length=60), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("warn_at", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("warned_at", sa.BigInteger(), nullable=True),
        sa.Column("breach_told_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_sla_clocks_conversation_id")),
        sa.PrimaryKeyConstraint("conversation_id", "clock", "started_at", name=op.f("pk_sla_clocks")),
    )
    op.create_index("ix_sla_clocks_stopped_at_due_at", "sla_clocks", ["stopped_at", "due_at"])


def downgrade() -> None:
    op.drop_table("sla_clocks")
