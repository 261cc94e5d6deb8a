from __future__ import annotations

import pytest

from conversations.change import NewMessage
from conversations.events import SLA_BREACHED, SLA_WARNING
from conversations.inbound import customer_actor, receive
from conversations.model import ConversationId
from handoff.desk import human_reply
from handoff.desk_rules import DeskRules, SlaTarget
from handoff.hours import OpeningHours
from handoff.sla import Clock
from handoff.sla_keeper import SlaKeeper
from handoff.sla_store import SlaStore
from tests.conftest import Record
from tests.handoff.test_dispatcher import Floor

TARGET = SlaTarget(name="all", first_response_minutes=20, next_response_minutes=60, resolution_minutes=600)


class Clocked(Floor):
    def __init__(self, record: Record) -> None:
        super().__init__(record)
        self.sla_store = SlaStore(record.database, clock=record.clock)
        self.keeper = SlaKeeper(record.store, self.desk_store, self.sla_store, clock=record.clock)

    async def told(self, one: ConversationId) -> list[tuple[str, object]]:
        events = await self.record.store.events(one, after=0, limit=200, public_only=False)
        return [(e.kind, e.data["clock"]) for e, _ in events if e.kind in (SLA_WARNING, SLA_BREACHED)]

    async def running(self, one: ConversationId) -> list[Clock]:
        return [kept.reading.clock for kept in (await self.sla_store.running([one])).get(one, [])]


@pytest.fixture
async def floor(record: Record) -> Clocked:
    return Clocked(record)


async def test_a_clock_is_warned_of_once_and_breached_once(floor: Clocked) -> None:
    await floor.person("Noor")
    await floor.rules(DeskRules(sla=[TARGET]))
    one = await floor.asks()
    await floor.keeper.look()
    assert await floor.running(one) == [Clock.FIRST_RESPONSE, Clock.RESOLUTION]
    floor.record.clock.advance(minutes=16)
    for _ in range(3):
        await floor.keeper.look()
    await Clocked(floor.record).keeper.look()  # another server
    assert await floor.told(one) == [(SLA_WARNING, "first_response")]
    floor.record.clock.advance(minutes=5)
    for _ in range(2):
        await floor.keeper.look()
    assert await floor.told(one) == [(SLA_WARNING, "first_response"), (SLA_BREACHED, "first_response")]


async def test_a_reply_stops_the_first_clock_and_a_question_starts_the_next(floor: Clocked) -> None:
    noor = await floor.person("Noor")
    await floor.rules(DeskRules(sla=[TARGET]))
    one = await floor.asks()
    await floor.desk.reply(one, noor, human_reply(noor, "Yes.", "r"), owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.keeper.look()
    assert await floor.running(one) == [Clock.RESOLUTION]
    customer = await floor.record.people.customer_of(one)
    new = NewMessage(author=customer_actor(customer), text="and?", client_message_id="m2")
    await receive(floor.record.store, one, customer, new)
    await floor.keeper.look()
    assert await floor.running(one) == [Clock.NEXT_RESPONSE, Clock.RESOLUTION]
    now = await floor.now(one)
    await floor.desk.resolve(one, noor, owner_epoch=now.owner_epoch)
    await floor.keeper.look()
    assert await floor.running(one) == []
    floor.record.clock.advance(days=30)
    await floor.keeper.look()
    assert await floor.told(one) == []


async def test_new_rules_hold_for_what_runs_already(floor: Clocked) -> None:
    await floor.person("Noor")
    await floor.rules(DeskRules(sla=[TARGET]))
    one = await floor.asks()
    await floor.keeper.look()
    closed = OpeningHours(zone="UTC", week={"wed": ["10:00-11:00"]})  # the story begins on a Sunday
    await floor.rules(DeskRules(sla=[TARGET], hours=closed))
    floor.record.clock.advance(hours=5)
    await floor.keeper.look()
    assert await floor.told(one) == [], "nobody is there, so no time passes"
    await floor.rules(DeskRules())
    await floor.keeper.look()
    assert await floor.running(one) == []


async def test_a_server_that_starts_finds_what_runs(floor: Clocked) -> None:
    await floor.person("Noor")
    await floor.rules(DeskRules(sla=[TARGET]))
    one = await floor.asks()
    floor.record.clock.advance(minutes=25)
    await Clocked(floor.record).keeper.look()
    assert await floor.told(one) == [(SLA_BREACHED, "first_response")]


@pytest.mark.parametrize("how", ["a restart", "other rules"])
async def test_a_clock_whose_end_no_server_saw_is_stopped(floor: Clocked, how: str) -> None:
    noor = await floor.person("Noor")
    await floor.rules(DeskRules(sla=[TARGET]))
    one = await floor.asks()
    await floor.keeper.look()
    await floor.desk.reply(one, noor, human_reply(noor, "Yes.", "r"), owner_epoch=(await floor.now(one)).owner_epoch)
    await floor.desk.resolve(one, noor, owner_epoch=(await floor.now(one)).owner_epoch)
    floor.record.clock.advance(hours=1)
    if how == "a restart":
        floor = Clocked(floor.record)
    else:
        await floor.rules(DeskRules(sla=[TARGET, TARGET.model_copy(update={"name": "never meant"})]))
    await floor.keeper.look()
    assert await floor.running(one) == []
    floor.record.clock.advance(days=1)
    await floor.keeper.look()
    assert await floor.told(one) == []
