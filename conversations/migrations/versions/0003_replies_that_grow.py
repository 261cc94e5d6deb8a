"""Replies that appear sentence by sentence have a state."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("messages", sa.Column("state", sa.String(length=16), nullable=False, server_default="complete"))


def downgrade() -> None:
    with op.batch_alter_table("messages") as messages:
        messages.drop_column("state")
