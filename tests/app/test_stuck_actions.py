"""What a customer confirmed and did not get: a person takes over, once, and knows what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from app.actions import ActionDesk, action_desk
from app.stuck_actions import PENDING_FOR, UNKNOWN_FOR, StuckActions
from conversations.change import NewMessage
from conversations.database import open_database
from conversations.inbound import customer_actor, receive
from conversations.model import ConversationId, Customer, Handoff, HandoffReason, Status, Visibility
from handoff.desk import HandoffDesk
from handoff.desk_store import DeskStore
from tests.agent.test_hostile import around
from tests.app.acting import ActingShop, acting
from tests.conftest import Record
from tests.tools.action_cast import Shop, line
from tools.action_model import Action, ActionState
from tools.action_store import PASSED_ON
from tools.action_worker import Business
from tools.orders import FakeOrderSystem
from tools.payment_faults import Fault
from tools.tool import Principal
from tools.verification import principal_of


@dataclass(kw_only=True)
class Place:
    """A shop with a provider that does `faults`, and what passes its conversations on."""

    shop: Shop
    maya: Customer
    conversation: ConversationId
    desk: ActionDesk
    people: HandoffDesk
    stuck: StuckActions

    async def confirmed(self) -> Action:
        """A refund that was asked for, confirmed and sent."""
        order = self.shop.order("NP-1001", ("bottle", 2, 3400))
        said = NewMessage(author=customer_actor(self.maya), text="My bottle is broken", client_message_id="m1")
        await receive(self.shop.record.store, self.conversation, self.maya, said)
        action = await self.shop.offer(order, line("bottle"), conversation=self.conversation)
        await self.shop.confirmed(action, self.maya)
        await self.desk.worker.run_until_idle()
        return action

    async def status(self) -> Status:
        return (await self.shop.record.store.conversation(self.conversation)).status

    async def handoff(self) -> Handoff:
        return (await self.shop.record.store.latest_handoffs([self.conversation]))[self.conversation]

    async def texts(self) -> list[str]:
        return [one.text for one in await self.shop.record.store.messages(self.conversation, limit=50)]


async def proven(_: ConversationId, customer: Customer) -> Principal:
    return principal_of(customer)


def asked_in(handoff: Handoff) -> list[dict[str, str]]:
    asked = handoff.brief["actions"]
    assert isinstance(asked, list)
    return cast("list[dict[str, str]]", asked)


Opened = Callable[..., Awaitable[Place]]


@pytest.fixture
async def opened(record: Record) -> Opened:
    async def open_place(*faults: Fault, look_ups_down: int = 0) -> Place:
        shop = Shop(record=record, faults=faults, look_ups_down=[True] * look_ups_down)
        business = Business(
            orders=FakeOrderSystem(shop.orders), payments=shop.payments, changes=shop.changes, policy=shop.policy
        )
        desk = action_desk(business, around(record), key="k" * 32, toolbox=None)
        store = DeskStore(record.database, record.bus, clock=record.clock)
        people = HandoffDesk(
            record.store, rules=store.rules, anybody_online=record.people.anybody_online, away_text="Nobody is here."
        )
        maya = await shop.customer()
        stuck = StuckActions(
            actions=desk, desk=people, store=record.store, people=record.people, prove=proven, clock=record.clock
        )
        return Place(
            shop=shop, maya=maya, conversation=await shop.conversation(maya), desk=desk, people=people, stuck=stuck
        )

    return open_place


async def test_what_the_provider_refused_brings_a_person_who_reads_which_refund_it_was(opened: Opened) -> None:
    place = await opened(Fault.DECLINED)
    action = await place.confirmed()
    assert await place.stuck.look() == 1
    assert await place.status() is Status.QUEUED
    handoff = await place.handoff()
    assert handoff.reason is HandoffReason.ACTION_STUCK
    assert handoff.detail == (
        "The refund of $34.00 for order NP-1001 did not go through. The shop's balance does not cover it."
    )
    assert [(one["action_id"], one["state"]) for one in asked_in(handoff)] == [(action.id, "failed")]
    assert "passing you to a colleague" in (await place.texts())[-1]
    entries = await place.shop.actions.entries(action.id)
    assert (entries[-1].detail, entries[-1].actor_kind) == (PASSED_ON, "system")


async def test_it_is_passed_on_once_by_however_many_servers(opened: Opened) -> None:
    place = await opened(Fault.DECLINED)
    await place.confirmed()
    assert sum(await asyncio.gather(*(place.stuck.look() for _ in range(8)))) == 1
    assert await place.stuck.look() == 0
    assert len([text for text in await place.texts() if "passing you to a colleague" in text]) == 1


async def test_without_an_answer_a_person_comes_after_half_an_hour_and_not_before(opened: Opened) -> None:
    place = await opened(Fault.TIMEOUT_AFTER, look_ups_down=50)
    action = await place.confirmed()
    place.shop.record.clock.advance(seconds=UNKNOWN_FOR.total_seconds() - 60)
    assert await place.stuck.look() == 0
    place.shop.record.clock.advance(minutes=2)
    assert await place.stuck.look() == 1
    handoff = await place.handoff()
    assert "pending" in str(handoff.brief["reason"])
    assert (await place.shop.now(action)).state is ActionState.UNKNOWN, "it is still looked up"


async def test_what_the_bank_has_accepted_is_left_alone_for_as_long_as_banks_take(opened: Opened) -> None:
    place = await opened(Fault.PENDING_THEN_DONE)
    await place.confirmed()
    place.shop.record.clock.advance(days=3)
    assert await place.stuck.look() == 0
    place.shop.record.clock.advance(seconds=PENDING_FOR.total_seconds())
    assert await place.stuck.look() == 1


async def test_what_went_through_brings_nobody(opened: Opened) -> None:
    place = await opened()
    await place.confirmed()
    place.shop.record.clock.advance(days=30)
    assert await place.stuck.look() == 0
    assert await place.status() is Status.AUTOMATED


async def test_who_is_with_a_person_already_stays_there_and_the_team_gets_a_note(opened: Opened) -> None:
    place = await opened(Fault.DECLINED)
    await place.confirmed()
    robin = await place.shop.person("robin")
    epoch = (await place.shop.record.store.conversation(place.conversation)).owner_epoch
    await place.people.claim(place.conversation, robin, owner_epoch=epoch)
    before = len(await place.texts())
    assert await place.stuck.look() == 1
    assert await place.status() is Status.ASSIGNED
    [note] = (await place.shop.record.store.messages(place.conversation, limit=50))[before:]
    assert (note.visibility, "did not go through" in note.text) == (Visibility.NOTE, True)


async def test_a_conversation_that_was_closed_is_opened_again(opened: Opened) -> None:
    place = await opened(Fault.DONE_THEN_FAILED)
    await place.confirmed()
    robin = await place.shop.person("robin")
    epoch = (await place.shop.record.store.conversation(place.conversation)).owner_epoch
    await place.people.resolve(place.conversation, robin, owner_epoch=epoch)
    place.shop.record.clock.advance(days=4)
    place.shop.payments.let_time_pass()
    assert (await place.desk.reconcile()).undone == 1
    assert await place.stuck.look() == 1
    assert await place.status() is Status.QUEUED


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[ActingShop]:
    async with acting(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path, metrics_token="m" * 16) as made:
        yield made


async def test_the_running_service_passes_on_what_failed(shop: ActingShop) -> None:
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    shop.payments.dispute("pay_NP-10427")
    await shop.click(maya, conversation, card)
    await shop.until(maya, conversation, "failed")
    async with asyncio.timeout(15):
        while (await maya.read(conversation))["conversation"]["status"] != "queued":
            await asyncio.sleep(0.1)
    console = await shop.served.console()
    assert (await console.view(conversation["id"]))["brief"]["actions"][0]["state"] == "failed"


async def test_a_monitor_sees_the_freeze_and_only_with_its_token(shop: ActingShop) -> None:
    client = shop.served.client
    assert (await client.get("/metrics")).status_code == 404
    assert (await client.get("/metrics", headers={"Authorization": "Bearer x"})).status_code == 404
    headers = {"Authorization": f"Bearer {'m' * 16}"}
    before = await client.get("/metrics", headers=headers)
    assert before.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "\nbaton_refunds_frozen 0\n" in before.text
    maya = await shop.signed_in()
    conversation, card = await shop.offered(maya)
    await shop.click(maya, conversation, card)
    await shop.until(maya, conversation, "done")
    assert shop.served.baton.actions is not None
    await shop.served.baton.actions.ledger.freeze("The books do not agree.")
    after = (await client.get("/metrics", headers=headers)).text
    assert "\nbaton_refunds_frozen 1\n" in after
    assert '\nbaton_actions{state="succeeded"} 1\n' in after


async def test_without_a_token_there_are_no_metrics(tmp_path: Path) -> None:
    async with acting(f"sqlite:///{tmp_path / 'baton.db'}", tmp_path) as made:
        answer = await made.served.client.get("/metrics", headers={"Authorization": "Bearer x"})
        assert answer.status_code == 404


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Record]:
    """On SQLite: what it stands on is tested on both, and nothing here differs between them."""
    url = f"sqlite:///{tmp_path / 'record.db'}"
    database = await open_database(url)
    yield Record(database=database, url=url)
    await database.close()
