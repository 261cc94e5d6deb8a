from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from conversations.model import AuthorKind
from conversations.store import ConversationNotFound
from tests.conftest import Record
from tests.tools.action_cast import CUSTOMER, Shop, asking, effects, limits, line, usd
from tools.action_ledger import Confirmed, Refused
from tools.action_model import Action, ActionId, ActionKind, ActionState, Proposal
from tools.order_model import OrderState


@pytest.fixture
def shop(record: Record) -> Shop:
    return Shop(record=record)


async def test_a_refund_goes_from_the_card_to_the_provider_and_every_step_has_its_actor(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    maya = await shop.customer()
    conversation = await shop.conversation(maya)
    action = await shop.offer(order, line("bottle"), conversation=conversation)
    assert effects(shop) == []
    await shop.confirmed(action, maya)
    assert effects(shop) == []
    await shop.worker.run_until_idle()
    done = await shop.now(action)
    assert done.state is ActionState.SUCCEEDED
    assert done.receipt == shop.books.receipts[0].id
    entries = await shop.actions.entries(action.id)
    assert [(entry.state.value, entry.actor_kind) for entry in entries] == [
        ("proposed", "ai_agent"),
        ("confirmed", "customer"),
        ("reserved", "system"),
        ("sending", "system"),
        ("succeeded", "system"),
    ]
    assert {entry.digest for entry in entries} == {action.digest}
    assert entries[1].actor_id == maya.id


async def test_every_step_is_an_event_of_the_conversation(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    conversation = await shop.conversation(maya)
    action = await shop.offer(order, line("bottle"), conversation=conversation)
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    events = await shop.record.store.events(conversation, after=0, limit=50, public_only=True)
    told = [event.data["state"] for event, _ in events if event.kind == "action_changed"]
    assert told == ["proposed", "confirmed", "reserved", "sending", "succeeded"]
    assert events[0][0].seq == action.seq


async def test_nothing_happens_before_the_customer_confirms(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(await shop.customer()))
    await shop.worker.run_until_idle()
    assert (await shop.now(action)).state is ActionState.PROPOSED
    assert effects(shop) == []


async def test_a_card_ends_after_its_time(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    shop.record.clock.advance(minutes=30)
    token = shop.ledger.tokens.token(action)
    assert await shop.ledger.confirm(action.conversation_id, action.id, token, asking(maya)) is Refused.EXPIRED
    assert (await shop.now(action)).state is ActionState.EXPIRED


async def test_the_worker_ends_cards_that_nobody_confirms(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(await shop.customer()))
    shop.record.clock.advance(minutes=31)
    await shop.worker.run_until_idle()
    assert (await shop.now(action)).state is ActionState.EXPIRED


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "yes"])
async def test_a_wrong_token_confirms_nothing(shop: Shop, token: str) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    assert await shop.ledger.confirm(action.conversation_id, action.id, token, asking(maya)) is Refused.NOT_FOUND


async def test_the_token_of_one_card_does_not_confirm_another(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400), ("lamp", 1, 3900))
    maya = await shop.customer()
    first = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    second = await shop.offer(order, line("lamp"), conversation=await shop.conversation(maya))
    token = shop.ledger.tokens.token(first)
    assert await shop.ledger.confirm(second.conversation_id, second.id, token, asking(maya)) is Refused.NOT_FOUND


async def test_another_customer_cannot_confirm_and_learns_nothing(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(await shop.customer()))
    tom = await shop.customer("cust_1002")
    token = shop.ledger.tokens.token(action)
    with pytest.raises(ConversationNotFound):
        await shop.ledger.confirm(action.conversation_id, action.id, token, asking(tom))
    with pytest.raises(ConversationNotFound):
        await shop.ledger.decline(action.conversation_id, action.id, asking(tom))


async def test_who_is_no_longer_proven_cannot_confirm(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    token, unproven = shop.ledger.tokens.token(action), asking(maya)
    forgotten = type(unproven)(customer_id=maya.id, external_customer_id=None)
    assert await shop.ledger.confirm(action.conversation_id, action.id, token, forgotten) is Refused.SIGN_IN


async def test_a_customer_may_say_no_and_then_not_yes(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    missing = await shop.ledger.decline(action.conversation_id, ActionId("other"), asking(maya))
    assert missing is Refused.NOT_FOUND
    declined = await shop.ledger.decline(action.conversation_id, action.id, asking(maya))
    assert isinstance(declined, Action)
    assert declined.state is ActionState.WITHDRAWN
    token = shop.ledger.tokens.token(action)
    assert await shop.ledger.confirm(action.conversation_id, action.id, token, asking(maya)) is Refused.WITHDRAWN
    assert await shop.ledger.decline(action.conversation_id, action.id, asking(maya)) is Refused.SETTLED


async def test_a_new_offer_for_the_order_takes_the_place_of_the_old_one(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    maya = await shop.customer()
    conversation = await shop.conversation(maya)
    first = await shop.offer(order, line("bottle", 1), conversation=conversation)
    await shop.offer(order, line("bottle", 2), conversation=conversation)
    assert (await shop.now(first)).state is ActionState.WITHDRAWN


async def test_an_order_that_was_not_charged_is_cancelled_once_in_two_conversations(shop: Shop) -> None:
    """It has no amount and names no pieces: the card could not be confirmed at all."""
    shop.order("NP-1001", ("bottle", 1, 3400), state=OrderState.PLACED)
    maya = await shop.customer()
    proposal = Proposal(
        kind=ActionKind.CANCEL_ORDER,
        external_customer_id=CUSTOMER,
        order_number="NP-1001",
        lines=(),
        destination="You have not been charged",
        reason="cancel",
        policy_version="test",
        rule="cancel_before_charge",
    )
    first = await shop.offered(proposal, await shop.conversation(maya))
    second = await shop.offered(proposal, await shop.conversation(maya))
    assert (await shop.confirmed(first, maya)).state is ActionState.CONFIRMED
    assert (await shop.confirmed(second, maya)).id == first.id


async def test_the_same_piece_from_two_conversations_is_one_refund(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    maya = await shop.customer()
    first = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    second = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    assert (await shop.confirmed(first, maya)).id == first.id
    assert (await shop.confirmed(second, maya)).id == first.id
    await shop.worker.run_until_idle()
    assert effects(shop) == [first.id]
    assert (await shop.now(second)).state is ActionState.WITHDRAWN


async def test_fifty_clicks_at_once_are_one_refund(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    token = shop.ledger.tokens.token(action)
    clicks = [shop.ledger.confirm(action.conversation_id, action.id, token, asking(maya)) for _ in range(50)]
    outcomes = await asyncio.gather(*clicks)
    assert sum(isinstance(one, Confirmed) and not one.again for one in outcomes) == 1
    workers = [shop.another_worker() for _ in range(4)]
    await asyncio.gather(*(worker.run_until_idle() for worker in workers))
    assert effects(shop) == [action.id]


async def test_above_the_limit_it_waits_for_a_person_who_is_not_its_requester(shop: Shop) -> None:
    order = shop.order("NP-1001", ("tent", 1, 28900))
    maya = await shop.customer()
    robin, sam = await shop.person("robin"), await shop.person("sam")
    conversation = await shop.conversation(maya)
    action = await shop.offer(order, line("tent"), conversation=conversation, requested_by=robin)
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    assert effects(shop) == []
    assert [one.id for one in await shop.actions.waiting_for_person()] == [action.id]
    assert await shop.ledger.approve(action.id, action.digest, robin) is Refused.OWN_REQUEST
    assert await shop.ledger.approve(action.id, "0" * 64, sam) is Refused.CHANGED
    await shop.ledger.approve(action.id, action.digest, sam)
    await shop.worker.run_until_idle()
    assert effects(shop) == [action.id]
    assert (await shop.now(action)).approved_by == sam.id
    assert await shop.ledger.approve(action.id, action.digest, sam) is Refused.SETTLED


async def test_a_person_refuses_and_the_pieces_are_free_again(shop: Shop) -> None:
    order = shop.order("NP-1001", ("tent", 1, 28900))
    maya = await shop.customer()
    conversation = await shop.conversation(maya)
    action = await shop.offer(order, line("tent"), conversation=conversation)
    await shop.confirmed(action, maya)
    sam = await shop.person("sam")
    refused = await shop.ledger.refuse(action.id, action.digest, sam, "It was used.")
    assert not isinstance(refused, Refused)
    assert (refused.state, refused.note) == (ActionState.REFUSED, "It was used.")
    assert (await shop.offer(order, line("tent"), conversation=conversation)).state is ActionState.PROPOSED


@pytest.mark.parametrize(
    ("of", "automatic"),
    [(limits(per_day=10_000), 3), (limits(per_week=2, per_day=10**6), 2), (limits(per_day=3_399), 0)],
)
async def test_daily_and_weekly_limits_count_what_is_under_way(record: Record, of: object, automatic: int) -> None:
    shop = Shop(record=record, limits=of)  # type: ignore[arg-type]  # parametrize hands objects
    maya = await shop.customer()
    offered = []
    for n in range(5):
        order = shop.order(f"NP-100{n}", ("bottle", 1, 3300))
        offered.append(await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya)))
    for action in offered:
        await shop.confirmed(action, maya)
    await asyncio.gather(*(shop.another_worker().run_until_idle() for _ in range(4)))
    states = [(await shop.now(action)).state for action in offered]
    expected = automatic if of.per_customer_day["USD"] != 3_399 else 1  # type: ignore[attr-defined]
    assert states.count(ActionState.SUCCEEDED) == expected
    assert len(await shop.actions.waiting_for_person()) == 5 - expected


async def test_exactly_the_limit_goes_without_a_person_and_a_cent_more_does_not(record: Record) -> None:
    maya = await Shop(record=record).customer()
    for n, (most, waits) in enumerate(((3_400, False), (3_399, True))):
        shop = Shop(record=record, limits=limits(per_day=most))
        owner = await shop.customer(f"cust_{n}")
        order = shop.order(f"NP-200{n}", ("bottle", 1, 3400), customer=f"cust_{n}")
        conversation = await shop.conversation(owner)
        action = await shop.offer(order, line("bottle"), conversation=conversation, customer=f"cust_{n}")
        await shop.confirmed(action, owner)
        await shop.worker.run_until_idle()
        assert (await shop.now(action)).waits_for_person is waits
    shop = Shop(record=record, limits=limits(per_week=1))
    for n in range(2):
        order = shop.order(f"NP-300{n}", ("bottle", 1, 100))
        second = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
        await shop.confirmed(second, maya)
        await shop.worker.run_until_idle()
    assert "refund number 2 within a week" in ((await shop.now(second)).approval or "")


async def test_more_than_was_captured_is_not_put_aside_and_ends_there(shop: Shop) -> None:
    """The shop gave money back between the policy's answer and the reservation."""
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    maya = await shop.customer()
    two = []
    for _ in range(2):
        action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
        two.append(await shop.confirmed(action, maya))
    first, second = two
    assert first.proposal.funds is not None
    reserved = await shop.ledger.reserve(first, first.proposal.funds)
    assert reserved is not None
    assert reserved.state is ActionState.RESERVED
    failed = await shop.ledger.reserve(second, replace(first.proposal.funds, refunded_elsewhere=usd(3_400)))
    assert failed is not None
    assert (failed.state, failed.note) == (ActionState.FAILED, "The shop gave money back for this order meanwhile.")
    assert (await shop.actions.held("NP-1001", "pay_NP-1001")).pieces == {("bottle", 0)}


async def test_limits_end_with_their_time(record: Record) -> None:
    shop = Shop(record=record, limits=limits(per_day=5_000))
    maya = await shop.customer()
    for n, waits in ((1, 0), (2, 1)):
        order = shop.order(f"NP-100{n}", ("bottle", 1, 3400))
        await shop.confirmed(await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya)), maya)
        await shop.worker.run_until_idle()
        assert len(await shop.actions.waiting_for_person()) == waits
    shop.record.clock.advance(hours=25)
    order = shop.order("NP-1003", ("bottle", 1, 3400))
    last = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(last, maya)
    await shop.worker.run_until_idle()
    assert (await shop.now(last)).state is ActionState.SUCCEEDED


async def test_while_refunds_are_frozen_they_wait_for_people(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    maya, sam = await shop.customer(), await shop.person("sam")
    await shop.ledger.freeze("The books do not agree.")
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    assert effects(shop) == []
    waiting = await shop.now(action)
    assert waiting.waits_for_person
    assert "The books do not agree" in (waiting.approval or "")
    assert await shop.ledger.unfreeze(sam)
    assert await shop.actions.frozen() is None
    await shop.ledger.approve(action.id, action.digest, sam)
    await shop.worker.run_until_idle()
    assert effects(shop) == [action.id]


@pytest.mark.parametrize("sql", ["UPDATE action_entries SET state = 'succeeded'", "DELETE FROM action_entries"])
async def test_an_entry_is_never_changed(shop: Shop, sql: str) -> None:
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    await shop.offer(order, line("bottle"), conversation=await shop.conversation(await shop.customer()))
    with pytest.raises(SQLAlchemyError, match="never changed"):
        async with shop.record.database.write() as connection:
            await connection.execute(text(sql))


async def test_the_database_itself_refuses_more_than_was_captured(shop: Shop) -> None:
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    with pytest.raises(IntegrityError):
        async with shop.record.database.write() as connection:
            await connection.execute(text("UPDATE payment_funds SET reserved_minor = 3401"))


async def test_an_entry_names_who_is_behind_it(shop: Shop) -> None:
    order = shop.order("NP-1001", ("tent", 1, 28900))
    maya, sam = await shop.customer(), await shop.person("sam")
    action = await shop.offer(order, line("tent"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await shop.ledger.approve(action.id, action.digest, sam)
    approved = (await shop.actions.entries(action.id))[-1]
    assert (approved.actor_kind, approved.actor_id) == (AuthorKind.HUMAN_AGENT.value, sam.id)
    assert approved.policy_version == action.proposal.policy_version
