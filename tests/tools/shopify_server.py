"""A server that answers the Admin GraphQL questions of the adapter as Shopify's published schema says.

It holds orders by customer, follows variables (never the text of a query), pages with cursors and can be told to fail.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from tools.order_model import Order, OrderItem, OrderState, minor_digits

TOKEN: Final = "shpat_test"
_FULFILMENT: Final = {
    OrderState.SHIPPED: "IN_TRANSIT",
    OrderState.OUT_FOR_DELIVERY: "OUT_FOR_DELIVERY",
    OrderState.DELIVERED: "DELIVERED",
}


@dataclass
class ShopifyShop:
    """`fault`: "errors", "500", "slow", "garbage", "damaged"."""

    orders: dict[str, list[Order]]
    emails: dict[str, str] = field(default_factory=dict)
    variants: dict[str, list[tuple[str, str, str, bool]]] = field(default_factory=dict)
    fault: str | None = None
    page_size: int = 2
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(variables)
        if "productVariants" in query:
            return self._variants(_term(variables["query"]))
        if "$first" in query:
            return {"customer": self._orders(variables)}
        if "$customer" in query:
            return {"customer": self._customer(variables["customer"].rsplit("/", 1)[-1])}
        return {"orders": {"nodes": self._owners(_term(variables["query"]))}}

    def _orders(self, variables: dict[str, Any]) -> dict[str, Any] | None:
        customer = variables["customer"].rsplit("/", 1)[-1]
        if customer not in self.orders:
            return None
        found = sorted(self.orders[customer], key=lambda order: order.placed_at, reverse=True)
        if variables["query"]:
            found = [order for order in found if _term(variables["query"]) in (order.number, _digits(order.number))]
        start = int(variables["after"] or 0)
        end = start + min(variables["first"], self.page_size)
        nodes = [_node(order) for order in found[start:end]]
        if self.fault == "damaged":
            nodes = [
                {**node, "totalPriceSet": {"shopMoney": {"amount": "1.005", "currencyCode": "USD"}}} for node in nodes
            ]
        page = {"hasNextPage": end < len(found), "endCursor": str(end)}
        return {"orders": {"nodes": nodes, "pageInfo": page}}

    def _owners(self, number: str) -> list[dict[str, Any]]:
        return [
            {"name": order.number, "customer": self._customer(customer)}
            for customer, orders in self.orders.items()
            for order in orders
            if number in (order.number, _digits(order.number))
        ]

    def _customer(self, customer: str) -> dict[str, Any] | None:
        if customer not in self.orders:
            return None
        address = {"emailAddress": self.emails[customer]} if customer in self.emails else None
        return {"id": f"gid://shopify/Customer/{customer}", "displayName": "Ava", "defaultEmailAddress": address}

    def _variants(self, sku: str) -> dict[str, Any]:
        nodes = [
            {"sku": one, "title": title, "price": price, "availableForSale": available}
            for one, title, price, available in self.variants.get(sku, [])
        ]
        products = [{"product": {"title": "Boots", "variants": {"nodes": nodes}}}] if nodes else []
        return {"productVariants": {"nodes": products}, "shop": {"currencyCode": "USD"}}


def _term(query: str) -> str:
    return query.split(":", 1)[1].strip("'")


def _digits(number: str) -> str:
    return "".join(sign for sign in number if sign.isdigit())


def _bag(minor: int, currency: str) -> dict[str, Any]:
    digits = minor_digits(currency)
    whole, part = divmod(minor, 10**digits)
    amount = f"{whole}.{part:0{digits}d}" if digits else f"{whole}.0"
    return {"shopMoney": {"amount": amount, "currencyCode": currency}}


def _node(order: Order) -> dict[str, Any]:
    currency = order.total.currency
    status = _FULFILMENT.get(order.state)
    shipment = order.shipment
    fulfilled = {
        "createdAt": (shipment.shipped_at or order.placed_at).isoformat(),
        "deliveredAt": shipment.delivered_at.isoformat() if shipment.delivered_at else None,
        "estimatedDeliveryAt": f"{shipment.expected_on}T12:00:00Z" if shipment.expected_on else None,
        "displayStatus": status,
        "trackingInfo": [{"company": shipment.carrier, "number": shipment.tracking_number}],
    }
    sale = {
        "kind": "SALE",
        "status": "SUCCESS",
        "authorizationCode": "pi_1",
        "formattedGateway": "Visa ending 4242",
        "amountSet": _bag(order.total.minor, currency),
    }
    return {
        "name": order.number,
        "createdAt": order.placed_at.isoformat(),
        "cancelledAt": order.placed_at.isoformat() if order.state is OrderState.CANCELLED else None,
        "displayFulfillmentStatus": "FULFILLED" if status else "UNFULFILLED",
        "displayFinancialStatus": "PAID",
        "taxesIncluded": True,
        "totalPriceSet": _bag(order.total.minor, currency),
        "totalShippingPriceSet": _bag(order.shipping_charge.minor, currency),
        "totalTaxSet": _bag(0, currency),
        "cartDiscountAmountSet": None,
        "shippingAddress": {"formatted": ["1 High Street", "Leeds"], "countryCodeV2": "GB"},
        "lineItems": {"nodes": [_line(item) for item in order.items]},
        "fulfillments": [fulfilled] if status else [],
        "refunds": [
            {
                "createdAt": refund.at.isoformat(),
                "note": refund.reason,
                "totalRefundedSet": _bag(refund.amount.minor, currency),
                "refundLineItems": {"nodes": [{"quantity": 1, "lineItem": {"id": line}} for line, _ in refund.units]},
            }
            for refund in order.refunds
        ],
        "transactions": [sale],
        "disputes": [],
    }


def _line(item: OrderItem) -> dict[str, Any]:
    return {
        "id": item.line_id,
        "sku": item.sku,
        "name": item.name,
        "quantity": item.quantity,
        "currentQuantity": item.quantity,
        "discountedUnitPriceSet": _bag(item.price.minor, item.price.currency),
    }


class _Handler(BaseHTTPRequestHandler):
    shop: ShopifyShop

    def log_message(self, *_: object) -> None:
        return

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["X-Shopify-Access-Token"] != TOKEN:
            self._say(401, b'{"errors": "[API] Invalid API key or access token"}')
            return
        fault = self.shop.fault
        if fault == "slow":
            time.sleep(1.0)
        answers = {
            "500": (500, b"oops"),
            "garbage": (200, b"<html>"),
            "errors": (200, b'{"errors": [{"message": "x"}]}'),
        }
        if fault in answers:
            self._say(*answers[fault])
            return
        data = self.shop.answer(body["query"], body["variables"])
        self._say(200, json.dumps({"data": data}).encode())

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def shopify_server(shop: ShopifyShop) -> Iterator[str]:
    handler = type("Handler", (_Handler,), {"shop": shop})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
