"""The conversation store: the only way to read and change conversations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import ColumnElement, and_, bindparam, func, insert, or_, select, true
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.change import Change
from conversations.database import Database
from conversations.events import BETWEEN_MESSAGES, MESSAGE_CHANGED, Bus
from conversations.inbox_views import Asking, condition
from conversations.inbox_views import View as View
from conversations.model import (
    AuthorKind,
    Conversation,
    ConversationId,
    CustomerId,
    Event,
    Handoff,
    HandoffState,
    HumanAgentId,
    JsonObject,
    Message,
    Status,
    TurnId,
    Visibility,
)
from conversations.pages import Page, decode_cursor, encode_cursor
from conversations.rows import conversation_of, event_of, handoff_of, message_of
from conversations.tags import tagged

_c = tables.conversations.c
_m = tables.messages.c

MOVES_SHOWN = 200
"""More than a page of messages ever has between them, unless two people play with the buttons."""
_LOCKED = select(tables.conversations).where(_c.id == bindparam("conversation")).with_for_update()


class ConversationNotFound(Exception):
    """No such conversation, or not this customer's: the two are told apart nowhere."""


class StaleConversation(Exception):
    """The owner epoch has moved on: somebody changed the conversation first."""


class ConversationStore:
    def __init__(
        self, database: Database, bus: Bus, *, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._new_id = new_id

    async def start(self, customer_id: CustomerId, client_conversation_id: str) -> Conversation:
        """The customer's conversation with this client id, made now if it is new."""
        try:
            return await self._start(customer_id, client_conversation_id)
        except IntegrityError:  # the same request came twice at once; the other one has made it
            return await self._start(customer_id, client_conversation_id)

    async def _start(self, customer_id: CustomerId, client_conversation_id: str) -> Conversation:
        async with self._database.write() as connection:
            existing = (
                await connection.execute(
                    select(tables.conversations).where(
                        _c.customer_id == customer_id, _c.client_conversation_id == client_conversation_id
                    )
                )
            ).one_or_none()
            if existing is not None:
                return conversation_of(existing)
            now = self._clock()
            row = (
                await connection.execute(
                    insert(tables.conversations)
                    .values(
                        id=self._new_id(),
                        customer_id=customer_id,
                        client_conversation_id=client_conversation_id,
                        status=Status.AUTOMATED.value,
                        owner_epoch=1,
                        episode=1,
                        last_seq=0,
                        created_at=now,
                        updated_at=now,
                    )
                    .returning(tables.conversations)
                )
            ).one()
            return conversation_of(row)

    @asynccontextmanager
    async def change(
        self,
        conversation_id: ConversationId,
        *,
        customer_id: CustomerId | None = None,
        owner_epoch: int | None = None,
    ) -> AsyncIterator[Change]:
        """Lock the conversation, change it, commit with its events, then wake whoever listens.

        With `customer_id`, another customer's conversation is ConversationNotFound; with `owner_epoch`, one that
        has moved on is StaleConversation. Raising inside the block undoes everything.
        """
        async with self._database.write() as connection:
            row = (await connection.execute(_LOCKED, {"conversation": conversation_id})).one_or_none()
            if row is None or (customer_id is not None and row.customer_id != customer_id):
                raise ConversationNotFound(conversation_id)
            conversation = conversation_of(row)
            if owner_epoch is not None and conversation.owner_epoch != owner_epoch:
                raise StaleConversation(conversation_id)
            change = Change(connection, conversation, now=self._clock(), new_id=self._new_id)
            yield change
            await change.flush()
        for topic in change.topics:
            self._bus.wake(topic)

    async def conversation(
        self, conversation_id: ConversationId, *, customer_id: CustomerId | None = None
    ) -> Conversation:
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.conversations).where(_c.id == conversation_id))).one_or_none()
        if row is None or (customer_id is not None and row.customer_id != customer_id):
            raise ConversationNotFound(conversation_id)
        return conversation_of(row)

    async def some(self, conversation_ids: Sequence[ConversationId]) -> list[Conversation]:
        """Those of them that there are, in any order."""
        query = select(tables.conversations).where(_c.id.in_(conversation_ids))
        async with self._database.read() as connection:
            return [conversation_of(row) for row in await connection.execute(query)]

    async def conversations_of(self, customer_id: CustomerId, *, limit: int, cursor: str | None) -> Page[Conversation]:
        """One customer's conversations that have a message, newest change first."""
        where = and_(_c.customer_id == customer_id, _c.last_seq > 0)
        return await self._newest_first(where, limit=limit, cursor=cursor)

    async def inbox(
        self,
        view: View,
        *,
        human_agent_id: HumanAgentId,
        limit: int,
        cursor: str | None,
        teams: Collection[str] = (),
        tag: str | None = None,
    ) -> Page[Conversation]:
        """A list of the console: the queue by whose turn it is, everything else by newest change; of a tag, if any."""
        narrowed = true() if tag is None else tagged(tag)
        if view is not View.QUEUE:
            asking = Asking(human_agent_id=human_agent_id, now=self._clock(), teams=teams)
            return await self._newest_first(and_(condition(view, asking), narrowed), limit=limit, cursor=cursor)
        query = select(tables.conversations).where(_c.status == Status.QUEUED.value, narrowed)
        if cursor is not None:
            at, row_id = decode_cursor(cursor)
            query = query.where(or_(_c.ranked_at > at, and_(_c.ranked_at == at, _c.id > row_id)))
        query = query.order_by(_c.ranked_at, _c.id).limit(limit + 1)
        async with self._database.read() as connection:
            found = [conversation_of(row) for row in (await connection.execute(query)).all()]
        last = found[limit - 1] if len(found) > limit else None
        next_cursor = encode_cursor(last.ranked_at, last.id) if last and last.ranked_at else None
        return Page(items=found[:limit], next_cursor=next_cursor)

    async def inbox_counts(self, human_agent_id: HumanAgentId, teams: Collection[str] = ()) -> dict[View, int]:
        asking = Asking(human_agent_id=human_agent_id, now=self._clock(), teams=teams)
        async with self._database.read() as connection:
            by_status = {
                row.status: row.n
                for row in await connection.execute(
                    select(_c.status, func.count().label("n")).where(_c.last_seq > 0).group_by(_c.status)
                )
            }
            of_some = {
                view: await connection.scalar(select(func.count()).where(condition(view, asking))) or 0
                for view in (View.MINE, View.TEAM, View.AT_RISK)
            }
        resolved = by_status.get(Status.RESOLVED.value, 0)
        return of_some | {
            View.QUEUE: by_status.get(Status.QUEUED.value, 0),
            View.SNOOZED: by_status.get(Status.SNOOZED.value, 0),
            View.OPEN: sum(by_status.values()) - resolved,
            View.AUTOMATED: by_status.get(Status.AUTOMATED.value, 0),
            View.RESOLVED: resolved,
        }

    async def messages(
        self,
        conversation_id: ConversationId,
        *,
        limit: int,
        before: int | None = None,
        public_only: bool = False,
        episode: int | None = None,
    ) -> list[Message]:
        """The newest `limit` messages below sequence number `before`, oldest first."""
        query = select(tables.messages).where(_m.conversation_id == conversation_id)
        if before is not None:
            query = query.where(_m.seq < before)
        if public_only:
            query = query.where(_m.visibility == Visibility.PUBLIC.value)
        if episode is not None:
            query = query.where(_m.episode == episode)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(_m.seq.desc()).limit(limit))).all()
        return [message_of(row) for row in reversed(rows)]

    async def message(self, conversation_id: ConversationId, message_id: str) -> Message | None:
        query = select(tables.messages).where(_m.conversation_id == conversation_id, _m.id == message_id)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else message_of(row)

    async def events(
        self, conversation_id: ConversationId, *, after: int, limit: int, public_only: bool
    ) -> list[tuple[Event, Message | None]]:
        """Events above sequence number `after`, in order, each with the message it announces, as it is now."""
        e = tables.events.c
        query = select(tables.events).where(e.conversation_id == conversation_id, e.seq > after)
        if public_only:
            query = query.where(e.public)
        async with self._database.read() as connection:
            events = [event_of(row) for row in await connection.execute(query.order_by(e.seq).limit(limit))]
            if not events:
                return []
            changed = {str(event.data["message_id"]) for event in events if event.kind == MESSAGE_CHANGED}
            posted = and_(_m.seq >= events[0].seq, _m.seq <= events[-1].seq)
            wanted = or_(posted, _m.id.in_(changed)) if changed else posted
            rows = await connection.execute(
                select(tables.messages).where(_m.conversation_id == conversation_id, wanted)
            )
            messages = [message_of(row) for row in rows]
        by_seq: dict[object, Message] = {message.seq: message for message in messages}
        by_id: dict[object, Message] = {message.id: message for message in messages}
        return [
            (event, by_id.get(event.data["message_id"]) if event.kind == MESSAGE_CHANGED else by_seq.get(event.seq))
            for event in events
        ]

    async def reply_of(self, turn_id: TurnId) -> Message | None:
        """What the AI agent has said in the turn so far."""
        async with self._database.read() as connection:
            row = (await connection.execute(select(tables.messages).where(_m.turn_id == turn_id))).one_or_none()
        return None if row is None else message_of(row)

    async def moves(
        self, conversation_id: ConversationId, *, after: int, before: int | None, public_only: bool
    ) -> list[Event]:
        """What happened between messages, by sequence number: above `after`, below `before`; at most the newest 200."""
        e = tables.events.c
        query = select(tables.events).where(
            e.conversation_id == conversation_id,
            e.seq > after,
            e.kind.in_(BETWEEN_MESSAGES),
        )
        if before is not None:
            query = query.where(e.seq < before)
        if public_only:
            query = query.where(e.public)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(e.seq.desc()).limit(MOVES_SHOWN))).all()
        return [event_of(row) for row in reversed(rows)]

    async def last_messages(
        self, conversation_ids: Sequence[ConversationId], *, by: AuthorKind | None = None
    ) -> dict[ConversationId, Message]:
        """The newest public message of each conversation, or the newest one `by` somebody, for previews."""
        where = and_(_m.conversation_id.in_(conversation_ids), _m.visibility == Visibility.PUBLIC.value)
        if by is not None:
            where = and_(where, _m.author_kind == by.value)
        newest = (
            select(_m.conversation_id, func.max(_m.seq).label("seq"))
            .where(where)
            .group_by(_m.conversation_id)
            .subquery()
        )
        query = select(tables.messages).join(
            newest, and_(_m.conversation_id == newest.c.conversation_id, _m.seq == newest.c.seq)
        )
        async with self._database.read() as connection:
            found = [message_of(row) for row in await connection.execute(query)]
        return {message.conversation_id: message for message in found}

    async def unanswered(self, assignees: Sequence[HumanAgentId], *, before: datetime) -> list[Conversation]:
        """Conversations that these people have had since `before`, while their customers have waited for a person."""
        newest = select(_m.conversation_id, func.max(_m.seq).label("seq")).where(
            _m.visibility == Visibility.PUBLIC.value
        )
        newest_of = newest.group_by(_m.conversation_id).subquery()
        h = tables.handoffs.c
        query = (
            select(tables.conversations)
            .join(newest_of, newest_of.c.conversation_id == _c.id)
            .join(tables.messages, and_(_m.conversation_id == _c.id, _m.seq == newest_of.c.seq))
            .outerjoin(tables.handoffs, and_(h.conversation_id == _c.id, h.state == HandoffState.ACCEPTED.value))
            .where(_c.assignee_id.in_(assignees), _c.status == Status.ASSIGNED.value)
            .where(_m.author_kind != AuthorKind.HUMAN_AGENT.value, _m.created_at <= before)
            .where(or_(h.accepted_at.is_(None), h.accepted_at <= before))
        )
        async with self._database.read() as connection:
            return [conversation_of(row) for row in await connection.execute(query)]

    async def latest_handoffs(self, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, Handoff]:
        """The newest handoff of each conversation that has one."""
        h = tables.handoffs.c
        query = select(tables.handoffs).where(h.conversation_id.in_(conversation_ids)).order_by(h.queued_at, h.id)
        async with self._database.read() as connection:
            found = [handoff_of(row) for row in await connection.execute(query)]
        return {handoff.conversation_id: handoff for handoff in found}

    async def traces(self, turn_ids: Sequence[TurnId]) -> dict[TurnId, JsonObject]:
        """What the AI agent recorded for these turns; turns without a trace are left out."""
        if not turn_ids:
            return {}
        query = select(tables.turns.c.id, tables.turns.c.trace).where(tables.turns.c.id.in_(turn_ids))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {TurnId(row.id): row.trace for row in rows if row.trace is not None}

    async def latest_traces(self, *, limit: int) -> list[JsonObject]:
        """What the AI agent recorded for the turns that ended last, newest first."""
        ended = tables.turns.c.finished_at
        query = select(tables.turns.c.trace).where(ended.is_not(None)).order_by(ended.desc()).limit(limit)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [row.trace for row in rows if row.trace is not None]

    async def _newest_first(self, where: ColumnElement[bool], *, limit: int, cursor: str | None) -> Page[Conversation]:
        query = select(tables.conversations).where(where)
        if cursor is not None:
            at, row_id = decode_cursor(cursor)
            query = query.where(or_(_c.updated_at < at, and_(_c.updated_at == at, _c.id < row_id)))
        query = query.order_by(_c.updated_at.desc(), _c.id.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            found = [conversation_of(row) for row in await connection.execute(query)]
        last = found[limit - 1] if len(found) > limit else None
        return Page(items=found[:limit], next_cursor=encode_cursor(last.updated_at, last.id) if last else None)
