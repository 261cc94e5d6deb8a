"""The tables of the record, the same on SQLite and PostgreSQL. Changing one needs a migration beside it."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from conversations.desk_tables import audit_log as audit_log
from conversations.desk_tables import conversation_tags as conversation_tags
from conversations.desk_tables import deliveries as deliveries
from conversations.desk_tables import desk_rules as desk_rules
from conversations.desk_tables import invitations as invitations
from conversations.desk_tables import ratings as ratings
from conversations.desk_tables import saved_replies as saved_replies
from conversations.desk_tables import sla_clocks as sla_clocks
from conversations.desk_tables import webhook_endpoints as webhook_endpoints
from conversations.evaluation_tables import evaluation_results as evaluation_results
from conversations.evaluation_tables import evaluation_runs as evaluation_runs
from conversations.evaluation_tables import evaluation_samples as evaluation_samples
from conversations.table_basics import EPOCH as EPOCH
from conversations.table_basics import Instant as Instant
from conversations.table_basics import metadata as metadata

customers = Table(
    "customers",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("external_id", String(200), unique=True),
    Column("claimed_id", String(200), unique=True),
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
    Column("left_at", Instant),
    Column("active_at", Instant),
    # Whoever had an account before there were roles could do everything.
    Column("role", String(16), nullable=False, server_default="admin"),
    Column("removed_at", Instant),
    Column("created_at", Instant, nullable=False),
)

console_sessions = Table(
    "console_sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("human_agent_id", ForeignKey("human_agents.id", ondelete="CASCADE"), nullable=False),
    Column("csrf_token", String(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("created_at", Instant),
    Column("device", String(200)),
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
    # Where it waits, and its place there: the time of queueing less its head start.
    Column("team", String(60)),
    Column("ranked_at", Instant),
    Column("reply_by_email", String(320)),
    Column("ai_meanwhile", Boolean, nullable=False, server_default=false()),
    Column("snoozed_until", Instant),
    UniqueConstraint("customer_id", "client_conversation_id"),
    Index("ix_conversations_customer_id_updated_at", "customer_id", "updated_at", "id"),
    Index("ix_conversations_status_ranked_at", "status", "ranked_at", "id"),
    Index("ix_conversations_status_updated_at", "status", "updated_at", "id"),
    Index("ix_conversations_assignee_id_updated_at", "assignee_id", "updated_at", "id"),
    Index("ix_conversations_status_snoozed_until", "status", "snoozed_until"),
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
    Column("state", String(16), nullable=False, server_default="complete"),
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
    Column("placement", JSON(none_as_null=True)),
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

# What customers asked to have done, and how far it came. Every change of state is also a line of action_entries.
actions = Table(
    "actions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("external_customer_id", String(200), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("order_number", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("payment", String(200)),
    Column("currency", String(3)),
    Column("amount_minor", BigInteger, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("proposed_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("confirmed_at", Instant),
    Column("approval", Text),
    Column("requested_by", ForeignKey("human_agents.id")),
    Column("approved_by", ForeignKey("human_agents.id")),
    Column("key", String(64), unique=True),
    Column("sent_at", Instant),
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),
    Column("receipt", String(200)),
    Column("note", Text, nullable=False),
    Index("ix_actions_conversation_id_seq", "conversation_id", "seq"),
    Index("ix_actions_due_at", "due_at"),
    Index("ix_actions_external_customer_id_confirmed_at", "external_customer_id", "confirmed_at"),
    Index("ix_actions_state_updated_at", "state", "updated_at"),
)

# Append-only: triggers refuse a change or a deletion.
action_entries = Table(
    "action_entries",
    metadata,
    Column("action_id", ForeignKey("actions.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("state", String(16), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("policy_version", String(64), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_id", String(64)),
    Column("at", Instant, nullable=False),
    Column("detail", Text, nullable=False),
)

# Which action holds a piece of an order: the primary key is what makes a second one for the same piece impossible.
action_pieces = Table(
    "action_pieces",
    metadata,
    Column("order_number", String(64), primary_key=True),
    Column("line", String(200), primary_key=True),
    Column("unit", Integer, primary_key=True, autoincrement=False),
    Column("action_id", ForeignKey("actions.id"), nullable=False),
    Index("ix_action_pieces_action_id", "action_id"),
)

# What goes back of each payment. The check is the last word: no code path, and no race, refunds more than came in.
payment_funds = Table(
    "payment_funds",
    metadata,
    Column("payment", String(200), primary_key=True),
    Column("currency", String(3), nullable=False),
    Column("captured_minor", BigInteger, nullable=False),
    Column("elsewhere_minor", BigInteger, nullable=False),
    Column("reserved_minor", BigInteger, nullable=False),
    Column("succeeded_minor", BigInteger, nullable=False),
    CheckConstraint("reserved_minor >= 0 AND succeeded_minor >= 0 AND elsewhere_minor >= 0", name="not_negative"),
    CheckConstraint("elsewhere_minor + reserved_minor + succeeded_minor <= captured_minor", name="within_captured"),
)

# Open while `lifted_at` is null: meanwhile no refund goes out without a person.
refund_freezes = Table(
    "refund_freezes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("reason", Text, nullable=False),
    Column("lifted_at", Instant),
    Column("lifted_by", ForeignKey("human_agents.id")),
)
