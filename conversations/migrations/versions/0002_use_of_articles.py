"""Segments of customers; which articles are cited, and what readers say of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("customers", sa.Column("segments", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "message_citations",
        sa.Column("message_id", sa.String(length=64), nullable=False),
        sa.Column("article_id", sa.String(length=200), nullable=False),
        sa.Column("cited_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["messages.id"], name=op.f("fk_message_citations_message_id")),
        sa.PrimaryKeyConstraint("message_id", "article_id", name=op.f("pk_message_citations")),
    )
    op.create_index("ix_message_citations_article_id_cited_at", "message_citations", ["article_id", "cited_at"])
    op.create_table(
        "article_feedback",
        sa.Column("article_id", sa.String(length=200), nullable=False),
        sa.Column("given_by", sa.String(length=64), nullable=False),
        sa.Column("helpful", sa.Boolean(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("given_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("article_id", "given_by", name=op.f("pk_article_feedback")),
    )
    _count_earlier_answers()


def _count_earlier_answers() -> None:
    messages = sa.table("messages", sa.column("id"), sa.column("citations", sa.JSON()), sa.column("created_at"))
    rows = op.get_bind().execute(sa.select(messages).where(sa.cast(messages.c.citations, sa.Text) != "[]"))
    found = [
        {"message_id": row.id, "article_id": article, "cited_at": row.created_at}
        for row in rows
        for article in {str(citation["article_id"]) for citation in row.citations}
    ]
    if found:
        cited = sa.table("message_citations", sa.column("message_id"), sa.column("article_id"), sa.column("cited_at"))
        op.get_bind().execute(sa.insert(cited), found)


def downgrade() -> None:
    op.drop_table("article_feedback")
    op.drop_table("message_citations")
    with op.batch_alter_table("customers") as customers:
        customers.drop_column("segments")
