"""How it stands with a customer's order, in the shop's own words: by number, or by what they say about it."""

from __future__ import annotations

import re
from typing import Final

from agent import drafting
from agent.draft import CHOOSE_TOPIC, Decision, Draft
from agent.guardrails import fold
from agent.hearing import Heard
from agent.turn_rules import order_number
from conversations.model import HandoffReason, JsonValue
from tools.order_finding import FIND_ORDER
from tools.order_reference import numbers_in
from tools.orders import ORDER_STATUS
from tools.tool import Principal, ToolCall
from tools.toolbox import Toolbox

_GIVEN_UP: Final = frozenset({HandoffReason.LOW_CONFIDENCE, HandoffReason.LANGUAGE})
_OF_AN_ORDER: Final = re.compile(
    r"\b(?:orders?|ordered|parcels?|packages?|deliver(?:y|ed)|carrier|courier|tracking|packed|shipped|sent|waiting|"
    r"arrived?|(?:get|got|received?) (?:my|our)|eta|status|news (?:of|on|about)|how (?:is it|are things) with)\b"
)
"""Without one of these, or a number, a product that they own is what a question is about, not their order of it."""


class OrderTeller:
    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox

    @property
    def can(self) -> bool:
        """Whether there is a shop to ask."""
        return ORDER_STATUS in self._toolbox.names()

    async def told(self, heard: Heard, principal: Principal, *, deadline_s: float) -> Draft:
        """What the shop itself says."""
        question, number = heard.asked.question, named_order(heard)
        named = await self._named_in_words(heard, principal, deadline_s) if number is None else None
        if named is not None:
            return drafting.order_told(heard, named)
        arguments: dict[str, JsonValue] = {"order_number": number}
        result = await self._toolbox.call(principal, ORDER_STATUS, arguments, deadline_s=deadline_s)
        if result.code == "sign_in_required":
            return drafting.sign_in(heard, question)
        call = ToolCall(id="call_1", tool=ORDER_STATUS, arguments=arguments, result=result)
        return drafting.order_told(heard, call)

    async def instead(self, draft: Draft, heard: Heard, principal: Principal, *, deadline_s: float) -> Draft:
        """`draft`, unless it gives up on a message that names an order, or asks for its article: then how that order
        stands, which is at hand, and a person on offer. To whoever waits for an order, a person first helps less.
        """
        gives_up = draft.reason in _GIVEN_UP or draft.request == CHOOSE_TOPIC
        if not self.can or not gives_up:
            return draft
        own = fold(heard.asked.own)
        number = order_number(own)
        if not principal.proven:
            return draft if number is None else drafting.sign_in(heard, heard.asked.question)
        if number is None and _OF_AN_ORDER.search(own) is None and not numbers_in(own):
            return draft
        if number is None and await self._named_in_words(heard, principal, deadline_s) is None:
            return draft
        told = await self.told(heard, principal, deadline_s=deadline_s)
        return drafting.offering(told) if told.decision is Decision.ANSWER else draft

    async def _named_in_words(self, heard: Heard, principal: Principal, deadline_s: float) -> ToolCall | None:
        """The order that the customer names by its product, colour or date, or those that fit; else None."""
        if FIND_ORDER not in self._toolbox.names():
            return None
        arguments: dict[str, JsonValue] = {"words": heard.asked.own[-1_000:], "purpose": "look"}
        found = await self._toolbox.call(principal, FIND_ORDER, arguments, deadline_s=deadline_s)
        named = found.data.get("named") is True
        return ToolCall(id="call_1", tool=FIND_ORDER, arguments=arguments, result=found) if named else None


def named_order(heard: Heard) -> str | None:
    """The number of the order that the customer means, as far as they gave one."""
    own, question = fold(heard.asked.own), fold(heard.asked.question)
    return heard.chosen_order or order_number(own) or order_number(question)
