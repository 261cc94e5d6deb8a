"""Codes are counted and compared by the statement that allows it, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from conversations.model import Conversation, Customer
from conversations.verifications import (
    CODE_VALID,
    WINDOW,
    CodeId,
    NewCode,
    TooManyCodes,
    Tried,
    Verifications,
)
from tests.conftest import Record


async def visitor_with_conversation(record: Record) -> tuple[Customer, Conversation]:
    visitor = await record.people.new_visitor()
    return visitor, await record.store.start(visitor.id, "c1")


def code_for(conversation: Conversation, *, code: str = "code-1", address: str = "ava@mail") -> NewCode:
    return NewCode(
        id=CodeId(code),
        conversation_id=conversation.id,
        customer_id=conversation.customer_id,
        address_hash=address,
        code_hash=f"hash of {code}",
    )


def kept(record: Record) -> Verifications:
    return Verifications(record.database, clock=record.clock)


async def sent(record: Record, new: NewCode) -> Verifications:
    verifications = kept(record)
    await verifications.add_code(new)
    await verifications.name_subject(new.id, "shop-1", new.address_hash)
    return verifications


async def test_the_right_code_proves_the_customer_in_its_conversation_for_half_an_hour(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    assert await verifications.try_code(new.id, new.code_hash) == Tried(right=True, left=0)
    found = (await verifications.of([conversation.id]))[conversation.id]
    assert (found.external_id, found.customer_id) == ("shop-1", conversation.customer_id)
    record.clock.advance(minutes=29)
    assert await verifications.of([conversation.id])
    record.clock.advance(seconds=(WINDOW - CODE_VALID).total_seconds())
    assert not await verifications.of([conversation.id])


async def test_a_code_works_once(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    assert (await verifications.try_code(new.id, new.code_hash)).right
    assert await verifications.try_code(new.id, new.code_hash) == Tried(right=False, left=0)


async def test_a_code_is_over_after_ten_minutes(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    record.clock.advance(seconds=CODE_VALID.total_seconds())
    assert await verifications.try_code(new.id, new.code_hash) == Tried(right=False, left=0)


async def test_of_sixty_guesses_at_once_three_are_looked_at(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    tried = await asyncio.gather(*(verifications.try_code(new.id, f"guess {n}") for n in range(60)))
    assert sorted((try_.left for try_ in tried), reverse=True)[:3] == [2, 1, 0]
    assert sum(try_.left for try_ in tried) == 3
    assert await verifications.try_code(new.id, new.code_hash) == Tried(right=False, left=0)


async def test_a_code_of_nobody_answers_like_a_wrong_one(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    decoy = code_for(conversation)
    verifications = kept(record)
    await verifications.add_code(decoy)
    guesses = ["guess", decoy.code_hash, "guess", "guess"]
    assert [await verifications.try_code(decoy.id, guess) for guess in guesses] == [
        Tried(right=False, left=left) for left in (2, 1, 0, 0)
    ]


async def test_an_address_gets_three_codes_in_half_an_hour_whatever_conversation_asks(record: Record) -> None:
    verifications = kept(record)
    for n in range(3):
        _, conversation = await visitor_with_conversation(record)
        await verifications.add_code(code_for(conversation, code=f"code-{n}"))
    _, fourth = await visitor_with_conversation(record)
    with pytest.raises(TooManyCodes):
        await verifications.add_code(code_for(fourth, code="code-4"))
    record.clock.advance(seconds=WINDOW.total_seconds())
    await verifications.add_code(code_for(fourth, code="code-4"))


async def test_of_twenty_sends_at_once_an_address_gets_three(record: Record) -> None:
    verifications = kept(record)
    _, conversation = await visitor_with_conversation(record)
    asked = [verifications.add_code(code_for(conversation, code=f"code-{n}")) for n in range(20)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 3


async def test_a_conversation_gets_six_codes_for_good(record: Record) -> None:
    verifications = kept(record)
    _, conversation = await visitor_with_conversation(record)
    for n in range(6):
        await verifications.add_code(code_for(conversation, code=f"code-{n}", address=f"address {n}"))
    record.clock.advance(days=400)
    with pytest.raises(TooManyCodes):
        await verifications.add_code(code_for(conversation, code="code-7", address="address 7"))


async def test_a_new_code_ends_the_one_before(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    first, second = code_for(conversation), code_for(conversation, code="code-2")
    verifications = await sent(record, first)
    await sent(record, second)
    assert not (await verifications.try_code(first.id, first.code_hash)).right
    assert await verifications.code_id(conversation.id, conversation.customer_id) == second.id


async def test_nobody_else_finds_a_conversations_code(record: Record) -> None:
    _, conversation = await visitor_with_conversation(record)
    other, _ = await visitor_with_conversation(record)
    verifications = await sent(record, code_for(conversation))
    assert await verifications.code_id(conversation.id, other.id) is None


async def test_signing_out_ends_codes_and_verifications(record: Record) -> None:
    visitor, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    assert (await verifications.try_code(new.id, new.code_hash)).right
    await sent(record, replace(new, id=CodeId("code-2")))
    await verifications.end(visitor.id)
    assert not await verifications.of([conversation.id])
    assert await verifications.code_id(conversation.id, visitor.id) is None


async def test_a_conversation_that_passes_to_another_customer_is_not_verified_for_them(record: Record) -> None:
    visitor, conversation = await visitor_with_conversation(record)
    new = code_for(conversation)
    verifications = await sent(record, new)
    assert (await verifications.try_code(new.id, new.code_hash)).right
    ava = await record.people.identified("shop-2", display_name="Ava", email=None)
    await record.people.adopt(visitor.id, ava)
    assert not await verifications.of([conversation.id])


async def test_an_identity_token_is_taken_once(record: Record) -> None:
    verifications = kept(record)
    until = record.clock.now + CODE_VALID
    taken = await asyncio.gather(*(verifications.use_token("jti-1", until) for _ in range(10)))
    assert sorted(taken) == [False] * 9 + [True]
    assert await verifications.use_token("jti-2", until)


async def test_a_claim_and_a_proof_of_the_same_id_are_two_customers(record: Record) -> None:
    claimed = await record.people.claimed("shop-1")
    signed = await record.people.identified("shop-1", display_name="Ava", email=None)
    assert claimed.id != signed.id
    assert (await record.people.claimed("shop-1")).id == claimed.id
    assert (claimed.external_id, signed.claimed_id) == (None, None)
