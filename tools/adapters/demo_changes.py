"""Changes to the demo shop's orders and subscriptions, each made once, whatever is asked how often."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from tools.action_model import ActionKind, Proposal
from tools.order_model import compact_number
from tools.payments import Answer, ChangeRequest, Declined, EffectState, Payments, Receipt, RefundRequest
from tools.tool import ToolFailed

_T = TypeVar("_T")

_BEFORE_PACKING = ("placed", "paid", "on_hold")


class DemoChanges:
    """An `OrderChanges` over the demo shop's file. What a cancelled order cost goes back through `payments`."""

    def __init__(self, db_path: Path, payments: Payments, *, clock: Callable[[], datetime]) -> None:
        self._db_path = db_path
        self._payments = payments
        self._clock = clock

    async def apply(self, request: ChangeRequest) -> Answer:
        made = await self.look_up(request.reference)
        if made is not None:
            return made
        declined = await self._in_thread(lambda shop: _declined(shop, request.proposal))
        if declined is not None:
            return declined
        funds = request.proposal.funds
        if funds is not None:
            # The money first: both are asked for again under the same key until both are there.
            refund = RefundRequest(
                key=request.key,
                reference=request.reference,
                payment=funds.payment,
                amount=funds.amount,
            )
            answer = await self._payments.refund(refund)
            if not isinstance(answer, Receipt):
                return answer
        await self._in_thread(lambda shop: self._change(shop, request))
        return await self.look_up(request.reference) or Declined(code="no_change", detail="Nothing was changed.")

    async def look_up(self, reference: str) -> Receipt | None:
        rows = await self._in_thread(
            lambda shop: shop.execute("SELECT at FROM changes WHERE reference = ?", (reference,)).fetchall()
        )
        if not rows:
            return None
        booked = await self._payments.look_up(reference)
        return Receipt(
            id=f"change_{reference}",
            reference=reference,
            state=EffectState.SUCCEEDED,
            at=datetime.fromisoformat(rows[0][0]),
            amount=booked.amount if booked else None,
            payment=booked.payment if booked else None,
        )

    def _change(self, shop: sqlite3.Connection, request: ChangeRequest) -> None:
        at = self._clock().isoformat()
        shop.execute("BEGIN IMMEDIATE")
        new = shop.execute("INSERT OR IGNORE INTO changes VALUES (?, ?) RETURNING at", (request.reference, at))
        if new.fetchone() is not None:
            _write(shop, request.proposal, at)
        shop.execute("COMMIT")

    async def _in_thread(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        def run() -> _T:
            with closing(sqlite3.connect(self._db_path, timeout=5.0, isolation_level=None)) as shop:
                return work(shop)

        try:
            return await asyncio.to_thread(run)
        except (sqlite3.Error, OSError) as broken:
            raise ToolFailed(f"the demo shop's file cannot be written: {broken}") from broken


def _declined(shop: sqlite3.Connection, proposal: Proposal) -> Declined | None:
    """The shop's own last word: an order that was packed since the customer read the card stays as it is."""
    if proposal.kind is ActionKind.CANCEL_SUBSCRIPTION:
        return None
    order = _body(shop, proposal)
    if order is None:
        return Declined(code="no_such_order", detail="There is no such order of this customer.")
    early = proposal.kind in (ActionKind.CANCEL_ORDER, ActionKind.CHANGE_ADDRESS)
    if early and order["status"] not in _BEFORE_PACKING:
        return Declined(code="too_late", detail="The order was packed meanwhile.")
    return None


def _body(shop: sqlite3.Connection, proposal: Proposal) -> dict[str, Any] | None:
    row = shop.execute(
        "SELECT body FROM orders WHERE compact = ? AND customer_id = ?",
        (compact_number(proposal.order_number), proposal.external_customer_id),
    ).fetchone()
    body: dict[str, Any] | None = None if row is None else json.loads(row[0])
    return body


def _write(shop: sqlite3.Connection, proposal: Proposal, at: str) -> None:
    if proposal.kind is ActionKind.CANCEL_SUBSCRIPTION:
        shop.execute(
            "UPDATE subscriptions SET ending = 1 WHERE id = ? AND customer_id = ?",
            (proposal.arguments["subscription"], proposal.external_customer_id),
        )
        return
    order = _body(shop, proposal)
    if order is None:
        return
    order["events"].append({"at": at, "text": _changed(order, proposal)})
    shop.execute(
        "UPDATE orders SET body = ? WHERE compact = ?", (json.dumps(order), compact_number(proposal.order_number))
    )


def _changed(order: dict[str, Any], proposal: Proposal) -> str:
    """Change the order, and say what was changed."""
    match proposal.kind:
        case ActionKind.CANCEL_ORDER:
            order["status"] = "cancelled"
            return "Cancelled"
        case ActionKind.CHANGE_ADDRESS:
            order["ship_to"] = proposal.arguments["address"]
            return "Delivery address changed"
        case ActionKind.EXCHANGE:
            order["status"] = "return_requested"
            names = ", ".join(line.replacement_name or line.name for line in proposal.lines)
            return f"Exchange for {names} under way"
        case _:
            order["status"] = "return_requested"
            return "Return label sent"
