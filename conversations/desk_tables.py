"""The tables of the desk: its rules and promises, what leaves the house, who may come in and what they did."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from conversations.table_basics import Instant, metadata

invitations = Table(
    "invitations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("token_hash", String(64), nullable=False, unique=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("role", String(16), nullable=False),
    Column("invited_by", ForeignKey("human_agents.id"), nullable=False),
    Column("expires_at", Instant, nullable=False),
)

# Who did and saw what. Rows are only ever added; each one's seal covers the row before it.
audit_log = Table(
    "audit_log",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("who", String(64)),
    Column("name", Text, nullable=False),
    Column("did", String(200), nullable=False),
    Column("to", Text, nullable=False),
    Column("outcome", Integer, nullable=False),
    Column("seal", String(64), nullable=False),
)

# The desk's rules, one row for each time they were saved; the newest count.
desk_rules = Table(
    "desk_rules",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("rules", JSON, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("saved_by", String(64)),
)

# What people promised, as clocks: read from what happened, kept so that lists and warnings find them.
sla_clocks = Table(
    "sla_clocks",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("clock", String(16), primary_key=True),
    Column("started_at", Instant, primary_key=True),
    Column("target", String(60), nullable=False),
    Column("state", String(16), nullable=False),
    Column("warn_at", Instant),
    Column("due_at", Instant),
    Column("stopped_at", Instant),
    Column("warned_at", Instant),
    Column("breach_told_at", Instant),
    Index("ix_sla_clocks_stopped_at_due_at", "stopped_at", "due_at"),
)

# How customers say the help was. At most two questions in an episode: one about the AI agent, one about people.
ratings = Table(
    "ratings",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("scale", String(16), nullable=False),
    Column("about", ForeignKey("human_agents.id")),
    Column("message_id", ForeignKey("messages.id")),
    Column("asked_at", Instant, nullable=False),
    Column("score", Integer),
    Column("remark", Text),
    Column("answered_at", Instant),
    Column("via", String(16)),
    UniqueConstraint("conversation_id", "episode", "scale"),
    Index("ix_ratings_asked_at", "asked_at"),
    Index("ix_ratings_answered_at", "answered_at"),
)

webhook_endpoints = Table(
    "webhook_endpoints",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("url", Text, nullable=False),
    Column("secret", String(128), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("disabled_because", Text),
    Column("created_at", Instant, nullable=False),
    Column("created_by", ForeignKey("human_agents.id"), nullable=False),
)

# Mails and webhooks on their way, written in the transaction of what they tell.
deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("target", String(320), nullable=False),
    Column("conversation_id", ForeignKey("conversations.id")),
    Column("payload", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("problem", Text),
    Index("ix_deliveries_state_due_at", "state", "due_at", "id"),
    Index("ix_deliveries_target_created_at", "target", "created_at"),
)

# Texts kept at hand for replies; without a team they are everyone's.
saved_replies = Table(
    "saved_replies",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(100), nullable=False),
    Column("shortcut", String(40), nullable=False, unique=True),
    Column("text", Text, nullable=False),
    Column("team", String(60)),
    Column("used", Integer, nullable=False),
    Column("saved_at", Instant, nullable=False),
    Column("saved_by", ForeignKey("human_agents.id"), nullable=False),
)

# What people mark conversations with, as it is written in conversations/tags.py.
conversation_tags = Table(
    "conversation_tags",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("tag", String(40), primary_key=True),
    Column("added_at", Instant, nullable=False),
    Index("ix_conversation_tags_tag", "tag", "conversation_id"),
)
