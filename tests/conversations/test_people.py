from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from conversations import tables
from conversations.change import NewMessage
from conversations.events import CUSTOMER_IDENTIFIED, INBOX
from conversations.inbound import customer_actor, receive
from conversations.model import Assurance, Conversation, Customer, CustomerId, HumanAgent, HumanAgentId
from conversations.people import PRESENCE_WINDOW
from conversations.store import ConversationNotFound
from tests.conftest import Record


async def with_message(record: Record, who: Customer, client_id: str = "first") -> Conversation:
    conversation = await record.store.start(who.id, client_id)
    new = NewMessage(author=customer_actor(who), text="hello", client_message_id="m1")
    return (await receive(record.store, conversation.id, who, new)).conversation


async def person(record: Record, name: str = "Noor") -> HumanAgent:
    await record.people.add_human_agent(f"{name}@shop.example", display_name=name, password_hash="hash")
    found = await record.people.human_agent_with_hash(f"{name}@shop.example")
    assert found is not None
    return found[0]


async def ava(record: Record) -> Customer:
    return await record.people.identified("shop-1", display_name="Ava", email="ava@mail.example")


async def test_a_visitor_is_nobody_in_particular(record: Record) -> None:
    visitor = await record.people.new_visitor()
    assert (visitor.assurance, visitor.display_name, visitor.email) == (Assurance.ANONYMOUS, None, None)
    assert await record.people.customer(visitor.id) == visitor


async def test_an_unknown_customer_is_none(record: Record) -> None:
    assert await record.people.customer(CustomerId("nobody")) is None
    assert await record.people.customers([]) == {}


async def test_the_shops_customer_is_one_customer_with_the_newest_name(record: Record) -> None:
    first = await ava(record)
    second = await record.people.identified("shop-1", display_name="Ava Lindqvist", email=None)
    assert first.assurance is Assurance.SIGNED
    assert (second.id, second.display_name, second.email) == (first.id, "Ava Lindqvist", None)


async def test_signing_in_on_ten_pages_at_once_makes_one_customer(record: Record) -> None:
    signed_in = await asyncio.gather(*(ava(record) for _ in range(10)))
    assert len({customer.id for customer in signed_in}) == 1


async def test_a_visitors_conversations_go_along_to_the_customer(record: Record) -> None:
    visitor = await record.people.new_visitor()
    conversation = await with_message(record, visitor)
    customer = await ava(record)
    await record.people.adopt(visitor.id, customer)
    assert (await record.store.conversation(conversation.id)).customer_id == customer.id
    with pytest.raises(ConversationNotFound):
        await record.store.conversation(conversation.id, customer_id=visitor.id)
    events = await record.store.events(conversation.id, after=0, limit=10, public_only=True)
    assert [(event.kind, event.data.get("display_name")) for event, _ in events][-1] == (CUSTOMER_IDENTIFIED, "Ava")
    page = await record.store.conversations_of(customer.id, limit=10, cursor=None)
    assert [found.id for found in page.items] == [conversation.id]


async def test_adopting_again_says_nothing_new(record: Record) -> None:
    visitor = await record.people.new_visitor()
    conversation = await with_message(record, visitor)
    customer = await ava(record)
    await record.people.adopt(visitor.id, customer)
    adopted = await record.store.conversation(conversation.id)
    await record.people.adopt(visitor.id, customer)
    await record.people.adopt(customer.id, customer)
    await record.people.adopt(CustomerId("nobody"), customer)
    assert await record.store.conversation(conversation.id) == adopted


async def test_both_may_have_numbered_their_conversations_alike(record: Record) -> None:
    visitor, customer = await record.people.new_visitor(), await ava(record)
    theirs = await with_message(record, customer, "1")
    kept = await with_message(record, visitor, "2")
    same = await with_message(record, visitor, "1")
    await record.people.adopt(visitor.id, customer)
    page = await record.store.conversations_of(customer.id, limit=10, cursor=None)
    assert {found.id for found in page.items} == {theirs.id, kept.id, same.id}
    assert (await record.store.start(customer.id, "1")).id == theirs.id
    assert (await record.store.start(customer.id, "2")).id == kept.id, "the page's retry finds what it started"


async def test_a_verified_customer_is_never_merged_into_another(record: Record) -> None:
    first = await ava(record)
    conversation = await with_message(record, first)
    other = await record.people.identified("shop-2", display_name="Ben", email=None)
    await record.people.adopt(first.id, other)
    assert (await record.store.conversation(conversation.id)).customer_id == first.id


async def test_an_address_has_one_account_however_it_is_written(record: Record) -> None:
    added = await asyncio.gather(
        *(
            record.people.add_human_agent(address, display_name=address, password_hash="hash")
            for address in ("noor@shop.example", "NOOR@shop.example", "Noor@Shop.Example") * 3
        )
    )
    assert sorted(added) == [False] * 8 + [True]
    assert len(await record.people.human_agents()) == 1
    found = await record.people.human_agent_with_hash("nOOr@shop.example")
    assert found is not None
    assert found[1] == "hash"


async def test_an_address_without_account_is_none(record: Record) -> None:
    assert await record.people.human_agent_with_hash("nobody@shop.example") is None
    assert await record.people.human_agent(HumanAgentId("nobody")) is None


async def test_a_session_opens_the_console_until_it_expires(record: Record) -> None:
    noor = await person(record)
    ends = record.clock.now + timedelta(hours=1)
    await record.people.open_session(noor.id, token="cookie", csrf_token="csrf", expires_at=ends)
    session = await record.people.session("cookie")
    assert session is not None
    assert (session.human_agent.id, session.csrf_token, session.expires_at) == (noor.id, "csrf", ends)
    assert await record.people.session("another") is None
    record.clock.now = ends - timedelta(milliseconds=2)
    assert await record.people.session("cookie") is not None
    record.clock.now = ends
    assert await record.people.session("cookie") is None


async def test_signing_out_ends_this_session_only(record: Record) -> None:
    noor = await person(record)
    ends = record.clock.now + timedelta(hours=1)
    for token in ("laptop", "phone"):
        await record.people.open_session(noor.id, token=token, csrf_token="csrf", expires_at=ends)
    await record.people.close_session("laptop")
    await record.people.close_session("never opened")
    assert await record.people.session("laptop") is None
    assert await record.people.session("phone") is not None


async def test_the_database_keeps_no_token_and_no_expired_session(record: Record) -> None:
    noor = await person(record)
    for number in range(3):
        ends = record.clock.now + timedelta(hours=1)
        await record.people.open_session(noor.id, token=f"cookie-{number}", csrf_token="csrf", expires_at=ends)
        record.clock.advance(hours=2)
    async with record.database.read() as connection:
        kept = (await connection.execute(select(tables.console_sessions.c.token_hash))).scalars().all()
    assert len(kept) == 1
    assert "cookie" not in kept[0]


async def test_presence_is_having_been_heard_of_lately_and_being_available(record: Record) -> None:
    noor = await person(record)
    assert not await record.people.anybody_online()
    await record.people.seen(noor.id)
    assert await record.people.anybody_online()
    record.clock.advance(seconds=PRESENCE_WINDOW.total_seconds() - 1)
    assert await record.people.anybody_online()
    record.clock.advance(seconds=2)
    assert not await record.people.anybody_online(), "heard of too long ago"
    await record.people.seen(noor.id)
    await record.people.set_available(noor.id, False)
    assert not await record.people.anybody_online(), "there, but not available"
    await record.people.set_available(noor.id, True)
    assert await record.people.anybody_online()
    await record.people.left(noor.id)
    assert not await record.people.anybody_online()


async def test_one_person_online_is_enough(record: Record) -> None:
    await person(record, "Noor")
    sam = await person(record, "Sam")
    await record.people.seen(sam.id)
    assert [record.people.is_online(one) for one in await record.people.human_agents()] == [False, True]
    assert await record.people.anybody_online()


async def test_coming_and_going_wakes_the_inbox(record: Record) -> None:
    noor = await person(record)
    with record.bus.subscribe(INBOX) as inbox:
        for change in (record.people.left(noor.id), record.people.set_available(noor.id, False)):
            await change
            async with asyncio.timeout(1):
                await inbox.next(60)
