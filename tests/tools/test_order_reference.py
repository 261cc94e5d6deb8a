"""Which order "the blue one from last week" is."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tools.order_model import Money, Order, OrderItem, OrderState, Shipment
from tools.order_reference import days_meant, lines_meant, numbers_in, orders_meant

TODAY = date(2026, 11, 25)  # a Wednesday


def order(number: str, days_ago: int, *names: str, quantity: int = 1) -> Order:
    usd = Money(minor=1000, currency="USD")
    shipment = Shipment(
        method="Standard", carrier=None, tracking_number=None, shipped_at=None, delivered_at=None, expected_on=None
    )
    items = tuple(OrderItem(sku=name, name=name, quantity=quantity, price=usd) for name in names)
    placed = datetime.combine(TODAY, datetime.min.time(), tzinfo=UTC) - timedelta(days=days_ago)
    return Order(
        number=number, state=OrderState.PAID, placed_at=placed, items=items, shipping_charge=usd, total=usd,
        shipment=shipment,
    )  # fmt: skip


ORDERS = (
    order("NP-5000", 1, "Swift 18 Daypack, ink"),
    order("NP-4000", 6, "Squall Rain Jacket, men's L", "Rill Filter Bottle"),
    order("NP-3000", 8, "Tarn Insulated Bottle 1 L, pine", quantity=3),
    order("NP-2000", 40, "Swift 18 Daypack, moss"),
)


def meant(words: str) -> list[str]:
    return [one.number for one in orders_meant(ORDERS, words, today=TODAY).orders]


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("NP-4000", ["NP-4000"]),
        ("np 3000 please", ["NP-3000"]),
        ("#2000", ["NP-2000"]),
        ("the blue one", ["NP-5000"]),
        ("the green daypack", ["NP-2000"]),
        ("my backpack", ["NP-5000", "NP-2000"]),
        ("the backpack from last month", ["NP-2000"]),
        ("the one I ordered yesterday", ["NP-5000"]),
        ("what I bought last week", ["NP-4000", "NP-3000"]),
        ("the bottle from last week", ["NP-4000", "NP-3000"]),
        ("the green bottle", ["NP-3000"]),
        ("the rain jacket", ["NP-4000"]),
        ("my last order", ["NP-5000"]),
        ("my order", ["NP-5000", "NP-4000", "NP-3000", "NP-2000"]),
        ("the one from 2026-11-19", ["NP-4000"]),
        ("the one from 1999-02-31", ["NP-5000", "NP-4000", "NP-3000", "NP-2000"]),
        ("what I ordered in March", []),
    ],
)
def test_words_name_an_order_or_leave_several(words: str, numbers: list[str]) -> None:
    assert meant(words) == numbers


def test_what_a_request_makes_sense_for_settles_what_the_words_leave_open() -> None:
    named = orders_meant(ORDERS, "cancel it", today=TODAY, suits=lambda one: one.number == "NP-3000")
    assert ([one.number for one in named.orders], named.by) == (["NP-3000"], "")
    named = orders_meant(ORDERS, "cancel NP-2000", today=TODAY, suits=lambda one: one.number == "NP-3000")
    assert [one.number for one in named.orders] == ["NP-2000"]


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("the jacket", [("Squall Rain Jacket, men's L", None)]),
        ("the bottle and the jacket", [("Squall Rain Jacket, men's L", None), ("Rill Filter Bottle", None)]),
        ("something", []),
    ],
)
def test_words_name_lines(words: str, lines: list[tuple[str, int | None]]) -> None:
    assert [(line.item.name, line.quantity) for line in lines_meant(ORDERS[1], words)] == lines


@pytest.mark.parametrize(
    ("words", "quantity"),
    [
        ("one of the bottles", 1),
        ("two bottles", 2),
        ("the bottles", None),
        ("9 bottles", None),
        ("a bottle came broken", 1),
        ("a refund for one bottle please", 1),
        ("the other bottle is dented", 1),
        ("just the one", 1),
        ("a few bottles", None),
        ("I have a problem with my bottles", None),
    ],
)
def test_a_number_says_how_many_of_a_line(words: str, quantity: int | None) -> None:
    [line] = lines_meant(ORDERS[2], words)
    assert line.quantity == quantity


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("today", "2026-11-25", "2026-11-25"),
        ("three days ago", "2026-11-22", "2026-11-22"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("this week", "2026-11-23", "2026-11-25"),
        ("on monday", "2026-11-23", "2026-11-23"),
        ("on wednesday", "2026-11-18", "2026-11-18"),
        ("in october", "2026-10-01", "2026-10-31"),
        ("in december", "2025-12-01", "2025-12-31"),
    ],
)
def test_days_as_people_name_them(words: str, first: str, last: str) -> None:
    days = days_meant(words, today=TODAY)
    assert days is not None
    assert (days.first.isoformat(), days.last.isoformat()) == (first, last)


def test_numbers_are_found_in_a_sentence() -> None:
    assert numbers_in("cancel NP-5000 and #4000, not the 2 bottles") == ["NP5000", "4000"]
