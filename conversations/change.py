"""One change to one conversation: everything that happens in it commits together, with its events, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import deliveries, lifecycle, statements, tables, webhooks
from conversations.deliveries import NewDelivery
from conversations.events import (
    DELIVERIES,
    INBOX,
    MESSAGE_CHANGED,
    MESSAGE_POSTED,
    STATUS_CHANGED,
    TURN_FINISHED,
    TURNS,
)
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
    MessageState,
    Status,
    Turn,
    TurnId,
    TurnState,
    Visibility,
)
from conversations.rows import conversation_values, message_of, message_values, turn_of

TURN_DEADLINE = timedelta(seconds=90)
"""From the customer's message to an answer or a handoff, whatever crashes in between."""

SUBJECT_LENGTH = 120


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
    state: MessageState = MessageState.COMPLETE


class Change:
    """The locked conversation and what may be done to it. Made by `ConversationStore.change` only."""

    def __init__(
        self, connection: AsyncConnection, conversation: Conversation, *, now: datetime, new_id: Callable[[], str]
    ) -> None:
        self._connection = connection
        self._now = now
        self._make_id = new_id
        self._before = conversation
        self._events: list[dict[str, object]] = []
        self.conversation = conversation
        self.topics: set[str] = set()

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def connection(self) -> AsyncConnection:
        """For what another package's store writes in the same transaction."""
        return self._connection

    def new_id(self) -> str:
        return self._make_id()

    async def message_by_client_id(self, client_message_id: str) -> Message | None:
        asked = {"conversation": self.conversation.id, "client_message": client_message_id}
        row = (await self._connection.execute(statements.MESSAGE_BY_CLIENT_ID, asked)).one_or_none()
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
            id=MessageId(self.new_id()),
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
            state=new.state,
        )
        await self._connection.execute(statements.INSERT_MESSAGE, message_values(message))
        await self._note_citing(message.id, {citation.article_id for citation in new.citations})
        self.record(MESSAGE_POSTED, public=public, data={"message_id": message.id})
        if new.author.kind is AuthorKind.CUSTOMER and self.conversation.subject is None:
            self.conversation = replace(self.conversation, subject=new.text[:SUBJECT_LENGTH])
        return message

    async def reply_of(self, turn_id: TurnId) -> Message | None:
        """What the AI agent has said in the turn so far."""
        row = (await self._connection.execute(statements.MESSAGE_OF_TURN, {"turn": turn_id})).one_or_none()
        return None if row is None else message_of(row)

    async def rewrite(self, shown: Message, new: NewMessage) -> Message:
        """Put `new` in the place of a reply that is being written. Only what was shown may stand before the rest."""
        grown = replace(shown, text=new.text, citations=new.citations, request=new.request, state=new.state)
        values = message_values(grown)
        changed = {name: values[name] for name in ("text", "citations", "request", "state")}
        await self._connection.execute(statements.UPDATE_MESSAGE, {"message": shown.id, **changed})
        before, now = ({citation.article_id for citation in one.citations} for one in (shown, grown))
        await self._note_citing(shown.id, now - before)
        self.record(MESSAGE_CHANGED, public=True, data={"message_id": shown.id})
        return grown

    async def _interrupt_reply(self, turn_id: TurnId) -> None:
        """What was being written stays as the customer saw it, and says that it is not whole."""
        interrupted = (
            await self._connection.execute(statements.INTERRUPT_REPLY, {"turn": turn_id})
        ).scalar_one_or_none()
        if interrupted is not None:
            self.record(MESSAGE_CHANGED, public=True, data={"message_id": interrupted})

    async def _note_citing(self, message_id: MessageId, cited: set[str]) -> None:
        rows = [{"message_id": message_id, "article_id": one, "cited_at": self._now} for one in sorted(cited)]
        if rows:
            await self._connection.execute(statements.INSERT_CITED, rows)

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
        status = lifecycle.target(verb, was.status, by.kind, owned=assignee is not None)
        queued_at, ranked_at = was.queued_at, was.ranked_at
        if status is Status.QUEUED and queued_at is None:
            queued_at = ranked_at = self._now
        if status in (Status.AUTOMATED, Status.RESOLVED):
            queued_at = ranked_at = None
        # Whoever sets it aside gets it back.
        kept = was.assignee_id if status is Status.SNOOZED else None
        until = was.snoozed_until if status is Status.SNOOZED else None
        reopened_by_customer = verb is Verb.REOPEN and was.status is Status.RESOLVED and by.kind is AuthorKind.CUSTOMER
        self.conversation = replace(
            was,
            status=status,
            owner_epoch=was.owner_epoch + 1,
            episode=was.episode + (1 if reopened_by_customer else 0),
            assignee_id=HumanAgentId(assignee.id) if assignee and assignee.id else kept,
            snoozed_until=until,
            queued_at=queued_at,
            ranked_at=ranked_at,
            ai_meanwhile=False,
            reply_by_email=None if status is Status.AUTOMATED else was.reply_by_email,
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
                "until": until.isoformat() if until else None,
            },
        )
        self.topics.add(INBOX)

    async def accept_turn(self) -> TurnId:
        """The turn that will answer what the customer wrote: the one already waiting, or a new one."""
        # Written into the turn: a runner on PostgreSQL that leases it now does not see the new message yet.
        joining = {"conversation": self.conversation.id, "through": self.conversation.last_seq}
        waiting = (await self._connection.execute(statements.JOIN_WAITING_TURN, joining)).scalar_one_or_none()
        self.topics.add(TURNS)
        if waiting is not None:
            return TurnId(waiting)
        turn_id = TurnId(self.new_id())
        await self._connection.execute(
            statements.INSERT_TURN,
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
        if not self.conversation.ai_answers or self.conversation.owner_epoch != turn.owner_epoch:
            return False
        row = (await self._connection.execute(statements.TURN, {"turn": turn.id})).one_or_none()
        return row is not None and row.state == TurnState.RUNNING.value and row.fence == turn.fence

    async def finish_turn(self, turn_id: TurnId, state: TurnState, trace: JsonObject) -> None:
        """End the turn; a reply that is still being written ends with it, unfinished."""
        await self._interrupt_reply(turn_id)
        await self._connection.execute(
            statements.UPDATE_TURN,
            {"turn": turn_id, "state": state.value, "finished_at": self._now, "lease_until": None, "trace": trace},
        )
        self.record(TURN_FINISHED, public=False, data={"turn_id": turn_id, "state": state.value})

    async def end_open_turns(self, why: str) -> None:
        """A person took over: whatever the AI agent was about to say is not said, and no turn stays open.

        These turns answered nothing: what they were about is still open when the person returns the conversation.
        """
        theirs = {"conversation": self.conversation.id}
        rows = (await self._connection.execute(statements.OPEN_TURNS, theirs)).all()
        for turn in map(turn_of, rows):
            await self._connection.execute(statements.UPDATE_TURN, {"turn": turn.id, "through_seq": None})
            await self.finish_turn(turn.id, TurnState.HANDED_OFF, {"detail": why})

    def snooze(self, by: Actor, until: datetime | None) -> None:
        """Set it aside until then, or until its customer writes."""
        self.conversation = replace(self.conversation, snoozed_until=until)
        self.move(Verb.SNOOZE, by)

    def place(self, team: str | None, ranked_at: datetime) -> None:
        """Whose queue it waits in, and where in it."""
        self.conversation = replace(self.conversation, team=team, ranked_at=ranked_at)

    def wait_elsewhere(self, *, reply_by_email: str | None, ai_meanwhile: bool) -> None:
        """What the customer chose to do instead of waiting here. The place in the queue stays."""
        self.conversation = replace(self.conversation, reply_by_email=reply_by_email, ai_meanwhile=ai_meanwhile)

    async def deliver(self, new: NewDelivery) -> None:
        """Send this once the change is committed, however often that takes."""
        row = deliveries.row_of(new, delivery_id=self.new_id(), conversation_id=self.conversation.id, now=self._now)
        await self._connection.execute(deliveries.INSERT, row)
        self.topics.add(DELIVERIES)

    async def open_conversations_of(self, human_agent_id: HumanAgentId) -> int:
        """How many a person has. Nobody else gives them one before this change is committed."""
        whose = {"person": human_agent_id}
        await self._connection.execute(statements.LOCK_PERSON, whose)
        return await self._connection.scalar(statements.COUNT_OPEN_OF, whose) or 0

    async def start_handoff(
        self, *, reason: HandoffReason, detail: str, brief: JsonObject, placement: JsonObject | None = None
    ) -> HandoffId:
        handoff_id = HandoffId(self.new_id())
        await self._connection.execute(
            insert(tables.handoffs).values(
                id=handoff_id,
                conversation_id=self.conversation.id,
                episode=self.conversation.episode,
                state=HandoffState.QUEUED.value,
                reason=reason.value,
                detail=detail,
                brief=brief,
                placement=placement,
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
        await self._connection.execute(statements.OPEN_HANDOFF, {"conversation": self.conversation.id, **values})

    async def flush(self) -> None:
        """Write the events and the conversation's row; called once, just before the commit."""
        if self.conversation == self._before:
            return
        if self._events:
            await self._connection.execute(statements.INSERT_EVENT, self._events)
            if await webhooks.tell(self._connection, self._events, self.new_id):
                self.topics.add(DELIVERIES)
        c = self.conversation
        await self._connection.execute(
            statements.UPDATE_CONVERSATION,
            {"conversation": c.id, **conversation_values(c)},
        )
        self.topics.add(c.id)
        if self._before.status is not Status.AUTOMATED or c.status is not Status.AUTOMATED:
            self.topics.add(INBOX)
