"""A turn again, from what it was pinned to: the same messages, knowledge, clock, tool results and model replies.

Nothing is posted, no tool runs and no model is asked: what they answered then is answered again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, cast

import httpx2

from agent.draft import Draft, TurnHost, TurnInput
from agent.exchange import Exchange
from agent.knowledge_search import KnowledgeSearch
from agent.pinned import Pinned
from agent.support_agent import SupportAgent
from agent.trace import tool_calls_in, trace_of
from conversations.exchanges import Exchanges
from conversations.model import Assurance, CustomerId, JsonObject, JsonValue, Message, Turn, TurnId, TurnState
from conversations.past_turns import PastTurns
from tools.tool import Principal

CHANGES = ("version", "threshold", "responder")
_DEADLINE_S = 60.0
_COMPARED = ("decision", "kind", "responder", "confidence", "hits", "sentences", "tool_calls", "knowledge_version")


class CannotReplay(Exception):
    """The turn is unknown, was never drafted, or what it rested on is gone; the message says which."""


class PastVersions(Protocol):
    @property
    def version(self) -> str:
        """The live one, for turns that searched in none."""
        ...

    def past(self, number: int, at: datetime) -> KnowledgeSearch:
        """The kept version as it could be read at that instant. Raises Missing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What was said then and what comes out now. `pins_changed` name what the replay could not hold still."""

    then: str
    now: str
    differences: dict[str, tuple[JsonValue, JsonValue]]
    pins_changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        return self.then == self.now and not self.differences

    def as_json(self) -> JsonObject:
        differing = {name: {"then": then, "now": now} for name, (then, now) in self.differences.items()}
        return cast(
            "JsonObject",
            {
                "same": self.same,
                "then": self.then,
                "now": self.now,
                "differences": differing,
                "pins_changed": list(self.pins_changed),
            },
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A turn as the record holds it."""

    turn: Turn
    trace: JsonObject
    asked: TurnInput
    reply: Message | None
    exchanges: tuple[Exchange, ...]

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(str(_object(self.trace["asked"])["at"])).astimezone(UTC)


class Replaying:
    def __init__(self, turns: PastTurns, exchanges: Exchanges, agent: SupportAgent, past: PastVersions) -> None:
        self._turns = turns
        self._exchanges = exchanges
        self._agent = agent
        self._past = past

    async def replay(self, turn_id: TurnId, changes: Mapping[str, str]) -> Replayed:
        """The turn again, with `changes` to its version, threshold or responder. Raises CannotReplay and Missing."""
        recorded = await self._recorded(turn_id)
        version = changes.get("version") or str(recorded.trace.get("knowledge_version") or self._past.version)
        if not version.isdecimal():
            raise CannotReplay(f"{version!r} is no version: name it by its number.")
        served = _RecordedModel(recorded.exchanges)
        quoting = changes.get("responder") == "extractive" or not recorded.exchanges
        pinned = Pinned(
            knowledge=self._past.past(int(version), recorded.at),
            results=tool_calls_in(recorded.trace),
            today=recorded.at.date(),
            model=None if quoting else served,
            threshold=float(changes["threshold"]) if "threshold" in changes else None,
        )
        agent = self._agent.replaying(pinned)
        draft = await agent.reply(recorded.asked, host=TurnHost(), deadline_s=_DEADLINE_S)
        return _compared(recorded, draft, served.asked_otherwise)

    async def _recorded(self, turn_id: TurnId) -> Recorded:
        turn = await self._turns.turn(turn_id)
        if turn is None:
            raise CannotReplay(f"There is no turn {turn_id}.")
        if turn.trace is None or "asked" not in turn.trace:
            raise CannotReplay("Nothing was drafted in this turn, so there is nothing to repeat.")
        asked = _object(turn.trace["asked"])
        places = [*_numbers(asked["earlier"]), *_numbers(asked["messages"])]
        messages = {message.seq: message for message in await self._turns.messages(turn.conversation_id, places)}
        if missing := [place for place in places if place not in messages]:
            raise CannotReplay(f"Messages that the turn answered are gone ({len(missing)} of {len(places)}).")
        principal = Principal(
            customer_id=CustomerId(str(asked["customer_id"])),
            external_id=None if asked["external_id"] is None else str(asked["external_id"]),
            assurance=Assurance(cast("int", asked["assurance"])),
            segments=frozenset(str(one) for one in cast("list[JsonValue]", asked["segments"])),
        )
        return Recorded(
            turn=turn,
            trace=turn.trace,
            asked=TurnInput(
                messages=tuple(messages[place] for place in _numbers(asked["messages"])),
                new_from=cast("int", asked["new_from"]),
                principal=principal,
                earlier=tuple(messages[place] for place in _numbers(asked["earlier"])),
            ),
            reply=await self._turns.reply(turn_id),
            exchanges=tuple(Exchange.of_json(one) for one in await self._exchanges.of(turn_id)),
        )


class _RecordedModel(httpx2.AsyncBaseTransport):
    """A model server that answers what was answered then, request by request."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self._left = list(exchanges)
        self.asked_otherwise = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = json.loads(await request.aread())
        if not self._left or self._left[0].failure:
            self._left = self._left[1:]
            return httpx2.Response(400, json={"error": {"message": "the model did not answer then either"}})
        exchange = self._left.pop(0)
        asked = json.dumps(
            [exchange.model, body["messages"], body.get("tools")], sort_keys=True, ensure_ascii=False, default=str
        )
        seen = hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()
        self.asked_otherwise = self.asked_otherwise or seen != exchange.request_hash
        return httpx2.Response(200, json=_completion(exchange))


def _completion(exchange: Exchange) -> JsonObject:
    message: JsonObject = {"role": "assistant", "content": exchange.text}
    if exchange.calls:
        message["tool_calls"] = [
            {"id": f"call_{place}", "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for place, call in enumerate(exchange.calls)
        ]
    used: JsonObject = {"prompt_tokens": exchange.input_tokens, "completion_tokens": exchange.output_tokens}
    choice: JsonObject = {"index": 0, "message": message, "finish_reason": exchange.finish_reason or None}
    return {"object": "chat.completion", "choices": [choice], "usage": used}


def _compared(recorded: Recorded, draft: Draft, asked_otherwise: bool) -> Replayed:
    """Byte for byte what was posted, and field by field why. A handoff's notice depends on who was online: left out."""
    before, after = recorded.trace, _plain(trace_of(draft, duration_ms=0.0))
    answered = recorded.reply is not None and recorded.turn.state is TurnState.ANSWERED
    then = recorded.reply.text if recorded.reply is not None and answered else ""
    differing = {name: (before.get(name), after.get(name)) for name in _COMPARED if before.get(name) != after.get(name)}
    if not answered:
        differing.pop("decision", None)  # the policy's, over a draft that may have been an answer
    then_pins, now_pins = _object(before.get("pins") or {}), draft.pins
    changed = [name for name in {*then_pins, *now_pins} if then_pins.get(name) != now_pins.get(name)]
    if asked_otherwise:
        changed.append("what the model is asked")
    now = draft.text if answered else ""
    return Replayed(then=then, now=now, differences=differing, pins_changed=tuple(sorted(changed)))


def _plain(value: JsonObject) -> JsonObject:
    """As it looks after the record: tuples are lists there."""
    return cast("JsonObject", json.loads(json.dumps(value)))


def _object(value: JsonValue) -> JsonObject:
    return cast("JsonObject", value)


def _numbers(value: JsonValue) -> list[int]:
    return cast("list[int]", value)
