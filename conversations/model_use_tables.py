"""The tables of what model calls cost and said; of the same metadata as the rest of the record."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, String, Table

from conversations.tables import Instant, metadata

# Tokens reserved or used by model calls, counted in each scope that has a cap.
spend = Table(
    "spend",
    metadata,
    Column("scope", String(200), primary_key=True),
    Column("tokens", BigInteger, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("ix_spend_changed_at", "changed_at"),
)

model_exchanges = Table(
    "model_exchanges",
    metadata,
    Column("turn_id", ForeignKey("turns.id"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("exchanges", JSON, nullable=False),
    Index("ix_model_exchanges_at", "at"),
)
