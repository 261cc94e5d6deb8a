"""What an action is: one change in the business that a customer asked for, and the states it goes through.

A `Proposal` is a value: a propose tool returns it, the turn carries it in its draft, and nothing happens. An `Action`
is the record of one that was put before a customer. Money is integer minor units; every amount comes from policy code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, NewType, cast

from pydantic import TypeAdapter

from conversations.model import ConversationId, CustomerId, HumanAgentId, JsonObject
from tools.order_model import Money

ActionId = NewType("ActionId", str)


class ActionKind(StrEnum):
    REFUND = "refund"
    CANCEL_ORDER = "cancel_order"
    CHANGE_ADDRESS = "change_address"
    RETURN_LABEL = "return_label"
    EXCHANGE = "exchange"
    CANCEL_SUBSCRIPTION = "cancel_subscription"


class ActionState(StrEnum):
    """proposed → confirmed → [approved] → reserved → sending → succeeded | failed | unknown.

    `UNKNOWN` is a promise to find out: the provider was asked and its answer is not known, or it says "pending".
    `WITHDRAWN` (the customer said no, or another proposal took its place), `EXPIRED` and `REFUSED` (by a person) end
    an action before anything was sent.
    """

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    APPROVED = "approved"
    RESERVED = "reserved"
    SENDING = "sending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"


_S = ActionState
NEXT: Final[Mapping[ActionState, frozenset[ActionState]]] = {
    _S.PROPOSED: frozenset({_S.CONFIRMED, _S.WITHDRAWN, _S.EXPIRED}),
    _S.CONFIRMED: frozenset({_S.APPROVED, _S.RESERVED, _S.REFUSED, _S.FAILED}),
    _S.APPROVED: frozenset({_S.RESERVED, _S.FAILED}),
    _S.RESERVED: frozenset({_S.SENDING}),
    _S.SENDING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.UNKNOWN}),
    _S.UNKNOWN: frozenset({_S.SENDING, _S.SUCCEEDED, _S.FAILED}),
    # A bank may send a refund back days after the provider called it done.
    _S.SUCCEEDED: frozenset({_S.FAILED}),
    _S.FAILED: frozenset(),
    _S.WITHDRAWN: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REFUSED: frozenset(),
}
"""The table of legal moves. Whatever is not in it is refused by the ledger."""

HOLDING: Final = frozenset({_S.CONFIRMED, _S.APPROVED, _S.RESERVED, _S.SENDING, _S.UNKNOWN, _S.SUCCEEDED})
"""States in which an action holds the pieces of an order that it is about: nothing else may be asked for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedLine:
    """So many pieces of one line of an order. `units` numbers these pieces within the line, from 0: the same piece is
    never refunded twice. `amount` is None where no money moves; `replacement` is the sku of what comes instead.
    """

    line: str
    name: str
    units: tuple[int, ...]
    amount: Money | None = None
    replacement: str | None = None
    replacement_name: str | None = None

    @property
    def quantity(self) -> int:
        return len(self.units)


@dataclass(frozen=True, slots=True, kw_only=True)
class Funds:
    """The money side of a proposal. `captured` and `refunded_elsewhere` are what the shop said when it was computed."""

    amount: Money
    payment: str
    """The provider's reference of the payment that the money goes back to; there is no other destination."""
    captured: Money
    refunded_elsewhere: Money

    def __post_init__(self) -> None:
        currencies = {self.amount.currency, self.captured.currency, self.refunded_elsewhere.currency}
        if len(currencies) != 1:
            raise ValueError("a proposal has one currency")
        if self.amount.minor <= 0 or self.refunded_elsewhere.minor < 0:
            raise ValueError("a proposal gives back a positive amount")
        if self.amount.minor + self.refunded_elsewhere.minor > self.captured.minor:
            raise ValueError("a proposal never exceeds what was captured")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One action, ready to be put before the customer. `external_customer_id` is the session's, never an argument.

    `destination` says in words where the money or the parcel goes. `arguments` holds what the effect needs beside the
    lines (an address, a subscription's id). `needs_person` says why a person must approve it, or is None.
    """

    kind: ActionKind
    external_customer_id: str
    order_number: str
    lines: tuple[ProposedLine, ...]
    destination: str
    reason: str
    policy_version: str
    rule: str
    funds: Funds | None = None
    arguments: Mapping[str, str] = field(default_factory=dict)
    breakdown: tuple[tuple[str, str], ...] = ()
    """How the amount came about, as rows of words and money: ("Return label", "-$5.95")."""
    expected: str = ""
    """When it takes effect, in words: "3–5 business days"."""
    needs_person: str | None = None

    @property
    def payload(self) -> JsonObject:
        """Everything, as JSON: what is stored, shown to who approves, and hashed."""
        return cast("JsonObject", _PROPOSAL.dump_python(self, mode="json"))

    @property
    def digest(self) -> str:
        return digest_of(self.payload)

    @property
    def pieces(self) -> tuple[tuple[str, int], ...]:
        return tuple((line.line, unit) for line in self.lines for unit in line.units)


def digest_of(payload: JsonObject) -> str:
    """SHA-256 of the canonical JSON: keys sorted, no spaces, no escapes."""
    canonical = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


_PROPOSAL: Final = TypeAdapter(Proposal)


def proposal_of(payload: JsonObject) -> Proposal:
    """The proposal that `payload` was made from. Raises ValueError where it is damaged."""
    return _PROPOSAL.validate_json(json.dumps(payload), strict=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A proposal that was put before a customer, and where it stands.

    `key` is the idempotency key, set before the provider is asked for the first time (`sent_at`). `receipt` is the
    provider's own id of the effect. `approval` says why a person must approve, or is None; `note` is the latest detail.
    """

    id: ActionId
    conversation_id: ConversationId
    customer_id: CustomerId
    state: ActionState
    proposal: Proposal
    digest: str
    seq: int
    """The place in the conversation's event log at which it was proposed."""
    proposed_at: datetime
    expires_at: datetime
    updated_at: datetime
    approval: str | None = None
    requested_by: HumanAgentId | None = None
    """The person who proposed it in the console; None for the AI agent's. They never approve it."""
    approved_by: HumanAgentId | None = None
    key: str | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    receipt: str | None = None
    note: str = ""

    @property
    def waits_for_person(self) -> bool:
        return self.state is ActionState.CONFIRMED and self.approval is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of an action's history; never changed, never taken away. `actor_id` is None for Baton itself."""

    action_id: ActionId
    n: int
    state: ActionState
    digest: str
    policy_version: str
    actor_kind: str
    actor_id: str | None
    at: datetime
    detail: str
