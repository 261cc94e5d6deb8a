"""One change to one conversation: everything that happens in it commits together, with its events, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import lifecycle, tables
from conversations.events import INBOX, MESSAGE_POSTED, STATUS_CHANGED, TURN_FINISHED, TURNS
from conversations.lifecycle import Verb
from conversations.model import (
    Actor,
    AuthorKind,
    Citation,
    Conversation,
    HandoffId,
    HandoffReason,
    HandoffState,
    HumanAgentId,
    JsonObject,
    Message,
    MessageId,
    Status,
    Turn,
    TurnId,
    TurnState,
    Visibility,
)
from conversations.rows import message_of, message_values, turn_of

TURN_DEADLINE = timedelta(seconds=90)
"""From the customer's message to an answer or a handoff, whatever crashes in between."""

SUBJECT_LENGTH = 120
_OPEN_TURNS = (TurnState.ACCEPTED.value, TurnState.RUNNING.value)
_OPEN_HANDOFFS = (HandoffState.QUEUED.value, HandoffState.ACCEPTED.value)

# Statements of the path that every message takes are built once: building them anew took longer than running them.
_MESSAGE_BY_CLIENT_ID = select(tables.messages).where(
    tables.messages.c.conversation_id == bindparam("conversation"),
    tables.messages.c.client_message_id == bindparam("client_message"),
)
_JOIN_WAITING_TURN = (
    update(tables.turns)
    .where(tables.turns.c.conversation_id == bindparam("conversation"))
    .where(tables.turns.c.state == TurnState.ACCEPTED.value)
    .values(through_seq=bindparam("through"))
    .returning(tables.turns.c.id)
)
_TURN = select(tables.turns).where(tables.turns.c.id == bindparam("turn"))
_INSERT_MESSAGE = insert(tables.messages)
_INSERT_CITED = insert(tables.message_citations)
_INSERT_TURN = insert(tables.turns)
_INSERT_EVENT = insert(tables.events)
_UPDATE_TURN = update(tables.turns).where(tables.turns.c.id == bindparam("turn"))
_UPDATE_CONVERSATION = update(tables.conversations).where(tables.conversations.c.id == bindparam("conversation"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """What an author adds to a conversation; the change gives it its id, place and time."""

    author: Actor
    text: str
    visibility: Visibility = Visibility.PUBLIC
    client_message_id: str | None = None
    turn_id: TurnId | None = None
    citations: tuple[Citation, ...] = ()
    request: str | None = None


class Change:
    """The locked conversation and what may be done to it. Made by `ConversationStore.change` only."""

    def __init__(
        self, connection: AsyncConnection, conversation: Conversation, *, now: datetime, new_id: Callable[[], str]
    ) -> None:
        self._connection = connection
        self._now = now
        self._new_id = new_id
        self._before = conversation
        self._events: list[dict[str, object]] = []
        self.conversation = conversation
        self.topics: set[str] = set()

    @property
    def now(self) -> datetime:
        return self._now

    async def message_by_client_id(self, client_message_id: str) -> Message | None:
        asked = {"conversation": self.conversation.id, "client_message": client_message_id}
        row = (await self._connection.execute(_MESSAGE_BY_CLIENT_ID, asked)).one_or_none()
        return None if row is None else message_of(row)

    async def last_public_message(self) -> Message | None:
        m = tables.messages.c
        query = select(tables.messages).where(
            m.conversation_id == self.conversation.id, m.visibility == Visibility.PUBLIC.value
        )
        row = (await self._connection.execute(query.order_by(m.seq.desc()).limit(1))).one_or_none()
        return None if row is None else message_of(row)

    async def post(self, new: NewMessage) -> Message:
        """Append a message with its event. A new public customer message also names a conversation without subject."""
        public = new.visibility is Visibility.PUBLIC
        message = Message(
            id=MessageId(self._new_id()),
            conversation_id=self.conversation.id,
            seq=self.conversation.last_seq + 1,
            episode=self.conversation.episode,
            author=new.author,
            visibility=new.visibility,
            text=new.text,
            created_at=self._now,
            client_message_id=new.client_message_id,
            turn_id=new.turn_id,
            citations=new.citations,
            request=new.request,
        )
        await self._connection.execute(_INSERT_MESSAGE, message_values(message))
        cited = {citation.article_id for citation in new.citations}
        if cited:
            rows = [{"message_id": message.id, "article_id": one, "cited_at": self._now} for one in sorted(cited)]
            await self._connection.execute(_INSERT_CITED, rows)
        self.record(MESSAGE_POSTED, public=public, data={"message_id": message.id})
        if new.author.kind is AuthorKind.CUSTOMER and self.conversation.subject is None:
            self.conversation = replace(self.conversation, subject=new.text[:SUBJECT_LENGTH])
        return message

    def record(self, kind: str, *, public: bool, data: JsonObject) -> int:
        """Append one event; its sequence number follows the last one without a gap."""
        seq = self.conversation.last_seq + 1
        self._events.append(
            {
                "conversation_id": self.conversation.id,
                "seq": seq,
                "kind": kind,
                "public": public,
                "at": self._now,
                "data": data,
            }
        )
        self.conversation = replace(self.conversation, last_seq=seq, updated_at=self._now)
        return seq

    def move(self, verb: Verb, by: Actor, *, assignee: Actor | None = None, reason: str | None = None) -> None:
        """Make a legal move, raise the owner epoch and record it. Raises IllegalMove.

        The place in the queue (`queued_at`) survives claim and release and ends with return_to_ai and resolve.
        """
        was = self.conversation
        status = lifecycle.target(verb, was.status, by.kind)
        queued_at = was.queued_at
        if status is Status.QUEUED and queued_at is None:
            queued_at = self._now
        if status in (Status.AUTOMATED, Status.RESOLVED):
            queued_at = None
        reopened_by_customer = verb is Verb.REOPEN and was.status is Status.RESOLVED and by.kind is AuthorKind.CUSTOMER
        self.conversation = replace(
            was,
            status=status,
            owner_epoch=was.owner_epoch + 1,
            episode=was.episode + (1 if reopened_by_customer else 0),
            assignee_id=HumanAgentId(assignee.id) if assignee and assignee.id else None,
            queued_at=queued_at,
        )
        self.record(
            STATUS_CHANGED,
            public=True,
            data={
                "verb": verb.value,
                "from": was.status.value,
                "to": status.value,
                "owner_epoch": self.conversation.owner_epoch,
                "episode": self.conversation.episode,
                "by": {"kind": by.kind.value, "id": by.id, "display_name": by.display_name},
                "assignee": {"id": assignee.id, "display_name": assignee.display_name} if assignee else None,
                "reason": reason,
            },
        )
        self.topics.add(INBOX)

    async def accept_turn(self) -> TurnId:
        """The turn that will answer what the customer wrote: the one already waiting, or a new one."""
        # Written into the turn: a runner on PostgreSQL that leases it now does not see the new message yet.
        joining = {"conversation": self.conversation.id, "through": self.conversation.last_seq}
        waiting = (await self._connection.execute(_JOIN_WAITING_TURN, joining)).scalar_one_or_none()
        self.topics.add(TURNS)
        if waiting is not None:
            return TurnId(waiting)
        turn_id = TurnId(self._new_id())
        await self._connection.execute(
            _INSERT_TURN,
            {
                "id": turn_id,
                "conversation_id": self.conversation.id,
                "state": TurnState.ACCEPTED.value,
                "episode": self.conversation.episode,
                "owner_epoch": self.conversation.owner_epoch,
                "fence": 0,
                "through_seq": self.conversation.last_seq,
                "attempts": 0,
                "accepted_at": self._now,
                "deadline_at": self._now + TURN_DEADLINE,
            },
        )
        return turn_id

    async def still_running(self, turn: Turn) -> bool:
        """Whether `turn`, as leased, may still write: newest fence, same owner epoch, AI agent in charge."""
        if self.conversation.status is not Status.AUTOMATED or self.conversation.owner_epoch != turn.owner_epoch:
            return False
        row = (await self._connection.execute(_TURN, {"turn": turn.id})).one_or_none()
        return row is not None and row.state == TurnState.RUNNING.value and row.fence == turn.fence

    async def finish_turn(self, turn_id: TurnId, state: TurnState, trace: JsonObject) -> None:
        await self._connection.execute(
            _UPDATE_TURN,
            {"turn": turn_id, "state": state.value, "finished_at": self._now, "lease_until": None, "trace": trace},
        )
        self.record(TURN_FINISHED, public=False, data={"turn_id": turn_id, "state": state.value})

    async def end_open_turns(self, why: str) -> None:
        """A person took over: whatever the AI agent was about to say is not said, and no turn stays open.

        These turns answered nothing: what they were about is still open when the person returns the conversation.
        """
        rows = (
            await self._connection.execute(
                select(tables.turns).where(
                    tables.turns.c.conversation_id == self.conversation.id, tables.turns.c.state.in_(_OPEN_TURNS)
                )
            )
        ).all()
        for turn in map(turn_of, rows):
            await self._connection.execute(_UPDATE_TURN, {"turn": turn.id, "through_seq": None})
            await self.finish_turn(turn.id, TurnState.HANDED_OFF, {"detail": why})

    async def start_handoff(self, *, reason: HandoffReason, detail: str, brief: JsonObject) -> HandoffId:
        handoff_id = HandoffId(self._new_id())
        await self._connection.execute(
            insert(tables.handoffs).values(
                id=handoff_id,
                conversation_id=self.conversation.id,
                episode=self.conversation.episode,
                state=HandoffState.QUEUED.value,
                reason=reason.value,
                detail=detail,
                brief=brief,
                queued_at=self._now,
            )
        )
        return handoff_id

    async def set_handoff(self, state: HandoffState, *, accepted_by: HumanAgentId | None = None) -> None:
        """Advance the open handoff, if there is one; QUEUED puts it back, keeping its old place."""
        values: dict[str, object] = {"state": state.value}
        if state is HandoffState.ACCEPTED:
            values |= {"accepted_at": self._now, "accepted_by": accepted_by}
        if state in (HandoffState.RETURNED, HandoffState.RESOLVED):
            values |= {"finished_at": self._now}
        await self._connection.execute(
            update(tables.handoffs)
            .where(
                tables.handoffs.c.conversation_id == self.conversation.id,
                tables.handoffs.c.state.in_(_OPEN_HANDOFFS),
            )
            .values(**values)
        )

    async def flush(self) -> None:
        """Write the events and the conversation's row; called once, just before the commit."""
        if self.conversation == self._before:
            return
        if self._events:
            await self._connection.execute(_INSERT_EVENT, self._events)
        c = self.conversation
        await self._connection.execute(
            _UPDATE_CONVERSATION,
            {
                "conversation": c.id,
                "status": c.status.value,
                "owner_epoch": c.owner_epoch,
                "episode": c.episode,
                "assignee_id": c.assignee_id,
                "subject": c.subject,
                "last_seq": c.last_seq,
                "updated_at": c.updated_at,
                "queued_at": c.queued_at,
            },
        )
        self.topics.add(c.id)
        if self._before.status is not Status.AUTOMATED or c.status is not Status.AUTOMATED:
            self.topics.add(INBOX)
