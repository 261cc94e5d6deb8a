"""Conversations that are set aside wake up with the person who had them, or in the queue at their old place."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from conversations import tables
from conversations.change import Change
from conversations.database import Database
from conversations.lifecycle import Verb
from conversations.model import Actor, AuthorKind, ConversationId, HandoffState, Status

AT_ONCE = 100
_c = tables.conversations.c
_p = tables.human_agents.c


async def wake(change: Change, by: Actor) -> None:
    """Raises IllegalMove where it is not snoozed."""
    owner = await _owner(change)
    change.move(Verb.REOPEN, by, assignee=owner)
    if owner is None:
        await change.set_handoff(HandoffState.QUEUED)


async def due(database: Database, now: datetime) -> list[ConversationId]:
    """Those whose time has come, the longest overdue first."""
    query = select(_c.id).where(_c.status == Status.SNOOZED.value, _c.snoozed_until <= now)
    async with database.read() as connection:
        rows = await connection.execute(query.order_by(_c.snoozed_until).limit(AT_ONCE))
        return [row.id for row in rows]


async def _owner(change: Change) -> Actor | None:
    """Who had it, if they are still in the team."""
    if change.conversation.assignee_id is None:
        return None
    query = select(_p.id, _p.display_name).where(_p.id == change.conversation.assignee_id, _p.removed_at.is_(None))
    row = (await change.connection.execute(query)).one_or_none()
    return None if row is None else Actor(kind=AuthorKind.HUMAN_AGENT, id=row.id, display_name=row.display_name)
