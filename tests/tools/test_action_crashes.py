"""A worker killed with kill -9 at every boundary of its steps: afterwards one refund, and equal books."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from conversations.database import Database, open_database
from tests.conftest import Record
from tests.proofs import rounds
from tests.tools.action_cast import CUSTOMER, Shop, line
from tools.action_model import ActionState
from tools.action_worker import ActionWorker, Business
from tools.adapters.demo_payments import Captured, DemoPayments
from tools.order_model import Order
from tools.orders import FakeOrderSystem
from tools.payments import Answer, RefundRequest
from tools.reconciling import Reconciliation

START = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BOUNDARIES = 8
"""Just before each commit (lease, reserve, lease, key, outcome, nothing left) and on each side of the effect. What is
durable after one commit is durable until the next boundary, so these are all the states a crash can leave."""
EFFECT = 6
"""From this boundary on the provider has booked the refund."""


@dataclass
class Fuse:
    """Counts boundaries, and ends the process at the one that it was told."""

    at: int | None
    passed: int = 0

    def __call__(self) -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class FusedPayments:
    """The provider's file with a boundary on each side of the effect."""

    books: DemoPayments
    fuse: Fuse
    key_window: timedelta = timedelta(hours=24)

    async def refund(self, request: RefundRequest) -> Answer:
        self.fuse()
        answer = await self.books.refund(request)
        self.fuse()
        return answer

    async def look_up(self, reference: str) -> object:
        return await self.books.look_up(reference)

    async def refunds(self, since: datetime) -> object:
        return await self.books.refunds(since)


def test_a_worker_that_is_not_killed_passes_the_boundaries_that_are_counted(tmp_path: Path) -> None:
    asyncio.run(prepare(tmp_path))
    fuse = Fuse(at=None)
    asyncio.run(work(tmp_path, fuse, START))
    assert fuse.passed == BOUNDARIES


@pytest.mark.parametrize("at", [2, 5, 6, 7])
def test_a_worker_killed_at_a_boundary_leaves_one_refund(tmp_path: Path, at: int) -> None:
    assert_survives(tmp_path, at)


@pytest.mark.proof
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("at", range(1, BOUNDARIES + 1))
@pytest.mark.parametrize("time", range(rounds(10)))
def test_a_worker_killed_at_every_boundary_ten_times_leaves_one_refund(tmp_path: Path, at: int, time: int) -> None:
    assert_survives(tmp_path, at)


def test_a_sender_whose_key_is_not_kept_refunds_twice_after_a_crash(tmp_path: Path) -> None:
    """The control: killed after the effect, and asked again under another key and reference."""
    asyncio.run(prepare(tmp_path))
    assert killed(lambda: asyncio.run(work(tmp_path, Fuse(at=EFFECT), START)))
    asyncio.run(ask_again_blindly(tmp_path))
    assert len(receipts(tmp_path)) == 2


def assert_survives(folder: Path, at: int) -> None:
    asyncio.run(prepare(folder))
    assert killed(lambda: asyncio.run(work(folder, Fuse(at=at), START)))
    before = len(receipts(folder))
    assert before == (1 if at >= EFFECT else 0), "the effect has a boundary on each side"
    asyncio.run(work(folder, Fuse(at=None), START + timedelta(minutes=5)))
    state, mismatches = asyncio.run(how_it_stands(folder))
    assert state is ActionState.SUCCEEDED
    assert mismatches == 0
    assert len(receipts(folder)) == 1


def killed(run: Callable[[], None]) -> bool:
    """Run in a process of its own; whether it was killed on the way."""
    child = os.fork()
    if child == 0:
        run()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


async def opened(folder: Path, now: datetime) -> Record:
    url = f"sqlite:///{folder / 'baton.db'}"
    record = Record(database=await open_database(url), url=url)
    record.clock.now = now
    return record


def payments(folder: Path, record_now: Callable[[], datetime]) -> DemoPayments:
    return DemoPayments(folder / "payments.db", clock=record_now)


def an_order(shop: Shop) -> Order:
    return shop.order("NP-1001", ("bottle", 2, 3400))


async def prepare(folder: Path) -> None:
    """A refund of one of two bottles, confirmed and not begun: a second one would fit under what was captured."""
    record = await opened(folder, START - timedelta(minutes=1))
    shop = Shop(record=record)
    order = an_order(shop)
    payments(folder, record.clock).open([Captured(payment="pay_NP-1001", amount=order.total)])
    maya = await shop.customer()
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await record.database.close()


async def work(folder: Path, fuse: Fuse, now: datetime) -> None:
    record = await opened(folder, now)
    shop = Shop(record=record)
    order = an_order(shop)
    fused = FusedPayments(books=payments(folder, record.clock), fuse=fuse)
    business = Business(
        orders=FakeOrderSystem({CUSTOMER: [order]}),
        payments=fused,  # type: ignore[arg-type]  # its answers are the provider's
        changes=shop.changes,
        policy=shop.policy,
    )
    light(record.database, fuse)
    await ActionWorker(shop.ledger, business, record.bus, clock=record.clock).run_until_idle()
    await record.database.close()


def light(database: Database, fuse: Fuse) -> None:
    """A boundary before every commit that writes."""

    @event.listens_for(database._engine.sync_engine, "commit")
    def _before_commit(connection: object) -> None:
        fuse()


async def ask_again_blindly(folder: Path) -> None:
    record = await opened(folder, START + timedelta(minutes=5))
    order = an_order(Shop(record=record))
    part = type(order.total)(minor=3400, currency="USD")
    again = RefundRequest(key="another", reference="another", payment="pay_NP-1001", amount=part)
    await payments(folder, record.clock).refund(again)
    await record.database.close()


def receipts(folder: Path) -> list[object]:
    return list(asyncio.run(payments(folder, lambda: START).refunds(START - timedelta(days=1))))


async def how_it_stands(folder: Path) -> tuple[ActionState, int]:
    record = await opened(folder, START + timedelta(minutes=10))
    shop = Shop(record=record)
    [action] = await shop.actions.in_states(list(ActionState))
    report = await Reconciliation(shop.ledger, payments(folder, record.clock), clock=record.clock).run()
    await record.database.close()
    return action.state, len(report.mismatches)
