from __future__ import annotations

import asyncio

import pytest

from conversations.change import NewMessage
from conversations.events import ROUTED
from conversations.inbound import customer_actor, receive
from conversations.model import Conversation, ConversationId, HandoffReason, HumanAgent, Status
from conversations.store import View
from handoff.desk import HandoffDesk, PassingOn, human_reply
from handoff.desk_rules import DeskRules, HeadStart, Person, Route, Team, When
from handoff.desk_store import DeskStore, RulesChanged
from handoff.dispatcher import SWEEP_SECONDS, Dispatcher, rest_after
from handoff.facts import gather_facts
from handoff.policy import HandoffDecision
from tests.conftest import Record

ASKED = HandoffDecision(reason=HandoffReason.CUSTOMER_ASKED, detail="The customer pressed the button.")


class Floor:
    """A desk with people and customers who ask for them."""

    def __init__(self, record: Record) -> None:
        self.record = record
        self.desk_store = DeskStore(record.database, record.bus, clock=record.clock)
        self.desk = HandoffDesk(
            record.store, rules=self.desk_store.rules, anybody_online=record.people.anybody_online, away_text="Away."
        )
        self.dispatcher = Dispatcher(record.store, self.desk, self.desk_store, record.people, clock=record.clock)

    async def rules(self, rules: DeskRules) -> None:
        number = (await self.desk_store.rules()).number
        await self.desk_store.save(rules, over=number, by=(await self.record.people.human_agents())[0].id)

    async def person(self, name: str, *, online: bool = True) -> HumanAgent:
        await self.record.people.add_human_agent(f"{name}@shop.example", display_name=name, password_hash="x")
        [found] = [one for one in await self.record.people.human_agents() if one.display_name == name]
        if online:
            await self.record.people.seen(found.id)
        return found

    async def asks(self, text: str = "please help", segments: tuple[str, ...] = ()) -> ConversationId:
        name = self.record.new_id()
        customer = await self.record.people.identified(name, display_name=name, email=None, segments=segments)
        conversation = await self.record.store.start(customer.id, "1")
        new = NewMessage(author=customer_actor(customer), text=text, client_message_id="m")
        await receive(self.record.store, conversation.id, customer, new)
        facts = await gather_facts(self.record.store, conversation.id, customer, episode=1)
        await self.desk.hand_off_on_request(conversation.id, customer, PassingOn(decision=ASKED, facts=facts))
        return conversation.id

    async def now(self, conversation_id: ConversationId) -> Conversation:
        return await self.record.store.conversation(conversation_id)

    async def owners(self, *ids: ConversationId) -> list[str | None]:
        return [(await self.now(one)).assignee_id for one in ids]

    async def queue(self) -> list[ConversationId]:
        page = await self.record.store.inbox(
            View.QUEUE, human_agent_id=(await self.record.people.human_agents())[0].id, limit=50, cursor=None
        )
        return [conversation.id for conversation in page.items]


@pytest.fixture
async def floor(record: Record) -> Floor:
    return Floor(record)


AUTOMATIC = DeskRules(automatic=True, capacity=2)


async def test_by_default_nobody_is_given_anything_and_the_queue_is_in_the_order_of_waiting(floor: Floor) -> None:
    await floor.person("Noor")
    first, second = await floor.asks(), await floor.asks()
    assert await floor.dispatcher.look() == 0
    assert await floor.queue() == [first, second]


async def test_the_queue_is_given_out_in_order_up_to_everybodys_room(floor: Floor) -> None:
    noor, sam = await floor.person("Noor"), await floor.person("Sam")
    await floor.rules(AUTOMATIC)
    ids = [await floor.asks() for _ in range(5)]
    assert await floor.dispatcher.look() == 4
    assert sorted(str(owner) for owner in await floor.owners(*ids[:4])) == sorted([noor.id, noor.id, sam.id, sam.id])
    assert await floor.queue() == ids[4:]
    done = await floor.now(ids[0])
    await floor.desk.resolve(done.id, noor, owner_epoch=done.owner_epoch)
    assert await floor.dispatcher.look() == 1
    assert await floor.queue() == []


async def test_the_record_says_why_and_the_customer_is_not_told(floor: Floor) -> None:
    await floor.person("Noor")
    await floor.rules(AUTOMATIC)
    one = await floor.asks()
    await floor.dispatcher.look()
    events = await floor.record.store.events(one, after=0, limit=50, public_only=False)
    [routed] = [event for event, _ in events if event.kind == ROUTED]
    assert routed.data == {"to": "Noor", "why": ["Noor has the most room: 0 of 2"]}
    assert not routed.public


async def test_head_starts_and_teams_hold_from_the_moment_the_rules_are_saved(floor: Floor) -> None:
    noor, sam = await floor.person("Noor"), await floor.person("Sam")
    plain, vip, money = await floor.asks(), await floor.asks(segments=("vip",)), await floor.asks("my refund!")
    await floor.rules(
        DeskRules(
            automatic=True,
            capacity=1,
            teams=[Team(name="Money", members=[sam.id])],
            routes=[Route(name="refunds", when=When(words=["refund"]), team="Money")],
            head_starts=[HeadStart(name="VIP", when=When(segments=["vip"]), minutes=20)],
            people={noor.id: Person(capacity=1)},
            widen_after_minutes=None,
        )
    )
    assert await floor.queue() == [vip, plain, money]
    assert (await floor.now(money)).team == "Money"
    [handoff] = (await floor.record.store.latest_handoffs([vip])).values()
    assert handoff.placement is not None
    assert handoff.placement["why"] == ["20 min head start: VIP"]
    await floor.dispatcher.look()
    later = await floor.asks("another refund", segments=("vip",))
    assert (await floor.now(later)).team == "Money"


async def test_two_servers_at_once_give_nobody_too_much_and_nothing_twice(floor: Floor) -> None:
    await floor.person("Noor")
    await floor.rules(DeskRules(automatic=True, capacity=3))
    ids = [await floor.asks() for _ in range(6)]
    given = await asyncio.gather(*(Floor(floor.record).dispatcher.look() for _ in range(4)))
    assert sum(given) == 3
    owners = await floor.owners(*ids)
    assert sum(owner is not None for owner in owners) == 3


@pytest.mark.parametrize("away", ["offline", "away", "idle"])
async def test_whoever_is_not_there_gets_nothing(floor: Floor, away: str) -> None:
    noor = await floor.person("Noor", online=away != "offline")
    await floor.rules(AUTOMATIC)
    if away == "away":
        await floor.record.people.set_available(noor.id, False)
    if away == "idle":
        await floor.record.people.active(noor.id)
        floor.record.clock.advance(minutes=16)
        await floor.record.people.seen(noor.id)
    await floor.asks()
    assert await floor.dispatcher.look() == 0
    await floor.record.people.set_available(noor.id, True)
    await floor.record.people.seen(noor.id)
    await floor.record.people.active(noor.id)
    assert await floor.dispatcher.look() == 1, "there again"


async def test_whoever_vanishes_loses_it_back_to_its_old_place(floor: Floor) -> None:
    noor = await floor.person("Noor")
    first = await floor.asks()
    before = await floor.now(first)
    await floor.desk.claim(first, noor, owner_epoch=before.owner_epoch)
    second = await floor.asks()
    await floor.record.people.left(noor.id)
    floor.record.clock.advance(minutes=14)
    await floor.dispatcher.look()
    assert (await floor.now(first)).status is Status.ASSIGNED, "not yet"
    floor.record.clock.advance(minutes=2)
    await floor.dispatcher.look()
    assert (await floor.now(first)).status is Status.QUEUED
    assert (await floor.now(first)).ranked_at == before.ranked_at
    assert await floor.queue() == [first, second]


async def test_an_answered_conversation_stays_with_its_person_until_the_customer_writes(floor: Floor) -> None:
    noor = await floor.person("Noor")
    one = await floor.asks()
    await floor.desk.reply(one, noor, human_reply(noor, "Done.", "r"), owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.record.people.left(noor.id)
    floor.record.clock.advance(hours=5)
    await floor.dispatcher.look()
    assert (await floor.now(one)).status is Status.ASSIGNED
    customer = await floor.record.people.customer_of(one)
    new = NewMessage(author=customer_actor(customer), text="and now?", client_message_id="m2")
    await receive(floor.record.store, one, customer, new)
    floor.record.clock.advance(minutes=16)
    await floor.dispatcher.look()
    assert (await floor.now(one)).status is Status.QUEUED


async def test_who_helped_last_is_found_again(floor: Floor) -> None:
    await floor.person("Noor")
    sam = await floor.person("Sam")
    await floor.rules(DeskRules(automatic=True, capacity=9))
    one = await floor.asks()
    await floor.desk.claim(one, sam, owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.desk.release(one, sam, owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.asks()
    await floor.dispatcher.look()
    assert await floor.owners(one) == [sam.id]


async def test_rules_saved_over_others_that_are_newer_are_refused(floor: Floor) -> None:
    noor = await floor.person("Noor")
    await floor.rules(AUTOMATIC)
    with pytest.raises(RulesChanged):
        await floor.desk_store.save(DeskRules(), over=0, by=noor.id)
    results = await asyncio.gather(
        *(floor.desk_store.save(DeskRules(), over=1, by=noor.id) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, RulesChanged) for result in results) == 3
    assert [saved.number for saved in await floor.desk_store.history(limit=9)] == [2, 1]


async def test_what_was_handled_is_read_for_a_simulation(floor: Floor) -> None:
    noor = await floor.person("Noor")
    since = floor.record.clock()
    one, _ = await floor.asks("my refund"), await floor.asks()
    await floor.desk.claim(one, noor, owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.desk.resolve(one, noor, owner_epoch=(await floor.now(one)).owner_epoch)
    first, second = await floor.desk_store.handled(since=since, limit=10)
    assert (first.asked.wants, first.by) == ("my refund", noor.id)
    assert first.waited is not None
    assert first.took is not None
    assert (second.waited, second.by) == (None, None)


def test_a_busy_server_looks_as_often_as_an_idle_one() -> None:
    assert rest_after(0.0) < rest_after(0.2) <= rest_after(30.0) == SWEEP_SECONDS
