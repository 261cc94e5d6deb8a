"""Tokens are counted where a restart does not forget them, and never past a cap."""

from __future__ import annotations

import asyncio

import pytest

from conversations.model import ConversationId, CustomerId
from conversations.spending import KEPT, Caps, Spending
from tests.conftest import Record

AVA, BEN = CustomerId("ava"), CustomerId("ben")
ONE, TWO = ConversationId("one"), ConversationId("two")


def spending(record: Record, **caps: int) -> Spending:
    return Spending(record.database, Caps(**caps), clock=record.clock)


@pytest.mark.parametrize(
    ("caps", "second"),
    [
        ({"conversation": 100}, (ONE, AVA)),
        ({"customer_day": 100}, (TWO, AVA)),
        ({"day": 100}, (TWO, BEN)),
    ],
)
async def test_a_cap_holds_for_its_scope(record: Record, caps: dict[str, int], second: tuple[str, str]) -> None:
    counted = spending(record, **caps)
    assert await counted.reserve(ONE, AVA, 60)
    assert not await counted.reserve(ConversationId(second[0]), CustomerId(second[1]), 60)
    assert await counted.reserve(ConversationId(second[0]), CustomerId(second[1]), 40)


async def test_what_was_refused_is_counted_nowhere(record: Record) -> None:
    counted = spending(record, conversation=100)
    assert not await counted.reserve(ONE, AVA, 101)
    assert await counted.spent(f"day {record.clock().date()}") == 0


async def test_settling_gives_back_what_was_not_used(record: Record) -> None:
    counted = spending(record, conversation=100)
    assert await counted.reserve(ONE, AVA, 100)
    await counted.settle(ONE, AVA, by=-70)
    assert await counted.reserve(ONE, AVA, 70)
    assert not await counted.reserve(ONE, AVA, 1)


async def test_a_restart_forgets_nothing_and_a_new_day_begins_anew(record: Record) -> None:
    assert await spending(record, customer_day=100).reserve(ONE, AVA, 90)
    again = spending(record, customer_day=100)
    assert not await again.reserve(TWO, AVA, 20)
    record.clock.advance(seconds=86_400)
    assert await again.reserve(TWO, AVA, 20)


async def test_many_at_once_never_pass_the_cap(record: Record) -> None:
    counted = spending(record, day=100)
    came = await asyncio.gather(*(counted.reserve(ConversationId(f"c{n}"), CustomerId(f"u{n}"), 9) for n in range(20)))
    assert sum(came) == 11
    assert await counted.spent(f"day {record.clock().date()}") == 99


async def test_counters_that_nothing_needs_are_dropped(record: Record) -> None:
    counted = spending(record)
    assert await counted.reserve(ONE, AVA, 5)
    record.clock.advance(seconds=KEPT.total_seconds() + 1)
    assert await counted.reserve(TWO, BEN, 5)
    assert await counted.spent(f"conversation {ONE}") == 0
