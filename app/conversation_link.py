"""The way back from a mail: one conversation as a plain page, with a form to answer. Needs no script.

The link opens this conversation and nothing else: whoever holds it is not signed in, so what they write goes to people
and never to the AI agent, which could look things up for them.
"""

from __future__ import annotations

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.identity import ConversationLink, InvalidSession
from app.pages import page
from app.rating_api import remark_of
from app.reply_mail import QUESTIONS
from app.widget_api import BatonHere, checked_text
from app.wiring import Baton, new_id
from conversations.change import NewMessage
from conversations.inbound import customer_actor, receive
from conversations.model import Customer, HandoffReason, Status
from conversations.ratings import SCORES, Given, Scale, ScoreOutOfRange, Via
from conversations.store import ConversationNotFound
from handoff.aftercare import answer
from handoff.desk import PassingOn
from handoff.policy import HandoffDecision

SHOWN = 100
ANSWERED_BY_LINK = HandoffDecision(
    reason=HandoffReason.CUSTOMER_ASKED, detail="The customer answered from the link in a mail."
)

router = APIRouter(include_in_schema=False)


@router.get("/c/{token}")
async def read(token: str, baton: BatonHere, sent: str = "", rated: str = "") -> Response:
    found = await _opened(baton, token)
    if found is None:
        return _gone(baton)
    link, _ = found
    messages = await baton.store.messages(link.conversation_id, limit=SHOWN, public_only=True)
    shown = [baton.presenter.message(message) for message in messages]
    answer = page(
        baton,
        "conversation.html",
        messages=shown,
        token=token,
        sent=bool(sent),
        rated=bool(rated),
        asked=await _asked(baton, link),
        form_id=new_id(),
    )
    # The address is a key: no search engine and no cache keeps it.
    answer.headers["X-Robots-Tag"] = "noindex"
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post("/c/{token}")
async def write(token: str, request: Request, baton: BatonHere) -> Response:
    found = await _opened(baton, token)
    if found is None:
        return _gone(baton)
    link, customer = found
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    text, form_id = fields.get("text", [""])[0], fields.get("form_id", [""])[0]
    await baton.limits.check("message", customer.id, limit=f"{baton.settings.messages_per_minute}/minute")
    await _to_people(baton, link, customer)
    new = NewMessage(
        author=customer_actor(customer), text=checked_text(text), client_message_id=form_id[:64] or new_id()
    )
    await receive(baton.store, link.conversation_id, customer, new)
    return RedirectResponse(f"/c/{token}?sent=1", status_code=303)


@router.post("/c/{token}/rating")
async def rate(token: str, request: Request, baton: BatonHere) -> Response:
    """Only a press rates, never a look: mail servers open every link they see."""
    found = await _opened(baton, token)
    if found is None:
        return _gone(baton)
    link, customer = found
    fields = parse_qs((await request.body()).decode("utf-8", "replace"))
    score = fields.get("score", [""])[0]
    await baton.limits.check("rating", customer.id, limit="30/minute")
    if not (score.isascii() and score.isdigit() and len(score) <= 2):  # noqa: PLR2004  (no scale goes beyond 10)
        raise ScoreOutOfRange(score)
    given = Given(score=int(score), remark=remark_of(fields.get("remark", [""])[0]), via=Via.MAIL)
    rating_id = fields.get("rating_id", [""])[0]
    await answer(baton.store, link.conversation_id, customer, rating_id, given)
    return RedirectResponse(f"/c/{token}?rated=1#rating", status_code=303)


async def _asked(baton: Baton, link: ConversationLink) -> dict[str, object] | None:
    """The question about people that may still be answered, as the page shows it."""
    conversation = await baton.store.conversation(link.conversation_id)
    if conversation.status is not Status.RESOLVED:
        return None
    for rating in await baton.ratings.of(conversation.id, episode=conversation.episode):
        if rating.scale is not Scale.SOLVED and not rating.closed_at(baton.clock()):
            lowest, highest = SCORES[rating.scale]
            scores = list(range(lowest, highest + 1))
            return {"id": rating.id, "question": QUESTIONS[rating.scale], "scores": scores, "score": rating.score}
    return None


async def _to_people(baton: Baton, link: ConversationLink, customer: Customer) -> None:
    conversation = await baton.store.conversation(link.conversation_id)
    if conversation.status not in (Status.AUTOMATED, Status.RESOLVED):
        return
    facts = await baton.facts(conversation, customer)
    asked = PassingOn(decision=ANSWERED_BY_LINK, facts=facts)
    await baton.desk.hand_off_on_request(conversation.id, customer, asked)


async def _opened(baton: Baton, token: str) -> tuple[ConversationLink, Customer] | None:
    try:
        link = baton.tokens.read_link(token)
        await baton.store.conversation(link.conversation_id, customer_id=link.customer_id)
    except (InvalidSession, ConversationNotFound):
        return None
    customer = await baton.people.customer(link.customer_id)
    return None if customer is None else (link, customer)


def _gone(baton: Baton) -> HTMLResponse:
    return page(baton, "conversation_gone.html", status=404)
