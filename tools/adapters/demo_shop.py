"""The demo shop as an order system: one SQLite file of its own, filled from `demo/shop.json`.

The JSON counts in days before the moment of loading; the file holds instants. Loading again with the same JSON keeps
the file, so that an order that was "placed 4 days ago" grows older as orders do.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tools.accounts import Account
from tools.adapters.demo_payments import DemoPayments, captures_of
from tools.adapters.demo_shop_json import (
    DemoCustomer,
    ShopProfile,
    order_row,
    read_order,
    read_profile,
    read_variants,
)
from tools.order_model import Order, Refund, Variant
from tools.payments import EffectState
from tools.subscriptions import Subscription
from tools.tool import ToolFailed

_T = TypeVar("_T")

FORMAT = "3"
"""Part of the stored hash: raise it when the tables change, and old files are rebuilt."""

_TABLES = """
CREATE TABLE loaded (hash TEXT NOT NULL, at TEXT NOT NULL);
CREATE TABLE shop (body TEXT NOT NULL);
CREATE TABLE customers (
  external_id TEXT PRIMARY KEY, sign_in_key TEXT UNIQUE, display_name TEXT NOT NULL, email TEXT NOT NULL
);
CREATE TABLE subscriptions (
  id TEXT PRIMARY KEY, customer_id TEXT NOT NULL, name TEXT NOT NULL, paid_until TEXT NOT NULL, ending INTEGER NOT NULL
);
CREATE TABLE changes (reference TEXT PRIMARY KEY, at TEXT NOT NULL);
CREATE TABLE orders (
  compact TEXT PRIMARY KEY, digits TEXT NOT NULL, customer_id TEXT NOT NULL, placed_at TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX orders_by_customer ON orders (customer_id, placed_at);
"""


class DemoShop:
    """An `OrderSystem` over the demo shop's file, and what the shop page shows. Only reads.

    `payments` are its provider's books: what was refunded there shows on the order.

    Lookups run in a thread and raise ToolFailed if the file is gone, locked or damaged.
    """

    def __init__(self, db_path: Path, payments: DemoPayments) -> None:
        self._db_path = db_path
        self.payments = payments

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        rows = await self._rows(
            "SELECT body FROM orders WHERE (compact = ? OR digits = ?) AND customer_id = ?",
            (number, number, external_customer_id),
        )
        return await self._with_refunds(_order(rows[0])) if rows else None

    async def recent_orders(self, external_customer_id: str, limit: int) -> list[Order]:
        rows = await self._rows(
            "SELECT body FROM orders WHERE customer_id = ? ORDER BY placed_at DESC LIMIT ?",
            (external_customer_id, limit),
        )
        return [await self._with_refunds(_order(row)) for row in rows]

    async def _with_refunds(self, order: Order) -> Order:
        if order.payment is None:
            return order
        made = [
            Refund(amount=receipt.amount, at=receipt.at, reason="Refund", reference=receipt.reference)
            for receipt in await self.payments.refunds_of(order.payment.reference)
            if receipt.amount is not None and receipt.state is not EffectState.FAILED
        ]
        return replace(order, refunds=(*order.refunds, *made)) if made else order

    async def variants(self, sku: str) -> list[Variant]:
        (body,) = (await self._rows("SELECT body FROM shop", ()))[0]
        return read_variants(json.loads(str(body)), sku)

    async def subscriptions(self, external_customer_id: str) -> list[Subscription]:
        rows = await self._rows(
            "SELECT id, name, paid_until, ending FROM subscriptions WHERE customer_id = ? ORDER BY name",
            (external_customer_id,),
        )
        return [
            Subscription(
                id=str(row[0]), name=str(row[1]), paid_until=date.fromisoformat(str(row[2])), ending=bool(row[3])
            )
            for row in rows
        ]

    async def profile(self) -> ShopProfile:
        """The shop's texts and products."""
        (body,) = (await self._rows("SELECT body FROM shop", ()))[0]
        return read_profile(json.loads(str(body)))

    async def customers_who_sign_in(self) -> list[DemoCustomer]:
        """The demo customers that the shop page offers to sign in as."""
        return await self._customers("sign_in_key IS NOT NULL ORDER BY display_name", ())

    async def customer(self, key: str) -> DemoCustomer | None:
        """The demo customer of that sign-in key."""
        found = await self._customers("sign_in_key = ?", (key,))
        return found[0] if found else None

    async def account(self, external_id: str) -> Account | None:
        return _account(await self.customer_by_external_id(external_id))

    async def account_of_order(self, number: str) -> Account | None:
        rows = await self._rows("SELECT customer_id FROM orders WHERE compact = ? OR digits = ?", (number, number))
        return await self.account(str(rows[0][0])) if rows else None

    async def customer_by_external_id(self, external_id: str) -> DemoCustomer | None:
        found = await self._customers("external_id = ?", (external_id,))
        return found[0] if found else None

    async def _customers(self, where: str, values: tuple[str, ...]) -> list[DemoCustomer]:
        columns = "external_id, sign_in_key, display_name, email"
        rows = await self._rows(f"SELECT {columns} FROM customers WHERE {where}", values)  # noqa: S608 - constants only
        return [
            DemoCustomer(
                external_id=str(row[0]), key=row[1] and str(row[1]), display_name=str(row[2]), email=str(row[3])
            )
            for row in rows
        ]

    async def _rows(self, sql: str, values: tuple[str | int, ...]) -> list[tuple[str | None, ...]]:
        return await _in_thread(lambda: _read(self._db_path, sql, values))


def _account(who: DemoCustomer | None) -> Account | None:
    if who is None:
        return None
    return Account(external_id=who.external_id, email=who.email, display_name=who.display_name)


async def _in_thread(work: Callable[[], _T]) -> _T:
    try:
        return await asyncio.to_thread(work)
    except (sqlite3.Error, OSError) as broken:
        raise ToolFailed(f"the demo shop's file cannot be read: {broken}") from broken


def _read(path: Path, sql: str, values: tuple[str | int, ...]) -> list[tuple[str | None, ...]]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)) as connection:
        return connection.execute(sql, values).fetchall()


def _order(row: tuple[str | None, ...]) -> Order:
    try:
        return read_order(json.loads(str(row[0])))
    except (ValueError, KeyError, TypeError) as damaged:
        raise ToolFailed("an order in the demo shop's file is damaged") from damaged


def load_demo_shop(
    json_path: Path, db_path: Path, *, now: datetime, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> DemoShop:
    """The shop of `json_path` in `db_path`, built unless that very JSON is already in it.

    `now` (UTC) is the moment that the JSON's relative days count from; `clock` dates what is refunded later. Raises
    OSError or ValueError if the JSON cannot be read. The file appears whole or not at all: it is written beside its
    place and renamed.
    """
    content = json_path.read_bytes()
    digest = hashlib.sha256(FORMAT.encode() + content).hexdigest()
    if _stored_hash(db_path) != digest:
        _build(json.loads(content), db_path, digest=digest, now=now)
    orders = [_order((row[0],)) for row in _read(db_path, "SELECT body FROM orders", ())]
    payments = DemoPayments(db_path.with_name("payments.db"), clock=clock)
    payments.open(captures_of(orders))
    return DemoShop(db_path, payments)


def _stored_hash(db_path: Path) -> str | None:
    if not db_path.exists():
        return None
    try:
        rows = _read(db_path, "SELECT hash FROM loaded", ())
    except sqlite3.Error:
        return None
    return str(rows[0][0]) if rows else None


def _build(shop: dict[str, object], db_path: Path, *, digest: str, now: datetime) -> None:
    db_path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = db_path.with_name(f"{db_path.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    customers, orders = shop["customers"], shop["orders"]
    if not isinstance(customers, list) or not isinstance(orders, list):
        raise ValueError("the shop's JSON has no lists of customers and orders")
    with closing(sqlite3.connect(unfinished)) as connection, connection:
        connection.executescript(_TABLES)
        connection.execute("INSERT INTO loaded VALUES (?, ?)", (digest, now.isoformat()))
        texts = {key: value for key, value in shop.items() if key not in ("customers", "orders")}
        connection.execute("INSERT INTO shop VALUES (?)", (json.dumps(texts),))
        connection.executemany("INSERT INTO customers VALUES (:external_id, :key, :display_name, :email)", customers)
        connection.executemany(
            "INSERT INTO subscriptions VALUES (?, ?, ?, ?, 0)",
            [
                (
                    one["id"],
                    customer["external_id"],
                    one["name"],
                    (now + timedelta(days=one["paid_for_days"])).date().isoformat(),
                )
                for customer in customers
                for one in customer.get("subscriptions", ())
            ],
        )
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?, ?)", (order_row(order, now) for order in orders))
    os.replace(unfinished, db_path)
