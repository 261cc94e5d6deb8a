"""What the console calls: a cookie session, and a CSRF token with everything that changes something."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.audit_trail import leave_trail
from app.errors import Problem, Refused
from app.permissions import may
from app.presenting import clock_shapes, customer_shape, handoff_shape
from app.schemas import (
    Assign,
    ConsoleConversation,
    ConsoleMessagePage,
    ConsoleOlderMessages,
    ConsoleReply,
    ConsoleSessionShape,
    Empty,
    HumanAgentList,
    Move,
    Moved,
    NoteWritten,
    PresenceShape,
    Reply,
    SendMessage,
    SetPresence,
    SignIn,
)
from app.streams import stream_response, while_allowed
from app.widget_api import (
    PAGE_SIZE,
    After,
    BatonHere,
    Before,
    LastEventId,
    Limit,
    checked_text,
    moves_within,
)
from app.wiring import Baton
from conversations.model import (
    Conversation,
    ConversationId,
    HumanAgent,
    HumanAgentId,
    JsonObject,
)
from conversations.people import ConsoleSession
from handoff.desk import human_reply, team_note

COOKIE = "baton_console"
SESSION_LENGTH = timedelta(hours=12)
DEVICE_CHARS = 200

router = APIRouter(prefix="/console/v1", tags=["console"])


async def console_session(
    request: Request,
    baton: BatonHere,
    baton_console: Annotated[str | None, Cookie()] = None,
    x_csrf_token: Annotated[str, Header()] = "",
) -> ConsoleSession:
    """The signed-in human agent. Raises Refused: 401 without a session, 403 for a change without the CSRF token."""
    session = await baton.people.session(baton_console) if baton_console else None
    if session is None:
        raise Refused(Problem(status=401, code="signed_out", detail="Please sign in."))
    changes = request.method not in ("GET", "HEAD")
    if changes and not secrets.compare_digest(session.csrf_token.encode(), x_csrf_token.encode()):
        raise Refused(Problem(status=403, code="csrf", detail="This page is out of date; reload it and try again."))
    leave_trail(request, session.human_agent)
    if not may(session.human_agent.role, request.method, request.scope["route"].path):
        raise Refused(Problem(status=403, code="not_allowed", detail="Your role does not allow this."))
    return session


async def signed_in(session: Annotated[ConsoleSession, Depends(console_session)]) -> HumanAgent:
    return session.human_agent


Me = Annotated[HumanAgent, Depends(signed_in)]


@router.post("/session")
async def sign_in(request: Request, response: Response, body: SignIn, baton: BatonHere) -> ConsoleSessionShape:
    address = request.client.host if request.client else "unknown"
    # For each account, and for all together: every try costs 0.1–0.3 s of CPU, right or wrong.
    await baton.limits.check("sign-in-address", address, limit="30/5 minutes")
    await baton.limits.check("sign-in", f"{address}/{body.email.lower()}", limit="10/5 minutes")
    found = await baton.people.human_agent_with_hash(body.email)
    right = await baton.passwords.matches(body.password, found[1] if found else None)
    if found is None or not right:
        detail = "That e-mail address and password do not match."
        raise Refused(Problem(status=401, code="invalid_credentials", detail=detail))
    token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
    expires_at = baton.clock() + SESSION_LENGTH
    await baton.people.open_session(
        found[0].id,
        token=token,
        csrf_token=csrf_token,
        expires_at=expires_at,
        device="".join(sign for sign in request.headers.get("user-agent", "") if sign.isprintable())[:DEVICE_CHARS],
    )
    leave_trail(request, found[0], to=address)
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(SESSION_LENGTH.total_seconds()),
        path="/console",
        httponly=True,
        samesite="strict",
        secure=baton.settings.secure_cookies,
    )
    return ConsoleSessionShape(human_agent=baton.presenter.human_agent(found[0]), csrf_token=csrf_token)


@router.get("/session")
async def who_am_i(
    baton: BatonHere, session: Annotated[ConsoleSession, Depends(console_session)]
) -> ConsoleSessionShape:
    shape = baton.presenter.human_agent(session.human_agent)
    return ConsoleSessionShape(human_agent=shape, csrf_token=session.csrf_token)


@router.delete("/session", status_code=204)
async def sign_out(baton: BatonHere, me: Me, baton_console: Annotated[str, Cookie()]) -> Response:
    await baton.people.close_session(baton_console)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, path="/console")
    return response


@router.put("/presence")
async def set_presence(body: SetPresence, baton: BatonHere, me: Me) -> PresenceShape:
    await baton.people.set_available(me.id, body.available)
    changed = await baton.people.human_agent(me.id)
    return PresenceShape(human_agent=baton.presenter.human_agent(changed or me))


@router.get("/human_agents")
async def list_human_agents(baton: BatonHere, me: Me) -> HumanAgentList:
    people = await baton.people.human_agents()
    return HumanAgentList(human_agents=[baton.presenter.human_agent(person) for person in people])


def signed_in_still_by(baton: Baton, token: str) -> Callable[[], Awaitable[bool]]:
    async def signed_in_still() -> bool:
        return await baton.people.session(token) is not None

    return signed_in_still


@router.get("/conversations/{conversation_id}")
async def read_conversation(conversation_id: ConversationId, baton: BatonHere, me: Me) -> ConsoleConversation:
    conversation = await baton.store.conversation(conversation_id)
    customer = await baton.people.customer(conversation.customer_id)
    assert customer is not None  # noqa: S101  (a foreign key)
    handoff = (await baton.store.latest_handoffs([conversation_id])).get(conversation_id)
    current = handoff if handoff is not None and handoff.episode == conversation.episode else None
    page = await _message_page(baton, conversation_id, before=None, limit=PAGE_SIZE)
    return ConsoleConversation(
        **dict(page),
        conversation=await baton.presenter.conversation(conversation),
        customer=customer_shape(customer),
        handoff=handoff_shape(current) if current else None,
        brief=current.brief if current else None,
        clocks=clock_shapes((await baton.sla.running([conversation_id])).get(conversation_id, [])),
        tags=(await baton.tags.of([conversation_id])).get(conversation_id, []),
        last_seq=conversation.last_seq,
    )


@router.get("/conversations/{conversation_id}/messages")
async def read_messages(
    conversation_id: ConversationId,
    baton: BatonHere,
    me: Me,
    before: Before = None,
    limit: Limit = PAGE_SIZE,
) -> ConsoleOlderMessages:
    """Earlier messages, with what happened between them: the event stream starts after these."""
    await baton.store.conversation(conversation_id)
    page = await _message_page(baton, conversation_id, before=before, limit=limit)
    moves = await moves_within(baton, conversation_id, page, before=before, public_only=False)
    return ConsoleOlderMessages(**dict(page), events=moves)


async def _message_page(
    baton: Baton, conversation_id: ConversationId, *, before: int | None, limit: int
) -> ConsoleMessagePage:
    found = await baton.store.messages(conversation_id, limit=limit, before=before)
    traces = await baton.store.traces([message.turn_id for message in found if message.turn_id])
    return ConsoleMessagePage(
        messages=[baton.presenter.message(message) for message in found],
        older_cursor=found[0].seq if len(found) == limit else None,
        traces={str(turn_id): trace for turn_id, trace in traces.items()},
    )


@router.get("/conversations/{conversation_id}/events")
async def follow(
    conversation_id: ConversationId,
    baton: BatonHere,
    me: Me,
    baton_console: Annotated[str, Cookie()],
    after: After = 0,
    last_event_id: LastEventId = None,
) -> StreamingResponse:
    await baton.store.conversation(conversation_id)
    start = last_event_id if last_event_id is not None else after
    frames = baton.stream.follow(conversation_id, after=start, public_only=False)
    return stream_response(while_allowed(frames, signed_in_still_by(baton, baton_console)))


@router.post("/conversations/{conversation_id}/claim")
async def claim(conversation_id: ConversationId, body: Move, baton: BatonHere, me: Me) -> Moved:
    return await _moved(baton, await baton.desk.claim(conversation_id, me, owner_epoch=body.owner_epoch))


@router.post("/conversations/{conversation_id}/release")
async def release(conversation_id: ConversationId, body: Move, baton: BatonHere, me: Me) -> Moved:
    return await _moved(baton, await baton.desk.release(conversation_id, me, owner_epoch=body.owner_epoch))


@router.post("/conversations/{conversation_id}/return_to_ai")
async def return_to_ai(conversation_id: ConversationId, body: Move, baton: BatonHere, me: Me) -> Moved:
    return await _moved(baton, await baton.desk.return_to_ai(conversation_id, me, owner_epoch=body.owner_epoch))


@router.post("/conversations/{conversation_id}/resolve")
async def resolve(conversation_id: ConversationId, body: Move, baton: BatonHere, me: Me) -> Moved:
    return await _moved(baton, await baton.desk.resolve(conversation_id, me, owner_epoch=body.owner_epoch))


@router.post("/conversations/{conversation_id}/reopen")
async def reopen(conversation_id: ConversationId, body: Move, baton: BatonHere, me: Me) -> Moved:
    return await _moved(baton, await baton.desk.reopen(conversation_id, me, owner_epoch=body.owner_epoch))


@router.post("/conversations/{conversation_id}/assign")
async def assign(conversation_id: ConversationId, body: Assign, baton: BatonHere, me: Me) -> Moved:
    to = await baton.people.human_agent(HumanAgentId(body.human_agent_id))
    if to is None:
        raise Refused(Problem(status=422, code="unknown_human_agent", detail="There is no such colleague."))
    return await _moved(baton, await baton.desk.assign(conversation_id, me, to, owner_epoch=body.owner_epoch))


async def _moved(baton: Baton, conversation: Conversation) -> Moved:
    return Moved(conversation=await baton.presenter.conversation(conversation))


@router.post("/conversations/{conversation_id}/reply", status_code=201)
async def reply(conversation_id: ConversationId, body: Reply, baton: BatonHere, me: Me) -> ConsoleReply:
    """A public reply. While the AI agent or the queue owns the conversation, it is a claim as well."""
    new = human_reply(me, checked_text(body.text), body.client_message_id)
    message, conversation = await baton.desk.reply(conversation_id, me, new, owner_epoch=body.owner_epoch)
    shape = await baton.presenter.conversation(conversation)
    return ConsoleReply(message=baton.presenter.message(message), conversation=shape)


@router.post("/conversations/{conversation_id}/note", status_code=201)
async def note(conversation_id: ConversationId, body: SendMessage, baton: BatonHere, me: Me) -> NoteWritten:
    """A note that only the team sees."""
    new = team_note(me, checked_text(body.text), body.client_message_id)
    return NoteWritten(message=baton.presenter.message(await baton.desk.note(conversation_id, new)))


@router.post("/conversations/{conversation_id}/typing", status_code=204)
async def typing(conversation_id: ConversationId, body: Empty, baton: BatonHere, me: Me) -> Response:
    sign: JsonObject = {"who": "human_agent", "activity": "typing", "id": me.id, "display_name": me.display_name}
    baton.bus.wake(conversation_id, sign)
    return Response(status_code=204)
