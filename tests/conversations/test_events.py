from __future__ import annotations

import asyncio
import time
import tracemalloc

import pytest

from conversations.events import LIVE_KEPT, Bus, Woken
from conversations.model import JsonObject

QUIET = Woken(signs=[], look=True, timed_out=True)
"""Nobody called; the record is looked at all the same, since another process may have written."""


def sign(number: int) -> JsonObject:
    return {"n": number}


def signs(*numbers: int, look: bool = False) -> Woken:
    return Woken(signs=[sign(number) for number in numbers], look=look)


async def test_a_wake_up_before_the_wait_is_not_lost() -> None:
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        bus.wake("topic")
        started = time.perf_counter()
        assert await subscription.next(5) == signs(look=True)
        assert time.perf_counter() - started < 1


async def test_without_a_wake_up_the_wait_ends_at_its_time() -> None:
    with Bus().subscribe("topic") as subscription:
        started = time.perf_counter()
        assert await subscription.next(0.05) == QUIET
        assert time.perf_counter() - started >= 0.04


async def test_a_wake_up_ends_a_wait_that_has_begun() -> None:
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        waiting = asyncio.create_task(subscription.next(5))
        await asyncio.sleep(0)
        bus.wake("topic", sign(1))
        assert await asyncio.wait_for(waiting, 1) == signs(1)


async def test_a_live_sign_alone_is_no_reason_to_look_into_the_record() -> None:
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        bus.wake("topic", sign(1))
        assert await subscription.next(1) == signs(1, look=False)
        bus.wake("topic", sign(2))
        bus.wake("topic")
        assert await subscription.next(1) == signs(2, look=True)


async def test_many_wake_ups_are_one_and_signs_come_once_and_in_order() -> None:
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        for number in range(5):
            bus.wake("topic", sign(number))
            bus.wake("topic")
        assert await subscription.next(1) == signs(*range(5), look=True)
        assert await subscription.next(0.01) == QUIET


async def test_a_slow_reader_gets_the_newest_signs_and_still_looks() -> None:
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        bus.wake("topic")
        for number in range(LIVE_KEPT * 3):
            bus.wake("topic", sign(number))
        assert await subscription.next(1) == signs(*range(LIVE_KEPT * 2, LIVE_KEPT * 3), look=True)


async def test_every_subscriber_of_a_topic_is_woken_and_nobody_else() -> None:
    bus = Bus()
    with bus.subscribe("a") as first, bus.subscribe("a") as second, bus.subscribe("b") as other:
        bus.wake("a", sign(1))
        assert await first.next(1) == await second.next(1) == signs(1)
        assert await other.next(0.01) == QUIET


async def test_whoever_left_is_not_woken_and_whoever_stays_is() -> None:
    bus = Bus()
    with bus.subscribe("a") as stays:
        with bus.subscribe("a") as left:
            pass
        bus.wake("a", sign(1))
        assert await left.next(0.01) == QUIET
        assert await stays.next(1) == signs(1)


def subscribe_and_leave(bus: Bus, topic: str) -> None:
    with bus.subscribe(topic):
        pass


def subscribe_and_crash(bus: Bus, topic: str) -> None:
    with pytest.raises(ZeroDivisionError), bus.subscribe(topic):
        raise ZeroDivisionError


async def test_thousands_who_came_and_left_leave_nothing_behind() -> None:
    bus = Bus()
    tracemalloc.start()
    for number in range(2_000):
        subscribe_and_leave(bus, f"conversation-{number}")
        bus.wake(f"conversation-{number}", sign(number))
    subscribe_and_crash(bus, "crashed")
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert grown < 100_000, "a topic nobody waits for any more must be forgotten (800 bytes each if it is not)"


async def test_a_cancellation_that_comes_together_with_the_wake_up_is_not_forgotten() -> None:
    """A service that is told to stop just as a message arrives would never stop."""
    bus = Bus()
    with bus.subscribe("topic") as subscription:
        waiting = asyncio.create_task(subscription.next(5))
        await asyncio.sleep(0)
        bus.wake("topic")
        for _ in range(5):
            waiting.cancel()
            await asyncio.sleep(0)
        assert waiting.cancelled()
