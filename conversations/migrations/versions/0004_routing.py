"""Routing: the rules, a conversation's team and place, why it was put there, and signs of life of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "desk_rules",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.BigInteger(), nullable=False),
        sa.Column("saved_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_desk_rules")),
    )
    op.add_column("human_agents", sa.Column("left_at", sa.BigInteger(), nullable=True))
    op.add_column("human_agents", sa.Column("active_at", sa.BigInteger(), nullable=True))
    op.add_column("handoffs", sa.Column("placement", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("conversations", sa.Column("team", sa.String(length=60), nullable=True))
    op.add_column("conversations", sa.Column("ranked_at", sa.BigInteger(), nullable=True))
    op.execute("UPDATE conversations SET ranked_at = queued_at")
    op.drop_index("ix_conversations_status_queued_at", "conversations")
    op.create_index("ix_conversations_status_ranked_at", "conversations", ["status", "ranked_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_conversations_status_ranked_at", "conversations")
    op.create_index("ix_conversations_status_queued_at", "conversations", ["status", "queued_at", "id"])
    with op.batch_alter_table("conversations") as conversations:
        conversations.drop_column("ranked_at")
        conversations.drop_column("team")
    with op.batch_alter_table("handoffs") as handoffs:
        handoffs.drop_column("placement")
    with op.batch_alter_table("human_agents") as human_agents:
        human_agents.drop_column("active_at")
        human_agents.drop_column("left_at")
    op.drop_table("desk_rules")
