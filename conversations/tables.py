"""The tables of the record, the same on SQLite and PostgreSQL. Changing one needs a migration beside it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Instant(TypeDecorator[datetime]):
    """A UTC instant as integer microseconds: exact, ordered and the same on both databases."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(microseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("external_id", String(200), unique=True),
    Column("display_name", Text),
    Column("email", Text),
    Column("segments", JSON(none_as_null=True)),
    Column("created_at", Instant, nullable=False),
)

human_agents = Table(
    "human_agents",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("email", String(320), nullable=False, unique=True),
    Column("display_name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("available", Boolean, nullable=False),
    Column("last_seen_at", Instant),
    Column("created_at", Instant, nullable=False),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("human_agent_id", ForeignKey("human_agents.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("client_conversation_id", String(128), nullable=False),
    Column("status", String(16), nullable=False),
    Column("owner_epoch", Integer, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("assignee_id", ForeignKey("human_agents.id")),
    Column("subject", Text),
    Column("last_seq", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("queued_at", Instant),
    UniqueConstraint("customer_id", "client_conversation_id"),
    Index("ix_conversations_customer_id_updated_at", "customer_id", "updated_at", "id"),
    Index("ix_conversations_status_queued_at", "status", "queued_at", "id"),
    Index("ix_conversations_status_updated_at", "status", "updated_at", "id"),
    Index("ix_conversations_assignee_id_updated_at", "assignee_id", "updated_at", "id"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("state", String(16), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("owner_epoch", Integer, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("through_seq", Integer),
    Column("attempts", Integer, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("deadline_at", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("finished_at", Instant),
    Column("trace", JSON),
    # At most one turn waits and one runs: messages that arrive meanwhile are answered by exactly one more.
    Index(
        "uq_turns_one_accepted",
        "conversation_id",
        unique=True,
        sqlite_where=text("state = 'accepted'"),
        postgresql_where=text("state = 'accepted'"),
    ),
    Index(
        "uq_turns_one_running",
        "conversation_id",
        unique=True,
        sqlite_where=text("state = 'running'"),
        postgresql_where=text("state = 'running'"),
    ),
    Index("ix_turns_state_accepted_at", "state", "accepted_at"),
    Index("ix_turns_conversation_id_accepted_at", "conversation_id", "accepted_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("episode", Integer, nullable=False),
    Column("author_kind", String(16), nullable=False),
    Column("author_id", String(64)),
    Column("author_name", Text),
    Column("visibility", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("client_message_id", String(128)),
    Column("turn_id", ForeignKey("turns.id"), unique=True),
    Column("citations", JSON, nullable=False),
    Column("request", String(32)),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("conversation_id", "seq"),
    UniqueConstraint("conversation_id", "client_message_id"),
)

# Which articles answers rest on, beside the citations that the message shows: counted without reading every message.
message_citations = Table(
    "message_citations",
    metadata,
    Column("message_id", ForeignKey("messages.id"), primary_key=True),
    Column("article_id", String(200), primary_key=True),
    Column("cited_at", Instant, nullable=False),
    Index("ix_message_citations_article_id_cited_at", "article_id", "cited_at"),
)

article_feedback = Table(
    "article_feedback",
    metadata,
    Column("article_id", String(200), primary_key=True),
    Column("given_by", String(64), primary_key=True),
    Column("helpful", Boolean, nullable=False),
    Column("words", Text, nullable=False),
    Column("given_at", Instant, nullable=False),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("episode", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("brief", JSON, nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("accepted_at", Instant),
    Column("accepted_by", ForeignKey("human_agents.id")),
    Column("finished_at", Instant),
    Index("ix_handoffs_conversation_id_queued_at", "conversation_id", "queued_at"),
    # A conversation waits for people at most once at a time: a second click on "talk to a person" changes nothing.
    Index(
        "uq_handoffs_one_open",
        "conversation_id",
        unique=True,
        sqlite_where=text("state IN ('queued', 'accepted')"),
        postgresql_where=text("state IN ('queued', 'accepted')"),
    ),
)

events = Table(
    "events",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(32), nullable=False),
    Column("public", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    Column("data", JSON, nullable=False),
)
