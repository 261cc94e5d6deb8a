"""Stripe as the payment provider, by its official SDK. The only file that knows it.

The SDK's own retries are off: the ledger decides when a refund is asked for again, and under which key. Amounts are the
currency's minor units, as ours are, but for the few currencies that Stripe counts differently.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeVar

from tools.order_model import Money
from tools.payments import KEY_WINDOW, Answer, Declined, EffectState, Receipt, RefundRequest, Unsure
from tools.tool import ToolFailed

if TYPE_CHECKING:
    import stripe

_T = TypeVar("_T")
REFERENCE: Final = "baton_reference"
"""The key in a refund's metadata under which our reference stands."""
SECONDS: Final = 15.0
LOOKED_THROUGH: Final = timedelta(days=60)
"""Older refunds are not searched for our reference: Stripe can list refunds, and not find one by its metadata."""
_PAGE: Final = 100
_STATES: Final = {
    "succeeded": EffectState.SUCCEEDED,
    "pending": EffectState.PENDING,
    "requires_action": EffectState.PENDING,
    "failed": EffectState.FAILED,
    "canceled": EffectState.FAILED,
}
_TWO_DECIMALS_AT_STRIPE: Final = frozenset({"ISK", "UGX"})
"""Without decimals by ISO 4217; Stripe counts them in hundredths that must be zero."""
_TENS_AT_STRIPE: Final = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Three decimals, of which Stripe takes two: the last digit must be zero."""


class StripePayments:
    """A `Payments` over Stripe. `payment` of a request is a payment intent ("pi_…") or a charge ("ch_…").

    `base_url` is for servers that stand in for Stripe. Calls run in a thread, as the SDK's own connections block.
    """

    key_window: timedelta = KEY_WINDOW

    def __init__(
        self,
        api_key: str,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        base_url: str | None = None,
        seconds: float = SECONDS,
    ) -> None:
        import stripe  # noqa: PLC0415 - a second that only shops with Stripe need

        self._clock = clock
        self._client = stripe.StripeClient(
            api_key,
            max_network_retries=0,
            base_addresses={"api": base_url} if base_url else {},
            http_client=stripe.RequestsClient(timeout=seconds),
        )

    async def refund(self, request: RefundRequest) -> Answer:
        minor = _at_stripe(request.amount)
        if minor is None:
            return Declined(code="bad_amount", detail=f"Stripe cannot pay {request.amount}: the last digit must be 0.")
        return await asyncio.to_thread(self._refund, request, minor)

    def _refund(self, request: RefundRequest, minor: int) -> Answer:
        import stripe  # noqa: PLC0415

        target = "charge" if request.payment.startswith("ch_") else "payment_intent"
        params: Any = {target: request.payment, "amount": minor, "metadata": {REFERENCE: request.reference}}
        try:
            made = self._client.v1.refunds.create(params, {"idempotency_key": request.key})
        except stripe.IdempotencyError:
            return Declined(code="key_reused", detail="The key belongs to another request.")
        except (stripe.InvalidRequestError, stripe.CardError) as refused:
            if refused.http_status == 409:
                return Unsure(detail="A request under this key is under way.")
            return Declined(code=_code(refused), detail=_words(refused))
        except (stripe.AuthenticationError, stripe.PermissionError) as refused:
            return Declined(code="not_authorised", detail=f"Stripe refuses our key ({type(refused).__name__}).")
        except stripe.StripeError as failure:
            return Unsure(detail=f"Stripe did not answer ({type(failure).__name__}).")
        if made.currency.upper() != request.amount.currency:
            return Unsure(detail="Stripe answered in another currency.")
        return _receipt(made)

    async def look_up(self, reference: str) -> Receipt | None:
        for refund in reversed(await self._since(self._clock() - LOOKED_THROUGH)):
            if refund.reference == reference:
                return refund
        return None

    async def refunds(self, since: datetime) -> list[Receipt]:
        return await self._since(since)

    async def _since(self, since: datetime) -> list[Receipt]:
        """Oldest first. Raises ToolFailed."""

        def read() -> list[Receipt]:
            params: Any = {"limit": _PAGE, "created": {"gte": int(since.timestamp())}}
            return [_receipt(refund) for refund in self._client.v1.refunds.list(params).auto_paging_iter()]

        found = await _in_thread(read)
        return sorted(found, key=lambda receipt: receipt.at)


async def _in_thread(work: Callable[[], _T]) -> _T:
    import stripe  # noqa: PLC0415

    try:
        return await asyncio.to_thread(work)
    except stripe.StripeError as failure:
        raise ToolFailed(f"Stripe did not answer ({type(failure).__name__})") from failure


def _receipt(refund: stripe.Refund) -> Receipt:
    metadata = refund.metadata
    reference = metadata[REFERENCE] if metadata is not None and REFERENCE in metadata else None
    payment = refund.payment_intent or refund.charge
    return Receipt(
        id=refund.id,
        reference=reference,
        # A state that Stripe adds one day is no success before somebody has looked at it.
        state=_STATES.get(refund.status or "", EffectState.PENDING),
        at=datetime.fromtimestamp(refund.created, tz=UTC),
        amount=_from_stripe(refund.amount, refund.currency),
        payment=payment if isinstance(payment, str) or payment is None else payment.id,
    )


def _at_stripe(amount: Money) -> int | None:
    if amount.currency in _TENS_AT_STRIPE and amount.minor % 10:
        return None
    return amount.minor * 100 if amount.currency in _TWO_DECIMALS_AT_STRIPE else amount.minor


def _from_stripe(minor: int, currency: str) -> Money:
    code = currency.upper()
    return Money(minor=minor // 100 if code in _TWO_DECIMALS_AT_STRIPE else minor, currency=code)


def _code(refused: stripe.StripeError) -> str:
    known = {"charge_already_refunded": "exceeds_captured", "resource_missing": "no_such_payment",
             "charge_disputed": "disputed"}  # fmt: skip
    code = refused.code or "declined"
    if code in known:
        return known[code]
    return "exceeds_captured" if "greater than" in (refused.user_message or str(refused)) else code


def _words(refused: stripe.StripeError) -> str:
    return (refused.user_message or str(refused))[:300]
