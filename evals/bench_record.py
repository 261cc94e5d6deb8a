"""A long and a short conversation in a fresh record, for the bench."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from app.identity import Keys, Tokens, WidgetSession
from app.settings import Settings, load_secrets
from app.wiring import new_id, utc_now
from conversations.change import NewMessage
from conversations.database import open_database
from conversations.events import Bus
from conversations.inbound import customer_actor
from conversations.model import AI_AGENT, ConversationId, Customer
from conversations.people import People
from conversations.store import ConversationStore

SHORT, LONG = 10, 10_000
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A conversation and a session token of its customer."""

    id: ConversationId
    token: str


def fill_record(settings: Settings) -> tuple[Filled, Filled]:
    """One customer's conversations of SHORT and LONG messages in the record of `settings`."""
    return asyncio.run(_fill(settings))


async def _fill(settings: Settings) -> tuple[Filled, Filled]:
    settings.home.mkdir(parents=True, exist_ok=True)
    secrets = load_secrets(settings)
    database = await open_database(settings.record_url)
    store = ConversationStore(database, Bus(), clock=utc_now, new_id=new_id)
    customer = await People(database, store, Bus(), clock=utc_now, new_id=new_id).new_visitor()
    tokens = Tokens(Keys(session=secrets.session, identity=dict(secrets.identity)), clock=utc_now, new_id=new_id)
    token, _ = tokens.new_session(WidgetSession(customer_id=customer.id, assurance=customer.assurance))
    short = await _conversation(store, customer, SHORT)
    long = await _conversation(store, customer, LONG)
    await database.close()
    return Filled(id=short, token=token), Filled(id=long, token=token)


async def _conversation(store: ConversationStore, customer: Customer, messages: int) -> ConversationId:
    conversation = await store.start(customer.id, f"of {messages}")
    authors = (customer_actor(customer), AI_AGENT)
    for first in range(0, messages, _AT_ONCE):
        async with store.change(conversation.id) as change:
            for number in range(first, min(first + _AT_ONCE, messages)):
                text = f"Message number {number}: how long does shipping take?"
                await change.post(NewMessage(author=authors[number % 2], text=text))
    return conversation.id
