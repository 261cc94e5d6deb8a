"""Takes an errand as far as it goes in one turn: find the order, find the items, ask for what is missing, propose.

It reads and proposes through the toolbox like everybody else, so that levels, limits and owners are checked there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agent import replies
from agent.confidence import certain
from agent.draft import CHOOSE, OFFER_PERSON, Decision, Draft, SentenceSupport, TurnKind
from agent.drafting import EXTRACTIVE, ORDER_TOLD
from agent.errands import Errand, ErrandKind
from conversations.model import HandoffReason, JsonValue
from tools.order_finding import FIND_ORDER
from tools.order_requests import OFFER_ADDRESS_CHANGE, OFFER_CANCELLATION
from tools.policy_rules import Reason
from tools.refunds import OFFER_REFUND
from tools.returns import OFFER_EXCHANGE, OFFER_RETURN_LABEL, WHICH_ITEM
from tools.subscriptions import OFFER_SUBSCRIPTION_END
from tools.tool import Principal, ToolCall, ToolResult
from tools.toolbox import Toolbox

TOOL: Final[Mapping[ErrandKind, str]] = {
    ErrandKind.CANCEL: OFFER_CANCELLATION,
    ErrandKind.CHANGE_ADDRESS: OFFER_ADDRESS_CHANGE,
    ErrandKind.RETURN: OFFER_RETURN_LABEL,
    ErrandKind.EXCHANGE: OFFER_EXCHANGE,
    ErrandKind.REFUND: OFFER_REFUND,
    ErrandKind.END_SUBSCRIPTION: OFFER_SUBSCRIPTION_END,
    ErrandKind.INVOICE: FIND_ORDER,
}
_PURPOSE: Final[Mapping[ErrandKind, str]] = {
    ErrandKind.CANCEL: "cancel",
    ErrandKind.CHANGE_ADDRESS: "change_address",
    ErrandKind.RETURN: "return",
    ErrandKind.EXCHANGE: "return",
    ErrandKind.REFUND: "return",
    ErrandKind.INVOICE: "invoice",
}
_BY_LINES: Final = frozenset({ErrandKind.RETURN, ErrandKind.REFUND})
_MOST_QUESTIONS: Final = 4
"""Asked so often without an end, a person does it."""
_ASKING: Final = frozenset(
    {"which_order", "which_item", "which_instead", "which_subscription", "address_needed", "no_such_item"}
)
_LONGEST_DETAIL: Final = 300


@dataclass(slots=True, kw_only=True)
class _Calls:
    """The calls of this turn, for the record."""

    toolbox: Toolbox
    principal: Principal
    left: Callable[[], float]
    made: list[ToolCall] = field(default_factory=list)

    async def call(self, name: str, arguments: Mapping[str, JsonValue]) -> ToolResult:
        result = await self.toolbox.call(self.principal, name, arguments, deadline_s=self.left())
        self.made.append(ToolCall(id=f"call_{len(self.made) + 1}", tool=name, arguments=arguments, result=result))
        return result


class ErrandRunner:
    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    def can(self, kind: ErrandKind) -> bool:
        """Whether this shop's tools do such errands at all."""
        return {FIND_ORDER, TOOL[kind]} <= set(self._toolbox.names())

    async def run(self, errand: Errand, principal: Principal, *, left: Callable[[], float]) -> Draft:
        """`left` gives the seconds that are left of the turn."""
        calls = _Calls(toolbox=self._toolbox, principal=principal, left=left)
        result = await _result(errand, calls)
        return _draft(errand, result, calls.made)


async def _result(errand: Errand, calls: _Calls) -> ToolResult:
    if errand.kind is ErrandKind.END_SUBSCRIPTION:
        return await calls.call(OFFER_SUBSCRIPTION_END, {"name": errand.words[-200:]})
    tool = calls.toolbox.get(TOOL[errand.kind])
    if tool is not None and calls.principal.assurance < tool.needs:
        # Before any order is looked up: the toolbox says which proof is missing.
        return await calls.call(tool.name, _smallest(errand))
    words = f"{errand.words}\n{errand.number}" if errand.number else errand.words
    found = await calls.call(FIND_ORDER, {"words": words[-1_000:], "purpose": _PURPOSE[errand.kind]})
    if found.code != "order" or errand.kind is ErrandKind.INVOICE:
        return found
    order, meant = _order_in(found)
    if order is None:
        return found
    if errand.kind in _BY_LINES and not meant and not _all_meant(errand, order):
        return _which_item(order)
    number = str(order["number"])
    settled = await calls.call(TOOL[errand.kind], _arguments(errand, number, meant))
    if settled.code == "return_first":
        # The money comes back once the goods have: the way there is the label.
        return await _instead(settled, OFFER_RETURN_LABEL, _arguments(errand, number, meant), calls)
    if settled.code == "refused" and errand.kind in _BY_LINES:
        # An order that was not sent yet is not returned but cancelled: the money comes back all the same.
        return await _instead(settled, OFFER_CANCELLATION, {"order_number": number}, calls)
    return settled


async def _instead(refused: ToolResult, tool: str, arguments: dict[str, JsonValue], calls: _Calls) -> ToolResult:
    """What leads to the same end, offered with the words of the refusal; the refusal alone where it is no offer."""
    if tool not in calls.toolbox.names():
        return refused
    offered = await calls.call(tool, arguments)
    if offered.proposal is None:
        calls.made.pop()  # the refusal is what was found
        return refused
    return replace(offered, message=f"{refused.message}\n\n{offered.message}")


def _smallest(errand: Errand) -> dict[str, JsonValue]:
    """Arguments that are valid and name nothing: the call is refused before they are read."""
    named: dict[str, JsonValue] = {"order_number": errand.number or "-"}
    if errand.kind is ErrandKind.INVOICE:
        return {"words": errand.words[-1_000:], "purpose": "invoice"}
    return {**named, "reason": errand.reason.value} if errand.kind in _BY_LINES else named


def _order_in(found: ToolResult) -> tuple[Mapping[str, JsonValue] | None, list[dict[str, JsonValue]]]:
    order, meant = found.data.get("order"), found.data.get("items_meant")
    items = [one for one in meant if isinstance(one, dict)] if isinstance(meant, list) else []
    return (order if isinstance(order, dict) else None), items


def _all_meant(errand: Errand, order: Mapping[str, JsonValue]) -> bool:
    items = order.get("items")
    one = isinstance(items, list) and len(items) == 1
    return one or errand.whole or errand.reason is Reason.NOT_ARRIVED


def _which_item(order: Mapping[str, JsonValue]) -> ToolResult:
    items = order.get("items")
    names = [f"- {one['name']}" for one in items if isinstance(one, dict)] if isinstance(items, list) else []
    listed = "\n".join(names)
    return ToolResult(ok=False, code="which_item", message=f"Order {order['number']} has:\n\n{listed}\n\n{WHICH_ITEM}")


def _arguments(errand: Errand, number: str, meant: Sequence[dict[str, JsonValue]]) -> dict[str, JsonValue]:
    named: dict[str, JsonValue] = {"order_number": number}
    match errand.kind:
        case ErrandKind.CHANGE_ADDRESS:
            return {**named, "new_address": errand.address}
        case ErrandKind.EXCHANGE:
            item = meant[0]["item"] if len(meant) == 1 else None
            return {**named, "item": item, "replacement": errand.words[-200:]}
        case ErrandKind.RETURN | ErrandKind.REFUND:
            # The words chose the order, and may name no item of it: then the whole order is meant.
            items: list[JsonValue] = [] if errand.whole else list(meant)
            return {**named, "reason": errand.reason.value, "items": items}
        case _:
            return named


def _draft(errand: Errand, result: ToolResult, calls: Sequence[ToolCall]) -> Draft:
    if result.code in ("sign_in_required", "verification_required"):
        return _to_prove(errand, result)
    if result.code in ("unavailable", "bad_arguments", "unknown_tool"):
        return _to_person(errand, calls, replies.TOOL_DOWN, HandoffReason.AI_UNAVAILABLE)
    if result.code in _ASKING and errand.asked >= _MOST_QUESTIONS:
        return _to_person(errand, calls, replies.NEEDS_A_PERSON, HandoffReason.NEEDS_APPROVAL)
    asks = result.code in _ASKING
    text = result.message
    if not asks and not result.ok:
        text = f"{text}\n\n{replies.OFFER}"
    return Draft(
        text=text,
        decision=Decision.CLARIFY if asks else Decision.ANSWER,
        kind=TurnKind.ACTION_REQUEST,
        question=errand.words,
        confidence=certain("tool_result", ORDER_TOLD),
        responder=EXTRACTIVE,
        tool_calls=tuple(calls),
        sentences=(SentenceSupport(sentence=result.message, source=calls[-1].id, score=1.0),) if calls else (),
        request=_offered(result, asks=asks),
        proposal=result.proposal,
    )


def _offered(result: ToolResult, *, asks: bool) -> str | None:
    if result.code == "which_order":
        return CHOOSE
    return None if asks or result.ok else OFFER_PERSON


def _to_prove(errand: Errand, result: ToolResult) -> Draft:
    by_code = result.code == "verification_required"
    return Draft(
        text=replies.VERIFY if by_code else replies.SIGN_IN,
        decision=Decision.ANSWER,
        kind=TurnKind.ACTION_REQUEST,
        question=errand.words,
        confidence=certain("own_order", 1.0),
        responder=EXTRACTIVE,
        request="verify" if by_code else "sign_in",
    )


def _to_person(errand: Errand, calls: Sequence[ToolCall], text: str, reason: HandoffReason) -> Draft:
    return Draft(
        text=text,
        decision=Decision.HANDOFF,
        kind=TurnKind.ACTION_REQUEST,
        question=errand.words,
        confidence=certain("action_request", 0.0),
        responder=EXTRACTIVE,
        tool_calls=tuple(calls),
        reason=reason,
        detail=errand.words[:_LONGEST_DETAIL],
    )
