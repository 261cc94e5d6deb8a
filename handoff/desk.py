"""The desk: every move between the AI agent, the queue and a person, each in one transaction with what it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from agent.guardrails import clean
from agent.languages import language_of
from conversations.change import Change, NewMessage
from conversations.events import ROUTED
from conversations.inbound import already_posted
from conversations.lifecycle import IllegalMove, Verb
from conversations.model import (
    AI_AGENT,
    SYSTEM,
    Actor,
    AuthorKind,
    Conversation,
    ConversationId,
    Customer,
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
from handoff.aftercare import ask_how_it_was
from handoff.brief import Facts, check_brief, write_brief
from handoff.desk_rules import DeskRules
from handoff.desk_store import SavedRules
from handoff.policy import HandoffDecision
from handoff.routing import Choice, asked_in, place
from handoff.while_waiting import mail_reply
from handoff.wording import FOR_THE_PERSON, lead, reply_here


class AlreadyAssigned(Exception):
    """Another person owns the conversation."""


class UnsupportedBrief(Exception):
    """The brief claims what the record does not hold; the message lists the claims."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassingOn:
    """One decision to hand off, with what is needed to write the brief and to tell the customer."""

    decision: HandoffDecision
    facts: Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What a handoff needs and a change must not read: inside one, a second connection may have to wait for the first.

    `notice` tells the customer why a person, and what happens next, honestly, also when nobody is there.
    """

    rules: DeskRules
    notice: str


def human_actor(human_agent: HumanAgent) -> Actor:
    return Actor(kind=AuthorKind.HUMAN_AGENT, id=human_agent.id, display_name=human_agent.display_name)


class HandoffDesk:
    """Moves raise IllegalMove, StaleConversation, AlreadyAssigned or ConversationNotFound, and then change nothing."""

    def __init__(
        self,
        store: ConversationStore,
        *,
        rules: Callable[[], Awaitable[SavedRules]],
        anybody_online: Callable[[], Awaitable[bool]],
        away_text: str,
        can_mail: bool = False,
    ) -> None:
        self._store = store
        self._rules = rules
        self._anybody_online = anybody_online
        self._away_text = away_text
        self._can_mail = can_mail

    async def hand_off_turn(self, turn: Turn, passing: PassingOn, trace: JsonObject) -> bool:
        """End a turn in the queue. False where the turn is no longer ours: a person took over, or a newer lease."""
        ready = await self._ready(passing)
        async with self._store.change(turn.conversation_id) as change:
            if not await change.still_running(turn):
                return False
            if change.conversation.status is Status.QUEUED:
                await self._note_for_people(change, turn, trace)
                return True
            await self._hand_off(change, AI_AGENT, passing, ready, turn=turn)
            await change.finish_turn(turn.id, TurnState.HANDED_OFF, trace)
            await change.end_open_turns("Passed on together with the turn before.")
        return True

    async def hand_off_on_request(
        self, conversation_id: ConversationId, customer: Customer, asked: PassingOn
    ) -> Conversation:
        """The customer pressed "Talk to a person". Pressing again, or with a person there already, changes nothing."""
        ready = await self._ready(asked)
        async with self._store.change(conversation_id, customer_id=customer.id) as change:
            by = Actor(kind=AuthorKind.CUSTOMER, id=customer.id, display_name=customer.display_name)
            if change.conversation.status is Status.RESOLVED:
                change.move(Verb.REOPEN, by)
            if change.conversation.status is Status.AUTOMATED:
                await change.end_open_turns("The customer asked for a person.")
                await self._hand_off(change, by, asked, ready, turn=None)
            return change.conversation

    async def hand_off_unasked(
        self, conversation_id: ConversationId, passing: PassingOn, *, if_due: Callable[[Change], Awaitable[bool]]
    ) -> bool:
        """Because of something that happened outside of a turn. Who is with people already keeps them, and they get a
        note. `if_due` is asked in the same transaction; False where it said no.
        """
        ready = await self._ready(passing)
        async with self._store.change(conversation_id) as change:
            if not await if_due(change):
                return False
            if change.conversation.status is Status.RESOLVED:
                change.move(Verb.REOPEN, SYSTEM)
            if change.conversation.status is Status.AUTOMATED:
                await change.end_open_turns("The conversation was passed on.")
                await self._hand_off(change, SYSTEM, passing, ready, turn=None)
            else:
                note = NewMessage(author=SYSTEM, text=passing.decision.detail, visibility=Visibility.NOTE)
                await change.post(note)
        return True

    async def give(self, choice: Choice, to: HumanAgent, *, capacity: int) -> bool:
        """Give somebody who waits to the person that routing chose. False where either has changed since."""
        try:
            async with self._store.change(
                choice.waiting.conversation_id, owner_epoch=choice.waiting.owner_epoch
            ) as change:
                # Two servers may have chosen the same person at once; the second one sees the first one's here.
                if await change.open_conversations_of(to.id) >= capacity:
                    return False
                change.move(Verb.ASSIGN, SYSTEM, assignee=human_actor(to))
                await change.end_open_turns("A person took over.")
                change.record(ROUTED, public=False, data={"to": to.display_name, "why": list(choice.why)})
                await change.set_handoff(HandoffState.ACCEPTED, accepted_by=to.id)
        except (StaleConversation, IllegalMove):
            return False
        return True

    async def take_back(self, conversation: Conversation, why: str) -> bool:
        """Back into the queue, at its old place, because its owner is gone. False where it changed meanwhile."""
        try:
            async with self._store.change(conversation.id, owner_epoch=conversation.owner_epoch) as change:
                change.move(Verb.RELEASE, SYSTEM)
                change.record(ROUTED, public=False, data={"to": None, "why": [why]})
                await change.set_handoff(HandoffState.QUEUED)
        except (StaleConversation, IllegalMove):
            return False
        return True

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

    async def snooze(
        self, conversation_id: ConversationId, by: HumanAgent, until: datetime | None, *, owner_epoch: int
    ) -> Conversation:
        """Set it aside until then, or until its customer writes; whoever has it gets it back."""
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.snooze(human_actor(by), until)
            return change.conversation

    async def resolve(self, conversation_id: ConversationId, by: HumanAgent, *, owner_epoch: int) -> Conversation:
        """End it; a customer whom a person helped is asked how that was, once per episode."""
        rules = (await self._rules()).rules
        async with self._store.change(conversation_id, owner_epoch=owner_epoch) as change:
            change.move(Verb.RESOLVE, human_actor(by))
            await change.end_open_turns("A person resolved the conversation.")
            await change.set_handoff(HandoffState.RESOLVED)
            await ask_how_it_was(change, by, rules, can_mail=self._can_mail)
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
            await mail_reply(change, message)
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

    async def _note_for_people(self, change: Change, turn: Turn, trace: JsonObject) -> None:
        """The AI agent answers a customer who waits, and cannot: the person they wait for will see the question."""
        spoken = await change.reply_of(turn.id) is not None
        await change.post(NewMessage(author=AI_AGENT, text=FOR_THE_PERSON, turn_id=None if spoken else turn.id))
        await change.finish_turn(turn.id, TurnState.HANDED_OFF, trace)

    async def _hand_off(
        self, change: Change, by: Actor, passing: PassingOn, ready: _Ready, *, turn: Turn | None
    ) -> None:
        decision = passing.decision
        brief = write_brief(passing.facts, reason=decision.reason, detail=decision.detail, rule=decision.rule)
        if problems := check_brief(brief, passing.facts):
            raise UnsupportedBrief("; ".join(problems))
        written = brief.as_json()
        placement = place(ready.rules, asked_in(written, passing.facts.customer.segments))
        # A turn has one message: where part of an answer was shown already, that is it.
        spoken = turn is not None and await change.reply_of(turn.id) is not None
        notice_of = turn.id if turn and not spoken else None
        await change.post(NewMessage(author=AI_AGENT, text=ready.notice, turn_id=notice_of))
        change.move(Verb.HAND_OFF, by, reason=decision.reason.value)
        change.place(placement.team, placement.ranked_at(change.now))
        await change.start_handoff(
            reason=decision.reason, detail=decision.detail, brief=written, placement=placement.as_json()
        )

    async def _ready(self, passing: PassingOn) -> _Ready:
        """What the customer is told: why a person, and what happens next, honestly, also when nobody is there."""
        rules = (await self._rules()).rules
        theirs = [m.text for m in passing.facts.messages if m.author.kind is AuthorKind.CUSTOMER]
        language = language_of([clean(text) for text in theirs])
        why = lead(passing.decision.reason, language)
        if await self._anybody_online():
            return _Ready(rules=rules, notice=f"{why} {reply_here(language)}")
        return _Ready(rules=rules, notice=f"{why}\n\n{self._away_text}")


def _owned_by(conversation: Conversation, by: HumanAgent) -> bool:
    return conversation.status is Status.ASSIGNED and conversation.assignee_id == HumanAgentId(by.id)


def human_reply(by: HumanAgent, text: str, client_message_id: str) -> NewMessage:
    return NewMessage(author=human_actor(by), text=text, client_message_id=client_message_id)


def team_note(by: HumanAgent, text: str, client_message_id: str) -> NewMessage:
    return NewMessage(
        author=human_actor(by), text=text, visibility=Visibility.NOTE, client_message_id=client_message_id
    )
