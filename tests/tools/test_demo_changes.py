"""Changes of the demo shop's orders: each made once, and seen by the next look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tools.action_model import ActionKind, Proposal
from tools.adapters.demo_changes import DemoChanges
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.order_model import OrderState
from tools.payments import ChangeRequest, Declined, Receipt
from tools.policy import Quote, RefundPolicy
from tools.policy_rules import Reason, read_policy

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SHOP_JSON = Path(__file__).parents[2] / "demo" / "shop.json"


@dataclass(frozen=True)
class Business:
    shop: DemoShop
    changes: DemoChanges


@pytest.fixture
def business(tmp_path: Path) -> Business:
    shop = load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW, clock=lambda: NOW)
    return Business(shop=shop, changes=DemoChanges(tmp_path / "shop.db", shop.payments, clock=lambda: NOW))


def proposal(kind: ActionKind, number: str, customer: str = "cust_1001", **arguments: str) -> Proposal:
    return Proposal(
        kind=kind, external_customer_id=customer, order_number=number, lines=(), destination="", reason="",
        policy_version="", rule="", arguments=arguments,
    )  # fmt: skip


def request(proposed: Proposal) -> ChangeRequest:
    return ChangeRequest(key="k-1", reference="act_1", proposal=proposed)


async def test_a_cancelled_order_gives_its_money_back_once(business: Business) -> None:
    order = await business.shop.order("cust_1001", "NP51760")
    assert order is not None
    quote = RefundPolicy(read_policy()).quote(order, (), reason=Reason.CANCEL, now=NOW)
    assert isinstance(quote, Quote)
    asked = request(quote.proposal("cust_1001", kind=ActionKind.CANCEL_ORDER))
    answers = [await business.changes.apply(asked) for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    assert isinstance(answers[0], Receipt)
    assert answers[0].amount == quote.funds.amount
    after = await business.shop.order("cust_1001", "NP51760")
    assert after is not None
    assert (after.state, [refund.amount for refund in after.refunds]) == (OrderState.CANCELLED, [quote.funds.amount])


async def test_a_new_address_is_on_the_order(business: Business) -> None:
    change = proposal(ActionKind.CHANGE_ADDRESS, "NP-51760", address="12 Pine Street, Seattle, US")
    assert isinstance(await business.changes.apply(request(change)), Receipt)
    order = await business.shop.order("cust_1001", "NP51760")
    assert order is not None
    assert order.ship_to == "12 Pine Street, Seattle, US"


async def test_what_was_packed_meanwhile_stays_as_it_is(business: Business) -> None:
    change = proposal(ActionKind.CHANGE_ADDRESS, "NP-48213", address="12 Pine Street, Seattle, US")
    answer = await business.changes.apply(request(change))
    assert isinstance(answer, Declined)
    assert answer.code == "too_late"


async def test_another_customers_order_is_not_there(business: Business) -> None:
    change = proposal(ActionKind.CHANGE_ADDRESS, "NP-51760", customer="cust_1002", address="1 Other Road, Toronto")
    answer = await business.changes.apply(request(change))
    assert isinstance(answer, Declined)
    assert await business.changes.look_up("act_1") is None


async def test_a_subscription_is_ending(business: Business) -> None:
    change = proposal(ActionKind.CANCEL_SUBSCRIPTION, "SUB-7301", subscription="SUB-7301")
    assert isinstance(await business.changes.apply(request(change)), Receipt)
    assert [one.ending for one in await business.shop.subscriptions("cust_1001")] == [True]
