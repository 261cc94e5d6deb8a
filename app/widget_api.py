"""What the widget calls. The customer comes from the session token only, never from a body or a path."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.cards import Card
from app.errors import Problem, Refused
from app.identity import InvalidIdentity, InvalidSession, WidgetSession
from app.presenting import customer_shape, preview_text, rating_shape
from app.schemas import (
    MAX_MESSAGE_CHARS,
    Accepted,
    ArticleShape,
    AskForPerson,
    ConversationList,
    ConversationShape,
    ConversationView,
    Empty,
    EventShape,
    ListedConversation,
    MessagePage,
    Moved,
    OlderMessages,
    RatingShape,
    SendMessage,
    SessionShape,
    StartConversation,
    StartSession,
    WidgetConfig,
)
from app.streams import stream_response, while_allowed
from app.wiring import Baton, baton_of
from conversations.change import NewMessage
from conversations.inbound import customer_actor, receive
from conversations.model import Assurance, ConversationId, Customer, HandoffReason, JsonObject
from conversations.store import ConversationNotFound
from handoff.desk import PassingOn
from handoff.policy import HandoffDecision
from knowledge_base.model import Viewer

PAGE_SIZE = 50
router = APIRouter(prefix="/widget/v1", tags=["widget"])
BatonHere = Annotated[Baton, Depends(baton_of)]
Limit = Annotated[int, Query(ge=1, le=100)]
MAX_SEQ = 2**63 - 1
"""What a database compares with; a larger number in a query fails there."""
Before = Annotated[int | None, Query(ge=1, le=MAX_SEQ)]
After = Annotated[int, Query(ge=0, le=MAX_SEQ)]
LastEventId = Annotated[int | None, Header(ge=0, le=MAX_SEQ)]


async def session_customer(baton: BatonHere, authorization: Annotated[str, Header()] = "") -> Customer:
    """The customer of the bearer token. Raises InvalidSession."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise InvalidSession
    session = baton.tokens.read_session(token)
    customer = await baton.people.customer(session.customer_id)
    if customer is None or customer.assurance is not session.assurance:
        raise InvalidSession
    return customer


class WidgetConversation(ConversationView):
    actions: list[Card]
    ratings: list[RatingShape]


SessionCustomer = Annotated[Customer, Depends(session_customer)]


@router.get("/config")
async def config(baton: BatonHere) -> WidgetConfig:
    company = baton.company
    return WidgetConfig(
        name=company.name,
        ai_name=company.ai_name,
        greeting=company.greeting,
        suggestions=list(company.suggestions),
        online=await baton.people.anybody_online(),
        away_text=company.away_text,
        codes=baton.verification is not None,
    )


@router.post("/session")
async def start_session(request: Request, body: StartSession, baton: BatonHere) -> SessionShape:
    """A session for a visitor, or for the customer an identity token (or, with less proof, a hashed identifier) names.

    An earlier visitor's session token lets that visitor's conversations go along to the customer.
    """
    address = request.client.host if request.client else "unknown"
    await baton.limits.check("session", address, limit=f"{baton.settings.sessions_per_minute}/minute")
    if body.identity_token is not None:
        customer = await _signed(baton, body.identity_token)
    elif body.identifier is not None:
        claimed = baton.tokens.read_claim(body.identifier, body.identifier_hash or "")
        customer = await baton.people.claimed(claimed)
    else:
        customer = await baton.people.new_visitor()
    await _adopt(baton, body.session_token, customer)
    session = WidgetSession(customer_id=customer.id, assurance=customer.assurance)
    token, expires_at = baton.tokens.new_session(session)
    return SessionShape(session_token=token, expires_at=expires_at, customer=customer_shape(customer))


async def _signed(baton: Baton, token: str) -> Customer:
    """The customer of an identity token, which is then used up. Raises InvalidIdentity."""
    signed = baton.tokens.read_once(token)
    if not await baton.verifications.use_token(signed.token_id, signed.expires_at):
        raise InvalidIdentity
    identity = signed.identity
    before = await baton.people.customer_named(identity.external_id)
    customer = await baton.people.identified(
        identity.external_id,
        display_name=identity.display_name,
        email=identity.email,
        segments=identity.segments,
    )
    if before is not None and before.email != customer.email:
        await baton.verifications.end(customer.id)  # what was proven by a code to another address
    return customer


@router.post("/session/end", status_code=204)
async def end_session(body: Empty, baton: BatonHere, customer: SessionCustomer) -> Response:
    """Signing out: whatever a code proved in this customer's conversations is over."""
    await baton.verifications.end(customer.id)
    return Response(status_code=204)


async def _adopt(baton: Baton, visitor_token: str | None, customer: Customer) -> None:
    if visitor_token is None or customer.assurance is Assurance.ANONYMOUS:
        return
    try:
        visitor = baton.tokens.read_session(visitor_token)
    except InvalidSession:
        return
    if visitor.assurance is Assurance.ANONYMOUS:
        await baton.people.adopt(visitor.customer_id, customer)


@router.get("/conversations")
async def list_conversations(
    baton: BatonHere, customer: SessionCustomer, limit: Limit = 20, cursor: str | None = None
) -> ConversationList:
    page = await baton.store.conversations_of(customer.id, limit=limit, cursor=cursor)
    last = await baton.store.last_messages([conversation.id for conversation in page.items])
    shapes = await baton.presenter.conversations(page.items)
    listed = [
        ListedConversation(**shape.model_dump(), preview=preview_text(last[found.id]) if found.id in last else "")
        for found, shape in zip(page.items, shapes, strict=True)
    ]
    return ConversationList(conversations=listed, next_cursor=page.next_cursor)


@router.post("/conversations", status_code=201)
async def start_conversation(body: StartConversation, baton: BatonHere, customer: SessionCustomer) -> ConversationShape:
    await baton.limits.check("conversation", customer.id, limit=f"{baton.settings.messages_per_minute}/minute")
    conversation = await baton.store.start(customer.id, body.client_conversation_id)
    return await baton.presenter.conversation(conversation)


@router.get("/conversations/{conversation_id}")
async def read_conversation(
    conversation_id: ConversationId, baton: BatonHere, customer: SessionCustomer
) -> WidgetConversation:
    conversation = await baton.store.conversation(conversation_id, customer_id=customer.id)
    page = await _message_page(baton, conversation_id, before=None, limit=PAGE_SIZE)
    shape = await baton.presenter.conversation(conversation)
    cards = await baton.actions.customer_cards(conversation_id) if baton.actions else []
    asked = await baton.ratings.of(conversation_id, episode=conversation.episode)
    return WidgetConversation(
        **dict(page),
        conversation=shape,
        last_seq=conversation.last_seq,
        actions=cards,
        ratings=[rating_shape(rating) for rating in asked],
    )


@router.get("/conversations/{conversation_id}/messages")
async def read_messages(
    conversation_id: ConversationId,
    baton: BatonHere,
    customer: SessionCustomer,
    before: Before = None,
    limit: Limit = PAGE_SIZE,
) -> OlderMessages:
    """Earlier messages, with what happened between them: the event stream starts after these."""
    await baton.store.conversation(conversation_id, customer_id=customer.id)
    page = await _message_page(baton, conversation_id, before=before, limit=limit)
    moves = await moves_within(baton, conversation_id, page, before=before, public_only=True)
    return OlderMessages(**dict(page), events=moves)


async def moves_within(
    baton: Baton, conversation_id: ConversationId, page: MessagePage, *, before: int | None, public_only: bool
) -> list[EventShape]:
    """The changes between the messages of a page and up to `before`; the oldest page reaches back to the start."""
    after = 0 if page.older_cursor is None else page.older_cursor
    events = await baton.store.moves(conversation_id, after=after, before=before, public_only=public_only)
    return [EventShape(seq=event.seq, kind=event.kind, data=baton.presenter.event(event, None)) for event in events]


async def _message_page(
    baton: Baton, conversation_id: ConversationId, *, before: int | None, limit: int
) -> MessagePage:
    found = await baton.store.messages(conversation_id, limit=limit, before=before, public_only=True)
    older = found[0].seq if len(found) == limit else None
    return MessagePage(messages=[baton.presenter.message(message) for message in found], older_cursor=older)


@router.post("/conversations/{conversation_id}/messages", status_code=202)
async def send_message(
    conversation_id: ConversationId, body: SendMessage, baton: BatonHere, customer: SessionCustomer
) -> Accepted:
    """Accept a message: when this answers, it is on disk, and a turn or a person will answer it."""
    text = checked_text(body.text)
    await baton.limits.check("message", customer.id, limit=f"{baton.settings.messages_per_minute}/minute")
    new = NewMessage(author=customer_actor(customer), text=text, client_message_id=body.client_message_id)
    received = await receive(baton.store, conversation_id, customer, new)
    return Accepted(message=baton.presenter.message(received.message), turn_id=received.turn_id)


@router.post("/conversations/{conversation_id}/human", status_code=202)
async def ask_for_person(
    conversation_id: ConversationId, body: AskForPerson, baton: BatonHere, customer: SessionCustomer
) -> Moved:
    """ "Talk to a person". Asking again changes nothing."""
    await baton.limits.check("message", customer.id, limit=f"{baton.settings.messages_per_minute}/minute")
    conversation = await baton.store.conversation(conversation_id, customer_id=customer.id)
    decision = HandoffDecision(reason=HandoffReason.CUSTOMER_ASKED, detail="The customer pressed “Talk to a person”.")
    facts = await baton.facts(conversation, customer)
    moved = await baton.desk.hand_off_on_request(conversation_id, customer, PassingOn(decision=decision, facts=facts))
    return Moved(conversation=await baton.presenter.conversation(moved))


@router.post("/conversations/{conversation_id}/typing", status_code=204)
async def typing(conversation_id: ConversationId, body: Empty, baton: BatonHere, customer: SessionCustomer) -> Response:
    await baton.store.conversation(conversation_id, customer_id=customer.id)
    sign: JsonObject = {"who": "customer", "activity": "typing", "display_name": customer.display_name}
    baton.bus.wake(conversation_id, sign)
    return Response(status_code=204)


@router.get("/conversations/{conversation_id}/events")
async def follow(
    conversation_id: ConversationId,
    baton: BatonHere,
    customer: SessionCustomer,
    after: After = 0,
    last_event_id: LastEventId = None,
    authorization: Annotated[str, Header(include_in_schema=False)] = "",
) -> StreamingResponse:
    """Server-sent events from sequence number `after` (or the Last-Event-ID header) on."""
    await baton.store.conversation(conversation_id, customer_id=customer.id)
    start = last_event_id if last_event_id is not None else after
    frames = baton.stream.follow(conversation_id, after=start, public_only=True)
    token = authorization.partition(" ")[2]

    async def still_theirs() -> bool:
        try:
            session = baton.tokens.read_session(token)
            await baton.store.conversation(conversation_id, customer_id=session.customer_id)
        except (InvalidSession, ConversationNotFound):
            return False
        return True

    return stream_response(while_allowed(frames, still_theirs))


@router.get("/articles/{article_id:path}")  # an id may hold a slash
def read_article(article_id: str, baton: BatonHere, customer: SessionCustomer) -> ArticleShape:
    # Not async, for the reason that help pages are not.
    return article_shape(
        baton, article_id, Viewer(signed_in=customer.assurance >= Assurance.SIGNED, segments=customer.segments)
    )


def article_shape(baton: Baton, article_id: str, viewer: Viewer) -> ArticleShape:
    """The article as pages show it. Raises Refused (404) where there is none that this reader may see."""
    article = baton.library.article(article_id, viewer)
    if article is None:
        raise Refused(Problem(status=404, code="not_found", detail="This article is no longer available."))
    return ArticleShape(
        id=article.id,
        title=article.title,
        url=article.url if article.url and baton.rich_text.allows(article.url) else None,
        updated_at=article.updated_at,
        body=baton.rich_text.article(article.text),
    )


def checked_text(text: str) -> str:
    """The text as it will be stored. Raises Refused when there is nothing to read in it, or too much."""
    if len(text) > MAX_MESSAGE_CHARS:
        detail = f"This message is too long; please keep it under {MAX_MESSAGE_CHARS:,} characters."
        raise Refused(Problem(status=413, code="message_too_long", detail=detail))
    # PostgreSQL cannot store NUL, and neither database a lone surrogate.
    stored = text.replace("\x00", "").encode("utf-8", "replace").decode()
    if not any(character.isprintable() and not character.isspace() for character in stored):
        raise Refused(Problem(status=422, code="empty_message", detail="There is nothing to read in this message."))
    return stored
