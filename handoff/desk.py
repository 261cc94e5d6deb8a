"""The desk: every move between the AI agent, the queue and a person, each in one transaction with what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from conversations.change import Change, NewMessage
from conversations.inbound import already_posted
from conversations.lifecycle import IllegalMove, Verb
from conversations.model import (
    AI_AGENT,
    Actor,
    AuthorKind,
    Conversation,
    ConversationId,
    Customer,
    HandoffReason,
    HandoffState,
    HumanAgent,
    HumanAgentId,
    JsonObject,
    Message,
    Status,
    Turn,
    TurnState,
    Visibility,
)
from conversations.store import ConversationStore, StaleConversation
from handoff.brief import Facts, check_brief, write_brief
from handoff.policy import HandoffDecision
from handoff.wording import LEAD


class AlreadyAssigned(Exception):
    """Another person owns the conversation."""


class UnsupportedBrief(Exception):
    """The brief claims what the record does not hold; the message lists the claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingOn:
    """One decision to hand off, with what is needed to write the brief and to tell the customer."""

    decision: HandoffDecision
    facts: Facts


def human_actor(human_agent: HumanAgent) -> Actor:
    return Actor(kind=AuthorKind.HUMAN_AGENT, id=human_agent.id, display_name=human_agent.display_name)


class HandoffDesk:
    """Moves raise IllegalMove, StaleConversation, AlreadyAssigned or ConversationNotFound, and then change nothing."""

    def __init__(
        self, store: ConversationStore, *, anybody_online: Callable[[], Awaitable[bool]], away_text: str
    ) -> None:
        self._store = store
        self._anybody_online = anybody_online
        self._away_text = away_text

    async def hand_off_turn(self, turn: Turn, passing: PassingOn, trace: JsonObject) -> bool:
        """End a turn in the queue. False where the turn is no longer ours: a person took over, or a newer lease."""
        notice = await self._notice(passing.decision.reason)
        async with self._store.change(turn.conversation_id) as change:
            if not await change.still_running(turn):
                return False
            await self._hand_off(change, AI_AGENT, passing, notice, turn=turn)
            await change.finish_turn(turn.id, TurnState.HANDED_OFF, trace)
            await change.end_open_turns("Passed on together with the turn before.")
        return True

    async def hand_off_on_request(
        self, conversation_id: ConversationId, customer: Customer, asked: PassingOn
    ) -> Conversation:
        """The customer pressed "Talk to a person". Pressing again, or with a person there already, changes nothing."""
        notice = await self._notice(asked.decision.reason)
        async with self._store.change(conversation_id, customer_id=customer.id) as change:
            by = Actor(kind=AuthorKind.CUSTOMER, id=customer.id, display_name=customer.display_name)
            if change.conversation.status is Status.RESOLVED:
                change.move(Verb.REOPEN, by)
            if change.conversation.status is Status.AUTOMATED:
                await change.end_open_turns("The customer asked for a person.")
                await self._hand_off(change, by, asked, notice, turn=None)
            return change.conversation

    async def claim(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        """Make the conversation mine. Claiming what I own already changes nothing."""
        async with self._store.change(conversation_id) as change:
            if _owned_by(change.conversation, by):
                return change.conversation
            await self._take(change, by, owner_epoch)
            return change.conversation

    async def assign(
        self, conversation_id: ConversationId, by: HumanAgent, to: HumanAgent, *, owner_epoch: int
    ) -> Conversation:
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.ASSIGN, human_actor(by), assignee=human_actor(to))
            await change.end_open_turns("A person took over.")
            await change.set_handoff(HandoffState.ACCEPTED, accepted_by=to.id)
            return change.conversation

    async def release(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        """Put it back into the queue, at its old place."""
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.RELEASE, human_actor(by))
            await change.set_handoff(HandoffState.QUEUED)
            return change.conversation

    async def return_to_ai(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        """Give it back to the AI agent, which answers at once if the customer's last message has no reply yet."""
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.RETURN_TO_AI, human_actor(by))
            await change.set_handoff(HandoffState.RETURNED)
            last = await change.last_public_message()
            if last is not None and last.author.kind is AuthorKind.CUSTOMER:
                await change.accept_turn()
            return change.conversation

    async def resolve(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.RESOLVE, human_actor(by))
            await change.end_open_turns("A person resolved the conversation.")
            await change.set_handoff(HandoffState.RESOLVED)
            return change.conversation

    async def reopen(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.REOPEN, human_actor(by), assignee=human_actor(by))
            return change.conversation

    async def reply(
        self, conversation_id: ConversationId, by: HumanAgent, new: NewMessage, *, owner_epoch: int
    ) -> tuple[Message, Conversation]:
        """A person's public reply; while the AI agent or the queue owns the conversation, it is a claim as well."""
        async with self._store.change(conversation_id) as change:
            earlier = await already_posted(change, new)
            if earlier is not None:
                return earlier, change.conversation
            if not _owned_by(change.conversation, by):
                await self._take(change, by, owner_epoch)
            message = await change.post(new)
            return message, change.conversation

    async def note(self, conversation_id: ConversationId, new: NewMessage) -> Message:
        """A message only the team sees; anybody may write one at any time."""
        async with self._store.change(conversation_id) as change:
            earlier = await already_posted(change, new)
            return earlier if earlier is not None else await change.post(new)

    async def _take(self, change: Change, by: HumanAgent, owner_epoch: int) -> None:
        conversation = change.conversation
        if conversation.status is Status.ASSIGNED:
            raise AlreadyAssigned(conversation.id)
        if conversation.status is Status.RESOLVED:
            raise IllegalMove(Verb.CLAIM, conversation.status, AuthorKind.HUMAN_AGENT)
        if conversation.owner_epoch != owner_epoch:
            raise StaleConversation(conversation.id)
        me = human_actor(by)
        change.move(Verb.CLAIM, me, assignee=me)
        await change.end_open_turns("A person took over.")
        await change.set_handoff(HandoffState.ACCEPTED, accepted_by=by.id)

    async def _hand_off(self, change: Change, by: Actor, passing: PassingOn, notice: str, *, turn: Turn | None) -> None:
        decision = passing.decision
        brief = write_brief(passing.facts, reason=decision.reason, detail=decision.detail)
        if problems := check_brief(brief, passing.facts):
            raise UnsupportedBrief("; ".join(problems))
        await change.post(NewMessage(author=AI_AGENT, text=notice, turn_id=turn.id if turn else None))
        change.move(Verb.HAND_OFF, by, reason=decision.reason.value)
        await change.start_handoff(reason=decision.reason, detail=decision.detail, brief=brief.as_json())

    async def _notice(self, reason: HandoffReason) -> str:
        """What the customer is told: why a person, and what happens next, honestly, also when nobody is there."""
        if await self._anybody_online():
            return f"{LEAD[reason]} They'll reply right here."
        return f"{LEAD[reason]}\n\n{self._away_text}"


def _owned_by(conversation: Conversation, by: HumanAgent) -> bool:
    return conversation.status is Status.ASSIGNED and conversation.assignee_id == HumanAgentId(by.id)


def human_reply(by: HumanAgent, text: str, client_message_id: str) -> NewMessage:
    return NewMessage(author=human_actor(by), text=text, client_message_id=client_message_id)


def team_note(by: HumanAgent, text: str, client_message_id: str) -> NewMessage:
    return NewMessage(
        author=human_actor(by), text=text, visibility=Visibility.NOTE, client_message_id=client_message_id
    )
