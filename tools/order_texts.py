"""An order in plain words for its customer, and in named values for the record and the model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from conversations.model import JsonValue
from tools.order_model import Money, Order, OrderState, Shipment

_MAX_FREE_TEXT = 160
_CARRIER_NAME = re.compile(r"(?=.{1,40}\Z)[^\W_][\w&'.+-]*(?: [\w&'.+-]+){0,3}")
_CONTACT = re.compile(r"@|https?:|www\.|\+?\d(?:[ ()/.-]?\d){6,}")
"""Nobody is sent to an address or a telephone number that stands in an order's news."""
_TRACKING_NUMBER = re.compile(r"(?=.{1,40}\Z)[A-Za-z0-9]+(?:[ -][A-Za-z0-9]+)*")

_STATE_WORDS = {
    OrderState.PLACED: "has been placed and is waiting for the payment to be confirmed",
    OrderState.PAID: "is paid and waiting to be packed",
    OrderState.PACKED: "is packed and waiting to be picked up by the carrier",
    OrderState.SHIPPED: "is on its way",
    OrderState.OUT_FOR_DELIVERY: "is out for delivery",
    OrderState.DELIVERED: "was delivered",
    OrderState.CANCELLED: "was cancelled",
    OrderState.RETURN_REQUESTED: "has a return under way; the parcel has not reached us yet",
    OrderState.RETURNED: "was returned and has arrived with us",
    OrderState.REFUNDED: "was refunded",
    OrderState.PARTIALLY_REFUNDED: "was refunded in part",
    OrderState.ON_HOLD: "is on hold",
    OrderState.LOST_IN_TRANSIT: "was lost on its way",
}
_ON_THE_WAY = {OrderState.SHIPPED, OrderState.OUT_FOR_DELIVERY}
_BEFORE_ARRIVAL = _ON_THE_WAY | {OrderState.PLACED, OrderState.PAID, OrderState.PACKED}
_WORTH_THE_LATEST_EVENT = _ON_THE_WAY | {
    OrderState.ON_HOLD,
    OrderState.LOST_IN_TRANSIT,
    OrderState.RETURN_REQUESTED,
    OrderState.RETURNED,
}


def describe(order: Order, *, today: date) -> str:
    """Two to six plain sentences: state, parcel, expected day, latest event, refunds, items and total."""
    sentences = [
        f"Order {order.number} {_state_words(order, today)}.",
        *_parcel(order, today),
        *_expected(order, today),
        *_latest_event(order, today),
        *(
            f"{refund.amount} was refunded on {_day(refund.at, today)} ({_plain(refund.reason)})."
            for refund in order.refunds
        ),
        f"It was placed on {_day(order.placed_at, today)}: {_items(order)}. The total is {order.total}.",
    ]
    return " ".join(sentences)


def list_line(order: Order, *, today: date) -> str:
    """One line of a list of orders, without a bullet; what names the order in a choice is bold."""
    placed = _day(order.placed_at, today)
    return f"**Order {order.number}** {_state_words(order, today)}. Placed on {placed}: {_items(order)}, {order.total}."


def invoice(order: Order) -> str:
    """What was charged, line by line, and how it was paid."""
    rows = [f"- {item.quantity} × {_plain(item.name)}, {item.price} each" for item in order.items]
    if order.discount is not None and order.discount.minor:
        rows.append(f"- Discount, {Money(minor=-order.discount.minor, currency=order.discount.currency)}")
    if order.tax is not None and order.tax.minor:
        rows.append(f"- Tax, {order.tax}")
    rows.append(f"- Shipping, {order.shipping_charge}")
    paid = f" Paid with {_plain(order.payment.method)}." if order.payment else ""
    placed = f"{order.placed_at:%B} {order.placed_at.day}, {order.placed_at.year}"
    lines = "\n".join(rows)
    return f"Order {order.number} was placed on {placed}.\n\n{lines}\n\nThe total is {order.total}.{paid}"


def order_data(order: Order) -> dict[str, JsonValue]:
    """The order as JSON: ISO dates, money both as minor units and as text."""
    shipment = order.shipment
    return {
        "number": order.number,
        "status": order.state.value,
        "placed_at": order.placed_at.isoformat(),
        "items": [
            {
                "item": item.line_id,
                "name": _plain(item.name),
                "quantity": item.quantity,
                "price": str(item.price),
            }
            for item in order.items
        ],
        "shipping_charge": str(order.shipping_charge),
        "total": str(order.total),
        "total_minor": order.total.minor,
        "currency": order.total.currency,
        "shipping": {
            "method": shipment.method,
            "carrier": _carrier(shipment),
            "tracking_number": _tracking_number(shipment),
            "shipped_at": _iso(shipment.shipped_at),
            "delivered_at": _iso(shipment.delivered_at),
            "expected_on": shipment.expected_on.isoformat() if shipment.expected_on else None,
        },
        "refunds": [
            {"amount": str(refund.amount), "at": refund.at.isoformat(), "reason": _plain(refund.reason)}
            for refund in order.refunds
        ],
    }


def orders_data(orders: tuple[Order, ...]) -> Mapping[str, JsonValue]:
    return {"orders": [order_data(order) for order in orders]}


def _state_words(order: Order, today: date) -> str:
    words = _STATE_WORDS[order.state]
    delivered = order.shipment.delivered_at
    if order.state is OrderState.DELIVERED and delivered is not None:
        return f"{words} on {_day(delivered, today)}"
    return words


def _parcel(order: Order, today: date) -> list[str]:
    shipment = order.shipment
    if shipment.carrier is None or order.state not in _ON_THE_WAY | {OrderState.DELIVERED, OrderState.LOST_IN_TRANSIT}:
        return []
    number = _tracking_number(shipment)
    tracking = f" under the tracking number {number}" if number else ""
    since = f" on {_day(shipment.shipped_at, today)}" if shipment.shipped_at else ""
    return [f"{_carrier(shipment) or 'The carrier'} took the parcel{since}{tracking}."]


def _carrier(shipment: Shipment) -> str | None:
    """The carrier's name, or None where the field holds anything longer than a name: it is free text in most shops."""
    return shipment.carrier if shipment.carrier and _CARRIER_NAME.fullmatch(shipment.carrier) else None


def _tracking_number(shipment: Shipment) -> str | None:
    number = shipment.tracking_number
    return number if number and _TRACKING_NUMBER.fullmatch(number) else None


def _expected(order: Order, today: date) -> list[str]:
    expected = order.shipment.expected_on
    if expected is None or order.state not in _BEFORE_ARRIVAL:
        return []
    if expected < today:
        return [f"It was expected on {_day(expected, today)} and is late."]
    if expected == today:
        return [f"It is expected today, {_day(expected, today)}."]
    return [f"It is expected on {_day(expected, today)}."]


def _latest_event(order: Order, today: date) -> list[str]:
    if not order.events or order.state not in _WORTH_THE_LATEST_EVENT:
        return []
    latest = order.events[-1]
    if _CONTACT.search(latest.text):
        return []
    return [f"Latest news, {_day(latest.at, today)}: {_plain(latest.text)}."]


def _items(order: Order) -> str:
    return ", ".join(f"{item.quantity} × {_plain(item.name)}" for item in order.items) or "no items"


def _day(when: date | datetime, today: date) -> str:
    day = when.date() if isinstance(when, datetime) else when
    words = f"{day:%B} {day.day}"
    return words if day.year == today.year else f"{words}, {day.year}"


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _plain(text: str) -> str:
    """One bounded line without marks that Markdown or a prompt would read as more than text."""
    line = "".join(character for character in " ".join(text.split()) if character.isprintable())
    for mark in "<>[]`|":
        line = line.replace(mark, "")
    return line[:_MAX_FREE_TEXT].rstrip(".")
