"""What customers say of the help they got: answered in the widget or from a mail, and looked at in the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from app.console_api import Me
from app.presenting import rating_shape
from app.schemas import RatingShape, Request, Shape
from app.widget_api import BatonHere, SessionCustomer
from conversations.model import ConversationId, HumanAgentId
from conversations.ratings import SCORES, Given, Rating, Tally, Via
from handoff.aftercare import answer

REMARK_CHARS = 2_000
REMARKS_SHOWN = 50

router = APIRouter(tags=["ratings"])


class GiveRating(Request):
    score: int
    remark: str | None = Field(default=None, max_length=REMARK_CHARS)


class TallyShape(Shape):
    scale: str
    about: str | None
    """The name of the person it is about; None for the AI agent."""
    asked: int
    answered: int
    average: float | None
    scores: dict[int, int]
    lowest: int
    highest: int


class RemarkShape(RatingShape):
    conversation_id: str
    name: str | None


class RatingOverview(Shape):
    days: int
    tallies: list[TallyShape]
    remarks: list[RemarkShape]


@router.post("/widget/v1/conversations/{conversation_id}/ratings/{rating_id}")
async def give_rating(
    conversation_id: ConversationId, rating_id: str, body: GiveRating, baton: BatonHere, customer: SessionCustomer
) -> RatingShape:
    """The same answer again changes nothing; another one replaces it, until a remark was left with it."""
    await baton.limits.check("rating", customer.id, limit="30/minute")
    given = Given(score=body.score, remark=remark_of(body.remark), via=Via.WIDGET)
    return rating_shape(await answer(baton.store, conversation_id, customer, rating_id, given))


@router.get("/console/v1/ratings")
async def overview(baton: BatonHere, me: Me, days: Annotated[int, Query(ge=1, le=366)] = 30) -> RatingOverview:
    since = baton.clock() - timedelta(days=days)
    names = {person.id: person.display_name for person in await baton.people.human_agents(removed=True)}
    tallies = await baton.ratings.tallies(since=since)
    remarks = await baton.ratings.with_remarks(since=since, limit=REMARKS_SHOWN)
    return RatingOverview(
        days=days,
        tallies=[_tally(tally, names.get(about) if about else None) for (_, about), tally in tallies.items()],
        remarks=[_remark(rating, names) for rating in remarks],
    )


def remark_of(text: str | None) -> str | None:
    """What is stored of a remark: PostgreSQL cannot keep NUL, and neither database a lone surrogate."""
    if text is None:
        return None
    return text.replace("\x00", "").encode("utf-8", "replace").decode().strip()[:REMARK_CHARS] or None


def _remark(rating: Rating, names: dict[HumanAgentId, str]) -> RemarkShape:
    name = names.get(rating.about) if rating.about else None
    return RemarkShape(**rating_shape(rating).model_dump(), conversation_id=rating.conversation_id, name=name)


def _tally(tally: Tally, about: str | None) -> TallyShape:
    lowest, highest = SCORES[tally.scale]
    total = sum(score * count for score, count in tally.scores.items())
    return TallyShape(
        scale=tally.scale.value,
        about=about,
        asked=tally.asked,
        answered=tally.answered,
        average=round(total / tally.answered, 2) if tally.answered else None,
        scores=tally.scores,
        lowest=lowest,
        highest=highest,
    )
