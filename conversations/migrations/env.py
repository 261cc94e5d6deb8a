"""Alembic's entry: runs inside the transaction of the connection that `database.migrate` passes in."""

from __future__ import annotations

from alembic import context

from conversations.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
