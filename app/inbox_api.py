"""The console's inbox: its lists, as they change, and search over everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Cookie, Query
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, Field

from app.console_api import Me, signed_in_still_by
from app.errors import Problem, Refused
from app.schemas import Inbox, Move, Moved, Shape, Summary
from app.streams import KEEP_ALIVE_SECONDS, frame, stream_response, while_allowed
from app.widget_api import MAX_SEQ, BatonHere, Limit
from app.wiring import Baton
from conversations.events import INBOX
from conversations.inbox_views import View
from conversations.model import AuthorKind, Conversation, ConversationId, HumanAgentId, JsonObject, Status, Visibility
from conversations.plain_text import plain_text
from conversations.searching import LOOKED_AT, Said, spans_in, words_in

SHOWN_LIVE = 100
QUIET_SECONDS = 0.15
"""Changes that come this close together are told to a console in one frame."""
LONGEST_SNOOZE = timedelta(days=366)
BEFORE_HIT, AROUND_HIT = 40, 160
"""Characters shown before the first word found, and in all."""

Tag = Annotated[str | None, Query(max_length=200)]

router = APIRouter(prefix="/console/v1", tags=["console"])


class Snooze(Move):
    until: Annotated[AwareDatetime, Field(strict=False)] | None
    """None is until the customer writes."""


class Piece(Shape):
    text: str
    hit: bool


class Result(Shape):
    """`message_id` is None where the customer's name or address was found."""

    conversation: Summary
    message_id: str | None
    author_kind: str | None
    note: bool
    at: datetime
    pieces: list[Piece]


class Results(Shape):
    results: list[Result]
    next_cursor: int | None


@router.get("/conversations")
async def inbox(
    baton: BatonHere, me: Me, view: View = View.QUEUE, limit: Limit = 50, cursor: str | None = None, tag: Tag = None
) -> Inbox:
    teams = await _teams(baton, me.id)
    page = await baton.store.inbox(view, human_agent_id=me.id, limit=limit, cursor=cursor, teams=teams, tag=tag)
    return Inbox(conversations=await _summaries(baton, page.items), next_cursor=page.next_cursor)


@router.get("/stream")
async def inbox_stream(baton: BatonHere, me: Me, baton_console: Annotated[str, Cookie()]) -> StreamingResponse:
    """The inbox as it changes. While it is open, its human agent counts as online."""
    return stream_response(while_allowed(_follow_inbox(baton, me.id), signed_in_still_by(baton, baton_console)))


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
    counts = await baton.store.inbox_counts(me, await _teams(baton, me))
    people = [baton.presenter.human_agent(person) for person in await baton.people.human_agents()]
    data: JsonObject = {
        "counts": {view.value: count for view, count in counts.items()},
        "queue": [summary.model_dump(mode="json") for summary in await _summaries(baton, queue.items)],
        "mine": [summary.model_dump(mode="json") for summary in await _summaries(baton, mine.items)],
        "human_agents": [person.model_dump(mode="json") for person in people],
    }
    return frame("inbox", data)


async def _teams(baton: Baton, me: HumanAgentId) -> Collection[str]:
    rules = (await baton.desk_store.rules()).rules
    return [team.name for team in rules.teams if me in team.members]


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
    return await baton.presenter.summaries(
        found, handoffs, last, await baton.sla.running(ids), await baton.tags.of(ids)
    )


@router.post("/conversations/{conversation_id}/snooze")
async def snooze(conversation_id: ConversationId, body: Snooze, baton: BatonHere, me: Me) -> Moved:
    now = baton.clock()
    if body.until is not None and not now < body.until <= now + LONGEST_SNOOZE:
        detail = "Please choose a time within the next year."
        raise Refused(Problem(status=422, code="no_such_time", detail=detail))
    moved = await baton.desk.snooze(conversation_id, me, body.until, owner_epoch=body.owner_epoch)
    return Moved(conversation=await baton.presenter.conversation(moved))


@router.get("/search")
async def search(
    baton: BatonHere,
    me: Me,
    q: Annotated[str, Query(max_length=200)],
    cursor: Annotated[int | None, Query(ge=1, le=MAX_SEQ)] = None,
) -> Results:
    """Where the words stand, newest first, each conversation once on a page; names, addresses and tags come before."""
    asked = q.replace("\x00", "").encode("utf-8", "replace").decode()
    words = words_in(asked)
    said = await baton.search.said(words, before=cursor)
    named = await baton.search.of_customers(asked) if cursor is None else []
    first = {hit.message.conversation_id: hit for hit in reversed(said)}
    named = list(dict.fromkeys([*named, *(await baton.search.of_tags(asked) if cursor is None else [])]))
    ids = [*named, *(one for one in dict.fromkeys(hit.message.conversation_id for hit in said) if one not in named)]
    found = await _summaries(baton, await baton.store.some(ids))
    by_id = {summary.id: summary for summary in found}
    return Results(
        results=[_result(by_id[one], first.get(one), words) for one in ids if one in by_id],
        next_cursor=said[-1].place if len(said) == LOOKED_AT else None,
    )


def _result(summary: Summary, hit: Said | None, words: Sequence[str]) -> Result:
    if hit is None:
        at = summary.updated_at
        return Result(conversation=summary, message_id=None, author_kind=None, note=False, at=at, pieces=[])
    message = hit.message
    return Result(
        conversation=summary,
        message_id=message.id,
        author_kind=message.author.kind.value,
        note=message.visibility is Visibility.NOTE,
        at=message.created_at,
        pieces=_pieces(" ".join(plain_text(message).split()), words),
    )


def _pieces(said: str, words: Sequence[str]) -> list[Piece]:
    """The surroundings of the first word found, with each word found by itself."""
    last = words[-1]
    hits = [span for word, span in spans_in(said) if word in words or word.startswith(last)]
    start = max(0, hits[0][0] - BEFORE_HIT) if hits else 0
    end, at = start + AROUND_HIT, start
    pieces = [Piece(text="…", hit=False)] if start else []
    for begins, ends in hits:
        if ends > end:
            break
        pieces += [Piece(text=said[at:begins], hit=False), Piece(text=said[begins:ends], hit=True)]
        at = ends
    pieces.append(Piece(text=said[at:end] + ("…" if end < len(said) else ""), hit=False))
    return [piece for piece in pieces if piece.text]
