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


def minor_digits(currency: str) -> int:
    """Decimals of a currency: 2 for most, 0 for JPY, 3 for KWD."""
    return _MINOR_DIGITS.get(currency, 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An amount in the minor units of `currency` (ISO 4217): 6305 USD is $63.05, 500 JPY is 500 JPY."""

    minor: int
    currency: str

    def __str__(self) -> str:
        digits = minor_digits(self.currency)
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
    """For one piece, after its own discount and before the order's."""
    line: str | None = None
    """The shop's id of this line, where two lines of an order may have the same sku."""
    final_sale: bool = False

    @property
    def line_id(self) -> str:
        return self.line or self.sku


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """Another size or colour of something that was ordered."""

    sku: str
    name: str
    price: Money
    available: bool


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
    """`reference` is ours where Baton made it, else None; `units` are the pieces it was for, where the shop knows."""

    amount: Money
    at: datetime
    reason: str
    reference: str | None = None
    units: tuple[tuple[str, int], ...] = ()
    """Line id and number of the piece within the line, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """How an order was paid. `method` is in words ("Visa ending 4242"); a refund goes back there and nowhere else."""

    reference: str
    method: str
    captured: Money
    """0 while the payment is only authorised."""
    disputed: bool = False
    """The customer's bank has taken the money back, or may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order of one customer. `events` are oldest first.

    `total` is the items' prices, less `discount`, plus `tax` and `shipping_charge`. `country` is where it went (ISO
    3166), `payment` None where the shop does not tell.
    """

    number: str
    state: OrderState
    placed_at: datetime
    items: tuple[OrderItem, ...]
    shipping_charge: Money
    total: Money
    shipment: Shipment
    refunds: tuple[Refund, ...] = ()
    events: tuple[OrderEvent, ...] = ()
    discount: Money | None = None
    """Off the goods as a whole: a code, a voucher."""
    tax: Money | None = None
    """On top of the prices; None where they include it."""
    payment: Payment | None = None
    country: str | None = None
    ship_to: str | None = None
    """The delivery address in one line, where the shop tells it."""

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
