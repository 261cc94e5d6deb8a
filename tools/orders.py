"""The tool that tells a customer about their own orders, and the port to the shop's order system it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from tools.order_model import (
    Money,
    Order,
    OrderEvent,
    OrderItem,
    OrderState,
    Refund,
    Shipment,
    Variant,
    compact_number,
    same_number,
)
from tools.order_texts import describe, list_line, order_data, orders_data
from tools.tool import Principal, Tool, ToolFailed, ToolResult

__all__ = [
    "FakeOrderSystem",
    "Money",
    "Order",
    "OrderEvent",
    "OrderItem",
    "OrderState",
    "OrderStatusArguments",
    "OrderSystem",
    "Refund",
    "Shipment",
    "compact_number",
    "order_status_tool",
]

ORDER_STATUS = "order_status"
RECENT_LIMIT = 5

NOT_FOUND = ToolResult(
    ok=False,
    code="not_found",
    message=(
        "I can't find an order with that number in your account. Please check the number in your order "
        "confirmation, or ask me about your recent orders."
    ),
)
"""One constant for a foreign and a missing number: whoever asks about a foreign order learns nothing, not even that."""

NO_ORDERS = ToolResult(ok=True, code="no_orders", message="There are no orders in your account yet.")


class OrderSystem(Protocol):
    """A shop's orders. Both methods raise ToolFailed while the system cannot answer, and nothing else."""

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        """The customer's own order of that compact number ("NP10427", or digits only), else None."""

    async def recent_orders(self, external_customer_id: str, limit: int) -> list[Order]:
        """The customer's own orders, newest first, at most `limit`."""

    async def variants(self, sku: str) -> list[Variant]:
        """What an item of that sku may be exchanged for: the other sizes and colours, sold out ones too."""


class OrderStatusArguments(BaseModel):
    """Which of the customer's own orders to look up."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str | None = Field(
        default=None,
        max_length=64,
        description=(
            "The order number as the customer wrote it, such as NP-10427. Leave it out if the customer named none: "
            "the customer's recent orders are listed then."
        ),
    )


def order_status_tool(orders: OrderSystem, *, clock: Callable[[], datetime]) -> Tool:
    """The tool `order_status`. `clock` gives the current UTC instant: it decides what "today" and "late" mean.

    Codes: "order" (one, in `data["order"]`), "orders" (several, in `data["orders"]`), "no_orders", "not_found".
    """

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, OrderStatusArguments):
            raise TypeError(f"expected OrderStatusArguments, got {type(arguments).__name__}")
        if principal.external_id is None:
            raise ValueError("the toolbox let an unverified customer through")
        if arguments.order_number is None or not arguments.order_number.strip():
            return await _recent(orders, principal.external_id, clock())
        return await _one(orders, principal.external_id, arguments.order_number, clock())

    return Tool(
        name=ORDER_STATUS,
        description=(
            "Look up the signed-in customer's own orders: state, parcel, tracking number, expected day and refunds. "
            "Use it whenever the customer asks about an order, a parcel, a delivery or a refund of theirs."
        ),
        arguments=OrderStatusArguments,
        run=run,
    )


async def _one(orders: OrderSystem, customer: str, number: str, now: datetime) -> ToolResult:
    compact = compact_number(number)
    if compact is None:
        return NOT_FOUND
    order = await orders.order(customer, compact)
    return NOT_FOUND if order is None else _about(order, now)


async def _recent(orders: OrderSystem, customer: str, now: datetime) -> ToolResult:
    recent = tuple(await orders.recent_orders(customer, RECENT_LIMIT))
    if not recent:
        return NO_ORDERS
    open_orders = [order for order in recent if order.is_open]
    if len(recent) == 1 or len(open_orders) == 1:
        return _about(open_orders[0] if open_orders else recent[0], now)
    lines = "\n".join(f"- {list_line(order, today=now.date())}" for order in recent)
    return ToolResult(
        ok=True,
        code="orders",
        message=f"These are your most recent orders:\n\n{lines}\n\nWhich one do you mean?",
        data=orders_data(recent),
    )


def _about(order: Order, now: datetime) -> ToolResult:
    return ToolResult(
        ok=True,
        code="order",
        message=describe(order, today=now.date()),
        data={"order": order_data(order)},
    )


class FakeOrderSystem:
    """Orders in memory, by the shop's customer id. With `failing=True` it is down: every call raises ToolFailed."""

    def __init__(
        self,
        orders: Mapping[str, Sequence[Order]],
        *,
        variants: Mapping[str, Sequence[Variant]] | None = None,
        failing: bool = False,
    ) -> None:
        self._orders = orders
        self._variants = variants or {}
        self._failing = failing
        self.asked: list[tuple[str, str | None]] = []
        """Every lookup that was made, as (customer, number)."""

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        self._look_up(external_customer_id, number)
        own = self._orders.get(external_customer_id, ())
        return next((order for order in own if same_number(order.number, number)), None)

    async def recent_orders(self, external_customer_id: str, limit: int) -> list[Order]:
        self._look_up(external_customer_id, None)
        own = self._orders.get(external_customer_id, ())
        return sorted(own, key=lambda order: order.placed_at, reverse=True)[:limit]

    async def variants(self, sku: str) -> list[Variant]:
        return list(self._variants.get(sku, ()))

    def _look_up(self, customer: str, number: str | None) -> None:
        self.asked.append((customer, number))
        if self._failing:
            raise ToolFailed("the fake order system is set to fail")
