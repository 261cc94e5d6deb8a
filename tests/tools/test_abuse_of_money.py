"""What people try with money, by name, and what comes of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from agent.action_talk import told_about_action
from agent.hearing import hear
from conversations.database import open_database
from tests.agent.cast import turn
from tests.conftest import Record
from tests.tools.action_cast import CUSTOMER, Shop, effects, limits, line, usd
from tools.action_ledger import Refused
from tools.action_model import ActionState
from tools.order_model import Money, OrderState, Payment
from tools.payment_faults import Fault
from tools.policy import Refusal
from tools.policy_rules import Reason


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[Record]:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    database = await open_database(url)
    yield Record(database=database, url=url)
    await database.close()


async def test_11_double_click_two_tabs_and_yes_yes_are_one_refund(record: Record) -> None:
    shop = Shop(record=record)
    maya = await shop.customer()
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await asyncio.gather(*(shop.confirmed(action, maya) for _ in range(4)))
    yes = told_about_action(hear(turn("yes yes")), [action])
    assert yes is not None
    assert yes.offer is None
    await shop.worker.run_until_idle()
    assert effects(shop) == [action.id]


async def test_12_two_equal_partial_refunds_at_once_are_one_unless_for_another_piece(record: Record) -> None:
    shop = Shop(record=record)
    maya = await shop.customer()
    order = shop.order("NP-1001", ("bottle", 2, 3400))
    two = [await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya)) for _ in range(2)]
    done = await asyncio.gather(*(shop.confirmed(one, maya) for one in two))
    assert done[0].id == done[1].id
    third = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    assert third.proposal.lines[0].units == (1,), "a second card is for the second bottle, and says so"


async def test_14_an_amount_that_is_none_cannot_be_written_down(record: Record) -> None:
    shop = Shop(record=record)
    good = (await shop.quote(shop.order("NP-1001", ("bottle", 1, 3400)), line("bottle"))).proposal(CUSTOMER)
    assert good.funds is not None
    for minor in (-1, 0, 3401):
        with pytest.raises(ValueError, match="proposal"):
            replace(good.funds, amount=usd(minor))


async def test_15_a_refund_in_another_currency_is_refused(record: Record) -> None:
    shop = Shop(record=record)
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    yen = Payment(reference="pay", method="card", captured=Money(minor=3400, currency="JPY"))
    refusal = shop.policy.quote(
        replace(order, payment=yen), [line("bottle")], reason=Reason.DAMAGED, now=record.clock()
    )
    assert isinstance(refusal, Refusal)
    assert refusal.code == "currency"


async def test_16_a_refund_goes_where_the_money_came_from(record: Record) -> None:
    """No field names another place (`tests/agent/test_abuse_of_tools.py`); what is stored instead is noticed (20)."""
    shop = Shop(record=record)
    maya = await shop.customer()
    action = await shop.offer(
        shop.order("NP-1001", ("bottle", 1, 3400)), line("bottle"), conversation=await shop.conversation(maya)
    )
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    assert [receipt.payment for receipt in shop.books.receipts] == ["pay_NP-1001"]


async def test_17_splitting_under_the_limit_ends_at_a_person(record: Record) -> None:
    shop = Shop(record=record, limits=limits(per_refund=15_000, per_day=30_000, per_week=3))
    maya = await shop.customer()
    states = []
    for n in range(10):
        order = shop.order(f"NP-10{n:02d}", ("jacket", 1, 9_900))
        action = await shop.offer(order, line("jacket"), conversation=await shop.conversation(maya))
        await shop.confirmed(action, maya)
        await shop.worker.run_until_idle()
        states.append((await shop.now(action)).waits_for_person)
    assert states == [False] * 3 + [True] * 7


async def test_18_a_disputed_uncharged_or_cancelled_order_is_denied(record: Record) -> None:
    shop = Shop(record=record)
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    assert order.payment is not None
    denied = {
        "disputed": replace(order, payment=replace(order.payment, disputed=True)),
        "not_charged": replace(order, payment=replace(order.payment, captured=usd(0))),
        "cancelled": replace(order, state=OrderState.CANCELLED),
    }
    for rule, of in denied.items():
        refusal = shop.policy.quote(of, [line("bottle")], reason=Reason.DAMAGED, now=record.clock())
        assert isinstance(refusal, Refusal)
        assert refusal.rule == rule


async def test_18_a_dispute_that_comes_after_the_click_stops_it(record: Record) -> None:
    shop = Shop(record=record)
    maya = await shop.customer()
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    assert order.payment is not None
    shop.replace_order(replace(order, payment=replace(order.payment, disputed=True)))
    await shop.worker.run_until_idle()
    assert (await shop.now(action)).state is ActionState.FAILED
    assert effects(shop) == []


async def test_19_nobody_approves_their_own(record: Record) -> None:
    shop = Shop(record=record)
    maya, robin = await shop.customer(), await shop.person("robin")
    order = shop.order("NP-1001", ("tent", 1, 28_900))
    conversation = await shop.conversation(maya)
    action = await shop.offer(order, line("tent"), conversation=conversation, requested_by=robin)
    await shop.confirmed(action, maya)
    assert await shop.ledger.approve(action.id, action.digest, robin) is Refused.OWN_REQUEST
    assert await shop.ledger.refuse(action.id, action.digest, robin, "") is Refused.OWN_REQUEST


async def test_20_a_payload_swapped_after_approval_is_noticed_and_stops_refunds(record: Record) -> None:
    shop = Shop(record=record)
    maya, sam = await shop.customer(), await shop.person("sam")
    order = shop.order("NP-1001", ("tent", 1, 28_900))
    action = await shop.offer(order, line("tent"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await shop.ledger.approve(action.id, action.digest, sam)
    async with record.database.write() as connection:
        await connection.execute(text("UPDATE actions SET payload = replace(payload, 'pay_NP-1001', 'pay_mine')"))
    await shop.worker.run_until_idle()
    assert effects(shop) == []
    assert "is not what was proposed" in (await shop.actions.frozen() or "")


async def test_21_after_a_time_out_the_customer_hears_pending(record: Record) -> None:
    shop = Shop(record=record, faults=[Fault.TIMEOUT_AFTER], look_ups_down=[True] * 3)
    maya = await shop.customer()
    order = shop.order("NP-1001", ("bottle", 1, 3400))
    action = await shop.offer(order, line("bottle"), conversation=await shop.conversation(maya))
    await shop.confirmed(action, maya)
    await shop.worker.run_until_idle()
    draft = told_about_action(hear(turn("did it work?")), [await shop.now(action)])
    assert draft is not None
    assert "pending" in draft.text
    assert "done" not in draft.text.replace("not done", "")


def test_every_abuse_case_of_the_docs_has_a_test_of_its_number_where_they_say() -> None:
    root = Path(__file__).parents[2]
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]+) \|$", (root / "docs/actions.md").read_text(), re.MULTILINE)
    numbers = {int(number) for number, _ in rows}
    assert numbers == {*range(1, 29), 34}
    for number, _ in rows:
        named = re.compile(rf"def test_(?:\d\d_)*{int(number):02d}_")
        assert any(named.search(path.read_text()) for path in (root / "tests").rglob("test_*.py")), number
