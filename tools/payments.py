"""The ports through which an action takes effect, the answers they give, and a payment provider that keeps a ledger.

An answer is a value. `Unsure` (and `ToolFailed`, which an adapter may raise) means that the effect may or may not have
happened: whoever asked looks it up by our reference and never asks again under another key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from tools.action_model import Proposal
from tools.order_model import Money

KEY_WINDOW: Final = timedelta(hours=24)
"""How long a provider remembers an idempotency key at least (Stripe: 24 hours)."""


class EffectState(StrEnum):
    """PENDING: accepted, and may still fail days later."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """An effect in the provider's own books. `reference` is ours, by which it is found again; None: made elsewhere."""

    id: str
    reference: str | None
    state: EffectState
    at: datetime
    amount: Money | None = None
    payment: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The provider refused, and nothing happened. `code` is a word of its own, `detail` a sentence for the team."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """A time-out, a 5xx, a 409 for a key in flight: it may have happened."""

    detail: str


Answer = Receipt | Declined | Unsure


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """`key` is the idempotency key; `reference` is kept by the provider with the refund. The same action always makes
    the same request: providers refuse a key that comes back with another one.
    """

    key: str
    reference: str
    payment: str
    amount: Money


class Payments(Protocol):
    """A payment provider. Every method may raise ToolFailed; for `refund` that means the same as `Unsure`."""

    @property
    def key_window(self) -> timedelta: ...

    async def refund(self, request: RefundRequest) -> Answer: ...

    async def look_up(self, reference: str) -> Receipt | None:
        """The refund made under our reference, in its present state, or None where there is none."""

    async def refunds(self, since: datetime) -> list[Receipt]:
        """All refunds made since then, ours and others, oldest first, in their present states."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRequest:
    """A change of an order or a subscription: `proposal` says which. `key` and `reference` as for a refund."""

    key: str
    reference: str
    proposal: Proposal


class OrderChanges(Protocol):
    """What may be changed in the shop beside refunds. A change under a key that was applied already changes nothing
    and gives the first receipt. May raise ToolFailed, which for `apply` means the same as `Unsure`.
    """

    async def apply(self, request: ChangeRequest) -> Answer: ...

    async def look_up(self, reference: str) -> Receipt | None: ...


class _NoChanges:
    """A shop that takes refunds only."""

    async def apply(self, request: ChangeRequest) -> Answer:
        return Declined(code="not_possible", detail=f"The shop takes no {request.proposal.kind.value} from here.")

    async def look_up(self, reference: str) -> Receipt | None:
        return None


NO_CHANGES: Final[OrderChanges] = _NoChanges()


@dataclass(slots=True)
class _Payment:
    captured: Money
    disputed: bool = False


class FakePayments:
    """A payment provider in memory that keeps real books: it never refunds more than was captured, remembers keys for
    `key_window` with the answer they got, and refuses a key that comes back with another request.
    """

    def __init__(self, *, clock: Callable[[], datetime], key_window: timedelta = KEY_WINDOW) -> None:
        self._clock = clock
        self._payments: dict[str, _Payment] = {}
        self._keys: dict[str, tuple[datetime, RefundRequest, Answer]] = {}
        self.receipts: list[Receipt] = []
        self.key_window = key_window

    def capture(self, payment: str, amount: Money) -> None:
        self._payments[payment] = _Payment(captured=amount)

    def dispute(self, payment: str) -> None:
        self._payments[payment].disputed = True

    def refunded(self, payment: str) -> int:
        """In minor units; what failed does not count, what is pending does."""
        return sum(
            receipt.amount.minor
            for receipt in self.receipts
            if receipt.payment == payment and receipt.amount is not None and receipt.state is not EffectState.FAILED
        )

    async def refund(self, request: RefundRequest) -> Answer:
        known = self._keys.get(request.key)
        if known is not None and self._clock() - known[0] < self.key_window:
            same = known[1] == request
            return known[2] if same else Declined(code="key_reused", detail="The key belongs to another request.")
        answer = self._made(request)
        if isinstance(answer, Receipt):  # like Stripe: what failed validation leaves its key free
            self._keys[request.key] = (self._clock(), request, answer)
        return answer

    def _made(self, request: RefundRequest) -> Answer:
        payment = self._payments.get(request.payment)
        if payment is None:
            return Declined(code="no_such_payment", detail="There is no such payment.")
        if payment.disputed:
            return Declined(code="disputed", detail="The payment is disputed.")
        if request.amount.currency != payment.captured.currency or request.amount.minor <= 0:
            return Declined(code="bad_amount", detail="The amount does not fit the payment.")
        if self.refunded(request.payment) + request.amount.minor > payment.captured.minor:
            return Declined(code="exceeds_captured", detail="That is more than is left of the payment.")
        return self.book(request, EffectState.SUCCEEDED)

    def book(self, request: RefundRequest, state: EffectState) -> Receipt:
        receipt = Receipt(
            id=f"re_{len(self.receipts) + 1}",
            reference=request.reference,
            state=state,
            at=self._clock(),
            amount=request.amount,
            payment=request.payment,
        )
        self.receipts.append(receipt)
        return receipt

    def forget(self, key: str) -> None:
        """As after the window: a request under this key would be taken for a new one."""
        self._keys.pop(key, None)

    def settle(self, reference: str, state: EffectState) -> None:
        """What the bank decides later."""
        self.receipts = [
            replace(receipt, state=state) if receipt.reference == reference else receipt for receipt in self.receipts
        ]

    async def look_up(self, reference: str) -> Receipt | None:
        found = [receipt for receipt in self.receipts if receipt.reference == reference]
        return found[-1] if found else None

    async def refunds(self, since: datetime) -> list[Receipt]:
        return [receipt for receipt in self.receipts if receipt.at >= since]


class FakeOrderChanges:
    """Changes in memory, kept by reference; the same reference changes nothing."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.applied: list[ChangeRequest] = []
        self._receipts: dict[str, Receipt] = {}

    async def apply(self, request: ChangeRequest) -> Answer:
        if request.reference not in self._receipts:
            self.applied.append(request)
            self._receipts[request.reference] = Receipt(
                id=f"ch_{len(self.applied)}",
                reference=request.reference,
                state=EffectState.SUCCEEDED,
                at=self._clock(),
                amount=request.proposal.funds.amount if request.proposal.funds else None,
                payment=request.proposal.funds.payment if request.proposal.funds else None,
            )
        return self._receipts[request.reference]

    async def look_up(self, reference: str) -> Receipt | None:
        return self._receipts.get(reference)
