"""Samples from production in the console: made of a conversation in one click, reviewed, and taken out as a file."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Literal

import pydantic
from fastapi import APIRouter, Response
from pydantic import Field, field_validator

from app.console_api import Me
from app.errors import Problem, Refused
from app.sample_making import Past, persons_words, proposed_sample
from app.schemas import Request, Shape
from app.widget_api import BatonHere
from app.wiring import Baton
from conversations.evaluation_samples import LOW_SCORES, Candidate, MadeSample
from conversations.model import ConversationId

QUEUE = 50
MESSAGES = 200
MAX_SAMPLE_BYTES = 100_000
_NO_SAMPLE = Problem(status=404, code="not_found", detail="There is no such sample.")
_NOTHING_ASKED = Problem(
    status=409, code="nothing_asked", detail="The customer said nothing in this conversation that could be asked again."
)
_HAPPENS = ("question", "messages", "says_in_turn", "simulated")

router = APIRouter(prefix="/console/v1/evals/samples", tags=["evaluations"])
Json = dict[str, pydantic.JsonValue]


class MadeSampleShape(Shape):
    id: str
    conversation_id: str
    state: Literal["proposed", "kept", "dismissed"]
    sample: Json
    made_at: datetime


class CandidateShape(Shape):
    conversation_id: str
    because: Literal["low_rating", "handed_off", "corrected"]
    detail: str
    subject: str | None
    at: datetime


class ReviewQueue(Shape):
    """`candidates` are conversations that are worth a sample; `samples` those made, proposals first."""

    candidates: list[CandidateShape]
    samples: list[MadeSampleShape]


class WholeSample(MadeSampleShape):
    """`said_by_people` is what people answered in the conversation, redacted."""

    said_by_people: list[str]


class MakeSample(Request):
    conversation_id: str = Field(max_length=64)


class SaveSample(Request):
    sample: Json
    state: Literal["proposed", "kept", "dismissed"]

    @field_validator("sample")
    @classmethod
    def _is_a_sample(cls, sample: Json) -> Json:
        if len(json.dumps(sample)) > MAX_SAMPLE_BYTES:
            raise ValueError(f"a sample is at most {MAX_SAMPLE_BYTES:,} bytes")
        if not isinstance(sample.get("id"), str) or not sample["id"]:
            raise ValueError('a sample needs its "id"')
        if sum(way in sample for way in _HAPPENS) != 1:
            raise ValueError(f"write one of {', '.join(_HAPPENS)}")
        return sample


@router.get("")
async def queue(baton: BatonHere, me: Me) -> ReviewQueue:
    made = await baton.evaluations.made.samples("proposed", "kept")
    return ReviewQueue(
        candidates=[_candidate(one) for one in await baton.evaluations.made.candidates(limit=QUEUE)],
        samples=[_shape(one) for one in sorted(made, key=lambda one: one.state, reverse=True)],
    )


@router.post("", status_code=201)
async def make(body: MakeSample, baton: BatonHere, me: Me) -> WholeSample:
    """The sample of the conversation, which may be there already."""
    past = await _past(baton, ConversationId(body.conversation_id))
    proposed = proposed_sample(past)
    if proposed is None:
        raise Refused(_NOTHING_ASKED)
    made = await baton.evaluations.made.add(past.conversation.id, proposed, by=me.id)
    return WholeSample(**_shape(made).model_dump(), said_by_people=persons_words(past))


@router.put("/{sample_id}", status_code=204)
async def save(sample_id: str, body: SaveSample, baton: BatonHere, me: Me) -> Response:
    if not await baton.evaluations.made.save(sample_id, body.sample, body.state):
        raise Refused(_NO_SAMPLE)
    return Response(status_code=204)


@router.get("/file")
async def file(baton: BatonHere, me: Me) -> Response:
    """Every sample that was kept, one JSON object a line, oldest first: what `baton eval` runs."""
    kept = await baton.evaluations.made.samples("kept")
    lines = "".join(json.dumps(one.sample, ensure_ascii=False) + "\n" for one in reversed(kept))
    named = {"Content-Disposition": 'attachment; filename="from_production.jsonl"'}
    return Response(lines, media_type="application/x-ndjson", headers=named)


async def _past(baton: Baton, conversation_id: ConversationId) -> Past:
    """Raises ConversationNotFound."""
    conversation = await baton.store.conversation(conversation_id)
    messages = await baton.store.messages(
        conversation_id, limit=MESSAGES, public_only=True, episode=conversation.episode
    )
    handoff = (await baton.store.latest_handoffs([conversation_id])).get(conversation_id)
    ratings = await baton.ratings.of(conversation_id, episode=conversation.episode)
    return Past(
        conversation=conversation,
        customer=await baton.people.customer_of(conversation_id),
        messages=messages,
        handoff=handoff if handoff is not None and handoff.episode == conversation.episode else None,
        people=await baton.people.human_agents(removed=True),
        rated_low=any(one.score is not None and one.score <= LOW_SCORES[one.scale] for one in ratings),
    )


def _shape(one: MadeSample) -> MadeSampleShape:
    return MadeSampleShape(
        id=one.id, conversation_id=one.conversation_id, state=one.state, sample=one.sample, made_at=one.made_at
    )


def _candidate(one: Candidate) -> CandidateShape:
    return CandidateShape(
        conversation_id=one.conversation_id, because=one.because, detail=one.detail, subject=one.subject, at=one.at
    )
