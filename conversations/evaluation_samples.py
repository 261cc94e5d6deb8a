"""Samples made of conversations, and the conversations that are worth one.

What a sample holds is the evals' own: here it is plain JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from sqlalchemy import Row, Select, and_, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from conversations import tables
from conversations.database import Database
from conversations.model import AuthorKind, ConversationId, HumanAgentId, JsonObject, Status, Visibility
from conversations.ratings import Scale

SampleState = Literal["proposed", "kept", "dismissed"]
Because = Literal["low_rating", "handed_off", "corrected"]
LOW_SCORES: Final = {Scale.SOLVED: 0, Scale.CSAT: 2, Scale.CES: 3, Scale.NPS: 6}
"""Up to which score a rating is a low one, by scale."""
_s, _c, _h = tables.evaluation_samples.c, tables.conversations.c, tables.handoffs.c
_m, _q = tables.messages.c, tables.ratings.c


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSample:
    id: str
    conversation_id: ConversationId
    state: SampleState
    sample: JsonObject
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A resolved conversation of which no sample was made yet, and why it is worth one."""

    conversation_id: ConversationId
    because: Because
    detail: str
    subject: str | None
    at: datetime


class EvaluationSamples:
    def __init__(self, database: Database, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    async def add(self, conversation_id: ConversationId, sample: JsonObject, *, by: HumanAgentId) -> MadeSample:
        """The sample of the conversation: the one that is there already, or this one, as a proposal."""
        values = {
            "id": self._new_id(),
            "conversation_id": conversation_id,
            "state": "proposed",
            "sample": sample,
            "made_at": self._clock(),
            "made_by": by,
        }
        try:
            async with self._database.write() as connection:
                await connection.execute(insert(tables.evaluation_samples).values(**values))
        except IntegrityError:  # a second click, or a colleague's
            pass
        query = select(tables.evaluation_samples).where(_s.conversation_id == conversation_id)
        async with self._database.read() as connection:
            return _made((await connection.execute(query)).one())

    async def save(self, sample_id: str, sample: JsonObject, state: SampleState) -> bool:
        """False where there is no such sample."""
        changed = update(tables.evaluation_samples).where(_s.id == sample_id).values(sample=sample, state=state)
        async with self._database.write() as connection:
            return (await connection.execute(changed)).rowcount == 1

    async def samples(self, *states: SampleState) -> list[MadeSample]:
        """Newest first."""
        query = select(tables.evaluation_samples).where(_s.state.in_(states)).order_by(_s.made_at.desc(), _s.id)
        async with self._database.read() as connection:
            return [_made(row) for row in await connection.execute(query)]

    async def candidates(self, *, limit: int) -> list[Candidate]:
        """The newest of each kind, each conversation once: a low rating says more than a handoff."""
        kinds: dict[Because, Select[Any]] = {
            "low_rating": _rated_low(),
            "corrected": _corrected(),
            "handed_off": _passed_on(),
        }
        found: dict[ConversationId, Candidate] = {}
        async with self._database.read() as connection:
            for because, query in kinds.items():
                for row in await connection.execute(query.limit(limit)):
                    found.setdefault(row.id, _candidate(row, because))
        return sorted(found.values(), key=lambda one: one.at, reverse=True)[:limit]


def _worth(detail: Any) -> Select[Any]:  # noqa: ANN401 - any column or expression
    return (
        select(_c.id, _c.subject, _c.updated_at, detail.label("detail"))
        .where(_c.status == Status.RESOLVED.value, _c.id.not_in(select(_s.conversation_id)))
        .order_by(_c.updated_at.desc(), _c.id)
    )


def _rated_low() -> Select[Any]:
    low = or_(*(and_(_q.scale == scale.value, _q.score <= score) for scale, score in LOW_SCORES.items()))
    return _worth(_q.remark).join(tables.ratings, _q.conversation_id == _c.id).where(low)


def _passed_on() -> Select[Any]:
    return _worth(_h.reason).join(tables.handoffs, _h.conversation_id == _c.id)


def _corrected() -> Select[Any]:
    """A person wrote after the AI agent had answered, and nothing had been passed on."""
    answered = (
        select(func.min(_m.seq))
        .where(_m.conversation_id == _c.id, _m.author_kind == AuthorKind.AI_AGENT.value)
        .correlate(tables.conversations)
        .scalar_subquery()
    )
    wrote = select(_m.id).where(
        _m.conversation_id == _c.id,
        _m.author_kind == AuthorKind.HUMAN_AGENT.value,
        _m.visibility == Visibility.PUBLIC.value,
        _m.seq > answered,
    )
    passed_on = select(_h.id).where(_h.conversation_id == _c.id)
    return _worth(_c.subject).where(wrote.exists(), ~passed_on.exists())


def _candidate(row: Row[Any], because: Because) -> Candidate:
    return Candidate(
        conversation_id=row.id, because=because, detail=row.detail or "", subject=row.subject, at=row.updated_at
    )


def _made(row: Row[Any]) -> MadeSample:
    return MadeSample(
        id=row.id, conversation_id=row.conversation_id, state=row.state, sample=row.sample, made_at=row.made_at
    )
