"""Tags in the console: those there are, and those of a conversation."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from app.console_api import Me
from app.errors import Problem, Refused
from app.schemas import Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations import tags
from conversations.model import ConversationId
from handoff.desk import human_actor

router = APIRouter(prefix="/console/v1", tags=["tags"])


class AddTag(Request):
    tag: str = Field(max_length=200)


class KnownTag(Shape):
    tag: str
    conversations: int


class KnownTags(Shape):
    tags: list[KnownTag]


class TagsOf(Shape):
    tags: list[str]


@router.get("/tags")
async def known(baton: BatonHere, me: Me) -> KnownTags:
    """The most used first."""
    return KnownTags(tags=[KnownTag(tag=tag, conversations=count) for tag, count in await baton.tags.known()])


@router.post("/conversations/{conversation_id}/tags")
async def add(conversation_id: ConversationId, body: AddTag, baton: BatonHere, me: Me) -> TagsOf:
    try:
        tag = tags.written_as(body.tag)
    except tags.NoSuchTag as refused:
        raise Refused(Problem(status=422, code="no_such_tag", detail=str(refused))) from refused
    async with baton.store.change(conversation_id) as change:
        await tags.add(change, tag, human_actor(me))
    return await _tags_of(baton, conversation_id)


@router.delete("/conversations/{conversation_id}/tags/{tag}")
async def remove(conversation_id: ConversationId, tag: str, baton: BatonHere, me: Me) -> TagsOf:
    async with baton.store.change(conversation_id) as change:
        await tags.remove(change, tag, human_actor(me))
    return await _tags_of(baton, conversation_id)


async def _tags_of(baton: Baton, conversation_id: ConversationId) -> TagsOf:
    return TagsOf(tags=(await baton.tags.of([conversation_id])).get(conversation_id, []))
