"""What every order system must do, whoever it is: one suite for each `OrderSystem` there is."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.tools.shopify_server import TOKEN, ShopifyShop, shopify_server
from tools.adapters.demo_shop import load_demo_shop
from tools.adapters.shopify import Shopify
from tools.order_model import Money, Order, OrderItem, OrderState, Refund, Shipment
from tools.orders import FakeOrderSystem, OrderSystem
from tools.tool import ToolFailed

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
AVA, BEN = "1001", "1002"
STATES = (OrderState.PAID, OrderState.SHIPPED, OrderState.DELIVERED, OrderState.CANCELLED, OrderState.OUT_FOR_DELIVERY)


def order(number: str, n: int) -> Order:
    usd = Money(minor=1_250, currency="USD")
    placed = NOW - timedelta(days=n)
    state = STATES[n % len(STATES)]
    sent = state in (OrderState.SHIPPED, OrderState.DELIVERED, OrderState.OUT_FOR_DELIVERY)
    return Order(
        number=number,
        state=state,
        placed_at=placed,
        items=(OrderItem(sku="B-1", name="Boots", quantity=2, price=usd, line="B-1"),),
        shipping_charge=Money(minor=500, currency="USD"),
        total=Money(minor=3_000, currency="USD"),
        shipment=Shipment(
            method="Standard",
            carrier="UPS" if sent else None,
            tracking_number="1Z" if sent else None,
            shipped_at=placed if sent else None,
            delivered_at=placed if state is OrderState.DELIVERED else None,
            expected_on=None,
        ),
        refunds=(Refund(amount=usd, at=placed, reason="Damaged", units=(("B-1", 0),)),) if n == 2 else (),
    )


OWNED = {AVA: [order(f"NP-10{n:02}", n) for n in range(7)], BEN: [order("NP-2000", 1)]}


def in_json(number: str, customer: str, one: Order) -> dict[str, Any]:
    days = (NOW - one.placed_at).total_seconds() / 86_400
    sent = days if one.shipment.shipped_at else None
    return {
        "number": number,
        "customer": customer,
        "status": one.state.value,
        "placed_days_ago": days,
        "items": [{"sku": "B-1", "name": "Boots", "quantity": 2, "price_minor": 1_250}],
        "shipping_minor": 500,
        "total_minor": 3_000,
        "currency": "USD",
        "shipping": {
            "method": "Standard",
            "carrier": one.shipment.carrier,
            "tracking_number": one.shipment.tracking_number,
            "address": {"street": "1 High Street", "city": "Leeds", "country": "GB"},
            "shipped_days_ago": sent,
            "expected_in_days": None,
            "delivered_days_ago": days if one.shipment.delivered_at else None,
        },
        "refunds": [
            {"amount_minor": refund.amount.minor, "days_ago": days, "reason": refund.reason, "units": [["B-1", 0]]}
            for refund in one.refunds
        ],
        "events": [],
        "note": None,
    }


def demo(folder: Path) -> OrderSystem:
    shop = {
        "customers": [
            {"external_id": who, "key": None, "display_name": who, "email": f"{who}@example.com"} for who in OWNED
        ],
        "products": [],
        "orders": [in_json(one.number, who, one) for who, orders in OWNED.items() for one in orders],
    }
    (folder / "shop.json").write_text(json.dumps(shop))
    return load_demo_shop(folder / "shop.json", folder / "shop.db", now=NOW, clock=lambda: NOW)


@pytest.fixture
def shopify_shop() -> ShopifyShop:
    variants = [("B-1", "8", "12.50", True), ("B-2", "9", "12.50", False)]
    return ShopifyShop(orders=dict(OWNED), emails={AVA: "ava@example.com"}, variants={"B-1": variants})


@pytest.fixture
def shopify(shopify_shop: ShopifyShop) -> Iterator[Shopify]:
    with shopify_server(shopify_shop) as url:
        yield Shopify("test.myshopify.com", TOKEN, base_url=url, seconds=0.5)


@dataclass(frozen=True)
class Under:
    orders: OrderSystem


@pytest.fixture(params=["fake", "demo", "shopify"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Under:
    made: dict[str, Callable[[], OrderSystem]] = {
        "fake": lambda: FakeOrderSystem(OWNED),
        "demo": lambda: demo(tmp_path),
        "shopify": lambda: request.getfixturevalue("shopify"),
    }
    return Under(orders=made[request.param]())


@pytest.mark.parametrize("number", ["NP1002", "1002"])
async def test_ones_own_order_is_found_whole(shop: Under, number: str) -> None:
    found = await shop.orders.order(AVA, number)
    assert found is not None
    told = OWNED[AVA][2]
    assert (found.number, found.state, found.placed_at, found.total, found.shipping_charge) == (
        told.number, told.state, told.placed_at, told.total, told.shipping_charge,
    )  # fmt: skip
    assert [(item.line_id, item.name, item.quantity, item.price) for item in found.items] == [
        ("B-1", "Boots", 2, Money(minor=1_250, currency="USD"))
    ]
    assert [(refund.amount, refund.units) for refund in found.refunds] == [
        (Money(minor=1_250, currency="USD"), (("B-1", 0),))
    ]
    assert (found.shipment.carrier, found.shipment.tracking_number) == ("UPS", "1Z")


@pytest.mark.parametrize("number", ["NP2000", "2000", "NP9999", "NP100"])
async def test_a_foreign_and_a_missing_order_are_nothing(shop: Under, number: str) -> None:
    assert await shop.orders.order(AVA, number) is None


async def test_every_state_is_told_as_it_is(shop: Under) -> None:
    recent = await shop.orders.recent_orders(AVA, 20)
    assert [one.state for one in recent] == [one.state for one in OWNED[AVA]]


@pytest.mark.parametrize("limit", [1, 3, 7, 50])
async def test_recent_orders_come_newest_first_across_pages(shop: Under, limit: int) -> None:
    found = await shop.orders.recent_orders(AVA, limit)
    assert [one.number for one in found] == [one.number for one in OWNED[AVA][:limit]]


async def test_a_customer_whom_nobody_knows_has_no_orders(shop: Under) -> None:
    assert await shop.orders.recent_orders("9999", 5) == []
    assert await shop.orders.order("9999", "NP2000") is None


@pytest.mark.parametrize("fault", ["errors", "500", "slow", "garbage", "damaged"])
async def test_a_shopify_that_fails_is_a_failed_tool(shopify: Shopify, shopify_shop: ShopifyShop, fault: str) -> None:
    shopify_shop.fault = fault
    with pytest.raises(ToolFailed) as failed:
        await shopify.recent_orders(AVA, 5)
    assert TOKEN not in str(failed.value)


async def test_a_wrong_token_is_a_failed_tool(shopify_shop: ShopifyShop) -> None:
    with shopify_server(shopify_shop) as url, pytest.raises(ToolFailed):
        await Shopify("test.myshopify.com", "wrong", base_url=url).recent_orders(AVA, 5)


@pytest.mark.parametrize("number", ["1' OR name:*", "a b", "'", "", "x" * 100])
async def test_nothing_that_a_customer_writes_becomes_a_search(
    shopify: Shopify, shopify_shop: ShopifyShop, number: str
) -> None:
    with contextlib.suppress(ToolFailed):
        assert await shopify.order(AVA, number) is None
    for variables in shopify_shop.asked:
        assert variables["customer"] == f"gid://shopify/Customer/{AVA}"
        assert "OR" not in variables["query"]


async def test_an_account_is_found_by_id_and_by_order(shopify: Shopify) -> None:
    by_id, by_order = await shopify.account(AVA), await shopify.account_of_order("NP1002")
    assert by_id is not None
    assert by_id == by_order
    assert (by_id.external_id, by_id.email) == (AVA, "ava@example.com")
    assert await shopify.account("9999") is None
    assert await shopify.account("gid://x") is None
    assert await shopify.account_of_order("NP9999") is None


async def test_variants_come_with_price_and_stock(shopify: Shopify) -> None:
    found = await shopify.variants("B-1")
    assert [(one.sku, one.name, one.price.minor, one.available) for one in found] == [
        ("B-1", "Boots - 8", 1_250, True),
        ("B-2", "Boots - 9", 1_250, False),
    ]
