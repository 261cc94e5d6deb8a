"""Refunds, up to the proposal: the tool that offers one, and the same question for people at the console.

Nothing here has an effect. Which order and which items is asked for; how much, where to, and whether at all is the
policy's to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from tools.action_model import Action, ActionState
from tools.action_store import ActionStore
from tools.order_model import Order, compact_number
from tools.orders import NOT_FOUND, OrderSystem
from tools.policy import AskedLine, Quote, RefundPolicy, Refusal
from tools.policy_rules import Reason
from tools.tool import Access, Principal, Tool, ToolResult

OFFER_REFUND: Final = "offer_refund"
ReasonWord = Literal["changed_mind", "damaged", "missing", "wrong_item", "not_arrived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the policy says about a whole order today, reason by reason."""

    order: Order
    answers: tuple[tuple[Reason, Quote | Refusal], ...]


class RefundDesk:
    def __init__(
        self, orders: OrderSystem, policy: RefundPolicy, actions: ActionStore, *, clock: Callable[[], datetime]
    ) -> None:
        self._orders = orders
        self._policy = policy
        self._actions = actions
        self._clock = clock

    @property
    def policy(self) -> RefundPolicy:
        return self._policy

    async def order(self, external_customer_id: str, number: str) -> Order | None:
        """The customer's own order; None for a missing and for another customer's. Raises ToolFailed."""
        compact = compact_number(number)
        return None if compact is None else await self._orders.order(external_customer_id, compact)

    async def quote(self, order: Order, lines: Sequence[AskedLine], reason: Reason) -> Quote | Refusal:
        """By what the shop and the ledger know now."""
        held = await self._actions.held(order.number, order.payment.reference if order.payment else None)
        return self._policy.quote(order, lines, reason=reason, now=self._clock(), held=held)

    async def outlook(self, external_customer_id: str, number: str) -> Outlook | None:
        """Would this order get a refund today, and why. None for an order that is not this customer's."""
        order = await self.order(external_customer_id, number)
        if order is None:
            return None
        answers = [(reason, await self.quote(order, (), reason)) for reason in Reason]
        return Outlook(order=order, answers=tuple(answers))

    async def asked_before(self, order: Order, lines: Sequence[AskedLine]) -> Action | None:
        """The action that holds a piece of what is asked for."""
        named = {line.line for line in lines}
        pieces = [
            (item.line_id, unit)
            for item in order.items
            if not named or item.line_id in named
            for unit in range(item.quantity)
        ]
        return await self._actions.holder_of(order.number, pieces)


class RefundItem(BaseModel):
    """One item of the order."""

    model_config = ConfigDict(extra="forbid", strict=True)

    item: str = Field(max_length=200, description="The item's name or sku, exactly as the order lists it.")
    quantity: int | None = Field(default=None, ge=1, le=1_000, description="How many of it; leave out for all.")


class RefundArguments(BaseModel):
    """Which items of which order, and why. How much is refunded, and where to, cannot be chosen."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str = Field(max_length=64, description="The order number, such as NP-10427.")
    reason: ReasonWord = Field(description="What the customer says is the reason.")
    items: list[RefundItem] = Field(
        default=[], max_length=50, description="The items that it is about; leave out for the whole order."
    )


def refund_tool(desk: RefundDesk) -> Tool:
    """The tool `offer_refund`.

    Codes: "proposed" (with a proposal), "refused" and "return_first" (the policy says no, in its words),
    "already_refunded" (with how far that refund is), "no_such_item", "not_found".
    """

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, RefundArguments):
            raise TypeError(f"expected RefundArguments, got {type(arguments).__name__}")
        if principal.external_id is None:
            raise ValueError("the toolbox let an unproven customer through")
        order = await desk.order(principal.external_id, arguments.order_number)
        if order is None:
            return NOT_FOUND
        lines = named_lines(order, arguments.items)
        if lines is None:
            return ToolResult(ok=False, code="no_such_item", message="This order has no item of that name.")
        return await propose_refund(desk, principal.external_id, order, lines, Reason(arguments.reason))

    return Tool(
        name=OFFER_REFUND,
        description=(
            "Offer the signed-in customer a refund for items of one of their orders. Nothing is refunded by this: the "
            "customer confirms on a card that is shown to them. Never say that a refund was made."
        ),
        arguments=RefundArguments,
        run=run,
        access=Access.PROPOSE,
    )


def named_lines(order: Order, items: Sequence[RefundItem]) -> list[AskedLine] | None:
    """The lines that the items name by sku, line id or name; None where one is not in the order, or names two."""
    lines: list[AskedLine] = []
    for named in items:
        words = named.item.strip().casefold()
        found = [
            one for one in order.items if words in (one.line_id.casefold(), one.sku.casefold(), one.name.casefold())
        ]
        if len(found) != 1:
            return None
        lines.append(AskedLine(line=found[0].line_id, quantity=named.quantity))
    return lines


async def propose_refund(
    desk: RefundDesk, external_customer_id: str, order: Order, lines: Sequence[AskedLine], reason: Reason
) -> ToolResult:
    """The offer, or the policy's own words for why there is none."""
    answer = await desk.quote(order, lines, reason)
    if isinstance(answer, Quote):
        items = ", ".join(f"{line.quantity} × {line.name}" for line in answer.lines)
        return ToolResult(
            ok=True,
            code="proposed",
            message=(
                f"I can offer you a refund of {answer.funds.amount} to {answer.destination} for order {order.number} "
                f"({items}). Please check the card below: nothing happens before you confirm it there."
            ),
            data={"amount": str(answer.funds.amount), "rule": answer.rule, "needs_person": answer.needs_person},
            proposal=answer.proposal(external_customer_id),
        )
    if answer.code == "already_refunded" and (before := await desk.asked_before(order, lines)) is not None:
        return ToolResult(ok=False, code=answer.code, message=f"You asked for this before. {standing(before)}")
    code = "refused" if answer.code == "no" else answer.code
    return ToolResult(ok=False, code=code, message=answer.message, data={"rule": answer.rule})


def standing(action: Action) -> str:
    """How far an action is, in a sentence for its customer: never "done" before the provider's books say so."""
    what = _WHAT[action.proposal.kind.value]
    amount = f" of {action.proposal.funds.amount}" if action.proposal.funds else ""
    number = action.proposal.order_number
    if action.waits_for_person:
        return f"The {what}{amount} for order {number} waits for a person on our team to approve it."
    match action.state:
        case ActionState.PROPOSED:
            return f"The {what}{amount} for order {number} waits for you to confirm it on the card."
        case ActionState.SUCCEEDED:
            return f"The {what}{amount} for order {number} was sent to {action.proposal.destination}."
        case ActionState.FAILED:
            return f"The {what}{amount} for order {number} did not go through."
        case ActionState.REFUSED:
            return f"The {what}{amount} for order {number} was looked at by a person, who said no."
        case ActionState.EXPIRED | ActionState.WITHDRAWN:
            return f"The {what}{amount} for order {number} was offered, and not confirmed."
        case _:
            return f"The {what}{amount} for order {number} is pending: it is under way, and not done yet."


_WHAT: Final = {
    "refund": "refund",
    "cancel_order": "cancellation",
    "change_address": "change of address",
    "return_label": "return label",
    "exchange": "exchange",
    "cancel_subscription": "cancellation of the subscription",
}
