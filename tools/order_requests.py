"""Changes to an order that a customer asks for, up to the proposal: cancelling it, and sending it somewhere else.

Nothing here has an effect. Whether it may be done comes from the order's state and the refund policy; the arguments
hold what only the customer can say, and that stands on the card that they confirm.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from conversations.model import Assurance
from tools.action_model import ActionKind, Proposal
from tools.order_model import Order, compact_number
from tools.orders import NOT_FOUND, OrderSystem
from tools.policy import AskedLine, Quote, Refusal, where_is
from tools.policy_rules import Reason, Where
from tools.tool import Access, Principal, Tool, ToolResult

OFFER_CANCELLATION: Final = "offer_cancellation"
OFFER_ADDRESS_CHANGE: Final = "offer_address_change"
ON_CARD: Final = "Please check the card below: nothing happens before you confirm it there."
ADDRESS_ASKED: Final = "What is the full new address? Please write street and number, city, postcode and country."
TOO_LATE_FOR_ADDRESS: Final = (
    "This order is packed or on its way already, so its address can no longer be changed. The carrier may still "
    "redirect the parcel."
)
ALREADY_CANCELLED: Final = "This order is cancelled already."
OTHER_COUNTRY: Final = (
    "An order cannot be sent to another country than it was placed for, because shipping and taxes differ. You can "
    "cancel it before it is packed and order again."
)
_SHORTEST_ADDRESS: Final = 12


class Quoting(Protocol):
    """What goes back for an order today, by the policy and the ledger. Raises ToolFailed."""

    async def quote(self, order: Order, lines: Sequence[AskedLine], reason: Reason) -> Quote | Refusal: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDesk:
    """What every request needs: the shop's orders, the policy's answer, and the policy's version for the record."""

    orders: OrderSystem
    quoting: Quoting
    policy_version: str

    async def own(self, principal: Principal, number: str) -> tuple[str, Order] | None:
        """The customer and their order, or None for a missing and for a foreign one."""
        if principal.external_id is None:
            raise ValueError("the toolbox let an unproven customer through")
        compact = compact_number(number)
        order = None if compact is None else await self.orders.order(principal.external_id, compact)
        return None if order is None else (principal.external_id, order)


class CancellationArguments(BaseModel):
    """Which order to cancel as a whole."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str = Field(max_length=64, description="The order number, such as NP-10427.")


class AddressArguments(BaseModel):
    """Which order to send to which address."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str = Field(max_length=64, description="The order number, such as NP-10427.")
    new_address: str | None = Field(
        default=None,
        max_length=300,
        description="The whole new address exactly as the customer wrote it; leave it out if they did not write one.",
    )


def cancellation_tool(desk: RequestDesk) -> Tool:
    """The tool `offer_cancellation`. Codes: "proposed", "refused", "not_found"."""

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, CancellationArguments):
            raise TypeError(f"expected CancellationArguments, got {type(arguments).__name__}")
        own = await desk.own(principal, arguments.order_number)
        return NOT_FOUND if own is None else await _cancellation(desk, *own)

    return Tool(
        name=OFFER_CANCELLATION,
        description=(
            "Offer the customer to cancel one of their orders before it is packed. Nothing is cancelled by this: the "
            "customer confirms on a card. Never say that an order was cancelled."
        ),
        arguments=CancellationArguments,
        run=run,
        access=Access.PROPOSE,
    )


async def _cancellation(desk: RequestDesk, customer: str, order: Order) -> ToolResult:
    where = where_is(order)
    if where is Where.CANCELLED:
        return refused(ALREADY_CANCELLED, rule="cancelled")
    answer = await desk.quoting.quote(order, (), Reason.CANCEL)
    if isinstance(answer, Quote):
        proposal = answer.proposal(customer, kind=ActionKind.CANCEL_ORDER)
        back = f" {answer.funds.amount} go back to {answer.destination}."
        return proposed(f"I can cancel order {order.number} for you.{back}", proposal)
    charged = order.payment is not None and order.payment.captured.minor > 0
    if where is Where.NOT_SENT and order.payment is not None and not charged and not order.payment.disputed:
        proposal = Proposal(
            kind=ActionKind.CANCEL_ORDER,
            external_customer_id=customer,
            order_number=order.number,
            lines=(),
            destination="You have not been charged",
            reason=Reason.CANCEL.value,
            policy_version=desk.policy_version,
            rule="cancel_before_charge",
        )
        return proposed(f"I can cancel order {order.number} for you. You have not been charged for it.", proposal)
    return refused(answer.message, rule=answer.rule)


def address_tool(desk: RequestDesk) -> Tool:
    """The tool `offer_address_change`. It needs a code: whoever redirects parcels steals them.

    Codes: "proposed", "address_needed", "refused", "not_found".
    """

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, AddressArguments):
            raise TypeError(f"expected AddressArguments, got {type(arguments).__name__}")
        own = await desk.own(principal, arguments.order_number)
        return NOT_FOUND if own is None else _address_change(desk, *own, written=arguments.new_address)

    return Tool(
        name=OFFER_ADDRESS_CHANGE,
        description=(
            "Offer the customer to send one of their orders to another address, before it is packed. Nothing changes "
            "by this: the customer confirms on a card. Never make up or complete an address."
        ),
        arguments=AddressArguments,
        run=run,
        access=Access.PROPOSE,
        needs=Assurance.VERIFIED,
    )


def _address_change(desk: RequestDesk, customer: str, order: Order, *, written: str | None) -> ToolResult:
    where = where_is(order)
    if where is not Where.NOT_SENT:
        words = ALREADY_CANCELLED if where is Where.CANCELLED else TOO_LATE_FOR_ADDRESS
        return refused(words, rule="address_before_packing")
    address = one_line(written or "")
    if not is_address(address):
        return ToolResult(ok=False, code="address_needed", message=ADDRESS_ASKED)
    if names_another_country(address, order.country):
        return refused(OTHER_COUNTRY, rule="address_same_country")
    proposal = Proposal(
        kind=ActionKind.CHANGE_ADDRESS,
        external_customer_id=customer,
        order_number=order.number,
        lines=(),
        destination=address,
        reason="change_address",
        policy_version=desk.policy_version,
        rule="address_before_packing",
        arguments={"address": address},
    )
    return proposed(f"I can send order {order.number} to this address: {address}.", proposal)


def proposed(words: str, proposal: Proposal) -> ToolResult:
    return ToolResult(
        ok=True,
        code="proposed",
        message=f"{words} {ON_CARD}",
        data={"kind": proposal.kind.value, "order": proposal.order_number, "rule": proposal.rule},
        proposal=proposal,
    )


def refused(words: str, *, rule: str) -> ToolResult:
    return ToolResult(ok=False, code="refused", message=words, data={"rule": rule})


def one_line(text: str) -> str:
    """Printable characters in one line: an address cannot bring a second label line or a mark of its own."""
    line = ", ".join(part.strip(" ,") for part in text.splitlines() if part.strip(" ,"))
    return " ".join("".join(sign for sign in line if sign.isprintable() and sign not in "<>[]`|{}").split())


def is_address(line: str) -> bool:
    """Enough to send a parcel to: a number, and at least two parts or five words."""
    return (
        len(line) >= _SHORTEST_ADDRESS
        and re.search(r"\d", line) is not None
        and ("," in line or len(line.split()) >= 5)
    )


_COUNTRIES: Final = {
    "us": "US", "usa": "US", "united states": "US", "united states of america": "US", "canada": "CA", "uk": "GB",
    "united kingdom": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "germany": "DE",
    "deutschland": "DE", "france": "FR", "netherlands": "NL", "the netherlands": "NL", "nederland": "NL",
    "australia": "AU", "new zealand": "NZ", "spain": "ES", "italy": "IT", "austria": "AT", "switzerland": "CH",
    "sweden": "SE", "ireland": "IE", "mexico": "MX", "japan": "JP",
}  # fmt: skip


def names_another_country(address: str, country: str | None) -> bool:
    """Whether the last part of an address is the name of another country than the order's. Unknown names are left to
    the customer, who reads the address on the card, and to the shop, which refuses what it cannot send to."""
    last = address.rsplit(",", 1)[-1].strip(" .").lower()
    named = _COUNTRIES.get(last)
    return named is not None and country is not None and named != country
