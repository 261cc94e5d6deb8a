"""What model calls cost, and what was said in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "spend",
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_spend")),
    )
    op.create_index("ix_spend_changed_at", "spend", ["changed_at"])
    op.create_table(
        "model_exchanges",
        sa.Column("turn_id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("exchanges", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name=op.f("fk_model_exchanges_turn_id")),
        sa.PrimaryKeyConstraint("turn_id", name=op.f("pk_model_exchanges")),
    )
    op.create_index("ix_model_exchanges_at", "model_exchanges", ["at"])


def downgrade() -> None:
    op.drop_table("model_exchanges")
    op.drop_table("spend")
