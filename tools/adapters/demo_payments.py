"""The demo shop's payment provider: books of its own in one SQLite file, as a real provider has them.

It never refunds more than was captured, remembers idempotency keys with the answer they got, and refuses a key that
comes back with another request.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from tools.order_model import Money, Order
from tools.payments import KEY_WINDOW, Answer, Declined, EffectState, Receipt, RefundRequest
from tools.tool import ToolFailed

_T = TypeVar("_T")

_TABLES = """
CREATE TABLE IF NOT EXISTS payments (
  id TEXT PRIMARY KEY, captured INTEGER NOT NULL, currency TEXT NOT NULL, disputed INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS refunds (
  id INTEGER PRIMARY KEY AUTOINCREMENT, reference TEXT, payment TEXT NOT NULL, amount INTEGER NOT NULL,
  currency TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS refunds_by_reference ON refunds (reference);
CREATE INDEX IF NOT EXISTS refunds_by_payment ON refunds (payment);
CREATE TABLE IF NOT EXISTS keys (
  key TEXT PRIMARY KEY, request TEXT NOT NULL, refund INTEGER NOT NULL, at TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """A payment as the shop's orders know it, with what went back before these books were opened."""

    payment: str
    amount: Money
    disputed: bool = False
    refunded_before: tuple[tuple[Money, datetime], ...] = ()


def captures_of(orders: Iterable[Order]) -> list[Captured]:
    return [
        Captured(
            payment=order.payment.reference,
            amount=order.payment.captured,
            disputed=order.payment.disputed,
            refunded_before=tuple((refund.amount, refund.at) for refund in order.refunds),
        )
        for order in orders
        if order.payment is not None
    ]


class DemoPayments:
    """A `Payments` over the file at `path`. Calls run in a thread and raise ToolFailed while the file is unusable."""

    def __init__(self, path: Path, *, clock: Callable[[], datetime], key_window: timedelta = KEY_WINDOW) -> None:
        self._path = path
        self._clock = clock
        self.key_window = key_window

    def open(self, captures: Iterable[Captured]) -> None:
        """Make the file, and enter the payments that it does not know yet."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._connect()) as books, books:
            books.executescript(_TABLES)
            for capture in captures:
                _enter(books, capture)

    async def refund(self, request: RefundRequest) -> Answer:
        return await self._in_thread(lambda books: self._refund(books, request))

    def _refund(self, books: sqlite3.Connection, request: RefundRequest) -> Answer:
        # One writer at a time: what is left and what is booked must be the same instant's.
        books.execute("BEGIN IMMEDIATE")
        now = self._clock()
        asked = json.dumps([request.reference, request.payment, request.amount.minor, request.amount.currency])
        known = books.execute("SELECT request, refund, at FROM keys WHERE key = ?", (request.key,)).fetchone()
        if known is not None and now - datetime.fromisoformat(known[2]) < self.key_window:
            if known[0] != asked:
                return Declined(code="key_reused", detail="The key belongs to another request.")
            return _receipt(books.execute("SELECT * FROM refunds WHERE id = ?", (known[1],)).fetchone())
        if (declined := _wrong(books, request)) is not None:
            return declined
        booked = books.execute(
            "INSERT INTO refunds (reference, payment, amount, currency, state, at) "
            "VALUES (?, ?, ?, ?, ?, ?) RETURNING *",
            (
                request.reference,
                request.payment,
                request.amount.minor,
                request.amount.currency,
                EffectState.SUCCEEDED.value,
                now.isoformat(),
            ),
        ).fetchone()
        entry = (request.key, asked, booked[0], now.isoformat())
        books.execute("INSERT OR REPLACE INTO keys (key, request, refund, at) VALUES (?, ?, ?, ?)", entry)
        books.commit()
        return _receipt(booked)

    async def look_up(self, reference: str) -> Receipt | None:
        found = await self._rows("WHERE reference = ? ORDER BY id DESC LIMIT 1", (reference,))
        return found[0] if found else None

    async def refunds(self, since: datetime) -> list[Receipt]:
        return [receipt for receipt in await self._rows("ORDER BY id", ()) if receipt.at >= since]

    async def refunds_of(self, payment: str) -> list[Receipt]:
        """Those that were made through these books, in the order in which they were."""
        return await self._rows("WHERE payment = ? AND reference IS NOT NULL ORDER BY id", (payment,))

    async def _rows(self, where: str, values: tuple[str, ...]) -> list[Receipt]:
        sql = f"SELECT * FROM refunds {where}"  # noqa: S608 - constants only
        return await self._in_thread(lambda books: [_receipt(row) for row in books.execute(sql, values)])

    async def _in_thread(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def run() -> _T:
            with closing(self._connect()) as books:
                return work(books)

        try:
            return await asyncio.to_thread(run)
        except (sqlite3.Error, OSError) as broken:
            raise ToolFailed(f"the demo provider's books cannot be used: {broken}") from broken

    def _connect(self) -> sqlite3.Connection:
        books = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        books.execute("PRAGMA synchronous = FULL")
        return books


def _enter(books: sqlite3.Connection, capture: Captured) -> None:
    new = books.execute(
        "INSERT INTO payments VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING id",
        (capture.payment, capture.amount.minor, capture.amount.currency, int(capture.disputed)),
    ).fetchone()
    if new is None:
        return
    books.executemany(
        "INSERT INTO refunds (reference, payment, amount, currency, state, at) VALUES (NULL, ?, ?, ?, 'succeeded', ?)",
        [(capture.payment, money.minor, money.currency, at.isoformat()) for money, at in capture.refunded_before],
    )


def _wrong(books: sqlite3.Connection, request: RefundRequest) -> Declined | None:
    row = books.execute("SELECT captured, currency, disputed FROM payments WHERE id = ?", (request.payment,)).fetchone()
    if row is None:
        return Declined(code="no_such_payment", detail="There is no such payment.")
    captured, currency, disputed = row
    if disputed:
        return Declined(code="disputed", detail="The payment is disputed.")
    if request.amount.currency != currency or request.amount.minor <= 0:
        return Declined(code="bad_amount", detail="The amount does not fit the payment.")
    (back,) = books.execute(
        "SELECT coalesce(sum(amount), 0) FROM refunds WHERE payment = ? AND state != 'failed'", (request.payment,)
    ).fetchone()
    if back + request.amount.minor > captured:
        return Declined(code="exceeds_captured", detail="That is more than is left of the payment.")
    return None


def _receipt(row: tuple[int, str | None, str, int, str, str, str]) -> Receipt:
    number, reference, payment, minor, currency, state, at = row
    return Receipt(
        id=f"re_demo_{number}",
        reference=reference,
        state=EffectState(state),
        at=datetime.fromisoformat(at),
        amount=Money(minor=minor, currency=currency),
        payment=payment,
    )
