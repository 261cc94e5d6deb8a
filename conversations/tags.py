"""Words that people mark conversations with, to find them again. Customers never see them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, insert, select

from conversations import tables
from conversations.change import Change
from conversations.database import Database
from conversations.events import INBOX, TAGS_CHANGED
from conversations.model import Actor, ConversationId, JsonObject, JsonValue

LONGEST = 40
"""Characters of a tag."""
MOST = 20
"""Tags of one conversation."""
KNOWN = 200
"""Tags that are suggested, the most used ones."""
_TAG = re.compile(r"[^\W_](?:[\w -]*\w)?")
_t = tables.conversation_tags.c
_c = tables.conversations.c


class NoSuchTag(Exception):
    """It cannot be a tag: the message says what can."""


class TooManyTags(Exception):
    """The conversation has as many as it may."""


def written_as(typed: str) -> str:
    """The tag as it is kept: small letters, single spaces. Raises NoSuchTag."""
    tag = " ".join(typed.lower().split())
    if len(tag) > LONGEST:
        raise NoSuchTag(f"A tag has at most {LONGEST} characters.")
    if not _TAG.fullmatch(tag):
        raise NoSuchTag("A tag is made of letters, digits, spaces and hyphens.")
    return tag


async def add(change: Change, tag: str, by: Actor) -> None:
    """Nothing happens where it has the tag already. Raises TooManyTags."""
    has = await _of(change)
    if tag in has:
        return
    if len(has) >= MOST:
        raise TooManyTags
    row = {"conversation_id": change.conversation.id, "tag": tag, "added_at": change.now}
    await change.connection.execute(insert(tables.conversation_tags).values(**row))
    _record(change, sorted([*has, tag]), by, added=tag)


async def remove(change: Change, tag: str, by: Actor) -> None:
    """Nothing happens where it has no such tag."""
    has = await _of(change)
    if tag not in has:
        return
    await change.connection.execute(
        delete(tables.conversation_tags).where(_t.conversation_id == change.conversation.id, _t.tag == tag)
    )
    _record(change, [one for one in has if one != tag], by, removed=tag)


def tagged(tag: str) -> ColumnElement[bool]:
    """Of a conversation: whether it has the tag."""
    return _c.id.in_(select(_t.conversation_id).where(_t.tag == tag))


class Tags:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, list[str]]:
        """In alphabetical order; conversations without any are left out."""
        query = select(_t.conversation_id, _t.tag).where(_t.conversation_id.in_(conversation_ids)).order_by(_t.tag)
        found: defaultdict[ConversationId, list[str]] = defaultdict(list)
        async with self._database.read() as connection:
            for row in await connection.execute(query):
                found[row.conversation_id].append(row.tag)
        return dict(found)

    async def known(self) -> list[tuple[str, int]]:
        """Each tag with how many conversations have it, the most used first."""
        count = func.count()
        query = select(_t.tag, count.label("n")).group_by(_t.tag).order_by(count.desc(), _t.tag).limit(KNOWN)
        async with self._database.read() as connection:
            return [(row.tag, row.n) for row in await connection.execute(query)]


async def _of(change: Change) -> list[str]:
    query = select(_t.tag).where(_t.conversation_id == change.conversation.id).order_by(_t.tag)
    return list((await change.connection.execute(query)).scalars())


def _record(
    change: Change, tags: Sequence[str], by: Actor, *, added: str | None = None, removed: str | None = None
) -> None:
    who: JsonObject = {"kind": by.kind.value, "id": by.id, "display_name": by.display_name}
    data: JsonObject = {"tags": list[JsonValue](tags), "added": added, "removed": removed, "by": who}
    change.record(TAGS_CHANGED, public=False, data=data)
    change.topics.add(INBOX)
