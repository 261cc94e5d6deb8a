"""What a customer may do instead of waiting for a person here: have the answer by e-mail, or ask the AI agent on."""

from __future__ import annotations

from conversations.change import Change, NewMessage
from conversations.deliveries import Channel, NewDelivery
from conversations.model import AI_AGENT, Conversation, ConversationId, Customer, Message, Status
from conversations.store import ConversationStore
from handoff.wording import AI_MEANWHILE, BY_EMAIL


class NotWaiting(Exception):
    """The conversation does not wait for a person, so there is nothing to do instead."""


async def answer_by_email(
    store: ConversationStore, conversation_id: ConversationId, customer: Customer, address: str
) -> Conversation:
    """People's answers go to `address` too. The place in the queue stays; asking twice changes nothing.

    Raises NotWaiting and ConversationNotFound.
    """
    async with store.change(conversation_id, customer_id=customer.id) as change:
        if change.conversation.status not in (Status.QUEUED, Status.ASSIGNED):
            raise NotWaiting
        if change.conversation.reply_by_email != address:
            change.wait_elsewhere(reply_by_email=address, ai_meanwhile=change.conversation.ai_meanwhile)
            await change.post(NewMessage(author=AI_AGENT, text=BY_EMAIL.format(address=address)))
        return change.conversation


async def ask_ai_meanwhile(
    store: ConversationStore, conversation_id: ConversationId, customer: Customer
) -> Conversation:
    """The AI agent answers while the customer keeps their place. Raises NotWaiting and ConversationNotFound."""
    async with store.change(conversation_id, customer_id=customer.id) as change:
        if change.conversation.status is not Status.QUEUED:
            raise NotWaiting
        if not change.conversation.ai_meanwhile:
            change.wait_elsewhere(reply_by_email=change.conversation.reply_by_email, ai_meanwhile=True)
            await change.post(NewMessage(author=AI_AGENT, text=AI_MEANWHILE))
        return change.conversation


async def mail_reply(change: Change, message: Message) -> None:
    """A person's answer leaves by mail too, where the customer asked for that. The sender writes the mail itself."""
    address = change.conversation.reply_by_email
    if address is None:
        return
    payload = NewDelivery(channel=Channel.MAIL, target=address, payload={"message_id": message.id})
    await change.deliver(payload)
