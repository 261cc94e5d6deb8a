"""The demo shop's JSON (`demo/README.md` names its fields) read into values, its relative days made into instants."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tools.order_model import (
    Money,
    Order,
    OrderEvent,
    OrderItem,
    OrderState,
    Payment,
    Refund,
    Shipment,
    Variant,
    compact_number,
)

_Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """`hue` (0–360) and `motif` are what the shop page draws the picture from."""

    sku: str
    name: str
    description: str
    price: Money
    category: str
    hue: int
    motif: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProfile:
    name: str
    tagline: str
    ai_name: str
    greeting: str
    suggestions: tuple[str, ...]
    away_text: str
    products: tuple[Product, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCustomer:
    """`key` signs them in on the shop page; None for those who cannot."""

    external_id: str
    key: str | None
    display_name: str
    email: str


def read_profile(shop: _Json) -> ShopProfile:
    return ShopProfile(
        name=shop["name"],
        tagline=shop["tagline"],
        ai_name=shop["ai_name"],
        greeting=shop["greeting"],
        suggestions=tuple(shop["suggestions"]),
        away_text=shop["away_text"],
        products=tuple(_product(product) for product in shop["products"]),
    )


def _product(product: _Json) -> Product:
    return Product(
        sku=product["sku"],
        name=product["name"],
        description=product["description"],
        price=Money(minor=product["price_minor"], currency=product["currency"]),
        category=product["category"],
        hue=product["art"]["hue"],
        motif=product["art"]["motif"],
    )


def order_row(order: _Json, now: datetime) -> tuple[str, str, str, str, str]:
    """(compact number, its digits, customer, placed at, the order as JSON with instants); the note stays behind."""
    compact = compact_number(order["number"])
    if compact is None:
        raise ValueError(f"not an order number: {order['number']!r}")
    digits = "".join(character for character in compact if character.isdigit())
    placed_at = _ago(order["placed_days_ago"], now)
    shipping = order["shipping"]
    body = {
        "number": order["number"],
        "status": order["status"],
        "placed_at": placed_at,
        "items": order["items"],
        "shipping_minor": order["shipping_minor"],
        "total_minor": order["total_minor"],
        "currency": order["currency"],
        "discount_minor": order.get("discount_minor", 0),
        "tax_minor": order.get("tax_minor", 0),
        "method": shipping["method"],
        "carrier": shipping["carrier"],
        "tracking_number": shipping["tracking_number"],
        "shipped_at": _ago(shipping["shipped_days_ago"], now),
        "delivered_at": _ago(shipping["delivered_days_ago"], now),
        "expected_on": _in_days(shipping["expected_in_days"], now),
        "country": shipping["address"]["country"],
        "ship_to": _one_line(shipping["address"]),
        "payment": {"method": "Visa ending 4242", "captured_minor": order["total_minor"], **order.get("payment", {})},
        "refunds": [{**refund, "at": _ago(refund["days_ago"], now)} for refund in order["refunds"]],
        "events": [{"at": _ago(event["days_ago"], now), "text": event["text"]} for event in order["events"]],
    }
    return compact, digits, order["customer"], str(placed_at), json.dumps(body)


def _ago(days: float | None, now: datetime) -> str | None:
    return None if days is None else (now - timedelta(days=days)).isoformat()


def _in_days(days: int | None, now: datetime) -> str | None:
    return None if days is None else (now.date() + timedelta(days=days)).isoformat()


def read_order(body: _Json) -> Order:
    """An order as `order_row` wrote it. Raises ValueError, KeyError or TypeError if it is damaged."""
    currency = body["currency"]
    return Order(
        number=body["number"],
        state=OrderState(body["status"]),
        placed_at=datetime.fromisoformat(body["placed_at"]),
        items=tuple(
            OrderItem(
                sku=item["sku"],
                name=item["name"],
                quantity=item["quantity"],
                price=Money(minor=item["price_minor"], currency=currency),
                final_sale=item.get("final_sale", False),
            )
            for item in body["items"]
        ),
        discount=Money(minor=body["discount_minor"], currency=currency) if body.get("discount_minor") else None,
        tax=Money(minor=body["tax_minor"], currency=currency) if body.get("tax_minor") else None,
        payment=_payment(body),
        country=body["country"],
        ship_to=body["ship_to"],
        shipping_charge=Money(minor=body["shipping_minor"], currency=currency),
        total=Money(minor=body["total_minor"], currency=currency),
        shipment=_shipment(body),
        refunds=tuple(_refund(refund, currency) for refund in body["refunds"]),
        events=tuple(
            OrderEvent(at=datetime.fromisoformat(event["at"]), text=event["text"]) for event in body["events"]
        ),
    )


def _one_line(address: _Json) -> str:
    return ", ".join(address[part] for part in ("street", "city", "country"))


def read_variants(shop: _Json, sku: str) -> list[Variant]:
    """The sizes and colours of the product of that sku, at its price."""
    product = next((product for product in shop["products"] if product["sku"] == sku), None)
    if product is None:
        return []
    price = Money(minor=product["price_minor"], currency=product["currency"])
    return [
        Variant(sku=one["sku"], name=one["name"], price=price, available=one["in_stock"] > 0)
        for one in product.get("variants", ())
    ]


def _payment(body: _Json) -> Payment:
    payment = body["payment"]
    return Payment(
        reference=f"pay_{body['number']}",
        method=payment["method"],
        captured=Money(minor=payment["captured_minor"], currency=body["currency"]),
        disputed=payment.get("disputed", False),
    )


def _shipment(body: _Json) -> Shipment:
    expected = body["expected_on"]
    return Shipment(
        method=body["method"],
        carrier=body["carrier"],
        tracking_number=body["tracking_number"],
        shipped_at=_instant(body["shipped_at"]),
        delivered_at=_instant(body["delivered_at"]),
        expected_on=None if expected is None else date.fromisoformat(expected),
    )


def _refund(refund: _Json, currency: str) -> Refund:
    return Refund(
        amount=Money(minor=refund["amount_minor"], currency=currency),
        at=datetime.fromisoformat(refund["at"]),
        reason=refund["reason"],
        units=tuple((line, unit) for line, unit in refund.get("units", ())),
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
