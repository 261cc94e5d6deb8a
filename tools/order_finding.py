"""The tool that finds which of their own orders a customer means, and says so or asks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from conversations.model import JsonValue
from tools.order_model import Order, OrderState
from tools.order_reference import lines_meant, numbers_in, orders_meant
from tools.order_texts import describe, invoice, list_line, order_data
from tools.orders import NO_ORDERS, NOT_FOUND, OrderSystem
from tools.tool import Principal, Tool, ToolResult

FIND_ORDER: Final = "find_order"
LOOKED_THROUGH: Final = 30
"""Newest orders among which words are looked for; an older one needs its number."""
SHOWN: Final = 5
WHICH_ORDER: Final = "Which order do you mean?"
NONE_FITS: Final = "I don't see an order of yours that fits. These are your most recent ones:"

Purpose = Literal["look", "invoice", "cancel", "change_address", "return"]
_BEFORE_PACKING: Final = frozenset({OrderState.PLACED, OrderState.PAID, OrderState.ON_HOLD})
_ARRIVED: Final = frozenset({OrderState.DELIVERED, OrderState.PARTIALLY_REFUNDED})
_SUITS: Final[dict[str, frozenset[OrderState]]] = {
    "look": frozenset(OrderState),
    "invoice": frozenset(OrderState),
    "cancel": _BEFORE_PACKING,
    "change_address": _BEFORE_PACKING,
    "return": _ARRIVED,
}


class FindOrderArguments(BaseModel):
    """Which of the customer's own orders they mean."""

    model_config = ConfigDict(extra="forbid", strict=True)

    words: str = Field(
        max_length=1_000,
        description="What the customer wrote about the order: its number, product, colour or date, in their words.",
    )
    purpose: Purpose = Field(
        default="look",
        description="What it is for; it only settles which order is meant where the words leave several.",
    )


def find_order_tool(orders: OrderSystem, *, clock: Callable[[], datetime]) -> Tool:
    """The tool `find_order`.

    Codes: "order" (one; `data["items_meant"]` names the items that the words name), "which_order" (several, listed),
    "no_orders", "not_found". `data["named"]` says whether the words named anything.
    """

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, FindOrderArguments):
            raise TypeError(f"expected FindOrderArguments, got {type(arguments).__name__}")
        if principal.external_id is None:
            raise ValueError("the toolbox let an unproven customer through")
        return await _find(orders, principal.external_id, arguments, clock())

    return Tool(
        name=FIND_ORDER,
        description=(
            "Find which of the signed-in customer's own orders they mean, by number, product, colour or date. Use it "
            "when the customer names an order in words, and before you propose anything about an order."
        ),
        arguments=FindOrderArguments,
        run=run,
    )


async def _find(orders: OrderSystem, customer: str, asked: FindOrderArguments, now: datetime) -> ToolResult:
    numbers = numbers_in(asked.words)
    for number in reversed(numbers):  # the last one named is the one that is meant now
        order = await orders.order(customer, number)
        if order is not None:
            return _found(order, asked, now, named=True)
    if numbers and any(not number.isdigit() for number in numbers):
        return NOT_FOUND
    recent = await orders.recent_orders(customer, LOOKED_THROUGH)
    if not recent:
        return NO_ORDERS
    today = now.date()
    named = orders_meant(recent, asked.words, today=today, suits=lambda order: order.state in _SUITS[asked.purpose])
    if len(named.orders) == 1:
        return _found(named.orders[0], asked, now, named=named.by != "")
    listed = named.orders or tuple(recent)
    lines = "\n".join(f"- {list_line(order, today=today)}" for order in listed[:SHOWN])
    return ToolResult(
        ok=True,
        code="which_order",
        message=f"{'These orders fit:' if named.orders else NONE_FITS}\n\n{lines}\n\n{WHICH_ORDER}",
        data={"choices": [order.number for order in listed[:SHOWN]], "named": named.by != ""},
    )


def _found(order: Order, asked: FindOrderArguments, now: datetime, *, named: bool) -> ToolResult:
    lines = lines_meant(order, asked.words)
    items: list[JsonValue] = [{"item": line.item.line_id, "quantity": line.quantity} for line in lines]
    message = invoice(order) if asked.purpose == "invoice" else describe(order, today=now.date())
    return ToolResult(
        ok=True, code="order", message=message, data={"order": order_data(order), "items_meant": items, "named": named}
    )
