"""What a customer who waits for a person is told, and what they may do instead of waiting here."""

from __future__ import annotations

from datetime import datetime, timedelta

from fastapi import APIRouter
from pydantic import Field

from app.errors import Problem, Refused
from app.schemas import Empty, Moved, Request, Shape
from app.widget_api import BatonHere, SessionCustomer
from app.wiring import Baton
from conversations.model import Assurance, Conversation, ConversationId, Status
from handoff.hours import Hours
from handoff.waiting import Expected, expected, past_waits
from handoff.while_waiting import answer_by_email, ask_ai_meanwhile

PAST = timedelta(days=28)
PAST_AT_MOST = 1_000
_NO_MAIL = Problem(status=409, code="no_mail", detail="We cannot send e-mail from here; please leave this page open.")
_NO_ADDRESS = Problem(
    status=422, code="invalid_email", detail="That does not look like an e-mail address; please check it."
)

router = APIRouter(prefix="/widget/v1", tags=["widget"])


class WaitShape(Shape):
    position: int
    typical_s: int | None
    """Half of those who waited like this got a person within it; None where too little is known."""
    most_s: int | None
    """Nine in ten did."""
    from_past: int
    opens_at: datetime | None
    """When the team is there again; None while it is."""
    online: bool
    can_email: bool
    email: str | None
    """The address that the shop gave for this customer, to offer."""
    reply_by_email: str | None
    ai_meanwhile: bool


class ByEmail(Request):
    email: str = Field(max_length=320)


@router.get("/conversations/{conversation_id}/wait")
async def how_long(conversation_id: ConversationId, baton: BatonHere, customer: SessionCustomer) -> WaitShape | None:
    """Null for a conversation that does not wait for a person."""
    conversation = await baton.store.conversation(conversation_id, customer_id=customer.id)
    if conversation.status is not Status.QUEUED or conversation.queued_at is None:
        return None
    position = await baton.desk_store.place_of(conversation)
    now, opens_at = baton.clock(), await _opens_at(baton, conversation)
    says = await _expected(baton, conversation, position, now) if opens_at is None else None
    return WaitShape(
        position=position,
        typical_s=_seconds(says.typical) if says else None,
        most_s=_seconds(says.most) if says else None,
        from_past=says.n if says else 0,
        opens_at=opens_at,
        online=await baton.people.anybody_online(),
        can_email=baton.can_mail,
        email=customer.email if customer.assurance >= Assurance.SIGNED else None,
        reply_by_email=conversation.reply_by_email,
        ai_meanwhile=conversation.ai_meanwhile,
    )


@router.post("/conversations/{conversation_id}/by_email")
async def by_email(
    conversation_id: ConversationId, body: ByEmail, baton: BatonHere, customer: SessionCustomer
) -> Moved:
    """Leave it with us: people's answers come by e-mail too."""
    if not baton.can_mail:
        raise Refused(_NO_MAIL)
    # Somebody could have strangers' mailboxes written to: few addresses per customer, and only people's answers.
    await baton.limits.check("by-email", customer.id, limit="5/hour")
    address = _checked_address(body.email)
    conversation = await answer_by_email(baton.store, conversation_id, customer, address)
    return Moved(conversation=await baton.presenter.conversation(conversation))


@router.post("/conversations/{conversation_id}/ai_meanwhile")
async def ai_meanwhile(
    conversation_id: ConversationId, body: Empty, baton: BatonHere, customer: SessionCustomer
) -> Moved:
    """Keep asking the AI agent, and keep the place in the queue."""
    conversation = await ask_ai_meanwhile(baton.store, conversation_id, customer)
    return Moved(conversation=await baton.presenter.conversation(conversation))


async def _opens_at(baton: Baton, conversation: Conversation) -> datetime | None:
    hours = Hours((await baton.desk_store.rules()).rules.hours_of(conversation.team))
    now = baton.clock()
    opens = hours.next_open(now)
    return opens if opens is not None and opens > now else None


async def _expected(baton: Baton, conversation: Conversation, position: int, now: datetime) -> Expected | None:
    assert conversation.queued_at is not None  # noqa: S101  (the caller asked)
    taken = await baton.desk_store.taken(since=now - PAST, team=conversation.team, limit=PAST_AT_MOST)
    return expected(past_waits(taken), place=position, waited=now - conversation.queued_at)


def _seconds(time: timedelta) -> int:
    return round(time.total_seconds())


def _checked_address(text: str) -> str:
    """An address as mail servers take it. Whether it exists, only a mail can tell."""
    address = text.strip()
    name, _, host = address.rpartition("@")
    plain = address.isascii() and address.isprintable() and not any(sign in address for sign in ' ,;:<>()[]"\\')
    if not plain or not 0 < len(name) <= 64 or "." not in host or host.startswith(".") or host.endswith("."):
        raise Refused(_NO_ADDRESS)
    return address
