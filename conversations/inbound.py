"""A customer writes: their message and the turn that will answer it are accepted in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from conversations.change import Change, NewMessage
from conversations.lifecycle import Verb
from conversations.model import (
    Actor,
    AuthorKind,
    Conversation,
    ConversationId,
    Customer,
    Message,
    Status,
    TurnId,
)
from conversations.snoozing import wake
from conversations.store import ConversationStore


class ClientMessageIdReused(Exception):
    """The client message id was used before with another text; a new message needs a new id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """`turn_id` is None where a person answers, and for a message that was received before."""

    message: Message
    conversation: Conversation
    turn_id: TurnId | None


async def receive(
    store: ConversationStore, conversation_id: ConversationId, customer: Customer, new: NewMessage
) -> Received:
    """Store a customer's message once, however often it is sent.

    Raises ConversationNotFound (also for another customer's) and ClientMessageIdReused.
    """
    async with store.change(conversation_id, customer_id=customer.id) as change:
        earlier = await already_posted(change, new)
        if earlier is not None:
            return Received(message=earlier, conversation=change.conversation, turn_id=None)
        if change.conversation.status is Status.SNOOZED:
            await wake(change, new.author)
        if change.conversation.status is Status.RESOLVED:
            change.move(Verb.REOPEN, new.author)
        message = await change.post(new)
        turn_id = await change.accept_turn() if change.conversation.ai_answers else None
        return Received(message=message, conversation=change.conversation, turn_id=turn_id)


async def already_posted(change: Change, new: NewMessage) -> Message | None:
    """The message with this client id, if it is the same one. Raises ClientMessageIdReused for another."""
    if new.client_message_id is None:
        return None
    earlier = await change.message_by_client_id(new.client_message_id)
    if earlier is None:
        return None
    same = (earlier.text, earlier.visibility, earlier.author.kind, earlier.author.id) == (
        new.text,
        new.visibility,
        new.author.kind,
        new.author.id,
    )
    if not same:
        raise ClientMessageIdReused(new.client_message_id)
    return earlier


def customer_actor(customer: Customer) -> Actor:
    return Actor(kind=AuthorKind.CUSTOMER, id=customer.id, display_name=customer.display_name)
