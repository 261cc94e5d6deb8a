"""A draft as the record keeps it, for "why this answer", briefs and evals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import cast

from agent.draft import Draft, TurnInput
from agent.tracing import StepTaken
from conversations.model import JsonObject, JsonValue
from tools.tool import ToolCall, ToolResult

_KEPT = (
    "decision",
    "kind",
    "question",
    "responder",
    "confidence",
    "reason",
    "detail",
    "fell_back",
    "hits",
    "tool_calls",
    "sentences",
    "knowledge_version",
    "pins",
)


def trace_of(draft: Draft, *, duration_ms: float, steps: Sequence[StepTaken] = ()) -> JsonObject:
    """JSON of everything the draft knew except the reply itself, which is the message."""
    everything = asdict(draft)
    kept = {name: everything[name] for name in _KEPT}
    taken = [{"name": step.name, "ms": step.ms, **step.figures} for step in steps]
    return cast("JsonObject", {**kept, "duration_ms": round(duration_ms, 1), "steps": taken})


def asked_json(turn: TurnInput, *, at: datetime) -> JsonObject:
    """What the turn was asked with, so that it can be replayed: which messages, for whom, when."""
    who = turn.principal
    asked = {
        "at": at.isoformat(),
        "messages": [message.seq for message in turn.messages],
        "earlier": [message.seq for message in turn.earlier],
        "new_from": turn.new_from,
        "customer_id": who.customer_id,
        "external_id": who.external_id,
        "assurance": who.assurance.value,
        "segments": sorted(who.segments),
    }
    return cast("JsonObject", asked)


def tool_calls_in(trace: JsonObject) -> tuple[ToolCall, ...]:
    """The tool calls that `trace_of` kept; traces of turns that never ran have none."""
    calls = trace.get("tool_calls") or []
    return tuple(_tool_call(cast("Mapping[str, JsonValue]", call)) for call in cast("list[JsonValue]", calls))


def _tool_call(kept: Mapping[str, JsonValue]) -> ToolCall:
    result = cast("Mapping[str, JsonValue]", kept["result"])
    return ToolCall(
        id=str(kept["id"]),
        tool=str(kept["tool"]),
        arguments=cast("Mapping[str, JsonValue]", kept["arguments"]),
        result=ToolResult(
            ok=result["ok"] is True,
            code=str(result["code"]),
            message=str(result["message"]),
            data=cast("Mapping[str, JsonValue]", result["data"]),
        ),
    )
