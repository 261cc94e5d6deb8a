"""Refunds of one payment at once, on both databases: never a minor unit more than was captured."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from conversations.database import Database
from conversations.model import AI_AGENT
from tests.conftest import Record
from tests.proofs import rounds
from tests.tools.action_cast import CUSTOMER, Shop, asking, limits, usd
from tools.action_ledger import Confirmed
from tools.action_model import Action, ActionKind, ActionState, Funds, Proposal, ProposedLine

AT_ONCE = 64
CAPTURED = 10_000
EACH = 1_250
"""64 of them are eight times what was captured; eight fit exactly."""


@pytest.fixture
def shop(record: Record) -> Shop:
    return Shop(record=record, limits=limits(per_refund=10**9, per_day=10**9, per_week=10**6))


async def test_13_64_partial_refunds_at_once_never_exceed_what_was_captured(shop: Shop) -> None:
    assert await refunded_in_rounds(shop, 2) == [CAPTURED] * 2


@pytest.mark.proof
@pytest.mark.timeout(7_200)
async def test_13_1000_rounds_of_64_refunds_at_once_never_exceed_what_was_captured(shop: Shop) -> None:
    assert await refunded_in_rounds(shop, rounds(1_000)) == [CAPTURED] * rounds(1_000)


async def test_to_look_first_and_write_later_refunds_too_much(record: Record) -> None:
    """The control: the same 64 at once, with the check in one transaction and the entry in the next."""
    assert await naive_round(record.database, f"naive_{record.database.is_sqlite}".lower()) > CAPTURED


async def refunded_in_rounds(shop: Shop, times: int) -> list[int]:
    reserved = []
    for n in range(times):
        # Limits are sums over all actions of a customer: one customer for all rounds would make them ever slower.
        customer = await shop.customer(f"{CUSTOMER}-{n}")
        conversation = await shop.conversation(customer)
        async with shop.record.store.change(conversation) as change:
            offered = [await shop.ledger.propose(change, partial(n, one), by=AI_AGENT) for one in range(AT_ONCE)]
        confirmed = await asyncio.gather(
            *(
                shop.ledger.confirm(conversation, one.id, shop.ledger.tokens.token(one), asking(customer))
                for one in offered
            )
        )
        actions = [one.action for one in confirmed if isinstance(one, Confirmed)]
        assert len(actions) == AT_ONCE
        ended = await asyncio.gather(*(shop.ledger.reserve(one, one.proposal.funds) for one in actions))
        reserved.append(sum_of([one for one in ended if one is not None]))
    return reserved


def sum_of(actions: list[Action]) -> int:
    held = [one.proposal.funds for one in actions if one.state is ActionState.RESERVED]
    return sum(funds.amount.minor for funds in held if funds is not None)


def partial(round_: int, n: int) -> Proposal:
    """A part of one payment, for a piece of its own: only the money stands in its way."""
    return Proposal(
        kind=ActionKind.REFUND,
        external_customer_id=f"{CUSTOMER}-{round_}",
        order_number=f"NP-{round_:04d}{n:02d}",
        lines=(ProposedLine(line=f"part-{n}", name="Part", units=(0,), amount=usd(EACH)),),
        destination="Visa ending 4242",
        reason="damaged",
        policy_version="test",
        rule="test",
        funds=Funds(amount=usd(EACH), payment=f"pay_{round_}", captured=usd(CAPTURED), refunded_elsewhere=usd(0)),
    )


async def naive_round(database: Database, name: str) -> int:
    table = Table(name, MetaData(), Column("id", Integer, primary_key=True), Column("what", String(8)))
    async with database.write() as connection:
        await connection.run_sync(table.drop, checkfirst=True)
        await connection.run_sync(table.create)

    async def refund() -> None:
        async with database.read() as connection:
            entries = list(await connection.execute(select(table.c.id)))
        if len(entries) * EACH + EACH <= CAPTURED:
            async with database.write() as connection:
                await connection.execute(insert(table).values(what="refund"))

    await asyncio.gather(*(refund() for _ in range(AT_ONCE)))
    async with database.write() as connection:
        refunds = list(await connection.execute(select(table.c.id)))
        await connection.run_sync(table.drop)
    return len(refunds) * EACH
