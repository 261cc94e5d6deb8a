"""A customer's subscriptions and memberships: the port to them, and the tool that offers to end one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Protocol

from pydantic import BaseModel, ConfigDict, Field

from tools.action_model import ActionKind, Proposal
from tools.order_requests import proposed, refused
from tools.tool import Access, Principal, Tool, ToolFailed, ToolResult

OFFER_SUBSCRIPTION_END: Final = "offer_subscription_end"
WHICH_SUBSCRIPTION: Final = "Which one would you like to end?"
NONE_RUNNING: Final = "There is no subscription or membership on your account that could be ended."


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`paid_until` is the last day that is paid for: ending it stops the renewal, and what was paid stays."""

    id: str
    name: str
    paid_until: date
    ending: bool = False


class Subscriptions(Protocol):
    async def subscriptions(self, external_customer_id: str) -> list[Subscription]:
        """The customer's own. Raises ToolFailed."""


class SubscriptionArguments(BaseModel):
    """Which of the customer's own subscriptions to end."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str | None = Field(
        default=None, max_length=200, description="Its name in the customer's words; leave out if they named none."
    )


def subscription_tool(subscriptions: Subscriptions, *, policy_version: str) -> Tool:
    """The tool `offer_subscription_end`. Codes: "proposed", "which_subscription", "refused"."""

    async def run(principal: Principal, arguments: BaseModel) -> ToolResult:
        if not isinstance(arguments, SubscriptionArguments):
            raise TypeError(f"expected SubscriptionArguments, got {type(arguments).__name__}")
        if principal.external_id is None:
            raise ValueError("the toolbox let an unproven customer through")
        running = [one for one in await subscriptions.subscriptions(principal.external_id) if not one.ending]
        meant = _meant(running, arguments.name or "")
        if not running:
            return refused(NONE_RUNNING, rule="subscription_running")
        if len(meant) != 1:
            names = "\n".join(f"- {one.name}" for one in running)
            words = f"You have:\n\n{names}\n\n{WHICH_SUBSCRIPTION}"
            return ToolResult(ok=False, code="which_subscription", message=words)
        return _ended(principal.external_id, meant[0], policy_version)

    return Tool(
        name=OFFER_SUBSCRIPTION_END,
        description=(
            "Offer the customer to end a subscription or membership of theirs at the end of the paid time. Nothing "
            "ends by this: the customer confirms on a card."
        ),
        arguments=SubscriptionArguments,
        run=run,
        access=Access.PROPOSE,
    )


def _meant(running: Sequence[Subscription], words: str) -> list[Subscription]:
    folded = words.lower()
    named = [one for one in running if one.name.lower() in folded]
    return named or list(running)


def _ended(customer: str, one: Subscription, policy_version: str) -> ToolResult:
    until = f"{one.paid_until:%B} {one.paid_until.day}, {one.paid_until.year}"
    proposal = Proposal(
        kind=ActionKind.CANCEL_SUBSCRIPTION,
        external_customer_id=customer,
        order_number=one.id,
        lines=(),
        destination=one.name,
        reason="cancel_subscription",
        policy_version=policy_version,
        rule="subscription_any_time",
        arguments={"subscription": one.id},
        expected=f"It runs until {until} and is not renewed.",
    )
    return proposed(f"I can end your {one.name}. It runs until {until} and is not renewed.", proposal)


class FakeSubscriptions:
    """Subscriptions in memory, by the shop's customer id."""

    def __init__(self, owned: Mapping[str, Sequence[Subscription]], *, failing: bool = False) -> None:
        self._owned = owned
        self._failing = failing

    async def subscriptions(self, external_customer_id: str) -> list[Subscription]:
        if self._failing:
            raise ToolFailed("the fake subscriptions are set to fail")
        return list(self._owned.get(external_customer_id, ()))
