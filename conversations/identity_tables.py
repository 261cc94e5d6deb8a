"""The tables of the record that say who a customer was proven to be. Changing one needs a migration beside it."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from conversations.tables import Instant, metadata

# Codes sent to prove who a customer is. `external_id` is null where nobody was found: such a code fits nothing.
verification_codes = Table(
    "verification_codes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", ForeignKey("conversations.id"), nullable=False),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("external_id", String(200)),
    Column("address_hash", String(64), nullable=False),
    Column("code_hash", String(64), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_verification_codes_conversation_id_sent_at", "conversation_id", "sent_at"),
)

# Codes sent to an address or for a conversation, counted where nobody can count past the limit at the same time.
verification_counts = Table(
    "verification_counts",
    metadata,
    Column("counted", String(80), primary_key=True),
    Column("sent", Integer, nullable=False),
    Column("window_ends", Instant, nullable=False),
)

# Who entered the right code in which conversation. It counts there, for them and for that address only.
verifications = Table(
    "verifications",
    metadata,
    Column("conversation_id", ForeignKey("conversations.id"), primary_key=True),
    Column("customer_id", ForeignKey("customers.id"), nullable=False),
    Column("external_id", String(200), nullable=False),
    Column("address_hash", String(64), nullable=False),
    Column("verified_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_verifications_customer_id", "customer_id"),
)

identity_tokens = Table(
    "identity_tokens",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("expires_at", Instant, nullable=False),
    Index("ix_identity_tokens_expires_at", "expires_at"),
)
