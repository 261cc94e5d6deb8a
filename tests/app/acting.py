"""The real service with a shop that can act: orders, a provider with books, and an AI agent that offers refunds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from agent.draft import Draft, TurnInput
from app.identity import Identity
from app.wiring import Parts, utc_now
from tests.app.serving import COMPANY, RETURNS, Json, Served, Widget, WrittenAgent, drafted, library, serving
from tools.action_worker import Business
from tools.order_model import Money, Order, OrderItem, OrderState, Payment, Shipment
from tools.orders import FakeOrderSystem
from tools.payments import NO_CHANGES, FakePayments
from tools.policy import AskedLine, Quote, RefundPolicy
from tools.policy_rules import Reason, read_policy
from tools.toolbox import Toolbox

MAYA, TOM = "cust_1001", "cust_1002"


def usd(minor: int) -> Money:
    return Money(minor=minor, currency="USD")


def bought(number: str, *items: tuple[str, int, int]) -> Order:
    """Delivered two days ago; items are (sku, quantity, price)."""
    now = utc_now()
    total = usd(sum(quantity * price for _, quantity, price in items))
    return Order(
        number=number,
        state=OrderState.DELIVERED,
        placed_at=now - timedelta(days=6),
        items=tuple(
            OrderItem(sku=sku, name=sku.title(), quantity=quantity, price=usd(price)) for sku, quantity, price in items
        ),
        shipping_charge=usd(0),
        total=total,
        shipment=Shipment(
            method="Standard",
            carrier="UPS",
            tracking_number=None,
            shipped_at=None,
            delivered_at=now - timedelta(days=2),
            expected_on=None,
        ),
        payment=Payment(reference=f"pay_{number}", method="Visa ending 4242", captured=total),
        country="US",
    )


ORDERS = {
    MAYA: [bought("NP-10427", ("bottle", 2, 3400), ("lamp", 1, 3900)), bought("NP-20571", ("tent", 1, 28900))],
    TOM: [bought("NP-50419", ("jacket", 1, 14900))],
}


@dataclass(kw_only=True)
class ActingShop:
    """`served` with its provider's books; `asks` is what the AI agent offers a refund for, whatever is written."""

    served: Served
    payments: FakePayments
    orders: FakeOrderSystem

    async def signed_in(self, external_id: str = MAYA, name: str = "Maya") -> Widget:
        identity = Identity(external_id=external_id, display_name=name, email=None)
        token = self.served.baton.tokens.sign_identity(identity, valid_for=timedelta(minutes=5))
        return await self.served.widget(token)

    async def offered(self, widget: Widget, client_id: str = "c1", text: str = "It is broken") -> tuple[Json, Json]:
        """The conversation and the card that the AI agent's answer brought."""
        conversation = await widget.start(client_id)
        await widget.send(conversation, text, f"m-{client_id}")
        await widget.until(conversation, 2)
        [*_, card] = (await widget.read(conversation))["actions"]
        return conversation, card

    async def click(self, widget: Widget, conversation: Json, card: Json, **body: object) -> tuple[int, Json]:
        path = f"/widget/v1/conversations/{conversation['id']}/actions/{card['id']}/confirm"
        answer = await self.served.client.post(path, json={"token": card["token"], **body}, headers=widget.headers)
        return answer.status_code, answer.json()

    async def until(self, widget: Widget, conversation: Json, standing: str, seconds: float = 10.0) -> Json:
        async with asyncio.timeout(seconds):
            while True:
                cards: list[Json] = (await widget.read(conversation))["actions"]
                if cards and cards[-1]["standing"] == standing:
                    return cards[-1]
                await asyncio.sleep(0.05)


def offering(number: str, sku: str, quantity: int, policy: RefundPolicy) -> WrittenAgent:
    """An AI agent that answers every message with the offer of this refund, if the order is the customer's."""

    def write(turn: TurnInput) -> Draft:
        external = turn.principal.external_id
        order = next((one for one in ORDERS.get(external or "", []) if one.number == number), None)
        if order is None or external is None:
            return drafted("There is no such order.")
        line = AskedLine(line=sku, quantity=quantity)
        quote = policy.quote(order, [line], reason=Reason.DAMAGED, now=utc_now())
        assert isinstance(quote, Quote), quote
        return drafted("Please check the card below.", proposal=quote.proposal(external))

    return WrittenAgent(write=write)


@contextlib.asynccontextmanager
async def acting(
    database_url: str,
    data_dir: Path,
    *,
    sku: str = "bottle",
    number: str = "NP-10427",
    quantity: int = 1,
    metrics_token: str | None = None,
) -> AsyncIterator[ActingShop]:
    policy = RefundPolicy(read_policy())
    payments = FakePayments(clock=utc_now)
    for orders in ORDERS.values():
        for order in orders:
            payments.capture(f"pay_{order.number}", order.total)
    system = FakeOrderSystem(ORDERS)
    with library(data_dir / "knowledge", RETURNS) as held:
        parts = Parts(
            library=held,
            agent=offering(number, sku, quantity, policy),
            company=replace(COMPANY),
            business=Business(orders=system, payments=payments, changes=NO_CHANGES, policy=policy),
            toolbox=Toolbox([]),
        )
        async with serving(database_url, data_dir, parts=parts, metrics_token=metrics_token) as served:
            yield ActingShop(served=served, payments=payments, orders=system)
