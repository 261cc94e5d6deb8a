"""Actions, their append-only entries, the pieces of orders they hold, and what goes back of each payment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _actions()
    op.create_table(
        "action_entries",
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("policy_version", sa.String(length=64), nullable=False),
        sa.Column("actor_kind", sa.String(length=16), nullable=False),
        sa.Column("actor_id", sa.String(length=64), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_action_entries_action_id")),
        sa.PrimaryKeyConstraint("action_id", "n", name=op.f("pk_action_entries")),
    )
    op.create_table(
        "action_pieces",
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("line", sa.String(length=200), nullable=False),
        sa.Column("unit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("action_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_action_pieces_action_id")),
        sa.PrimaryKeyConstraint("order_number", "line", "unit", name=op.f("pk_action_pieces")),
    )
    op.create_index("ix_action_pieces_action_id", "action_pieces", ["action_id"])
    op.create_table(
        "payment_funds",
        sa.Column("payment", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("captured_minor", sa.BigInteger(), nullable=False),
        sa.Column("elsewhere_minor", sa.BigInteger(), nullable=False),
        sa.Column("reserved_minor", sa.BigInteger(), nullable=False),
        sa.Column("succeeded_minor", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "reserved_minor >= 0 AND succeeded_minor >= 0 AND elsewhere_minor >= 0",
            name=op.f("ck_payment_funds_not_negative"),
        ),
        sa.CheckConstraint(
            "elsewhere_minor + reserved_minor + succeeded_minor <= captured_minor",
            name=op.f("ck_payment_funds_within_captured"),
        ),
        sa.PrimaryKeyConstraint("payment", name=op.f("pk_payment_funds")),
    )
    op.create_table(
        "refund_freezes",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["lifted_by"], ["human_agents.id"], name=op.f("fk_refund_freezes_lifted_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_freezes")),
    )
    _refuse_changes()


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=64), nullable=False),
        sa.Column("external_customer_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("order_number", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("payment", sa.String(length=200), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("approval", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.String(length=64), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("receipt", sa.String(length=200), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=op.f("fk_actions_conversation_id")),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_actions_customer_id")),
        sa.ForeignKeyConstraint(["requested_by"], ["human_agents.id"], name=op.f("fk_actions_requested_by")),
        sa.ForeignKeyConstraint(["approved_by"], ["human_agents.id"], name=op.f("fk_actions_approved_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint("key", name=op.f("uq_actions_key")),
    )
    op.create_index("ix_actions_conversation_id_seq", "actions", ["conversation_id", "seq"])
    op.create_index("ix_actions_due_at", "actions", ["due_at"])
    op.create_index("ix_actions_external_customer_id_confirmed_at", "actions", ["external_customer_id", "confirmed_at"])
    op.create_index("ix_actions_state_updated_at", "actions", ["state", "updated_at"])


def _refuse_changes() -> None:
    """What an entry says stays said: not even a defect of ours can rewrite it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'entries of actions are never changed'; END $$"
        )
        op.execute(
            "CREATE TRIGGER action_entries_stay BEFORE UPDATE OR DELETE ON action_entries "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        return
    for what in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER action_entries_no_{what.lower()} BEFORE {what} ON action_entries "
            "BEGIN SELECT RAISE(ABORT, 'entries of actions are never changed'); END"
        )


def downgrade() -> None:
    for table in ("refund_freezes", "payment_funds", "action_pieces", "action_entries", "actions"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
