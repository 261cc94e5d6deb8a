from __future__ import annotations

import asyncio

import pytest

from conversations.change import NewMessage
from conversations.events import MESSAGE_POSTED, STATUS_CHANGED
from conversations.lifecycle import Verb
from conversations.model import AI_AGENT, Actor, AuthorKind, Conversation, Customer, HumanAgentId, Status, Visibility
from conversations.store import ConversationNotFound, StaleConversation, View
from tests.conftest import Record


async def start(record: Record) -> tuple[Customer, Conversation]:
    ava = await record.people.new_visitor()
    return ava, await record.store.start(ava.id, "first")


def said(customer: Customer, text: str, client_id: str | None = None) -> NewMessage:
    actor = Actor(kind=AuthorKind.CUSTOMER, id=customer.id)
    return NewMessage(author=actor, text=text, client_message_id=client_id)


async def test_starting_twice_with_one_client_id_gives_one_conversation(record: Record) -> None:
    ava = await record.people.new_visitor()
    started = await asyncio.gather(*(record.store.start(ava.id, "same") for _ in range(10)))
    assert len({conversation.id for conversation in started}) == 1


async def test_a_posted_message_is_read_back_with_its_event(record: Record) -> None:
    ava, conversation = await start(record)
    async with record.store.change(conversation.id) as change:
        posted = await change.post(said(ava, "Where is my tent?", "m1"))
    assert await record.store.messages(conversation.id, limit=10) == [posted]
    [(event, message)] = await record.store.events(conversation.id, after=0, limit=10, public_only=True)
    assert (event.kind, event.seq, message) == (MESSAGE_POSTED, 1, posted)
    assert (await record.store.conversation(conversation.id)).subject == "Where is my tent?"


async def test_events_of_concurrent_changes_are_gapless_and_in_order(record: Record) -> None:
    ava, conversation = await start(record)

    async def write(number: int) -> None:
        async with record.store.change(conversation.id) as change:
            await change.post(said(ava, f"message {number}"))
            await change.post(NewMessage(author=AI_AGENT, text="noted", visibility=Visibility.NOTE))

    await asyncio.gather(*(write(number) for number in range(20)))
    events = await record.store.events(conversation.id, after=0, limit=100, public_only=False)
    assert [event.seq for event, _ in events] == list(range(1, 41))
    public = await record.store.events(conversation.id, after=0, limit=100, public_only=True)
    assert len(public) == 20


async def test_a_change_that_fails_leaves_nothing_behind(record: Record) -> None:
    ava, conversation = await start(record)

    async def crash_in_the_middle() -> None:
        async with record.store.change(conversation.id) as change:
            await change.post(said(ava, "lost"))
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        await crash_in_the_middle()
    assert await record.store.messages(conversation.id, limit=10) == []
    assert (await record.store.conversation(conversation.id)).last_seq == 0


async def test_another_customers_conversation_does_not_exist(record: Record) -> None:
    _, conversation = await start(record)
    mallory = await record.people.new_visitor()
    with pytest.raises(ConversationNotFound):
        await record.store.conversation(conversation.id, customer_id=mallory.id)
    with pytest.raises(ConversationNotFound):
        async with record.store.change(conversation.id, customer_id=mallory.id):
            pass


async def test_a_stale_epoch_changes_nothing(record: Record) -> None:
    _, conversation = await start(record)
    async with record.store.change(conversation.id) as change:
        change.move(Verb.HAND_OFF, AI_AGENT, reason="customer_asked")
    with pytest.raises(StaleConversation):
        async with record.store.change(conversation.id, owner_epoch=conversation.owner_epoch):
            pass
    moved = await record.store.conversation(conversation.id)
    assert (moved.status, moved.owner_epoch) == (Status.QUEUED, conversation.owner_epoch + 1)
    [(event, _)] = await record.store.events(conversation.id, after=0, limit=10, public_only=True)
    assert event.kind == STATUS_CHANGED
    assert event.data["verb"] == "hand_off"


async def test_pages_of_messages_meet_without_gap_or_overlap(record: Record) -> None:
    ava, conversation = await start(record)
    async with record.store.change(conversation.id) as change:
        for number in range(25):
            await change.post(said(ava, str(number)))
    texts: list[str] = []
    before: int | None = None
    while page := await record.store.messages(conversation.id, limit=10, before=before):
        texts = [message.text for message in page] + texts
        before = page[0].seq
    assert texts == [str(number) for number in range(25)]


async def test_the_queue_is_ordered_by_waiting_time_and_paged_by_key(record: Record) -> None:
    ids = []
    for _ in range(7):
        ava, conversation = await start(record)
        async with record.store.change(conversation.id) as change:
            await change.post(said(ava, "a person, please"))
            change.move(Verb.HAND_OFF, AI_AGENT)
        ids.append(conversation.id)
    seen, cursor = [], None
    while True:
        page = await record.store.inbox(View.QUEUE, human_agent_id=HumanAgentId("x"), limit=3, cursor=cursor)
        seen += [conversation.id for conversation in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids
    counts = await record.store.inbox_counts(HumanAgentId("x"))
    assert counts[View.QUEUE] == counts[View.OPEN] == 7


async def test_release_keeps_the_old_place_in_the_queue(record: Record) -> None:
    await record.people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="x")
    [noor] = await record.people.human_agents()
    person = Actor(kind=AuthorKind.HUMAN_AGENT, id=noor.id, display_name="Noor")
    _, conversation = await start(record)
    async with record.store.change(conversation.id) as change:
        change.move(Verb.HAND_OFF, AI_AGENT)
    first = (await record.store.conversation(conversation.id)).queued_at
    async with record.store.change(conversation.id) as change:
        change.move(Verb.CLAIM, person, assignee=person)
    record.clock.advance(minutes=5)
    async with record.store.change(conversation.id) as change:
        change.move(Verb.RELEASE, person)
    released = await record.store.conversation(conversation.id)
    assert (released.status, released.queued_at, released.assignee_id) == (Status.QUEUED, first, None)
    async with record.store.change(conversation.id) as change:
        change.move(Verb.RETURN_TO_AI, person)
    assert (await record.store.conversation(conversation.id)).queued_at is None
