"""The tables of evaluations: runs with their results, what people said of them, samples made of conversations."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from conversations.table_basics import Instant, metadata

evaluation_runs = Table(
    "evaluation_runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("samples", Integer, nullable=False),
    Column("trials", Integer, nullable=False),
    Column("passed", Integer, nullable=False),
    Column("summary", JSON, nullable=False),
    Index("ix_evaluation_runs_made_at", "made_at", "id"),
)

# One trial each: `row` is small and read by lists, `sample` and `trial` are whole and read one at a time.
evaluation_results = Table(
    "evaluation_results",
    metadata,
    Column("run_id", ForeignKey("evaluation_runs.id"), primary_key=True),
    Column("sample_id", String(200), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("passed", Boolean, nullable=False),
    Column("row", JSON, nullable=False),
    Column("sample", JSON, nullable=False),
    Column("trial", JSON, nullable=False),
    Column("verdict", String(16)),
    Column("note", Text),
    Column("labelled_by", ForeignKey("human_agents.id")),
    Column("labelled_at", Instant),
)

# What conversations became: at most one sample of each.
evaluation_samples = Table(
    "evaluation_samples",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False, unique=True),
    Column("state", String(16), nullable=False),
    Column("sample", JSON, nullable=False),
    Column("made_at", Instant, nullable=False),
    Column("made_by", ForeignKey("human_agents.id"), nullable=False),
    Index("ix_evaluation_samples_state_made_at", "state", "made_at"),
)
