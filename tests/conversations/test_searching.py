from __future__ import annotations

import pytest

from conversations.change import NewMessage
from conversations.inbound import customer_actor
from conversations.model import AI_AGENT, Conversation, ConversationId, MessageState, TurnState, Visibility
from conversations.searching import LOOKED_AT, Search, words_in
from tests.conftest import Record


@pytest.fixture
def search(record: Record) -> Search:
    return Search(record.database)


async def said(record: Record, *texts: str, visibility: Visibility = Visibility.PUBLIC) -> Conversation:
    visitor = await record.people.new_visitor()
    conversation = await record.store.start(visitor.id, record.new_id())
    async with record.store.change(conversation.id) as change:
        for text in texts:
            await change.post(NewMessage(author=customer_actor(visitor), text=text, visibility=visibility))
    return conversation


async def found(search: Search, asked: str) -> list[str]:
    return [hit.message.text for hit in await search.said(words_in(asked), before=None)]


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("tent", "My TENT leaks"),
        ("tent leaks", "It leaks, my tent."),
        ("48213", "Where is NP-48213?"),
        ("np-48213", "Where is NP-48213?"),
        ("leak", "it is leaking"),
        ("grosse", "Welche größe? Grösse M"),
        ("cafe", "the Café voucher"),
        ("ava@mail.example", "write to ava@mail.example please"),
        ("mail.exam", "write to ava@mail.example please"),
        ("привет", "привет, где заказ"),
        ("한글", "한글 메시지"),
        ("path to", "a/path\\to:the%file"),
    ],
)
async def test_words_are_found_without_case_accents_and_signs(
    record: Record, search: Search, asked: str, text: str
) -> None:
    await said(record, text, "something else")
    if asked == "grosse":  # ß is a letter of its own: "ss" and "ß" differ, "ö" and "o" do not
        assert await found(search, "große") == [text]
    assert await found(search, asked) == [text]


async def test_all_words_must_stand_in_one_message_and_notes_count(record: Record, search: Search) -> None:
    await said(record, "the tent", "it leaks")
    await said(record, "tent that leaks: ask the supplier", visibility=Visibility.NOTE)
    assert await found(search, "tent leaks") == ["tent that leaks: ask the supplier"]


@pytest.mark.parametrize("asked", ['"', "' OR 1=1 --", "a* NEAR b", "AND", "tent)", "text:tent", "\x00", "💥", "", "½"])
async def test_nothing_that_is_typed_breaks_it(record: Record, search: Search, asked: str) -> None:
    await said(record, "hello")
    assert await found(search, asked) == []


async def test_a_reply_that_grows_is_found_once_when_it_is_whole(record: Record, search: Search) -> None:
    visitor = await record.people.new_visitor()
    conversation = await record.store.start(visitor.id, "c")
    async with record.store.change(conversation.id) as change:
        await change.post(NewMessage(author=customer_actor(visitor), text="hello"))
        turn_id = await change.accept_turn()
    await record.turns.lease()
    writing = NewMessage(author=AI_AGENT, text="Within", turn_id=turn_id, state=MessageState.WRITING)
    async with record.store.change(conversation.id) as change:
        shown = await change.post(writing)
    assert await found(search, "within") == []
    whole = NewMessage(author=AI_AGENT, text="Within thirty days.", turn_id=turn_id)
    async with record.store.change(conversation.id) as change:
        await change.rewrite(shown, whole)
        await change.finish_turn(turn_id, TurnState.ANSWERED, {})
    assert await found(search, "thirty") == await found(search, "within") == ["Within thirty days."]


async def test_the_newest_come_first_and_the_next_page_goes_on(record: Record, search: Search) -> None:
    await said(record, *(f"kayak {number}" for number in range(LOOKED_AT + 5)))
    first = await search.said(["kayak"], before=None)
    assert [hit.message.text for hit in first[:2]] == [f"kayak {LOOKED_AT + 4}", f"kayak {LOOKED_AT + 3}"]
    rest = await search.said(["kayak"], before=first[-1].place)
    assert [hit.message.text for hit in rest] == [f"kayak {number}" for number in (4, 3, 2, 1, 0)]


async def named(record: Record, name: str, email: str, text: str = "hello") -> ConversationId:
    customer = await record.people.identified(email, display_name=name, email=email)
    conversation = await record.store.start(customer.id, record.new_id())
    async with record.store.change(conversation.id) as change:
        await change.post(NewMessage(author=customer_actor(customer), text=text))
    return conversation.id


async def test_customers_are_found_by_name_and_address_with_their_newest_conversation(
    record: Record, search: Search
) -> None:
    await named(record, "Maya Lindqvist", "maya@mail.example")
    newest = await named(record, "Maya Lindqvist", "maya@mail.example", "again")
    await named(record, "100% Tom_", "tom@mail.example")
    assert await search.of_customers("  maya   LIND") == [newest]
    assert await search.of_customers("maya@") == [newest]
    assert len(await search.of_customers("mail.example")) == 2
    for nobody in ("ma_a", "%", "m", "zz%"):
        assert await search.of_customers(nobody) == []
    assert len(await search.of_customers("100% tom_")) == 1
