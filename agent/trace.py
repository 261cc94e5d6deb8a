"""A draft as the record keeps it, for "why this answer", briefs and evals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from agent.draft import Draft
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
)


def trace_of(draft: Draft, *, duration_ms: float) -> JsonObject:
    """JSON of everything the draft knew except the reply itself, which is the message."""
    everything = asdict(draft)
    kept = {name: everything[name] for name in _KEPT}
    return cast("JsonObject", {**kept, "duration_ms": round(duration_ms, 1)})


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
