"""After the conversation: whether an answer solved it, and how the help was, each asked once and at the right time."""

from __future__ import annotations

from datetime import timedelta

from agent.draft import OFFER_PERSON
from agent.guardrails import clean
from agent.languages import language_of
from conversations.change import Change, NewMessage
from conversations.deliveries import Channel, NewDelivery
from conversations.inbound import customer_actor
from conversations.lifecycle import Verb
from conversations.model import AI_AGENT, AuthorKind, ConversationId, Customer, HumanAgent, Status
from conversations.ratings import Given, Rating, Scale, address_on_file, ask, give, person_wrote
from conversations.store import ConversationStore
from handoff.desk_rules import DeskRules
from handoff.wording import not_solved

HEARD = 20
"""Newest messages that tell the customer's language."""


async def ask_how_it_was(change: Change, by: HumanAgent, rules: DeskRules, *, can_mail: bool) -> None:
    """A person resolved it: ask now on the page, and later by mail whoever has left without an answer."""
    if rules.survey == "off" or not await person_wrote(change):
        return
    asked = await ask(change, Scale(rules.survey), about=by.id)
    if asked is None or not can_mail or rules.survey_mail_minutes is None:
        return
    address = change.conversation.reply_by_email or await address_on_file(change)
    if address is not None:
        after = timedelta(minutes=rules.survey_mail_minutes)
        payload = NewDelivery(channel=Channel.MAIL, target=address, payload={"rating_id": asked.id}, after=after)
        await change.deliver(payload)


async def answer(
    store: ConversationStore, conversation_id: ConversationId, customer: Customer, rating_id: str, given: Given
) -> Rating:
    """The customer's answer. "Solved" ends the conversation, "not solved" offers a person; the same again does nothing.

    Raises RatingNotFound, RatingClosed, ScoreOutOfRange and ConversationNotFound.
    """
    language = await language_in(store, conversation_id)
    async with store.change(conversation_id, customer_id=customer.id) as change:
        seq = change.conversation.last_seq
        rating = await give(change, rating_id, given)
        news = change.conversation.last_seq > seq
        if news and rating.scale is Scale.SOLVED and change.conversation.status is Status.AUTOMATED:
            if rating.score:
                await change.end_open_turns("The customer said that it is solved.")
                change.move(Verb.RESOLVE, customer_actor(customer))
            else:
                await change.post(NewMessage(author=AI_AGENT, text=not_solved(language), request=OFFER_PERSON))
        return rating


async def language_in(store: ConversationStore, conversation_id: ConversationId) -> str | None:
    """The language that the customer writes in, where enough tells."""
    said = await store.messages(conversation_id, limit=HEARD, public_only=True)
    return language_of([clean(one.text) for one in said if one.author.kind is AuthorKind.CUSTOMER])
