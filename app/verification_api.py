"""The code that proves who a customer is: asked for and entered here, beside the conversation and never in it."""

from __future__ import annotations

from fastapi import APIRouter

from app.errors import Problem, Refused
from app.schemas import AskForCode, CodePromised, CodeRight, EnterCode
from app.widget_api import BatonHere, SessionCustomer
from app.wiring import Baton
from conversations.events import CUSTOMER_VERIFIED, INBOX
from conversations.model import ConversationId, Customer
from tools.verification import AskedFor, Verification

CODES_PER_MINUTE = 10
"""Asked for or entered, per customer: the counters of codes and tries are exact, this one keeps floods off them."""

router = APIRouter(prefix="/widget/v1/conversations/{conversation_id}/verification", tags=["widget"])


@router.post("", status_code=202)
async def ask_for_code(
    conversation_id: ConversationId, body: AskForCode, baton: BatonHere, customer: SessionCustomer
) -> CodePromised:
    """Promise a code. Whether one is sent shows in the mailbox of the address on file, and nowhere else."""
    verification = await _open(baton, conversation_id, customer)
    given = body.order_number and body.email
    asked = AskedFor(order_number=body.order_number or "", email=body.email or "") if given else None
    promised = await verification.promise(conversation_id, customer, asked)
    baton.in_background(verification.deliver(promised))
    return CodePromised(expires_at=promised.expires_at, sent_to=promised.shown_to)


@router.post("/code")
async def enter_code(
    conversation_id: ConversationId, body: EnterCode, baton: BatonHere, customer: SessionCustomer
) -> CodeRight:
    verification = await _open(baton, conversation_id, customer)
    tried = await verification.enter(conversation_id, customer, body.code)
    if not tried.right:
        raise Refused(_wrong(tried.left))
    found = (await baton.verifications.of([conversation_id]))[conversation_id]
    async with baton.store.change(conversation_id, customer_id=customer.id) as change:
        change.record(CUSTOMER_VERIFIED, public=True, data={"verified_until": found.expires_at.isoformat()})
        change.topics.add(INBOX)
    return CodeRight(verified_until=found.expires_at)


async def _open(baton: Baton, conversation_id: ConversationId, customer: Customer) -> Verification:
    """Raises Refused, and ConversationNotFound for another customer's conversation."""
    await baton.store.conversation(conversation_id, customer_id=customer.id)
    await baton.limits.check("verification", customer.id, limit=f"{CODES_PER_MINUTE}/minute")
    if baton.verification is None:
        detail = "We cannot send codes here. Please sign in, or talk to a person."
        raise Refused(Problem(status=503, code="no_codes", detail=detail))
    return baton.verification


def _wrong(left: int) -> Problem:
    if left == 0:
        return Problem(status=410, code="code_over", detail="This code no longer works. Please ask for a new one.")
    tries = "one more try" if left == 1 else f"{left} more tries"
    return Problem(status=422, code="wrong_code", detail=f"That is not the code. You have {tries}.")
