"""The retail shop of tau2-bench as a shop of ours, written against the ports alone, and its tasks' gold actions.

Source: github.com/sierra-research/tau2-bench (MIT), read where BATON_PUBLIC_DATA points. Its orders have no dates:
everything was placed five days ago and delivered yesterday.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tools.action_model import ActionKind, Proposal
from tools.order_model import Money, Order, OrderItem, OrderState, Payment, Shipment, Variant, compact_number
from tools.payments import Answer, ChangeRequest, Declined, EffectState, Receipt

PUBLIC = Path(os.environ.get("BATON_PUBLIC_DATA", "../shared/data"))
FOLDER = PUBLIC / "tau2_retail"
FIRST_VERSION = PUBLIC / "tau1_retail"
Json = dict[str, Any]
STATES = {
    "pending": OrderState.PAID,
    "processed": OrderState.PACKED,
    "delivered": OrderState.DELIVERED,
    "cancelled": OrderState.CANCELLED,
    "return requested": OrderState.RETURN_REQUESTED,
    "exchange requested": OrderState.RETURN_REQUESTED,
}


@dataclass(frozen=True, kw_only=True)
class GoldAction:
    kind: str
    arguments: Json


def retail_tasks() -> list[list[GoldAction]]:
    """The gold actions of every task, in order."""
    tasks = json.loads((FOLDER / "tasks.json").read_text(encoding="utf-8"))
    return [
        [GoldAction(kind=one["name"], arguments=one["arguments"]) for one in task["evaluation_criteria"]["actions"]]
        for task in tasks
    ]


def first_tasks() -> list[list[GoldAction]]:
    """The same of the benchmark's first version (github.com/sierra-research/tau-bench, MIT)."""
    lines = [
        line
        for name in ("tasks_dev.jsonl", "tasks_train.jsonl")
        for line in (FIRST_VERSION / name).read_text(encoding="utf-8").splitlines()
        if line.strip()
    ]
    return [
        [GoldAction(kind=one["name"], arguments=one["kwargs"]) for one in json.loads(line)["actions"]] for line in lines
    ]


def first_shop() -> Json:
    """Its database."""
    return {
        name: json.loads((FIRST_VERSION / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("orders", "users", "products")
    }


def usd(price: float) -> Money:
    return Money(minor=round(price * 100), currency="USD")


class RetailShop:
    """An `OrderSystem` and `OrderChanges` over `data`, which it changes. `loses_addresses` is the control's bug."""

    def __init__(self, data: Json, *, clock: Callable[[], datetime], loses_addresses: bool = False) -> None:
        self.data = data
        self._clock = clock
        self._loses_addresses = loses_addresses
        self._receipts: dict[str, Receipt] = {}

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        found = self.data["orders"].get(f"#{compact_number(number)}")
        return self._order(found) if found is not None and found["user_id"] == external_customer_id else None

    async def recent_orders(self, external_customer_id: str, limit: int) -> list[Order]:
        numbers = self.data["users"].get(external_customer_id, {}).get("orders", ())
        return [self._order(self.data["orders"][number]) for number in numbers][:limit]

    async def variants(self, sku: str) -> list[Variant]:
        product = next((one for one in self.data["products"].values() if sku in one["variants"]), None)
        if product is None:
            return []
        return [
            Variant(
                sku=one["item_id"],
                name=_name(product["name"], one["options"]),
                price=usd(one["price"]),
                available=one["available"],
            )
            for one in product["variants"].values()
        ]

    async def apply(self, request: ChangeRequest) -> Answer:
        if request.reference not in self._receipts:
            order = self.data["orders"].get(request.proposal.order_number)
            if order is None or order["user_id"] != request.proposal.external_customer_id:
                return Declined(code="no_such_order", detail="There is no such order of this customer.")
            self._change(order, request.proposal)
            funds = request.proposal.funds
            self._receipts[request.reference] = Receipt(
                id=f"ch_{request.reference}",
                reference=request.reference,
                state=EffectState.SUCCEEDED,
                at=self._clock(),
                amount=funds.amount if funds else None,
                payment=funds.payment if funds else None,
            )
        return self._receipts[request.reference]

    async def look_up(self, reference: str) -> Receipt | None:
        return self._receipts.get(reference)

    def _order(self, order: Json) -> Order:
        now = self._clock()
        arrived = order["status"] in ("delivered", "return requested", "exchange requested")
        paid = [one for one in order["payment_history"] if one["transaction_type"] == "payment"]
        captured = usd(sum(one["amount"] for one in paid))
        return Order(
            number=order["order_id"],
            state=STATES[order["status"]],
            placed_at=now - timedelta(days=5),
            items=tuple(
                OrderItem(
                    sku=one["item_id"],
                    name=_name(one["name"], one["options"]),
                    quantity=1,
                    price=usd(one["price"]),
                    line=f"line-{place}",
                )
                for place, one in enumerate(order["items"])
            ),
            shipping_charge=usd(0),
            total=captured,
            shipment=Shipment(
                method="Standard",
                carrier=None,
                tracking_number=None,
                shipped_at=None,
                delivered_at=now - timedelta(days=1) if arrived else None,
                expected_on=None,
            ),
            payment=Payment(
                reference=order["order_id"], method=paid[0]["payment_method_id"] if paid else "", captured=captured
            ),
            country="US",
        )

    def _change(self, order: Json, proposal: Proposal) -> None:
        """What our proposals say and no more: how money comes back, and why, no port can choose."""
        paid_with = order["payment_history"][0]["payment_method_id"]
        skus = [order["items"][int(line.line.removeprefix("line-"))]["item_id"] for line in proposal.lines]
        match proposal.kind:
            case ActionKind.CANCEL_ORDER:
                cancel(self.data, order, "no longer needed")
            case ActionKind.CHANGE_ADDRESS:
                if not self._loses_addresses:
                    order["address"] = _address(proposal.arguments["address"])
            case ActionKind.RETURN_LABEL:
                order |= {"status": "return requested", "return_items": sorted(skus)}
                order["return_payment_method_id"] = paid_with
            case ActionKind.EXCHANGE:
                new = [line.replacement for line in proposal.lines]
                order |= {"status": "exchange requested", "exchange_items": skus, "exchange_new_items": new}
                order |= {"exchange_payment_method_id": paid_with, "exchange_price_difference": 0.0}


def cancel(data: Json, order: Json, reason: str) -> None:
    """Every payment goes back where it came from, to a gift card at once."""
    methods = data["users"][order["user_id"]]["payment_methods"]
    refunds = [{**one, "transaction_type": "refund"} for one in order["payment_history"]]
    for one in refunds:
        method = methods[one["payment_method_id"]]
        if method["source"] == "gift_card":
            method["balance"] = round(method["balance"] + one["amount"], 2)
    order["payment_history"] += refunds
    order |= {"status": "cancelled", "cancel_reason": reason}


def do_gold(data: Json, action: GoldAction) -> None:
    """The state that the benchmark's own tool leaves, for the kinds that we have a tool for."""
    asked = action.arguments
    order = data["orders"][asked["order_id"]]
    match action.kind:
        case "cancel_pending_order":
            cancel(data, order, asked["reason"])
        case "modify_pending_order_address":
            order["address"] = {name: value for name, value in asked.items() if name != "order_id"}
        case "return_delivered_order_items":
            order |= {"status": "return requested", "return_items": sorted(asked["item_ids"])}
            order["return_payment_method_id"] = asked["payment_method_id"]
        case "exchange_delivered_order_items":
            order |= {"status": "exchange requested", "exchange_items": sorted(asked["item_ids"])}
            order["exchange_new_items"] = sorted(asked["new_item_ids"])
            order["exchange_payment_method_id"] = asked["payment_method_id"]
            order["exchange_price_difference"] = _difference(data, order, asked)


def _difference(data: Json, order: Json, asked: Json) -> float:
    old = {one["item_id"]: one["price"] for one in order["items"]}
    prices = {sku: one["price"] for product in data["products"].values() for sku, one in product["variants"].items()}
    pairs = zip(asked["item_ids"], asked["new_item_ids"], strict=True)
    return float(round(sum(prices[new] - old[was] for was, new in pairs), 2))


def _name(product: str, options: dict[str, str]) -> str:
    return f"{product} ({', '.join(f'{name} {value}' for name, value in sorted(options.items()))})"


def address_line(asked: Json) -> str:
    """One line as a customer writes it; an empty second line leaves no comma behind."""
    parts = [asked["address1"], asked["address2"], asked["city"], f"{asked['state']} {asked['zip']}", asked["country"]]
    return ", ".join(part for part in parts if part)


def _address(line: str) -> Json:
    street, *second, city, region, country = line.split(", ")
    state, _, code = region.rpartition(" ")
    return {
        "address1": street,
        "address2": ", ".join(second),
        "city": city,
        "state": state,
        "country": country,
        "zip": code,
    }
