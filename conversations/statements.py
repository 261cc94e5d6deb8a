"""The statements of the path that every message takes, built once: building them anew took longer than running them."""

from __future__ import annotations

from sqlalchemy import bindparam, func, insert, select, update

from conversations import tables
from conversations.model import HandoffState, MessageState, Status, TurnState

MESSAGE_BY_CLIENT_ID = select(tables.messages).where(
    tables.messages.c.conversation_id == bindparam("conversation"),
    tables.messages.c.client_message_id == bindparam("client_message"),
)
JOIN_WAITING_TURN = (
    update(tables.turns)
    .where(tables.turns.c.conversation_id == bindparam("conversation"))
    .where(tables.turns.c.state == TurnState.ACCEPTED.value)
    .values(through_seq=bindparam("through"))
    .returning(tables.turns.c.id)
)
TURN = select(tables.turns).where(tables.turns.c.id == bindparam("turn"))
MESSAGE_OF_TURN = select(tables.messages).where(tables.messages.c.turn_id == bindparam("turn"))
INSERT_MESSAGE = insert(tables.messages)
UPDATE_MESSAGE = update(tables.messages).where(tables.messages.c.id == bindparam("message"))
INTERRUPT_REPLY = (
    update(tables.messages)
    .where(tables.messages.c.turn_id == bindparam("turn"), tables.messages.c.state == MessageState.WRITING.value)
    .values(state=MessageState.INTERRUPTED.value)
    .returning(tables.messages.c.id)
)
INSERT_CITED = insert(tables.message_citations)
INSERT_TURN = insert(tables.turns)
INSERT_EVENT = insert(tables.events)
UPDATE_TURN = update(tables.turns).where(tables.turns.c.id == bindparam("turn"))
UPDATE_CONVERSATION = update(tables.conversations).where(tables.conversations.c.id == bindparam("conversation"))
LOCK_PERSON = select(tables.human_agents.c.id).where(tables.human_agents.c.id == bindparam("person")).with_for_update()
COUNT_OPEN_OF = select(func.count()).where(
    tables.conversations.c.assignee_id == bindparam("person"),
    tables.conversations.c.status == Status.ASSIGNED.value,
)
OPEN_HANDOFF = update(tables.handoffs).where(
    tables.handoffs.c.conversation_id == bindparam("conversation"),
    tables.handoffs.c.state.in_((HandoffState.QUEUED.value, HandoffState.ACCEPTED.value)),
)
OPEN_TURNS = select(tables.turns).where(
    tables.turns.c.conversation_id == bindparam("conversation"),
    tables.turns.c.state.in_((TurnState.ACCEPTED.value, TurnState.RUNNING.value)),
)
