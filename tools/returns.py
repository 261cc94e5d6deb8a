"""Sending something back, up to the proposal: a return label, or another size or colour instead.

What may come back is the refund policy's to say: wherever it answers "once the goods are back", or pays for a fault,
a label is offered too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from tools.action_model import ActionKind, Proposal, ProposedLine
from tools.order_model import Order, OrderItem, Variant
from tools.order_requests import RequestDesk, proposed, refused
from tools.orders import NOT_FOUND
from tools.policy import AskedLine, Quote, where_is
from tools.policy_rules import Outcome, Reason, Where
from tools.refunds import ReasonWord, RefundItem, named_lines
from tools.tool import Access, Principal, Tool, ToolResult

OFFER_RETURN_LABEL: Final = "offer_return_label"
OFFER_EXCHANGE: Final = "offer_exchange"
WHICH_ITEM: Final = "Which item is it about?"
WHICH_INSTEAD: Final = "Which one would you like instead?"
NO_SUCH_ITEM: Final = "This order has no item of that name."
SAME_PRICE: Final = (
    "An exchange is for the same price. To get something that costs more or less, return it and order anew."
)
NOTHING_INSTEAD: Final = "There is no other size or colour of this at present."
_LABEL_SENT: Final = "The label goes to the e-mail address of your account"
_WORD: Final = re.compile(r"[a-z]+(?:'s)?|[0-9]+(?:[.,][0-9]+)?")
_SIZES: Final = {"small": "s", "medium": "m", "large": "l", "mens": "men's", "womens": "women's"}


class LabelArguments(BaseModel):
    """Which items of which order are sent back, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str = Field(max_length=64, description="The order number, such as NP-10427.")
    reason: ReasonWord = Field(description="What the customer says is the reason.")
    items: list[RefundItem] = Field(
        default=[], max_length=50, description="The items that go back; leave out for the whole order."
    )


class ExchangeArguments(BaseModel):
    """Which item of which order, and what instead."""

    model_config = ConfigDict(extra="forbid", strict=True)

    order_number: str = Field(max_length=64, description="The order number, such as NP-10427.")
    item: str | None = Field(
        default=None, max_length=200, description="The item's name or sku, exactly as the order lists it."
    )
    replacement: str | None = Field(
        default=None,
        max_length=200,
        description="The size or colour that the customer wants instead, in their words; leave out if they named none.",
    )


def return_label_tool(desk: RequestDesk) -> Tool:
    """The tool `offer_return_label`. Codes: "proposed", "which_item", "refused", "no_such_item", "not_found"."""

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, LabelArguments):
            raise TypeError(f"expected LabelArguments, got {type(arguments).__name__}")
        own = await desk.own(principal, arguments.order_number)
        if own is None:
            return NOT_FOUND
        lines = named_lines(own[1], arguments.items)
        if lines is None:
            return ToolResult(ok=False, code="no_such_item", message=NO_SUCH_ITEM)
        return await _label(desk, own[0], own[1], lines, Reason(arguments.reason))

    return Tool(
        name=OFFER_RETURN_LABEL,
        description=(
            "Offer the customer a label to send items of an order back. Nothing is sent by this: the customer confirms "
            "on a card. Never say that a label was sent."
        ),
        arguments=LabelArguments,
        run=run,
        access=Access.PROPOSE,
    )


async def _label(
    desk: RequestDesk, customer: str, order: Order, lines: Sequence[AskedLine], reason: Reason
) -> ToolResult:
    if where_is(order) is not Where.DELIVERED:
        answer = await desk.quoting.quote(order, lines, reason)
        words = answer.message if not isinstance(answer, Quote) else "This order has not been delivered."
        return refused(words, rule="label_after_delivery")
    barred = await _barred(desk, order, lines, reason)
    if barred is not None:
        return barred
    proposal = Proposal(
        kind=ActionKind.RETURN_LABEL,
        external_customer_id=customer,
        order_number=order.number,
        lines=_proposed_lines(order, lines),
        destination=_LABEL_SENT,
        reason=reason.value,
        policy_version=desk.policy_version,
        rule="label_while_returnable",
    )
    names = ", ".join(f"{line.quantity} × {line.name}" for line in proposal.lines)
    return proposed(f"I can send you a return label for order {order.number} ({names}).", proposal)


async def _barred(desk: RequestDesk, order: Order, lines: Sequence[AskedLine], reason: Reason) -> ToolResult | None:
    """The policy's refusal, where it takes nothing back and pays nothing."""
    answer = await desk.quoting.quote(order, lines, reason)
    if isinstance(answer, Quote) or answer.code == Outcome.RETURN_FIRST.value:
        return None
    return refused(answer.message, rule=answer.rule)


def exchange_tool(desk: RequestDesk) -> Tool:
    """The tool `offer_exchange`.

    Codes: "proposed", "which_item", "which_instead" (`data["choices"]`), "refused", "no_such_item", "not_found".
    """

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, ExchangeArguments):
            raise TypeError(f"expected ExchangeArguments, got {type(arguments).__name__}")
        own = await desk.own(principal, arguments.order_number)
        if own is None:
            return NOT_FOUND
        customer, order = own
        item = _item(order, arguments.item)
        if isinstance(item, ToolResult):
            return item
        return await _exchange(desk, customer, order, item, arguments.replacement)

    return Tool(
        name=OFFER_EXCHANGE,
        description=(
            "Offer the customer another size or colour for one item of a delivered order. Nothing is exchanged by "
            "this: the customer confirms on a card. Never say that an exchange was made."
        ),
        arguments=ExchangeArguments,
        run=run,
        access=Access.PROPOSE,
    )


def _item(order: Order, named: str | None) -> OrderItem | ToolResult:
    if named is None:
        if len(order.items) == 1:
            return order.items[0]
        names = "\n".join(f"- {item.name}" for item in order.items)
        return ToolResult(ok=False, code="which_item", message=f"Order {order.number} has:\n\n{names}\n\n{WHICH_ITEM}")
    lines = named_lines(order, [RefundItem(item=named)])
    if lines is None:
        return ToolResult(ok=False, code="no_such_item", message=NO_SUCH_ITEM)
    return next(item for item in order.items if item.line_id == lines[0].line)


async def _exchange(desk: RequestDesk, customer: str, order: Order, item: OrderItem, wanted: str | None) -> ToolResult:
    line = AskedLine(line=item.line_id)
    if where_is(order) is not Where.DELIVERED:
        return refused("An order can be exchanged once it has been delivered.", rule="exchange_after_delivery")
    barred = await _barred(desk, order, [line], Reason.CHANGED_MIND)
    if barred is not None:
        return barred
    others = [one for one in await desk.orders.variants(item.sku) if one.name != item.name]
    available = [one for one in others if one.available]
    if not available:
        return refused(NOTHING_INSTEAD, rule="exchange_what_is_there")
    # Among all of them: the sold-out size that was asked for must not become the next best one.
    chosen = variants_meant(others, wanted or "")
    if len(chosen) != 1 or not chosen[0].available:
        return _which_instead(item, [one for one in chosen if one.available] or available)
    [instead] = chosen
    if instead.price != item.price:
        return refused(SAME_PRICE, rule="exchange_same_price")
    return proposed(
        f"I can exchange {item.name} of order {order.number} for {instead.name}.",
        _exchanged(desk, customer, order, item, instead),
    )


def _which_instead(item: OrderItem, shown: Sequence[Variant]) -> ToolResult:
    names = "\n".join(f"- {one.name}" for one in shown)
    return ToolResult(
        ok=False,
        code="which_instead",
        message=f"Instead of {item.name} there is at present:\n\n{names}\n\n{WHICH_INSTEAD}",
        data={"choices": [one.name for one in shown]},
    )


def _exchanged(desk: RequestDesk, customer: str, order: Order, item: OrderItem, instead: Variant) -> Proposal:
    line = ProposedLine(
        line=item.line_id,
        name=item.name,
        units=tuple(range(item.quantity)),
        replacement=instead.sku,
        replacement_name=instead.name,
    )
    return Proposal(
        kind=ActionKind.EXCHANGE,
        external_customer_id=customer,
        order_number=order.number,
        lines=(line,),
        destination=order.ship_to or "The address of the order",
        reason=Reason.CHANGED_MIND.value,
        policy_version=desk.policy_version,
        rule="exchange_while_returnable",
    )


def variants_meant(variants: Sequence[Variant], words: str) -> list[Variant]:
    """The variants that fit the words best; none where nothing in the words names one of them.

    A word that all of them have ("boots") says nothing.
    """
    wanted = _words(words)
    tokens = [_words(one.name) for one in variants]
    common = set.intersection(*tokens) if len(tokens) > 1 else set()
    scores = [len(wanted & (own - common)) for own in tokens]
    best = max(scores, default=0)
    return [one for one, score in zip(variants, scores, strict=True) if score == best > 0]


def _words(text: str) -> set[str]:
    found = _WORD.findall(text.lower().replace("’", "'"))
    return {_SIZES.get(word, word.replace(",", ".")) for word in found}


def _proposed_lines(order: Order, lines: Sequence[AskedLine]) -> tuple[ProposedLine, ...]:
    asked = {line.line: line.quantity for line in lines} or {item.line_id: None for item in order.items}
    return tuple(
        ProposedLine(line=item.line_id, name=item.name, units=tuple(range(asked[item.line_id] or item.quantity)))
        for item in order.items
        if item.line_id in asked
    )
