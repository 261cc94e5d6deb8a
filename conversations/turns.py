"""The queue of turns: who may run which turn now. The database is the queue; wake-ups only say "look".

A lease names its holder by a fencing token: a runner that was thought dead and comes back cannot finish its turn.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from conversations import tables
from conversations.database import Database
from conversations.model import ConversationId, Turn, TurnState
from conversations.rows import turn_of

LEASE = timedelta(seconds=10)
"""How long a silent runner keeps its turn; a living one extends it every LEASE / 3."""

_t = tables.turns.c


def _lease() -> ReturningUpdate[tuple[Any, ...]]:
    running = tables.turns.alias("running")
    busy = exists().where(running.c.conversation_id == _t.conversation_id, running.c.state == TurnState.RUNNING.value)
    ready = or_(
        and_(_t.state == TurnState.ACCEPTED.value, ~busy),
        and_(_t.state == TurnState.RUNNING.value, _t.lease_until < bindparam("now", type_=tables.Instant)),
    )
    oldest = select(_t.id).where(ready).order_by(_t.accepted_at, _t.id).limit(1).with_for_update(skip_locked=True)
    conversation = tables.conversations.c
    # The epoch at which the AI agent starts; a person who takes over raises it and the reply is refused.
    epoch = select(conversation.owner_epoch).where(conversation.id == _t.conversation_id).scalar_subquery()
    newest = select(conversation.last_seq).where(conversation.id == _t.conversation_id).scalar_subquery()
    # At its first lease a turn takes in all that is there; a message that joined it just now may not be seen yet.
    taken_over = _t.state == TurnState.RUNNING.value
    through = case((or_(taken_over, _t.through_seq > newest), _t.through_seq), else_=newest)
    return (
        update(tables.turns)
        .where(_t.id == oldest.scalar_subquery())
        .values(
            state=TurnState.RUNNING.value,
            owner_epoch=epoch,
            fence=_t.fence + 1,
            through_seq=through,
            attempts=_t.attempts + 1,
            lease_until=bindparam("until", type_=tables.Instant),
        )
        .returning(tables.turns)
    )


_LEASE = _lease()


class TurnQueue:
    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def lease(self) -> Turn | None:
        """Take the oldest turn that waits, or whose runner fell silent; None where there is nothing to do.

        A conversation with a living runner keeps its next turn waiting.
        """
        now = self._clock()
        values = {"now": now, "until": now + LEASE}
        async with self._database.write() as connection:
            row = (await connection.execute(_LEASE, values)).one_or_none()
        return None if row is None else turn_of(row)

    async def answered_through(self, conversation_id: ConversationId) -> int:
        """The sequence number up to which finished turns have answered the customer; 0 where none has."""
        query = select(func.max(_t.through_seq)).where(
            _t.conversation_id == conversation_id, _t.finished_at.is_not(None)
        )
        async with self._database.read() as connection:
            return await connection.scalar(query) or 0

    async def extend(self, turn: Turn) -> bool:
        """Keep the lease of a turn that is still being worked on; False when somebody else has it now."""
        async with self._database.write() as connection:
            result = await connection.execute(
                update(tables.turns)
                .where(_t.id == turn.id, _t.fence == turn.fence, _t.state == TurnState.RUNNING.value)
                .values(lease_until=self._clock() + LEASE)
            )
            return result.rowcount == 1
