"""Random sequences of everything that people, banks and the worker do: the money and the pieces stay within bounds."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations.database import open_database
from conversations.model import Customer
from tests.conftest import Record
from tests.proofs import rounds
from tests.tools.action_cast import Shop, asking, limits, usd
from tests.tools.test_action_faults import FreshKeys
from tools.action_model import HOLDING, Action, ActionState
from tools.order_model import Order, Refund
from tools.payment_faults import Fault
from tools.payments import EffectState
from tools.policy import AskedLine, Quote
from tools.policy_rules import Reason

ENDED = frozenset(ActionState) - HOLDING - {ActionState.PROPOSED} | {ActionState.SUCCEEDED}
SAMPLE, SEQUENCES, STEPS = 8, 10_000, 30
NUMBERS = itertools.count(1000)
LIMITS = limits(per_refund=4_000, per_day=10**9, per_week=10**6)


class Machine(RuleBasedStateMachine):
    """One order of three lines of its own for each sequence, on one database for all of them."""

    run: Callable[..., Any]
    record: Record
    fresh_keys = False

    @initialize(
        faults=st.lists(st.sampled_from(list(Fault)), max_size=6),
        pieces=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    )
    def begin(self, faults: list[Fault], pieces: list[int]) -> None:
        self.shop = Shop(record=self.record, limits=LIMITS, faults=faults)
        if self.fresh_keys:
            self.shop.payments = FreshKeys(self.shop.books, [Fault.TIMEOUT_AFTER] * 9, clock=self.record.clock)
        self.owner = f"cust_{next(NUMBERS)}"
        lines = [(f"line-{n}", quantity, 1_700 + n) for n, quantity in enumerate(pieces)]
        self.order: Order = self.shop.order(f"NP-{next(NUMBERS)}", *lines, customer=self.owner)
        # A provider that would pay ten times as much: what stays within bounds is kept there by us.
        self.shop.books.capture(f"pay_{self.order.number}", usd(10 * self.order.total.minor))
        self.elsewhere = 0
        self.customer: Customer = self.run(self.shop.customer(self.owner))
        self.conversation = self.run(self.shop.conversation(self.customer))
        self.actions: list[Action] = []

    @rule(n=st.integers(0, 2), quantity=st.integers(1, 3), elsewhere=st.booleans())
    def offer(self, n: int, quantity: int, elsewhere: bool) -> None:
        async def work() -> None:
            assert self.order.payment is not None
            held = await self.shop.actions.held(self.order.number, self.order.payment.reference)
            asked = [AskedLine(line=f"line-{n}", quantity=quantity)]
            now = self.record.clock()
            quote = self.shop.policy.quote(self.order, asked, reason=Reason.DAMAGED, now=now, held=held)
            if isinstance(quote, Quote):
                where = await self.shop.conversation(self.customer) if elsewhere else self.conversation
                self.actions.append(await self.shop.offered(quote.proposal(self.owner), where))

        self.run(work())

    @precondition(lambda self: self.actions)
    @rule(which=st.integers(0, 9), times=st.integers(1, 3))
    def confirm(self, which: int, times: int) -> None:
        action = self.actions[which % len(self.actions)]
        self.run(together([self.click(action) for _ in range(times)]))

    async def click(self, action: Action) -> None:
        token = self.shop.ledger.tokens.token(action)
        await self.shop.ledger.confirm(action.conversation_id, action.id, token, asking(self.customer))

    @rule(n=st.integers(0, 2), quantity=st.integers(1, 3), times=st.integers(1, 2), works=st.booleans())
    def offer_and_confirm(self, n: int, quantity: int, times: int, works: bool) -> None:
        before = len(self.actions)
        self.offer(n, quantity, True)
        if len(self.actions) > before:
            self.confirm(before, times)
        if works:
            self.work(1)

    @rule(n=st.integers(0, 2), elsewhere=st.booleans())
    def two_offers_of_the_same(self, n: int, elsewhere: bool) -> None:
        """Two cards for the same piece, in two conversations, clicked at once."""
        before = len(self.actions)
        for _ in range(2):
            self.offer(n, 1, elsewhere)
        two = self.actions[before:]
        self.run(together([self.click(one) for one in two]))

    @rule(minutes=st.sampled_from([2, 2, 45]))
    def wait_and_work(self, minutes: int) -> None:
        self.wait(minutes)
        self.work(1)

    @precondition(lambda self: self.actions)
    @rule(refused=st.integers(-1, 2))
    def judge(self, refused: int) -> None:
        """A person looks at everything that waits for one, and says yes to all but at most one."""

        async def work() -> None:
            waiting = [one for one in [await self.shop.now(one) for one in self.actions] if one.waits_for_person]
            for n, action in enumerate(waiting):
                if n == refused:
                    await self.shop.ledger.refuse(action.id, action.digest, SAM[self.record.url], "no")
                else:
                    await self.shop.ledger.approve(action.id, action.digest, SAM[self.record.url])

        self.run(work())

    @precondition(lambda self: self.actions)
    @rule(which=st.integers(0, 9))
    def decline(self, which: int) -> None:
        action = self.actions[which % len(self.actions)]
        self.run(self.shop.ledger.decline(action.conversation_id, action.id, asking(self.customer)))

    @rule(minor=st.integers(1, 2_000))
    def somebody_refunds_by_hand(self, minor: int) -> None:
        """In the provider's own console, where the shop hears of it and nobody knows which pieces it was for."""
        held = self.run(self.shop.actions.held(self.order.number, f"pay_{self.order.number}"))
        if held.minor + self.elsewhere + minor <= self.order.total.minor:
            self.elsewhere += minor
            refund = Refund(amount=usd(minor), at=self.record.clock(), reason="by hand")
            self.order = replace(self.order, refunds=(*self.order.refunds, refund))
            self.shop.replace_order(self.order, self.owner)

    @rule(workers=st.integers(1, 3))
    def work(self, workers: int) -> None:
        self.run(together([self.shop.another_worker().run_until_idle() for _ in range(workers)]))

    @rule(minutes=st.sampled_from([1, 31, 120, 24 * 60]))
    def wait(self, minutes: int) -> None:
        self.record.clock.advance(minutes=minutes)

    @rule()
    def bank(self) -> None:
        self.shop.payments.let_time_pass()

    @invariant()
    def no_more_than_was_captured_and_no_effect_twice(self) -> None:
        if not hasattr(self, "order"):
            return
        booked = [one for one in self.shop.books.receipts if one.state is not EffectState.FAILED]
        refunded = sum(one.amount.minor for one in booked if one.amount)
        assert refunded + self.elsewhere <= self.order.total.minor
        assert max(Counter(one.reference for one in booked).values(), default=0) <= 1
        done = [self.run(self.shop.now(one)) for one in self.actions]
        pieces = Counter(piece for one in done if one.state is ActionState.SUCCEEDED for piece in one.proposal.pieces)
        assert max(pieces.values(), default=0) <= 1
        for one in done:
            if one.state is ActionState.SUCCEEDED:
                assert any(receipt.reference == one.id for receipt in self.shop.books.receipts), "a false done"

    def teardown(self) -> None:
        """When the banks and the worker had their time, nothing is left open, and both books say the same."""
        if not hasattr(self, "order"):
            return
        for _ in range(30):
            self.work(1)
            self.bank()
            left = [self.run(self.shop.now(one)) for one in self.actions]
            if all(one.state in ENDED or one.waits_for_person for one in left):
                break
            self.wait(6 * 60)
        else:
            raise AssertionError(f"left open: {[one.state.value for one in left]}")
        booked = {one.reference for one in self.shop.books.receipts if one.state is not EffectState.FAILED}
        undone = {one.reference for one in self.shop.books.receipts if one.state is EffectState.FAILED}
        done = {one.id for one in left if one.state is ActionState.SUCCEEDED}
        assert booked <= done <= booked | undone, "what the bank undid is for reconciliation to take over"


SAM: dict[str, Any] = {}


async def together(work: list[Any]) -> None:
    await asyncio.gather(*work)


def run_sequences(url: str, examples: int, *, fresh_keys: bool = False) -> None:
    with asyncio.Runner() as runner:
        database = runner.run(open_database(url))
        record = Record(database=database, url=url)
        SAM[url] = runner.run(Shop(record=record).person(f"sam{examples}"))
        machine = type(
            "OnThis", (Machine,), {"run": staticmethod(runner.run), "record": record, "fresh_keys": fresh_keys}
        )
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=STEPS,
                    derandomize=True,
                    deadline=None,
                    database=None,
                    phases=[Phase.generate] if fresh_keys else list(Phase),  # a control need not be small
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            runner.run(database.close())


def test_random_sequences_keep_money_and_pieces_within_bounds(database_url: str) -> None:
    run_sequences(database_url, SAMPLE)


@pytest.mark.proof
@pytest.mark.timeout(14_400)
def test_10000_random_sequences_keep_money_and_pieces_within_bounds(database_url: str) -> None:
    run_sequences(database_url, rounds(SEQUENCES))


def test_a_sender_that_takes_fresh_keys_is_caught(tmp_path: Path) -> None:
    """The control: the same sequences with a provider that is asked under another key each time, and tells nothing."""
    with pytest.raises(AssertionError):
        run_sequences(f"sqlite:///{tmp_path / 'baton.db'}", 1_000, fresh_keys=True)
