"""Mails and webhooks on their way; what a customer does instead of waiting."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("conversations", sa.Column("reply_by_email", sa.String(length=320), nullable=True))
    op.add_column("conversations", sa.Column("ai_meanwhile", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("target", sa.String(length=320), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_deliveries_conversation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_state_due_at", "deliveries", ["state", "due_at", "id"])
    op.create_index("ix_deliveries_target_created_at", "deliveries", ["target", "created_at"])


def downgrade() -> None:
    op.drop_table("deliveries")
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("ai_meanwhile")
        conversations.drop_column("reply_by_email")
