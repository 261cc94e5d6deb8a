"""What customers say of the help they got: asked once per episode, answered at most once in the end.

Two questions: did the AI agent's answer solve it, and how was it with people (on the scale that the lead chose). Both
are rows with an event for the asking and one for each answer, so that reports and evals read the record alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from conversations import tables
from conversations.change import Change
from conversations.database import Database
from conversations.events import RATING_ASKED, RATING_GIVEN
from conversations.model import AuthorKind, ConversationId, HumanAgentId, JsonObject, MessageId, Visibility

ASKS_SOLVED: Final = "solved"
"""A message's request: whether the answer before it solved the matter."""
CHANGEABLE = timedelta(hours=24)
"""Second thoughts are welcome for a day; a remark ends them sooner."""

_r = tables.ratings.c


class Scale(StrEnum):
    SOLVED = "solved"
    CSAT = "csat"
    CES = "ces"
    NPS = "nps"


SCORES: Final = {Scale.SOLVED: (0, 1), Scale.CSAT: (1, 5), Scale.CES: (1, 7), Scale.NPS: (0, 10)}
"""The lowest and the highest score of each scale; more is better on all of them."""


class Via(StrEnum):
    WIDGET = "widget"
    MAIL = "mail"


class RatingNotFound(Exception):
    """No such question in this conversation."""


class RatingClosed(Exception):
    """It was answered for good, or the conversation went on since."""


class ScoreOutOfRange(Exception):
    """The scale has no such score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A question and, once given, its answer. `about` is the person it is about; None for the AI agent."""

    id: str
    conversation_id: ConversationId
    episode: int
    scale: Scale
    about: HumanAgentId | None
    message_id: MessageId | None
    asked_at: datetime
    score: int | None = None
    remark: str | None = None
    answered_at: datetime | None = None
    via: Via | None = None

    def closed_at(self, now: datetime) -> bool:
        late = self.answered_at is not None and now - self.answered_at > CHANGEABLE
        return self.remark is not None or late


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    score: int
    remark: str | None
    via: Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How one scale was answered: how often it was asked, and how many gave which score."""

    scale: Scale
    asked: int
    scores: dict[int, int]

    @property
    def answered(self) -> int:
        return sum(self.scores.values())


async def ask(
    change: Change, scale: Scale, *, about: HumanAgentId | None = None, message_id: MessageId | None = None
) -> Rating | None:
    """Ask in this transaction; None where this was asked in the episode before, on whatever scale."""
    for known in await _of_episode(change):
        if (known.scale is Scale.SOLVED) is (scale is Scale.SOLVED):
            return None
    rating = Rating(
        id=change.new_id(),
        conversation_id=change.conversation.id,
        episode=change.conversation.episode,
        scale=scale,
        about=about,
        message_id=message_id,
        asked_at=change.now,
    )
    await change.connection.execute(insert(tables.ratings).values(_values(rating)))
    change.record(RATING_ASKED, public=True, data={"rating": as_json(rating)})
    return rating


async def give(change: Change, rating_id: str, given: Given) -> Rating:
    """Keep an answer. The same one again changes nothing.

    Raises RatingNotFound, ScoreOutOfRange, and RatingClosed where it stands for good.
    """
    found = [rating for rating in await _of_episode(change, whole=True) if rating.id == rating_id]
    if not found:
        raise RatingNotFound(rating_id)
    [known] = found
    lowest, highest = SCORES[known.scale]
    if not lowest <= given.score <= highest:
        raise ScoreOutOfRange(given.score)
    if known.score == given.score and given.remark in (None, known.remark):
        return known
    if known.episode != change.conversation.episode or known.closed_at(change.now):
        raise RatingClosed(rating_id)
    answered = replace(known, score=given.score, remark=given.remark, answered_at=change.now, via=given.via)
    await change.connection.execute(update(tables.ratings).where(_r.id == rating_id).values(_values(answered)))
    change.record(RATING_GIVEN, public=True, data={"rating": as_json(answered)})
    return answered


async def person_wrote(change: Change) -> bool:
    """Whether a person has said anything to the customer in this episode."""
    m = tables.messages.c
    query = select(m.id).where(
        m.conversation_id == change.conversation.id,
        m.episode == change.conversation.episode,
        m.author_kind == AuthorKind.HUMAN_AGENT.value,
        m.visibility == Visibility.PUBLIC.value,
    )
    return (await change.connection.execute(query.limit(1))).one_or_none() is not None


async def address_on_file(change: Change) -> str | None:
    """Of a customer whom the shop vouched for; what a visitor says of themselves is no place to write to."""
    c = tables.customers.c
    query = select(c.email).where(c.id == change.conversation.customer_id, c.external_id.is_not(None))
    found: str | None = await change.connection.scalar(query)
    return found


class Ratings:
    """Reads what was asked and answered."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def rating(self, rating_id: str) -> Rating | None:
        async with self._database.read() as connection:
            query = select(tables.ratings).where(_r.id == rating_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _rating(row)

    async def of(self, conversation_id: ConversationId, *, episode: int) -> list[Rating]:
        async with self._database.read() as connection:
            return await _ratings(connection, conversation_id, episode)

    async def newest(self, conversation_ids: Sequence[ConversationId]) -> dict[ConversationId, Rating]:
        """The last answered question about people of each conversation, or about the AI agent where there is none."""
        query = select(tables.ratings).where(_r.conversation_id.in_(conversation_ids), _r.score.is_not(None))
        query = query.order_by(_r.about.is_not(None), _r.answered_at)
        async with self._database.read() as connection:
            found = [_rating(row) for row in await connection.execute(query)]
        return {rating.conversation_id: rating for rating in found}

    async def with_remarks(self, *, since: datetime, limit: int) -> list[Rating]:
        """The newest answers that have words with them."""
        query = select(tables.ratings).where(_r.remark.is_not(None), _r.answered_at >= since)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(_r.answered_at.desc(), _r.id).limit(limit))
            return [_rating(row) for row in rows]

    async def tallies(self, *, since: datetime) -> dict[tuple[Scale, HumanAgentId | None], Tally]:
        """By scale and by whom it is about (None for the AI agent), of what was asked since then."""
        query = (
            select(_r.scale, _r.about, _r.score, func.count().label("n"))
            .where(_r.asked_at >= since)
            .group_by(_r.scale, _r.about, _r.score)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        asked: dict[tuple[Scale, HumanAgentId | None], Tally] = {}
        for row in rows:
            key = (Scale(row.scale), row.about)
            known = asked.get(key, Tally(scale=key[0], asked=0, scores={}))
            scores = known.scores if row.score is None else {**known.scores, row.score: row.n}
            asked[key] = replace(known, asked=known.asked + row.n, scores=scores)
        return asked


def as_json(rating: Rating) -> JsonObject:
    """As events and pages show it."""
    return {
        "id": rating.id,
        "episode": rating.episode,
        "scale": rating.scale.value,
        "about": rating.about,
        "message_id": rating.message_id,
        "asked_at": rating.asked_at.isoformat(),
        "score": rating.score,
        "remark": rating.remark,
        "answered_at": rating.answered_at.isoformat() if rating.answered_at else None,
        "via": rating.via.value if rating.via else None,
    }


async def _of_episode(change: Change, *, whole: bool = False) -> list[Rating]:
    episode = None if whole else change.conversation.episode
    return await _ratings(change.connection, change.conversation.id, episode)


async def _ratings(connection: AsyncConnection, conversation_id: str, episode: int | None) -> list[Rating]:
    query = select(tables.ratings).where(_r.conversation_id == conversation_id)
    if episode is not None:
        query = query.where(_r.episode == episode)
    return [_rating(row) for row in await connection.execute(query.order_by(_r.asked_at, _r.id))]


def _values(rating: Rating) -> dict[str, object]:
    return {
        "id": rating.id,
        "conversation_id": rating.conversation_id,
        "episode": rating.episode,
        "scale": rating.scale.value,
        "about": rating.about,
        "message_id": rating.message_id,
        "asked_at": rating.asked_at,
        "score": rating.score,
        "remark": rating.remark,
        "answered_at": rating.answered_at,
        "via": rating.via.value if rating.via else None,
    }


def _rating(row: Row[Any]) -> Rating:
    return Rating(
        id=row.id,
        conversation_id=row.conversation_id,
        episode=row.episode,
        scale=Scale(row.scale),
        about=row.about,
        message_id=row.message_id,
        asked_at=row.asked_at,
        score=row.score,
        remark=row.remark,
        answered_at=row.answered_at,
        via=Via(row.via) if row.via else None,
    )
