"""When a snoozed conversation wakes, and an index of the words of every message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

# A message is indexed once, when it is whole: a reply that is being written changes many times.
_SQLITE = (
    "CREATE VIRTUAL TABLE message_search USING fts5("
    "text, message_id UNINDEXED, tokenize = 'unicode61 remove_diacritics 2')",
    "INSERT INTO message_search (text, message_id) SELECT text, id FROM messages WHERE state <> 'writing' ORDER BY created_at, id",
    "CREATE TRIGGER message_search_new AFTER INSERT ON messages WHEN new.state <> 'writing' BEGIN"
    " INSERT INTO message_search (text, message_id) VALUES (new.text, new.id); END",
    "CREATE TRIGGER message_search_whole AFTER UPDATE OF state ON messages"
    " WHEN old.state = 'writing' AND new.state <> 'writing' BEGIN"
    " INSERT INTO message_search (text, message_id) VALUES (new.text, new.id); END",
)
# Signs become spaces, as FTS5 has it: PostgreSQL's own parser keeps "NP-48213" and addresses together.
_SIGNS = "!\"#$&''()*+,-./;<=>?@[\\]^_`{|}~–—…“”„‘’«»"
_POSTGRESQL = (
    "CREATE TABLE message_search (place bigserial CONSTRAINT pk_message_search PRIMARY KEY,"
    " message_id varchar(64) NOT NULL, words tsvector NOT NULL)",
    "CREATE FUNCTION message_search_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE AS $$ SELECT"
    " to_tsvector('simple', translate(normalize(regexp_replace(normalize(lower(said), NFKD),"
    f" '[\\u0300-\\u036f]', '', 'g'), NFC), chr(37) || chr(58) || '{_SIGNS}', repeat(' ', 60))) $$",
    "INSERT INTO message_search (message_id, words) SELECT id, message_search_words(text) FROM messages"
    " WHERE state <> 'writing' ORDER BY created_at, id",
    "CREATE INDEX ix_message_search_words ON message_search USING gin (words)",
    "CREATE FUNCTION message_search_add() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " INSERT INTO message_search (message_id, words) VALUES (new.id, message_search_words(new.text));"
    " RETURN NULL; END $$",
    "CREATE TRIGGER message_search_new AFTER INSERT ON messages FOR EACH ROW"
    " WHEN (new.state <> 'writing') EXECUTE FUNCTION message_search_add()",
    "CREATE TRIGGER message_search_whole AFTER UPDATE OF state ON messages FOR EACH ROW"
    " WHEN (old.state = 'writing' AND new.state <> 'writing') EXECUTE FUNCTION message_search_add()",
)


def upgrade() -> None:
    op.add_column("conversations", sa.Column("snoozed_until", sa.BigInteger(), nullable=True))
    op.create_index("ix_conversations_status_snoozed_until", "conversations", ["status", "snoozed_until"])
    connection = op.get_bind()
    for statement in _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL:
        connection.exec_driver_sql(statement)


def downgrade() -> None:
    connection = op.get_bind()
    on_postgresql = connection.dialect.name != "sqlite"
    for trigger in ("message_search_new", "message_search_whole"):
        op.execute(f"DROP TRIGGER {trigger}{' ON messages' if on_postgresql else ''}")
    if on_postgresql:
        op.execute("DROP FUNCTION message_search_add()")
        op.execute("DROP FUNCTION message_search_words(text)")
    op.execute("DROP TABLE message_search")
    op.drop_index("ix_conversations_status_snoozed_until", "conversations")
    op.drop_column("conversations", "snoozed_until")
