from __future__ import annotations

import asyncio

import pytest

from conversations.change import NewMessage
from conversations.inbound import ClientMessageIdReused, Received, customer_actor, receive
from conversations.lifecycle import Verb
from conversations.model import AI_AGENT, Actor, AuthorKind, Conversation, Customer, Status, Turn, TurnState
from conversations.turns import LEASE
from tests.conftest import Record


async def start(record: Record) -> tuple[Customer, Conversation]:
    ava = await record.people.new_visitor()
    return ava, await record.store.start(ava.id, "first")


async def write(record: Record, ava: Customer, conversation: Conversation, text: str, client_id: str) -> Received:
    new = NewMessage(author=customer_actor(ava), text=text, client_message_id=client_id)
    return await receive(record.store, conversation.id, ava, new)


async def finish(record: Record, turn: Turn, text: str) -> bool:
    async with record.store.change(turn.conversation_id) as change:
        if not await change.still_running(turn):
            return False
        await change.post(NewMessage(author=AI_AGENT, text=text, turn_id=turn.id))
        await change.finish_turn(turn.id, TurnState.ANSWERED, {})
        return True


async def test_a_hundred_copies_of_one_message_are_one_message_and_one_turn(record: Record) -> None:
    ava, conversation = await start(record)
    received = await asyncio.gather(*(write(record, ava, conversation, "hello", "m1") for _ in range(100)))
    assert len({one.message.id for one in received}) == 1
    assert len(await record.store.messages(conversation.id, limit=10)) == 1
    assert await record.turns.lease() is not None
    assert await record.turns.lease() is None


async def test_the_same_client_id_with_another_text_is_refused(record: Record) -> None:
    ava, conversation = await start(record)
    await write(record, ava, conversation, "hello", "m1")
    with pytest.raises(ClientMessageIdReused):
        await write(record, ava, conversation, "goodbye", "m1")
    assert [m.text for m in await record.store.messages(conversation.id, limit=10)] == ["hello"]


async def test_messages_in_a_row_are_one_turn_and_later_ones_exactly_one_more(record: Record) -> None:
    ava, conversation = await start(record)
    first = await write(record, ava, conversation, "hi", "m1")
    second = await write(record, ava, conversation, "where is my tent", "m2")
    assert first.turn_id == second.turn_id
    turn = await record.turns.lease()
    assert turn is not None
    third = await write(record, ava, conversation, "and my boots?", "m3")
    fourth = await write(record, ava, conversation, "size 43", "m4")
    assert third.turn_id == fourth.turn_id != first.turn_id
    assert await record.turns.lease() is None, "one running turn per conversation"
    assert await finish(record, turn, "answer to both")
    following = await record.turns.lease()
    assert following is not None
    assert following.id == third.turn_id
    assert turn.through_seq == second.message.seq
    assert await record.turns.answered_through(conversation.id) == second.message.seq


async def test_a_silent_runner_loses_its_turn_and_cannot_finish_it(record: Record) -> None:
    ava, conversation = await start(record)
    await write(record, ava, conversation, "hello", "m1")
    dead = await record.turns.lease()
    assert dead is not None
    record.clock.advance(seconds=LEASE.total_seconds() + 1)
    heir = await record.turns.lease()
    assert heir is not None
    assert (heir.id, heir.attempts) == (dead.id, 2)
    assert not await record.turns.extend(dead)
    assert not await finish(record, dead, "from the dead")
    assert await finish(record, heir, "from the heir")
    assert not await finish(record, heir, "twice")
    texts = [m.text for m in await record.store.messages(conversation.id, limit=10)]
    assert texts == ["hello", "from the heir"]


async def test_a_living_runner_keeps_its_turn(record: Record) -> None:
    ava, conversation = await start(record)
    await write(record, ava, conversation, "hello", "m1")
    turn = await record.turns.lease()
    assert turn is not None
    for _ in range(5):
        record.clock.advance(seconds=LEASE.total_seconds() * 0.7)
        assert await record.turns.extend(turn)
        assert await record.turns.lease() is None


async def test_concurrent_leases_give_each_turn_to_one_runner(record: Record) -> None:
    for _ in range(10):
        ava, conversation = await start(record)
        await write(record, ava, conversation, "hello", "m1")
    leased = await asyncio.gather(*(record.turns.lease() for _ in range(10)))
    ids = [turn.id for turn in leased if turn is not None]
    while (missed := await record.turns.lease()) is not None:  # skipped while another runner looked at it
        ids.append(missed.id)
    assert len(ids) == len(set(ids)) == 10


async def test_a_message_after_the_end_opens_a_new_episode_with_the_ai_agent(record: Record) -> None:
    ava, conversation = await start(record)
    await write(record, ava, conversation, "hello", "m1")
    await record.people.add_human_agent("noor@shop.example", display_name="Noor", password_hash="x")
    [noor] = await record.people.human_agents()
    async with record.store.change(conversation.id) as change:
        change.move(Verb.RESOLVE, Actor(kind=AuthorKind.HUMAN_AGENT, id=noor.id))
        await change.end_open_turns("resolved")
    received = await write(record, ava, conversation, "one more thing", "m2")
    assert (received.conversation.status, received.conversation.episode) == (Status.AUTOMATED, 2)
    assert received.message.episode == 2
    assert received.turn_id is not None


async def test_while_a_person_answers_no_turn_is_accepted(record: Record) -> None:
    ava, conversation = await start(record)
    async with record.store.change(conversation.id) as change:
        change.move(Verb.HAND_OFF, AI_AGENT)
    received = await write(record, ava, conversation, "are you there?", "m1")
    assert received.turn_id is None
    assert await record.turns.lease() is None
