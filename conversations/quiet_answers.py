"""Answers of the AI agent that nobody has said or done anything after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from conversations import tables
from conversations.database import Database
from conversations.model import AuthorKind, ConversationId, JsonObject, MessageId, MessageState, Status, TurnState
from conversations.ratings import Scale

AT_ONCE = 100
_c = tables.conversations.c
_m = tables.messages.c
_r = tables.ratings.c
_t = tables.turns.c


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietAnswer:
    """The last word in its conversation. `last_seq` tells whether anything has happened since it was read."""

    conversation_id: ConversationId
    owner_epoch: int
    last_seq: int
    message_id: MessageId
    request: str | None
    cites: bool
    trace: JsonObject


async def quiet_answers(database: Database, *, since: datetime, until: datetime) -> list[QuietAnswer]:
    """Of conversations with the AI agent that last changed in between, where "solved?" was not asked in the episode."""
    asked = select(_r.id).where(_r.conversation_id == _c.id, _r.episode == _c.episode, _r.scale == Scale.SOLVED.value)
    later = tables.messages.alias()
    wrote_later = select(later.c.id).where(later.c.conversation_id == _c.id, later.c.seq > _m.seq)
    other = tables.turns.alias()
    under_way = select(other.c.id).where(other.c.conversation_id == _c.id, other.c.finished_at.is_(None))
    query = (
        select(_c.id, _c.owner_epoch, _c.last_seq, _m.id.label("message_id"), _m.request, _m.citations, _t.trace)
        .join(tables.messages, and_(_m.conversation_id == _c.id, _m.author_kind == AuthorKind.AI_AGENT.value))
        .join(tables.turns, _t.id == _m.turn_id)
        .where(_c.status == Status.AUTOMATED.value, _c.updated_at > since, _c.updated_at <= until)
        .where(_m.state == MessageState.COMPLETE.value, _t.state == TurnState.ANSWERED.value)
        .where(~asked.exists(), ~wrote_later.exists(), ~under_way.exists())
        .limit(AT_ONCE)
    )
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        QuietAnswer(
            conversation_id=row.id,
            owner_epoch=row.owner_epoch,
            last_seq=row.last_seq,
            message_id=row.message_id,
            request=row.request,
            cites=bool(row.citations),
            trace=row.trace or {},
        )
        for row in rows
    ]
