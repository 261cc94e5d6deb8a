"""A conversation that is over, read from the record into a trial."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final, Literal, cast

from pydantic import JsonValue, TypeAdapter

from agent.exchange import Exchange
from agent.support_agent import NO_ANSWER
from conversations.exchanges import Exchanges
from conversations.model import AuthorKind, JsonObject, Message, Status, TurnId
from evals.sample import Decided, Sample
from evals.talking import Began, Talk
from evals.trial import (
    ActionSeen,
    Called,
    Cited,
    Cost,
    Retrieved,
    SaidInTrial,
    Sentence,
    Trial,
    TurnTaken,
)
from tools.action_model import Action

_PRESSED: Final = TurnTaken(decision="hand_off", kind="wants_person", question="", reason="customer_asked")
_DECIDED: Final[Mapping[str, Decided]] = {"answer": "answer", "clarify": "clarify", "handoff": "hand_off"}
_Json = Mapping[str, JsonValue]
_BRIEF: Final = TypeAdapter(dict[str, JsonValue])
_MILLION: Final = 1_000_000


async def read_trial(talk: Talk, sample: Sample, number: int, exchanges: Exchanges | None) -> Trial:
    """Everything but the shop, the time and how it ended."""
    store, conversation_id = talk.baton.store, talk.conversation_id
    asked = [await _exchanged(exchanges, began.turn_id) for began in talk.began]
    conversation = await store.conversation(conversation_id)
    passed_on = conversation.status is not Status.AUTOMATED or conversation.episode > 1
    handoff = (await store.latest_handoffs([conversation_id])).get(conversation_id) if passed_on else None
    messages = await talk.messages()
    return Trial(
        sample=sample.id,
        sample_digest=sample.digest,
        number=number,
        messages=tuple(_said(message, talk) for message in messages),
        turns=tuple(_taken(began, talk.traces) for began in talk.began),
        actions=tuple(_seen(action) for action in await talk.actions()),
        status=conversation.status.value,
        brief=None if handoff is None else _placed(handoff.brief, messages),
        cost=_cost(talk, [one for made in asked for one in made]),
        conversation=conversation_id,
        error=next((f"the model did not answer: {why}" for why in map(_silent, talk.traces.values()) if why), None),
    )


def _silent(trace: JsonObject) -> str:
    """Why the turn was answered without the model that should have, or "". A stand-in's answers are not measured."""
    told = _text(trace, "fell_back")
    return told.removeprefix(NO_ANSWER).strip() if told.startswith(NO_ANSWER) else ""


async def _exchanged(exchanges: Exchanges | None, turn_id: TurnId | None) -> list[Exchange]:
    if exchanges is None or turn_id is None:
        return []
    return [Exchange.of_json(one) for one in await exchanges.of(turn_id)]


def _cost(talk: Talk, asked: Sequence[Exchange]) -> Cost:
    settings = talk.baton.settings
    read, written = sum(one.input_tokens for one in asked), sum(one.output_tokens for one in asked)
    priced = settings.llm_input_price > 0 or settings.llm_output_price > 0
    price = (read * settings.llm_input_price + written * settings.llm_output_price) / _MILLION
    known = priced or not asked
    return Cost(calls=len(asked), input_tokens=read, output_tokens=written, dollars=price if known else None)


def _placed(brief: JsonObject, messages: Sequence[Message]) -> dict[str, JsonValue]:
    """The brief with messages named by their place in the trial, from 0: the record's ids are other ones each time."""
    written = json.dumps(brief)
    for place, message in enumerate(messages):
        written = written.replace(json.dumps(message.id), json.dumps(str(place)))
    return _BRIEF.validate_json(written)


def _said(message: Message, talk: Talk) -> SaidInTrial:
    roles = {AuthorKind.CUSTOMER: "customer", AuthorKind.AI_AGENT: "ai_agent", AuthorKind.HUMAN_AGENT: "human_agent"}
    role = cast('Literal["customer", "ai_agent", "human_agent", "system"]', roles.get(message.author.kind, "system"))
    return SaidInTrial(
        role=role,
        text=message.text,
        turn=_turn_of(message, talk.began) if message.seq > talk.before_seq else None,
        citations=tuple(
            Cited(
                marker=cited.marker,
                article=cited.article_id,
                passage=cited.passage_id,
                title=cited.title,
                quote=cited.quote,
            )
            for cited in message.citations
        ),
        request=message.request,
    )


def _turn_of(message: Message, began: Sequence[Began]) -> int | None:
    """The turn that it begins or came after."""
    before = [place for place, one in enumerate(began) if one.from_seq <= message.seq]
    return before[-1] if before else None


def _taken(began: Began, traces: Mapping[TurnId, JsonObject]) -> TurnTaken:
    if began.turn_id is None:
        return _PRESSED
    trace = traces[began.turn_id]
    confidence = cast("_Json", trace.get("confidence") or {})
    decision = _DECIDED[str(trace.get("decision", "answer"))]
    return TurnTaken(
        decision=decision,
        kind=_text(trace, "kind"),
        question=_text(trace, "question"),
        reason=_text(trace, "reason") if decision == "hand_off" else None,
        detail=_text(trace, "detail"),
        rule=_text(trace, "rule"),
        confidence=_number(confidence, "value"),
        evidence={name: float(cast("float", value)) for name, value in _object(confidence, "evidence").items()},
        responder=_text(trace, "responder"),
        fell_back=_text(trace, "fell_back"),
        retrieved=tuple(_retrieved(hit) for hit in _objects(trace, "hits")),
        sentences=tuple(_sentence(one) for one in _objects(trace, "sentences")),
        tool_calls=tuple(_called(call) for call in _objects(trace, "tool_calls")),
        seconds=round(began.seconds, 4),
        own_seconds=round(_number(trace, "duration_ms") / 1000, 4),
    )


def _retrieved(hit: _Json) -> Retrieved:
    return Retrieved(
        article=_text(hit, "article_id"),
        passage=_text(hit, "passage_id"),
        title=_text(hit, "title"),
        score=_number(hit, "score"),
        text=_text(hit, "text"),
    )


def _sentence(one: _Json) -> Sentence:
    source = one.get("source")
    return Sentence(
        text=_text(one, "sentence"), source=None if source is None else str(source), score=_number(one, "score")
    )


def _called(call: _Json) -> Called:
    result = _object(call, "result")
    return Called(
        tool=_text(call, "tool"),
        arguments=dict(_object(call, "arguments")),
        ok=result.get("ok") is True,
        code=_text(result, "code"),
        message=_text(result, "message"),
        data=dict(_object(result, "data")),
    )


def _seen(action: Action) -> ActionSeen:
    proposal = action.proposal
    return ActionSeen(
        kind=proposal.kind.value,
        order=proposal.order_number,
        state=action.state.value,
        amount_minor=proposal.funds.amount.minor if proposal.funds else None,
        rule=proposal.rule,
        needs_person=action.approval,
        note=action.note,
    )


def _text(body: _Json | JsonObject, name: str) -> str:
    value = body.get(name)
    return "" if value is None else str(value)


def _number(body: _Json | JsonObject, name: str) -> float:
    value = body.get(name)
    return float(value) if isinstance(value, int | float) else 0.0


def _object(body: _Json | JsonObject, name: str) -> _Json:
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def _objects(body: _Json | JsonObject, name: str) -> list[_Json]:
    value = body.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
