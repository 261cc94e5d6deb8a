"""The demo shop's file as an order system."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from conversations.model import Assurance, CustomerId
from tools.adapters.demo_shop import DemoShop, load_demo_shop
from tools.orders import OrderState, order_status_tool
from tools.tool import Principal, ToolFailed
from tools.toolbox import Toolbox

SHOP_JSON = Path(__file__).parents[2] / "demo" / "shop.json"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@pytest.fixture
def shop(tmp_path: Path) -> DemoShop:
    return load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW)


async def test_an_order_is_read_with_its_days_made_into_dates(shop: DemoShop) -> None:
    order = await shop.order("cust_1001", "NP48213")
    assert order is not None
    assert order.state is OrderState.OUT_FOR_DELIVERY
    assert order.placed_at == NOW - timedelta(days=4.3)
    assert order.shipment.expected_on == date(2026, 11, 22)
    assert order.events[-1].text == "Out for delivery"


async def test_digits_alone_find_the_order(shop: DemoShop) -> None:
    order = await shop.order("cust_1001", "48213")
    assert order is not None
    assert order.number == "NP-48213"


@pytest.mark.parametrize("number", ["NP48213", "48213", "%", "' OR 1=1 --"])
async def test_another_customer_finds_nothing(shop: DemoShop, number: str) -> None:
    assert await shop.order("cust_1002", number) is None


async def test_every_order_of_the_demo_can_be_told_to_its_customer_only(shop: DemoShop) -> None:
    raw = json.loads(SHOP_JSON.read_text())
    tools = Toolbox([order_status_tool(shop, clock=lambda: NOW)])
    for order in raw["orders"]:
        arguments = {"order_number": order["number"]}
        for customer in raw["customers"]:
            principal = Principal(
                customer_id=CustomerId("c"), external_id=customer["external_id"], assurance=Assurance.SIGNED
            )
            result = await tools.call(principal, "order_status", arguments, deadline_s=5)
            assert result.ok == (customer["external_id"] == order["customer"]), order["number"]


async def test_25_the_note_of_an_order_reaches_neither_message_nor_data(shop: DemoShop) -> None:
    tools = Toolbox([order_status_tool(shop, clock=lambda: NOW)])
    theo = Principal(customer_id=CustomerId("c"), external_id="cust_1002", assurance=Assurance.SIGNED)
    result = await tools.call(theo, "order_status", '{"order_number": "NP-41952"}', deadline_s=5)
    assert result.ok
    assert "ignore" not in repr(result).lower()


async def test_recent_orders_come_newest_first(shop: DemoShop) -> None:
    recent = await shop.recent_orders("cust_1001", 3)
    assert len(recent) == 3
    assert [order.placed_at for order in recent] == sorted((order.placed_at for order in recent), reverse=True)


async def test_the_shop_page_gets_products_and_the_two_customers_who_sign_in(shop: DemoShop) -> None:
    profile = await shop.profile()
    assert profile.name == "Northpeak Outfitters"
    assert len(profile.products) >= 10
    customers = await shop.customers_who_sign_in()
    assert len(customers) == 2
    assert await shop.customer("maya") == next(customer for customer in customers if customer.key == "maya")
    assert await shop.customer("nobody") is None
    by_id = await shop.customer_by_external_id("cust_1001")
    assert by_id is not None
    assert by_id.key == "maya"


async def test_loading_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    load_demo_shop(SHOP_JSON, path, now=NOW)
    before = path.read_bytes()
    again = load_demo_shop(SHOP_JSON, path, now=NOW + timedelta(days=5))
    assert path.read_bytes() == before
    order = await again.order("cust_1001", "NP48213")
    assert order is not None
    assert order.placed_at == NOW - timedelta(days=4.3)


async def test_another_json_rebuilds_the_file(tmp_path: Path) -> None:
    path, changed = tmp_path / "shop.db", tmp_path / "shop.json"
    load_demo_shop(SHOP_JSON, path, now=NOW)
    raw = json.loads(SHOP_JSON.read_text())
    raw["orders"] = raw["orders"][1:]
    changed.write_text(json.dumps(raw))
    shop = load_demo_shop(changed, path, now=NOW)
    assert await shop.order("cust_1001", "NP48213") is None


@pytest.mark.parametrize("content", [b"", b"not a database", b"SQLite format 3\x00" + b"\xff" * 4096])
async def test_a_damaged_file_is_rebuilt(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(content)
    shop = load_demo_shop(SHOP_JSON, path, now=NOW)
    assert await shop.order("cust_1001", "NP48213") is not None


async def test_a_file_that_disappears_is_a_failed_tool(tmp_path: Path) -> None:
    shop = load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW)
    (tmp_path / "shop.db").unlink()
    with pytest.raises(ToolFailed):
        await shop.order("cust_1001", "NP48213")


async def test_a_damaged_order_is_a_failed_tool(tmp_path: Path) -> None:
    shop = load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW)
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.execute("UPDATE orders SET body = '{}'")
    with pytest.raises(ToolFailed):
        await shop.order("cust_1001", "NP48213")


async def test_the_shop_is_never_written_by_a_lookup(tmp_path: Path) -> None:
    shop = load_demo_shop(SHOP_JSON, tmp_path / "shop.db", now=NOW)
    (tmp_path / "shop.db").chmod(0o444)
    assert await shop.recent_orders("cust_1001", 1)
