"""What the console calls: a cookie session, and a CSRF token with everything that changes something."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse

from app.errors import Problem, Refused
from app.presenting import customer_shape, handoff_shape
from app.schemas import (
    Assign,
    ConsoleConversation,
    ConsoleMessagePage,
    ConsoleOlderMessages,
    ConsoleReply,
    ConsoleSessionShape,
    Empty,
    HumanAgentList,
    Inbox,
    Move,
    Moved,
    NoteWritten,
    PresenceShape,
    Reply,
    SendMessage,
    SetPresence,
    SignIn,
    Summary,
)
from app.streams import KEEP_ALIVE_SECONDS, frame, stream_response, while_allowed
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
from conversations.events import INBOX
from conversations.model import (
    AuthorKind,
    Conversation,
    ConversationId,
    HumanAgent,
    HumanAgentId,
    JsonObject,
    Status,
)
from conversations.people import ConsoleSession
from conversations.store import View
from handoff.desk import human_reply, team_note

COOKIE = "baton_console"
SESSION_LENGTH = timedelta(hours=12)
SHOWN_LIVE = 100
QUIET_SECONDS = 0.15
"""Changes that come this close together are told to a console in one frame."""

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
    await baton.people.open_session(found[0].id, token=token, csrf_token=csrf_token, expires_at=expires_at)
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


@router.get("/conversations")
async def inbox(
    baton: BatonHere, me: Me, view: View = View.QUEUE, limit: Limit = 50, cursor: str | None = None
) -> Inbox:
    page = await baton.store.inbox(view, human_agent_id=me.id, limit=limit, cursor=cursor)
    return Inbox(conversations=await _summaries(baton, page.items), next_cursor=page.next_cursor)


@router.get("/stream")
async def inbox_stream(baton: BatonHere, me: Me, baton_console: Annotated[str, Cookie()]) -> StreamingResponse:
    """The inbox as it changes. While it is open, its human agent counts as online."""
    return stream_response(while_allowed(_follow_inbox(baton, me.id), _signed_in_still(baton, baton_console)))


def _signed_in_still(baton: Baton, token: str) -> Callable[[], Awaitable[bool]]:
    async def signed_in_still() -> bool:
        return await baton.people.session(token) is not None

    return signed_in_still


async def _follow_inbox(baton: Baton, me: HumanAgentId) -> AsyncGenerator[bytes, None]:
    baton.consoles[me] += 1
    last = b""
    try:
        await baton.people.seen(me)
        baton.bus.wake(INBOX)
        with baton.bus.subscribe(INBOX) as subscription:
            while True:
                now = await _inbox_frame(baton, me)
                yield now if now != last else b": keep-alive\n\n"
                last = now
                await subscription.next(min(KEEP_ALIVE_SECONDS, baton.stream.poll_seconds))
                await asyncio.sleep(QUIET_SECONDS)
                await baton.people.seen(me)
    finally:
        baton.consoles[me] -= 1
        if not baton.consoles[me]:
            baton.in_background(baton.people.left(me))


async def _inbox_frame(baton: Baton, me: HumanAgentId) -> bytes:
    queue = await baton.store.inbox(View.QUEUE, human_agent_id=me, limit=SHOWN_LIVE, cursor=None)
    mine = await baton.store.inbox(View.MINE, human_agent_id=me, limit=SHOWN_LIVE, cursor=None)
    counts = await baton.store.inbox_counts(me)
    people = [baton.presenter.human_agent(person) for person in await baton.people.human_agents()]
    data: JsonObject = {
        "counts": {view.value: count for view, count in counts.items()},
        "queue": [summary.model_dump(mode="json") for summary in await _summaries(baton, queue.items)],
        "mine": [summary.model_dump(mode="json") for summary in await _summaries(baton, mine.items)],
        "human_agents": [person.model_dump(mode="json") for person in people],
    }
    return frame("inbox", data)


async def _summaries(baton: Baton, found: list[Conversation]) -> list[Summary]:
    ids = [conversation.id for conversation in found]
    if not ids:
        return []
    handoffs = await baton.store.latest_handoffs(ids)
    last = await baton.store.last_messages(ids)
    # The newest message of whoever waits is our own "I'm passing you on", the same in every row.
    waiting = [conversation.id for conversation in found if conversation.status is Status.QUEUED]
    if waiting:
        last |= await baton.store.last_messages(waiting, by=AuthorKind.CUSTOMER)
    return await baton.presenter.summaries(found, handoffs, last)


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
    return stream_response(while_allowed(frames, _signed_in_still(baton, baton_console)))


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
