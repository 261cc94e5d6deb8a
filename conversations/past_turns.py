"""Turns that are over, with the messages that they saw: what a replay reads."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from conversations import tables
from conversations.database import Database
from conversations.model import ConversationId, Message, Turn, TurnId
from conversations.rows import message_of, turn_of

_m = tables.messages.c


class PastTurns:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def turn(self, turn_id: TurnId) -> Turn | None:
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.turns).where(tables.turns.c.id == turn_id))).one_or_none()
        return None if row is None else turn_of(row)

    async def messages(self, conversation_id: ConversationId, places: Sequence[int]) -> list[Message]:
        """The messages at these sequence numbers, in order, as far as they are there."""
        query = select(tables.messages).where(_m.conversation_id == conversation_id, _m.seq.in_(places))
        async with self._database.read() as connection:
            return [message_of(row) for row in await connection.execute(query.order_by(_m.seq))]

    async def reply(self, turn_id: TurnId) -> Message | None:
        """What the customer was told in the turn."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.messages).where(_m.turn_id == turn_id))).one_or_none()
        return None if row is None else message_of(row)
