"""Runs of evaluations with their results, and samples made of conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "evaluation_runs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("trials", sa.Integer(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("summary", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_runs")),
    )
    op.create_index("ix_evaluation_runs_made_at", "evaluation_runs", ["made_at", "id"])
    op.create_table(
        "evaluation_results",
        sa.Column("run_id", sa.String(length=64), nullable=False),
        sa.Column("sample_id", sa.String(length=200), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("row", sa.JSON(), nullable=False),
        sa.Column("sample", sa.JSON(), nullable=False),
        sa.Column("trial", sa.JSON(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("labelled_by", sa.String(length=64), nullable=True),
        sa.Column("labelled_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["evaluation_runs.id"], name=op.f("fk_evaluation_results_run_id")),
        sa.ForeignKeyConstraint(["labelled_by"], ["human_agents.id"], name=op.f("fk_evaluation_results_labelled_by")),
        sa.PrimaryKeyConstraint("run_id", "sample_id", "number", name=op.f("pk_evaluation_results")),
    )
    op.create_table(
        "evaluation_samples",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("sample", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversations.id"], name=op.f("fk_evaluation_samples_conversation_id")
        ),
        sa.ForeignKeyConstraint(["made_by"], ["human_agents.id"], name=op.f("fk_evaluation_samples_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_samples")),
        sa.UniqueConstraint("conversation_id", name=op.f("uq_evaluation_samples_conversation_id")),
    )
    op.create_index("ix_evaluation_samples_state_made_at", "evaluation_samples", ["state", "made_at"])


def downgrade() -> None:
    op.drop_table("evaluation_samples")
    op.drop_table("evaluation_results")
    op.drop_table("evaluation_runs")
