"""What an order is, as far as a customer may be told. Instants are UTC, money is integer minor units.

Texts written by people into an order (notes, gift messages) have no field here: nobody needs them to say where a
parcel is, and what is not carried cannot reach a prompt.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

_MINOR_DIGITS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "KWD": 3, "BHD": 3, "OMR": 3, "JOD": 3, "TND": 3}
_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_NUMBER = re.compile(r"[A-Z]{0,8}[0-9]{3,16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in the minor units of `currency` (ISO 4217): 6305 USD is $63.05, 500 JPY is 500 JPY."""

    minor: int
    currency: str

    def __str__(self) -> str:
        digits = _MINOR_DIGITS.get(self.currency, 2)
        whole, part = divmod(abs(self.minor), 10**digits)
        amount = f"{whole:,}.{part:0{digits}d}" if digits else f"{whole:,}"
        sign = "-" if self.minor < 0 else ""
        mark = _SIGNS.get(self.currency)
        return f"{sign}{mark}{amount}" if mark else f"{sign}{amount} {self.currency}"


class OrderState(StrEnum):
    PLACED = "placed"
    PAID = "paid"
    PACKED = "packed"
    SHIPPED = "shipped"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURN_REQUESTED = "return_requested"
    RETURNED = "returned"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"
    ON_HOLD = "on_hold"
    LOST_IN_TRANSIT = "lost_in_transit"


_CLOSED = {
    OrderState.DELIVERED,
    OrderState.CANCELLED,
    OrderState.REFUNDED,
    OrderState.PARTIALLY_REFUNDED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderItem:
    sku: str
    name: str
    quantity: int
    price: Money
    """For one piece, as paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    """`carrier` and `tracking_number` are None until the parcel was handed over; `expected_on` is a calendar day."""

    method: str
    carrier: str | None
    tracking_number: str | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    expected_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    amount: Money
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one customer. `events` are oldest first."""

    number: str
    state: OrderState
    placed_at: datetime
    items: tuple[OrderItem, ...]
    shipping_charge: Money
    total: Money
    shipment: Shipment
    refunds: tuple[Refund, ...] = ()
    events: tuple[OrderEvent, ...] = ()

    @property
    def is_open(self) -> bool:
        """Something is still to come for the customer: a parcel, a decision or money."""
        return self.state not in _CLOSED


def compact_number(text: str) -> str | None:
    """An order number as people write it ("np 10427", "#NP-10427"), as letters and digits: "NP10427", or None."""
    compact = re.sub(r"[\s#.:_\-\u2010-\u2015\u2212]", "", text).upper()
    return compact if _NUMBER.fullmatch(compact) else None


def same_number(order_number: str, compact: str) -> bool:
    """True if `compact` names the order, with its letters or without them ("48213" for NP-48213)."""
    whole = compact_number(order_number)
    if whole is None:
        return False
    return compact in (whole, whole.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
