from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from conversations.deliveries import LEASE, RETRY_AFTER, Channel, Deliveries, DeliveryState, NewDelivery
from tests.conftest import Record

MAIL = NewDelivery(channel=Channel.MAIL, target="ava@mail.example", payload={"message_id": "m1"})


@pytest.fixture
def deliveries(record: Record) -> Deliveries:
    return Deliveries(record.database, record.bus, clock=record.clock)


async def kept(record: Record, times: int = 1) -> None:
    visitor = await record.people.new_visitor()
    conversation = await record.store.start(visitor.id, "1")
    async with record.store.change(conversation.id) as change:
        change.record("something", public=False, data={})
        for _ in range(times):
            await change.deliver(MAIL)


async def test_a_delivery_is_kept_with_its_change_or_not_at_all(record: Record, deliveries: Deliveries) -> None:
    visitor = await record.people.new_visitor()
    conversation = await record.store.start(visitor.id, "1")
    with contextlib.suppress(ZeroDivisionError):
        async with record.store.change(conversation.id) as change:
            await change.deliver(MAIL)
            raise ZeroDivisionError
    assert await deliveries.lease() is None
    await kept(record)
    found = await deliveries.lease()
    assert found is not None
    assert (found.target, found.payload, found.attempts) == ("ava@mail.example", {"message_id": "m1"}, 1)


async def test_each_is_leased_by_one_sender_and_again_when_that_one_dies(
    record: Record, deliveries: Deliveries
) -> None:
    await kept(record, times=5)
    leased = await asyncio.gather(*(deliveries.lease() for _ in range(9)))
    ids = [one.id for one in leased if one is not None]
    assert len(ids) == len(set(ids)) == 5
    record.clock.advance(seconds=LEASE.total_seconds() + 1)
    again = await deliveries.lease()
    assert again is not None
    assert (again.id in ids, again.attempts) == (True, 2)
    first = next(one for one in leased if one is not None and one.id == again.id)
    await deliveries.delivered(first)
    assert len(await deliveries.newest(state=DeliveryState.DELIVERED, limit=9)) == 0, "its lease is another's now"
    await deliveries.delivered(again)
    assert len(await deliveries.newest(state=DeliveryState.DELIVERED, limit=9)) == 1


async def test_a_receiver_that_is_down_for_72_hours_gets_it_and_one_that_is_gone_does_not(
    record: Record, deliveries: Deliveries
) -> None:
    await kept(record)
    started, tries = record.clock.now, 0
    while (found := await deliveries.lease()) is None or record.clock.now - started < timedelta(hours=72):
        if found is not None:
            tries += 1
            await deliveries.failed(found, "down", after=None, give_up=False)
        record.clock.advance(minutes=20)
        assert record.clock.now - started < timedelta(hours=80), "never tried after 72 hours"
    await deliveries.delivered(found)
    assert tries == len(RETRY_AFTER)
    assert sum(RETRY_AFTER, timedelta(0)) > timedelta(hours=72)


async def test_the_last_try_makes_it_dead_and_a_person_may_send_it_again(
    record: Record, deliveries: Deliveries
) -> None:
    await kept(record)
    for _ in range(len(RETRY_AFTER) + 1):
        record.clock.advance(days=2)
        found = await deliveries.lease()
        assert found is not None
        await deliveries.failed(found, "still down", after=None, give_up=False)
    record.clock.advance(days=2)
    assert await deliveries.lease() is None
    [dead] = await deliveries.newest(state=DeliveryState.DEAD, limit=9)
    assert dead.problem == "still down"
    assert await deliveries.send_again([dead.id, "nonsense"]) == 1
    again = await deliveries.lease()
    assert again is not None
    assert (again.id, again.attempts) == (dead.id, 1)


async def test_a_receiver_may_ask_for_a_longer_pause(record: Record, deliveries: Deliveries) -> None:
    await kept(record)
    found = await deliveries.lease()
    assert found is not None
    await deliveries.failed(found, "busy", after=timedelta(hours=1), give_up=False)
    record.clock.advance(minutes=59)
    assert await deliveries.lease() is None
    record.clock.advance(minutes=2)
    assert await deliveries.lease() is not None
