"""Roles, invitations, where sessions were opened, and the log of who did and saw what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("human_agents", sa.Column("role", sa.String(length=16), server_default="admin", nullable=False))
    op.add_column("human_agents", sa.Column("removed_at", sa.BigInteger(), nullable=True))
    op.add_column("console_sessions", sa.Column("created_at", sa.BigInteger(), nullable=True))
    op.add_column("console_sessions", sa.Column("device", sa.String(length=200), nullable=True))
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("invited_by", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invited_by"], ["human_agents.id"], name=op.f("fk_invitations_invited_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("email", name=op.f("uq_invitations_email")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitations_token_hash")),
    )
    op.create_table(
        "audit_log",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("did", sa.String(length=200), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Integer(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_log")),
    )


def downgrade() -> None:
    op.drop_table("audit_log")
    op.drop_table("invitations")
    with op.batch_alter_table("console_sessions") as sessions:
        sessions.drop_column("device")
        sessions.drop_column("created_at")
    with op.batch_alter_table("human_agents") as human_agents:
        human_agents.drop_column("removed_at")
        human_agents.drop_column("role")
