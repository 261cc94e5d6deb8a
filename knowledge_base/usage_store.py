"""How articles are used: which ones answers cite, and what readers say of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.database import Database

MAX_WORDS: Final = 1000
"""Characters of a reader's own words that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """How many answers rest on an article, and when the last one was given."""

    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A reader's answer to "Did this help?", with what they added."""

    helpful: bool
    words: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackCount:
    helpful: int
    not_helpful: int


class ArticleUsage:
    """Reads and writes the two tables. Counts grow with articles and answers; messages themselves are never read."""

    def __init__(self, database: Database, *, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def cited(self, since: datetime | None = None) -> dict[str, Cited]:
        """By article id; articles that no answer cited are not in it."""
        c = tables.message_citations.c
        query = select(c.article_id, func.count().label("times"), func.max(c.cited_at).label("last_at"))
        if since is not None:
            query = query.where(c.cited_at >= since)
        async with self._database.read() as connection:
            rows = await connection.execute(query.group_by(c.article_id))
            return {row.article_id: Cited(times=row.times, last_at=row.last_at) for row in rows}

    async def give_feedback(self, article_id: str, *, helpful: bool, words: str, given_by: str) -> None:
        """One answer for each reader and article: a second one replaces the first."""
        given = {"helpful": helpful, "words": words[:MAX_WORDS], "given_at": self._clock()}
        try:
            await self._give(article_id, given_by, given)
        except IntegrityError:  # two clicks at once; the other one has made the row
            await self._give(article_id, given_by, given)

    async def _give(self, article_id: str, given_by: str, given: Mapping[str, object]) -> None:
        c = tables.article_feedback.c
        theirs = (c.article_id == article_id) & (c.given_by == given_by)
        async with self._database.write() as connection:
            changed = await connection.execute(update(tables.article_feedback).where(theirs).values(**given))
            if not changed.rowcount:
                await connection.execute(
                    insert(tables.article_feedback).values(article_id=article_id, given_by=given_by, **given)
                )

    async def feedback(self, article_id: str, *, limit: int = 100) -> list[Feedback]:
        """The newest first."""
        c = tables.article_feedback.c
        query = select(tables.article_feedback).where(c.article_id == article_id).order_by(c.given_at.desc())
        async with self._database.read() as connection:
            rows = await connection.execute(query.limit(limit))
            return [Feedback(helpful=row.helpful, words=row.words, at=row.given_at) for row in rows]

    async def feedback_counts(self) -> dict[str, FeedbackCount]:
        """By article id; articles without feedback are not in it."""
        c = tables.article_feedback.c
        helpful = func.sum(case((c.helpful, 1), else_=0)).label("helpful")
        query = select(c.article_id, helpful, func.count().label("given")).group_by(c.article_id)
        async with self._database.read() as connection:
            return {
                row.article_id: FeedbackCount(helpful=row.helpful, not_helpful=row.given - row.helpful)
                for row in await connection.execute(query)
            }
