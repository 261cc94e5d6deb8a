"""Shopify's Admin GraphQL API as the order system: a customer's own orders, and whose address an order has.

Every question about orders goes through `customer(id)`: an order of somebody else is not in the answer, as one that
does not exist is not. Only reads; Shopify's amounts are decimal strings and become minor units exactly or not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import httpx2

from tools.accounts import Account
from tools.order_model import (
    Money,
    Order,
    OrderItem,
    OrderState,
    Payment,
    Refund,
    Shipment,
    Variant,
    minor_digits,
    same_number,
)
from tools.tool import ToolFailed

VERSION: Final = "2026-04"
_SECONDS: Final = 8.0
_PAGE: Final = 50
_MOST_PAGES: Final = 10
_MAX_BYTES: Final = 2_000_000
_MONEY: Final = "{ shopMoney { amount currencyCode } }"
_ORDER: Final = f"""
  name createdAt cancelledAt displayFulfillmentStatus displayFinancialStatus taxesIncluded
  totalPriceSet {_MONEY} totalShippingPriceSet {_MONEY} totalTaxSet {_MONEY} cartDiscountAmountSet {_MONEY}
  shippingAddress {{ formatted countryCodeV2 }}
  lineItems(first: 100) {{ nodes {{ id sku name currentQuantity quantity discountedUnitPriceSet {_MONEY} }} }}
  fulfillments(first: 10) {{
    createdAt deliveredAt estimatedDeliveryAt displayStatus trackingInfo {{ company number }}
  }}
  refunds(first: 50) {{
    createdAt note totalRefundedSet {_MONEY} refundLineItems(first: 100) {{ nodes {{ quantity lineItem {{ id }} }} }}
  }}
  transactions(first: 20) {{ kind status authorizationCode formattedGateway amountSet {_MONEY} }}
  disputes {{ status }}
"""
_ORDERS: Final = f"""query($customer: ID!, $first: Int!, $after: String, $query: String) {{
  customer(id: $customer) {{
    orders(first: $first, after: $after, query: $query, sortKey: CREATED_AT, reverse: true) {{
      nodes {{ {_ORDER} }} pageInfo {{ hasNextPage endCursor }}
    }}
  }}
}}"""
_WHO: Final = "id displayName defaultEmailAddress { emailAddress }"
_CUSTOMER: Final = f"query($customer: ID!) {{ customer(id: $customer) {{ {_WHO} }} }}"
_OWNER: Final = (
    f"query($query: String!) {{ orders(first: 5, query: $query) {{ nodes {{ name customer {{ {_WHO} }} }} }} }}"
)
_VARIANTS: Final = """query($query: String!) {
  productVariants(first: 1, query: $query) { nodes { product {
    title variants(first: 100) { nodes { sku title price availableForSale } }
  } } } shop { currencyCode }
}"""
_ON_THE_WAY: Final = frozenset({"IN_TRANSIT", "CONFIRMED", "FULFILLED", "MARKED_AS_FULFILLED", "LABEL_PRINTED"})
_SAFE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_Json = Mapping[str, Any]


class Shopify:
    """An `OrderSystem` and `Accounts`. `shop` is "example.myshopify.com"; customers' ids are Shopify's numbers.

    `base_url` is for servers that stand in for Shopify. Raises ToolFailed while Shopify does not answer as it should.
    """

    def __init__(self, shop: str, token: str, *, base_url: str | None = None, seconds: float = _SECONDS) -> None:
        self._url = f"{base_url or f'https://{shop}'}/admin/api/{VERSION}/graphql.json"
        self._headers = {"X-Shopify-Access-Token": token, "Content-Type": "application/json"}
        self._seconds = seconds

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        digits = "".join(character for character in number if character.isdigit())
        for name in dict.fromkeys((digits, number)):
            page = await self._page(external_customer_id, first=5, after=None, query=f"name:{_quoted(name)}")
            found = [order for order in page[0] if same_number(order.number, number)]
            if found:
                return found[0]
        return None

    async def recent_orders(self, external_customer_id: str, limit: int) -> list[Order]:
        orders: list[Order] = []
        after: str | None = None
        for _ in range(_MOST_PAGES):
            first = min(_PAGE, limit - len(orders))
            page, after = await self._page(external_customer_id, first=first, after=after, query=None)
            orders += page
            if after is None or len(orders) >= limit:
                break
        return orders[:limit]

    async def variants(self, sku: str) -> list[Variant]:
        data = await self._ask(_VARIANTS, {"query": f"sku:{_quoted(sku)}"})
        try:
            currency = data["shop"]["currencyCode"]
            return [
                Variant(
                    sku=one["sku"] or "",
                    name=f"{node['product']['title']} - {one['title']}",
                    price=_minor(one["price"], currency),
                    available=bool(one["availableForSale"]),
                )
                for node in data["productVariants"]["nodes"]
                for one in node["product"]["variants"]["nodes"]
            ]
        except (KeyError, TypeError) as damaged:
            raise ToolFailed("Shopify answered with damaged variants") from damaged

    async def account(self, external_id: str) -> Account | None:
        if not external_id.isdigit():
            return None
        data = await self._ask(_CUSTOMER, {"customer": _gid(external_id)})
        return _account(data["customer"])

    async def account_of_order(self, number: str) -> Account | None:
        digits = "".join(character for character in number if character.isdigit())
        data = await self._ask(_OWNER, {"query": f"name:{_quoted(digits)}"})
        nodes = [node for node in data["orders"]["nodes"] if same_number(node["name"], number)]
        return _account(nodes[0]["customer"]) if nodes else None

    async def _page(
        self, customer: str, *, first: int, after: str | None, query: str | None
    ) -> tuple[list[Order], str | None]:
        """Orders, and the cursor of the next page or None."""
        if not customer.isdigit() or first < 1:
            return [], None
        variables = {"customer": _gid(customer), "first": first, "after": after, "query": query}
        data = await self._ask(_ORDERS, variables)
        if data["customer"] is None:
            return [], None
        try:
            orders = data["customer"]["orders"]
            page = orders["pageInfo"]
            return [_order(node) for node in orders["nodes"]], page["endCursor"] if page["hasNextPage"] else None
        except (KeyError, TypeError, ValueError, IndexError) as damaged:
            raise ToolFailed("Shopify answered with a damaged order") from damaged

    async def _ask(self, query: str, variables: Mapping[str, Any]) -> _Json:
        """The data of an answer without errors: a partial answer would hide an order from its own customer."""
        try:
            async with httpx2.AsyncClient(timeout=self._seconds, trust_env=False) as client:
                answer = await client.post(
                    self._url, headers=self._headers, json={"query": query, "variables": dict(variables)}
                )
            body = answer.content
            if answer.status_code != httpx2.codes.OK or len(body) > _MAX_BYTES:
                raise ToolFailed(f"Shopify answered {answer.status_code} with {len(body)} bytes")
            found = json.loads(body)
        except (httpx2.HTTPError, OSError, ValueError) as failure:
            raise ToolFailed(f"Shopify did not answer ({type(failure).__name__})") from failure
        if not isinstance(found, dict) or found.get("errors") or not isinstance(found.get("data"), dict):
            raise ToolFailed("Shopify answered with errors")
        data: _Json = found["data"]
        return data


def _gid(customer: str) -> str:
    return f"gid://shopify/Customer/{customer}"


def _quoted(term: str) -> str:
    """A term of Shopify's search language that can be nothing but a term."""
    if _SAFE.fullmatch(term) is None:
        raise ToolFailed("that cannot be searched for at Shopify")
    return f"'{term}'"


def _account(customer: _Json | None) -> Account | None:
    if customer is None:
        return None
    address = customer["defaultEmailAddress"] or {}
    return Account(
        external_id=str(customer["id"]).rsplit("/", 1)[-1],
        email=address.get("emailAddress") or "",
        display_name=customer["displayName"] or "",
    )


def _order(node: _Json) -> Order:
    total = _money(node["totalPriceSet"])
    items = tuple(_item(line) for line in node["lineItems"]["nodes"])
    address = node["shippingAddress"]
    tax = _money(node["totalTaxSet"])
    return Order(
        number=node["name"],
        state=_state(node),
        placed_at=_instant(node["createdAt"]),
        items=items,
        shipping_charge=_money(node["totalShippingPriceSet"]),
        total=total,
        shipment=_shipment(node["fulfillments"]),
        refunds=tuple(_refund(one) for one in node["refunds"]),
        discount=_money(node["cartDiscountAmountSet"]) if node["cartDiscountAmountSet"] else None,
        tax=None if node["taxesIncluded"] else tax,
        payment=_payment(node, total.currency),
        country=address["countryCodeV2"] if address else None,
        ship_to=", ".join(address["formatted"]) if address else None,
    )


def _item(line: _Json) -> OrderItem:
    return OrderItem(
        sku=line["sku"] or line["id"],
        name=line["name"],
        quantity=line["quantity"],
        price=_money(line["discountedUnitPriceSet"]),
        line=line["id"],
    )


def _state(node: _Json) -> OrderState:
    if node["cancelledAt"]:
        return OrderState.CANCELLED
    financial = node["displayFinancialStatus"]
    if financial in ("REFUNDED", "PARTIALLY_REFUNDED"):
        return OrderState(financial.lower())
    fulfilment = node["displayFulfillmentStatus"]
    if fulfilment == "ON_HOLD":
        return OrderState.ON_HOLD
    states = [one["displayStatus"] for one in node["fulfillments"]]
    if states and all(one == "DELIVERED" for one in states):
        return OrderState.DELIVERED
    if "OUT_FOR_DELIVERY" in states:
        return OrderState.OUT_FOR_DELIVERY
    if states and (fulfilment == "FULFILLED" or any(one in _ON_THE_WAY for one in states)):
        return OrderState.SHIPPED
    return OrderState.PAID if financial in ("PAID", "PARTIALLY_PAID") else OrderState.PLACED


def _shipment(fulfillments: list[_Json]) -> Shipment:
    first = fulfillments[0] if fulfillments else None
    tracking = first["trackingInfo"][0] if first and first["trackingInfo"] else None
    expected = first["estimatedDeliveryAt"] if first else None
    return Shipment(
        method="Shipping",
        carrier=tracking["company"] if tracking else None,
        tracking_number=tracking["number"] if tracking else None,
        shipped_at=_instant(first["createdAt"]) if first else None,
        delivered_at=_instant(first["deliveredAt"]) if first and first["deliveredAt"] else None,
        expected_on=_instant(expected).date() if expected else None,
    )


def _refund(one: _Json) -> Refund:
    lines = one["refundLineItems"]["nodes"]
    return Refund(
        amount=_money(one["totalRefundedSet"]),
        at=_instant(one["createdAt"]),
        reason=one["note"] or "Refund",
        units=tuple((line["lineItem"]["id"], unit) for line in lines for unit in range(line["quantity"])),
    )


def _payment(node: _Json, currency: str) -> Payment | None:
    """By the transaction that took the money; its authorisation code is the provider's own reference."""
    sales = [one for one in node["transactions"] if one["kind"] in ("SALE", "CAPTURE") and one["status"] == "SUCCESS"]
    if not sales or not sales[0]["authorizationCode"]:
        return None
    captured = sum(_money(one["amountSet"]).minor for one in sales)
    return Payment(
        reference=sales[0]["authorizationCode"],
        method=sales[0]["formattedGateway"] or "the original payment",
        captured=Money(minor=captured, currency=currency),
        disputed=any(one["status"] not in ("WON",) for one in node["disputes"]),
    )


def _money(bag: _Json) -> Money:
    return _minor(bag["shopMoney"]["amount"], bag["shopMoney"]["currencyCode"])


def _minor(amount: str, currency: str) -> Money:
    """ "12.50" USD as 1250. Raises ValueError for what is no exact number of minor units."""
    try:
        minor = Decimal(str(amount)).scaleb(minor_digits(currency))
    except InvalidOperation:
        raise ValueError("an amount that is no number") from None
    if not minor.is_finite() or minor != minor.to_integral_value():
        raise ValueError("an amount that is no whole number of minor units")
    return Money(minor=int(minor), currency=currency)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
