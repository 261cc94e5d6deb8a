"""Search over everything that was said, notes too, and over customers' names and addresses. Newest first.

Each message is indexed once, by a trigger, when it is whole. On SQLite that is FTS5, on PostgreSQL a tsvector; on both
words are compared without case and accents, all must stand in one message, and the last may be the beginning of one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import BigInteger, Select, String, column, func, or_, select, text

from conversations import tables
from conversations.database import Database
from conversations.model import ConversationId, Message
from conversations.rows import message_of

MOST_WORDS = 12
LOOKED_AT = 200
"""Messages that one page is made from: several may be of one conversation."""
NAMES = 10
_WORD: Final = re.compile(r"[^\W_]+")
_SIGNS: Final = re.compile(r"[\W_]+")
_c = tables.conversations.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message in which the words stand. `place` orders by age: pass the last one's for the page after it."""

    message: Message
    place: int


def words_in(asked: str) -> list[str]:
    """What is searched for: words without case, accents and signs, at most twelve."""
    return [word for word, _ in spans_in(asked) if word][:MOST_WORDS]


def spans_in(said: str) -> list[tuple[str, tuple[int, int]]]:
    """Each word of `said` as it is compared, and where it stands."""
    return [(_bare(found[0]), found.span()) for found in _WORD.finditer(said)]


class Search:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def said(self, words: Sequence[str], *, before: int | None) -> list[Said]:
        """Up to `LOOKED_AT` messages that hold all the words, newest first; below place `before`, if given."""
        if not words:
            return []
        sqlite = self._database.is_sqlite
        asked = _fts5(words) if sqlite else _tsquery(words)
        values = {"asked": asked, "before": before or 2**62, "most": LOOKED_AT}
        found: list[Said] = []
        async with self._database.read() as connection:
            for statement in (_SQLITE,) if sqlite else (_NEWEST, _ALL):
                rows = await connection.execute(statement, values)
                found = [Said(message=message_of(row), place=row.place) for row in rows]
                if len(found) == LOOKED_AT:
                    break
        return found

    async def of_customers(self, asked: str) -> list[ConversationId]:
        """The newest conversation of each customer whose name or address holds what is asked."""
        typed = " ".join(asked.lower().split())
        if len(typed) < 2:  # noqa: PLR2004  (one letter is in every name)
            return []
        p = tables.customers.c
        like = "%" + re.sub("([%_!])", r"!\1", typed) + "%"
        named = or_(func.lower(p.display_name).like(like, escape="!"), func.lower(p.email).like(like, escape="!"))
        customers = select(p.id).where(named).order_by(p.created_at.desc()).limit(NAMES)
        newest = select(func.max(_c.updated_at)).where(_c.customer_id == p.id).correlate(tables.customers)
        query = (
            select(_c.id)
            .join(tables.customers, p.id == _c.customer_id)
            .where(p.id.in_(customers), _c.last_seq > 0, _c.updated_at == newest.scalar_subquery())
            .order_by(_c.updated_at.desc())
        )
        async with self._database.read() as connection:
            return [row.id for row in await connection.execute(query)]

    async def of_tags(self, asked: str) -> list[ConversationId]:
        """The newest conversations that have the tag asked for."""
        t = tables.conversation_tags.c
        query = select(_c.id).join(tables.conversation_tags, t.conversation_id == _c.id)
        query = query.where(t.tag == " ".join(asked.lower().split())).order_by(_c.updated_at.desc()).limit(NAMES)
        async with self._database.read() as connection:
            return [row.id for row in await connection.execute(query)]


def _hits(statement: str) -> Select[Any]:
    columns = (column("place", BigInteger), column("message_id", String))
    hits = text(statement).columns(*columns).subquery("hits")
    found = select(hits.c.place, tables.messages).join(tables.messages, tables.messages.c.id == hits.c.message_id)
    return found.order_by(hits.c.place.desc())


# The limit stands inside: a word that is in every message costs no more than one that is in few.
_SQLITE: Final = _hits(
    "SELECT rowid AS place, message_id FROM message_search WHERE message_search MATCH :asked AND rowid < :before"
    " ORDER BY rowid DESC LIMIT :most"
)
# PostgreSQL guesses badly how many messages hold the beginning of a word: in one statement it read 100,000 of them from
# the newest back (p50 540 ms) where the index had a few. So first the newest, where common words are; then by the index
# alone, which OFFSET 0 sees to, as rare ones cost little there.
_NEWEST: Final = _hits(
    "SELECT place, message_id FROM message_search WHERE words @@ to_tsquery('simple', :asked) AND place < :before"
    " AND place >= (SELECT coalesce(max(place), 0) FROM message_search WHERE place < :before) - 5000"
    " ORDER BY place DESC LIMIT :most"
)
_ALL: Final = _hits(
    "SELECT place, message_id FROM (SELECT place, message_id FROM message_search"
    " WHERE words @@ to_tsquery('simple', :asked) AND place < :before OFFSET 0) AS found"
    " ORDER BY place DESC LIMIT :most"
)


def _fts5(words: Sequence[str]) -> str:
    """Quoted, so that no word is an operator."""
    return " ".join(f'"{word}"' for word in words) + "*"


def _tsquery(words: Sequence[str]) -> str:
    return " & ".join(f"'{word}'" for word in words) + ":*"


def _bare(word: str) -> str:
    without_marks = "".join(
        sign for sign in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(sign)
    )
    return _SIGNS.sub("", unicodedata.normalize("NFC", without_marks))
